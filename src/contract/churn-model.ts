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
  /** Every rung with its figures, for the model card. */
  readonly ladder: readonly CellRow[];
}

/** A fact kind against what its holders did out of time. */
export interface FactRecord {
  readonly kind: string;
  readonly holder_count: number;
  readonly holder_outcome_count: number;
  readonly holder_rate: number;
  readonly other_rate: number;
  /** Holders did not churn more than the rest on enough outcomes: the fact is shown but no longer red. */
  readonly is_demoted: boolean;
}

/** The frozen churn model of one as-of date. */
export interface ChurnModel extends FittedModel {
  readonly kind: 'churn';
  readonly model_id: string;
  /** Fitted on what was known by the end of this day. */
  readonly as_of: Day;
  readonly churn_definition: string;
  readonly horizon_days: number;
  readonly seed: number;
  readonly leave: BasisModel;
  readonly renewal: BasisModel;
  /** Features the leak audit or the catalogue kept out, and why. */
  readonly left_out: readonly { readonly feature: string; readonly reason: string }[];
  /** Raw columns of the exports that tell the outcome and that no as-of view hides in time (`table.column`). */
  readonly leaking_columns: readonly { readonly name: string; readonly message: string }[];
  readonly facts: readonly FactRecord[];
}
