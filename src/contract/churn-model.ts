import type { CellRow, Day } from './agent.ts';
import type { FittedModel } from './model.ts';

/** Which question a churn model answers; every account has the one its term calls for. */
export type ChurnBasis = 'leave' | 'renewal';

/** Every question that the ladder answers: those about leaving, and whether an account will pay for more. */
export type ModelBasis = ChurnBasis | 'expansion';

/** One basis of a model: the ladder's verdict and, where a rung earned it, the rung that serves. */
export interface BasisModel {
  readonly basis: ModelBasis;
  readonly verdict: 'model' | 'no_signal' | 'too_few_outcomes';
  /** The verdict in one sentence, printed in the header of every list. */
  readonly sentence: string;
  /** Name of the rung that serves; null without one. */
  readonly rung: string | null;
  /** Distinct accounts with the outcome in the training panel. */
  readonly outcome_count: number;
  readonly row_count: number;
  /** First and last observation date of the training panel; null when it is empty. */
  readonly first_on: Day | null;
  readonly last_on: Day | null;
  /** Share of panel rows with the outcome. */
  readonly base_rate: number;
  /** The same by segment, shrunk toward the whole. */
  readonly segment_base_rates: Readonly<Record<string, number>>;
  readonly served: FittedModel | null;
  /** Intercept and slope on the log-odds; null where out-of-time log loss did not improve. */
  readonly calibration: { readonly intercept: number; readonly slope: number } | null;
  /** The serving rung refitted on 20 account-clustered resamples: the entry interval. Empty where nothing enters by it. */
  readonly refits: readonly FittedModel[];
  /**
   * Probabilities of other horizons from the one that serves, in its order; only of the basis with a horizon (`leave`).
   * `map` null: not earned.
   */
  readonly horizons: readonly HorizonRecord[];
  /** Every rung with its figures, for the model card. */
  readonly ladder: readonly CellRow[];
  readonly evidence: BasisEvidence;
}

/** What the figures of a basis rest on, for the model card and for comparing two models. */
export interface BasisEvidence {
  readonly account_count: number;
  /** Accounts of the panel that somebody acted on; absent where the treatment is not learnt. */
  readonly treated_account_count?: number;
  /** Calendar months with closed rows. */
  readonly months: number;
  /** Dates the rungs were compared on, each fitted on what had closed by it. */
  readonly origins: readonly Day[];
  /** Shortest and longest days from an observation date to the day its label closed; null without rows. */
  readonly closing_days: readonly [number, number] | null;
  /** SHA-256 over the panel: accounts, dates, labels, closing days and every feature. */
  readonly data_hash: string;
  /** Features the rungs could learn from: known somewhere and not constant. */
  readonly features: readonly string[];
  readonly segments: readonly {
    readonly segment: string;
    readonly account_count: number;
    readonly outcome_count: number;
  }[];
  /** Of the rung taken (of the base rate where none was), before calibration; null where nothing was predicted. */
  readonly figures: OutOfTimeRecord | null;
  /** Whether intercept and slope were taken, and why. */
  readonly calibration_sentence: string;
  readonly second_opinion: {
    readonly auc: number | null;
    readonly logistic_auc: number | null;
    readonly is_warning: boolean;
    readonly sentence: string;
  } | null;
}

/** A figure with its 90 % interval, whole accounts drawn. */
export interface FigureInterval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** How good out-of-time probabilities are as probabilities. */
export interface OutOfTimeRecord {
  readonly row_count: number;
  /** Distinct accounts, and those of them with the outcome. */
  readonly account_count: number;
  readonly outcome_count: number;
  readonly outcome_rate: number;
  readonly mean_probability: number;
  /** Nats a row, of the rung and of the base rate known at each date. */
  readonly log_loss: number;
  readonly base_log_loss: number;
  readonly brier: number;
  /** Against the base rate known at each date: above 0 is better than it. */
  readonly brier_skill: number;
  /** ECE, 10 quantile bins. Drawing accounts repeats rows, so the interval stands high. */
  readonly calibration_error: FigureInterval;
  /** Mean probability − outcome rate: above 0 it sees too much risk. */
  readonly calibration_in_the_large: FigureInterval;
}

