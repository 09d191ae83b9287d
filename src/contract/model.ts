/** A seeded source of uniform numbers in [0, 1). */
export type Random = () => number;

/** One column of a training or scoring table. `NaN` in `values` is missing. */
export interface FeatureColumn {
  readonly name: string;
  /** `nominal` values are indices into `categories`; `NaN` is missing, an index ≥ its length is unseen. */
  readonly kind: 'continuous' | 'nominal';
  readonly values: Float64Array;
  readonly categories?: readonly string[];
}

/** What a model learns from: equally long columns, one row per account and observation date. */
export interface TrainingTable {
  readonly columns: readonly FeatureColumn[];
  /** 1 = the outcome happened within the horizon. */
  readonly label: Uint8Array;
  readonly weight: Float64Array;
  /** Index of the account of each row; rows of one account never stand on both sides of a split. */
  readonly account: Int32Array;
  /** Observation date of each row, days since 1970-01-01. */
  readonly observation_date: Int32Array;
  /**
   * 1 = somebody acted on the account soon after the date. Learnt from and never predicted with: see `models/treatment.ts`.
   * Absent: nobody did, or nobody wrote it down.
   */
  readonly treatment?: Uint8Array | undefined;
}

/** Worker threads handed in by `pipeline/pool.ts`; without one, everything runs in this thread. */
export interface Pool {
  readonly size: number;
  map<I, O>(job: string, inputs: readonly I[]): Promise<O[]>;
}

/** A fitted model: plain JSON, frozen, readable and diffable. */
export interface FittedModel {
  readonly kind: string;
  readonly schema_version: number;
  readonly feature_names: readonly string[];
}

/** Per-row log-odds taken apart: `intercept + sum(contributions[j][row]) = log_odds[row]`, to 1e-9. */
export interface Explanation {
  readonly intercept: number;
  readonly terms: readonly string[];
  /** One array per term, one value per row, in log-odds. */
  readonly contributions: readonly Float64Array[];
  readonly log_odds: Float64Array;
}

/** A kind of model. Shared tests hold every kind to the contract in docs/architecture.md. */
export interface Model<P, F extends FittedModel> {
  readonly kind: F['kind'];
  readonly defaults: P;
  /** Throws `UserError` with one sentence when the labels are all of one class. */
  fit(table: TrainingTable, params: P, random: Random, pool?: Pool): Promise<F>;
  /** Probabilities in (0, 1), one per row. */
  predict(model: F, columns: readonly FeatureColumn[]): Float64Array;
  explain(model: F, columns: readonly FeatureColumn[]): Explanation;
}
