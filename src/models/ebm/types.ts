import type { FittedModel } from '../../contract/model.ts';

/** Direction a shape is held to: 1 = never falls as the feature grows, −1 = never rises. */
export type Monotone = 1 | -1;

/** How an explainable boosting machine is fitted. Defaults and the reasons for them: docs/ebm.md. */
export interface EbmParams {
  /** Bins of a single feature, at most 256, the one for missing (and for a nominal feature the one for unseen) included. */
  readonly max_bins: number;
  /** Bins of a feature inside a pair, at most 64, missing and unseen included. */
  readonly pair_bins: number;
  /** Models averaged, each stopped on its own held-out accounts. */
  readonly bags: number;
  /** Share of accounts held out in each bag to stop on; 0 = none, every round is kept. */
  readonly held_out_rate: number;
  /** Share of a Newton step that is taken. */
  readonly learning_rate: number;
  /** A round is one step of every term. */
  readonly max_rounds: number;
  readonly max_pair_rounds: number;
  /** First rounds, in which every term steps in turn by cuts drawn at random, which keeps shapes smooth. */
  readonly smoothing_rounds: number;
  readonly pair_smoothing_rounds: number;
  /**
   * After those, each step goes to the term that gains most; all are looked at anew after this many rounds, in between only
   * the one that stepped. 0 = every term steps in turn throughout.
   */
  readonly greedy_rounds: number;
  /** Rounds without a better held-out log loss before a bag stops; 0 = never. */
  readonly early_stopping_rounds: number;
  /** Nats by which the held-out log loss must fall to count as better. */
  readonly early_stopping_tolerance: number;
  /** Leaves of one step of a single feature, 2 to 8. A step of a pair has at most 4. */
  readonly max_leaves: number;
  /** Least accounts' worth of rows in a leaf (rows ÷ mean rows an account). */
  readonly min_leaf: number;
  /** Least sum of p(1 − p) in a leaf, at mean weight 1. */
  readonly min_hessian: number;
  /** Penalty λ of a leaf's Newton step, in sums of p(1 − p). */
  readonly l2: number;
  /** Pseudo-weight that draws thin levels to 0 before levels are ordered for a cut. */
  readonly nominal_smoothing: number;
  /** Number of pairs to look for, or the pairs by name. */
  readonly pairs: number | readonly (readonly [string, string])[];
  /** Features whose shape may only rise (1) or fall (−1); they enter no pair. */
  readonly monotone: Readonly<Record<string, Monotone>>;
  /** Fewer accounts with the outcome (or without) than this and the fit refuses. */
  readonly min_outcomes: number;
  /** Fewer accounts with the outcome than this: no pairs are looked for. */
  readonly pair_outcomes: number;
  /**
   * Standard errors by which pairs must lower the bags' held-out log loss to stay, where outcomes are fewer than
   * `full_outcomes` and the pairs were not named; 0 = they stay.
   */
  readonly pair_proof: number;
  /**
   * Fewer accounts with the outcome than this: fewer smoothing rounds, in proportion, and pairs need proof; than half of
   * it: fewer pair bins, in proportion.
   */
  readonly full_outcomes: number;
  /** Rows the fit looks at, at most: all accounts with the outcome and a weighted draw of the others. */
  readonly max_rows: number;
}

/** How a continuous feature is cut: `x < cuts[0]` is bin 1, `cuts[0] ≤ x < cuts[1]` bin 2 …; bin 0 is missing. */
export interface ContinuousBins {
  readonly kind: 'continuous';
  readonly name: string;
  /** Ascending. */
  readonly cuts: readonly number[];
}

/** How a nominal feature is cut: bin 0 is missing, bin `i + 1` is `levels[i]`, the last bin all other levels. */
export interface NominalBins {
  readonly kind: 'nominal';
  readonly name: string;
  /** Sorted by code unit. */
  readonly levels: readonly string[];
}

export type FeatureBins = ContinuousBins | NominalBins;

/** A feature of a fitted model. */
export type EbmFeature = FeatureBins & {
  readonly monotone: Monotone | 0;
  /** Bin inside a pair of each bin of the feature; `null` where the feature is in no pair. */
  readonly pair_groups: readonly number[] | null;
};

/** One term: a shape over the bins of one feature, or a table over the pair bins of two (row by row). */
export interface EbmTerm {
  /** The feature's name, or both joined by ` × `. */
  readonly name: string;
  /** Places in `features`. */
  readonly features: readonly [number] | readonly [number, number];
  /** Log-odds by bin; weighted mean 0 in training. Every line and column of a pair has weighted mean 0 as well. */
  readonly scores: readonly number[];
  /** Standard error of each score over accounts, from the bags (delete-group jackknife). */
  readonly standard_errors: readonly number[];
  /** Training weight in each bin. */
  readonly weights: readonly number[];
  /** Weighted mean absolute score: how far the term moves a row on average, in log-odds. */
  readonly importance: number;
}

/** One bag of the model, for intervals: its terms in the order of `terms`, rounded to 4 decimals. */
export interface EbmBag {
  readonly intercept: number;
  readonly scores: readonly (readonly number[])[];
  /** Rounds kept of single features and of pairs. */
  readonly rounds: number;
  readonly pair_rounds: number;
  /** Log loss on the bag's held-out accounts, nats; `null` where none were held out. */
  readonly held_out_log_loss: number | null;
}

/** A fitted explainable boosting machine: plain JSON, all numbers needed to score by hand. */
export interface EbmModel extends FittedModel {
  readonly kind: 'ebm';
  readonly schema_version: 1;
  /** Log-odds of the average training row. */
  readonly intercept: number;
  readonly features: readonly EbmFeature[];
  readonly terms: readonly EbmTerm[];
  readonly bags: readonly EbmBag[];
  /** Factor from the spread of the bags to a standard error over accounts. */
  readonly bag_scale: number;
  readonly training: EbmTraining;
  readonly seed: number;
  /** The settings as used, after what small data took away. */
  readonly params: EbmParams;
}

/** What the model was fitted on. */
export interface EbmTraining {
  readonly rows: number;
  readonly accounts: number;
  /** Distinct accounts with the outcome. */
  readonly outcomes: number;
  /** First and last observation date, `YYYY-MM-DD`; `null` where the table had none. */
  readonly first_date: string | null;
  readonly last_date: string | null;
  /** SHA-256 over bins, labels, weights and accounts of the rows with weight, in their order. */
  readonly data_hash: string;
  /** What was taken away because outcomes were few; empty where nothing was. */
  readonly shrunk: readonly string[];
}

/** A column whose rows are bins already: what the pipeline hands over when the engine did the binning. */
export interface BinnedColumn {
  readonly bins: FeatureBins;
  /** Bin of each row; see `FeatureBins` for their meaning. */
  readonly values: Uint8Array;
}

/** A training table of binned columns. */
export interface BinnedTable {
  readonly columns: readonly BinnedColumn[];
  readonly label: Uint8Array;
  readonly weight: Float64Array;
  readonly account: Int32Array;
  readonly observation_date: Int32Array;
}

/** Bins of a feature: missing, the intervals or levels, and for nominal features one for unseen levels. */
export function binCount(bins: FeatureBins): number {
  return bins.kind === 'continuous' ? bins.cuts.length + 2 : bins.levels.length + 2;
}