/** What rows a basis predicted out of time; all arrays in one order. */
export interface OutOfTimeRows {
  readonly basis: ModelBasis;
  readonly account: readonly string[];
  /** Observation date and the day the label closed. */
  readonly origin: readonly Day[];
  readonly closed_on: readonly Day[];
  readonly label: readonly number[];
  /** Of the rung taken; of the base rate known at the date where none was. */
  readonly probability: readonly number[];
}

/** Two models on the same rows. Log losses in nats a row; `difference` above 0: the champion is better. */
export interface RivalFigures {
  readonly row_count: number;
  readonly account_count: number;
  /** Distinct accounts with the outcome. */
  readonly outcome_count: number;
  readonly champion_log_loss: number;
  readonly challenger_log_loss: number;
  /** Challenger − champion, paired row by row, clustered by account. */
  readonly difference: number;
  readonly difference_se: number;
  /** One-sided 5 %: the champion is better beyond chance. */
  readonly is_champion_better: boolean;
}

/** What a training challenged, and which model serves since. */
export interface ChallengeRecord {
  readonly champion_id: string | null;
  /** The new model serves. */
  readonly is_champion: boolean;
  /** Why, one sentence. */
  readonly reason: string;
  /** Rows compared on: closed after the champion was fitted, or both ladders' own; null where none. */
  readonly rows: 'unseen' | 'ladder' | null;
  readonly comparison: RivalFigures | null;
}

/** A further horizon of a basis: log-odds = intercept + slope · log-odds of the basis's own horizon. */
export interface HorizonRecord {
  readonly days: number;
  readonly map: { readonly intercept: number; readonly slope: number } | null;
  readonly row_count: number;
  readonly outcome_count: number;
  /** Nats a row saved out of time against the horizon's own base rate, and the standard error; null where untold. */
  readonly gain: number | null;
  readonly gain_se: number | null;
  readonly sentence: string;
}

/**
 * A red fact kind against what its holders did. Every account counts once, at the first closed date on which it held
 * the fact, so that a fact held for months is not one outcome counted often.
 */
export interface FactRecord {
  readonly kind: string;
  /** Accounts that ever held it. */
  readonly holder_count: number;
  /** Of these, accounts that left within the horizon of that date. */
  readonly holder_outcome_count: number;
  /** Outcomes there would have been at the rate of the accounts of the same date and basis that did not hold it. */
  readonly expected_outcome_count: number;
  readonly holder_rate: number;
  readonly other_rate: number;
  /** Holders left no more than the rest, on enough expected outcomes: the fact is shown but no longer red. */
  readonly is_demoted: boolean;
}

/** A suspicion of the leak audit that a column or feature knows the outcome. */
export interface LeakRecord {
  /** `table.column`, or a feature. */
  readonly name: string;
  readonly message: string;
  /**
   * `left_out` of the model; `allowed` into it by a person (`--allow-leak`); `hidden`: no view shows the cell before its day;
   * `warned`: a raw column to look at.
   */
  readonly treatment: 'left_out' | 'allowed' | 'hidden' | 'warned';
  /** A custom column that the configuration admitted (`model.features`). */
  readonly is_admitted: boolean;
}

/** The frozen churn model of one as-of date. */
export interface ChurnModel extends FittedModel {
  readonly kind: 'churn';
  readonly model_id: string;
  /** Fitted on what was known by the end of this day. */
  readonly as_of: Day;
  readonly churn_definition: string;
  readonly horizon_days: number;
  /** Distinct accounts with the outcome that a forecast needs. */
  readonly min_outcomes: number;
  readonly seed: number;
  readonly leave: BasisModel;
  readonly renewal: BasisModel;
  /** Features the leak audit or the catalogue kept out, and why. */
  readonly left_out: readonly { readonly feature: string; readonly reason: string }[];
  /** What the leak audit found, harmless or not. */
  readonly leaks: readonly LeakRecord[];
  readonly facts: readonly FactRecord[];
}
