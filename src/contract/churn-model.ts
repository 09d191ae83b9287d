import type { CellRow, Day } from './agent.ts';
import type { FittedModel } from './model.ts';

/** Which question a churn model answers; every account has the one its term calls for. */
export type ChurnBasis = 'leave' | 'renewal';

/** One basis of a churn model: the ladder's verdict and, where a rung earned it, the rung that serves. */
export interface BasisModel {
  readonly basis: ChurnBasis;
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
  /** The serving rung refitted on 20 account-clustered resamples: the entry interval. */
  readonly refits: readonly FittedModel[];
  /**
   * Probabilities of other horizons from the one that serves, in its order; only of the basis with a horizon (`leave`).
   * `map` null: not earned.
   */
  readonly horizons: readonly HorizonRecord[];
  /** Every rung with its figures, for the model card. */
  readonly ladder: readonly CellRow[];
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
