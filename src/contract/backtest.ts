import type { Day } from './agent.ts';
import type { RunReport } from './report.ts';

/** Raised when a key of the stored form is renamed, removed or changes its meaning. */
export const BACKTEST_SCHEMA = 2;

/** What a stored result is compared with a later one by: a result in a file keeps the draws of these alone. */
export const HEADLINE_METRICS = [
  'roc_auc',
  'pr_auc',
  'precision_at_capacity',
  'log_loss',
  'brier_skill',
  'calibration_error',
] as const;

/** Which rows a figure rests on: every closed row, or only those nobody worked within the horizon before or after their date. */
export type FigureRows = 'all' | 'unworked';

/**
 * What a figure was in each bootstrap draw. Two figures whose `rows` are equal were drawn over the same accounts, dates and
 * outcomes by the same seed: draw i of both redraws the same accounts, so that their difference, draw by draw, is paired,
 * within one result (candidate against candidate) and between two (this run against a stored one).
 */
export interface FigureDraws {
  /** Fingerprint of accounts, observation dates and labels in their order, and of the seed; not of how many draws. */
  readonly rows: string;
  /** Null where the metric has no value in that draw; five significant digits. Of two lengths the shorter is paired. */
  readonly values: readonly (number | null)[];
}

/**
 * One measured figure. `prediction` is what an agent declared it predicts (`churn`, `health`, `renewal`, `at_risk`, …);
 * `candidate` is who predicted it: `served` (what the lists would have shown), a rung of the ladder (`base_rate`,
 * `logistic`, `glass_box`, …), or a component (`product_usage`). `slice` is `all` or `<kind>:<value>` with kind one of
 * `segment`, `term`, `decision` (`inside`, `outside` the horizon), `origin` (a day).
 */
export interface BacktestFigure {
  readonly prediction: string;
  readonly candidate: string;
  readonly basis: 'all' | 'leave' | 'renewal';
  readonly rows: FigureRows;
  readonly slice: string;
  /** Name in `METRICS`, or of an agent's own measure (`arr_bias`, `interval_coverage`). */
  readonly metric: string;
  /** Null where the metric has no value (no outcomes). */
  readonly value: number | null;
  /** Account-clustered bootstrap interval; null where it has none. */
  readonly low: number | null;
  readonly high: number | null;
  readonly standard_error: number | null;
  /** Largest value that perfect knowledge could reach (lift, recall at capacity); null where it is trivial. */
  readonly cap: number | null;
  readonly row_count: number;
  /** Distinct accounts with the outcome. */
  readonly outcome_count: number;
  /** Of figures of the slice `all`, so that differences can be paired; in a file of `HEADLINE_METRICS` alone. */
  readonly draws?: FigureDraws;
}

/** Whether the accuracy of one prediction and basis may be judged at all, and the sentence that says so. */
export interface BacktestVerdict {
  readonly prediction: string;
  readonly basis: 'all' | 'leave' | 'renewal';
  readonly verdict: 'signal' | 'no_signal' | 'too_few_outcomes';
  readonly sentence: string;
  readonly outcome_count: number;
}

/** A backtest as it is stored, gated, compared with a later one, and rendered. */
export interface BacktestResult {
  readonly schema_version: number;
  readonly version: string;
  readonly as_of: Day;
  readonly from: Day;
  readonly to: Day;
  /** Observation dates that were tested, oldest first. */
  readonly origins: readonly Day[];
  readonly horizon_days: number;
  readonly churn_definition: string;
  readonly capacity: number;
  readonly seed: number;
  readonly config_hash: string;
  /** Which accounts were tested, as a sketch (`accountSketch`): tells one company's baseline from another's. */
  readonly accounts?: readonly string[];
  /** By prediction: what counts as its outcome, where horizon and churn definition do not say it. */
  readonly rules?: Readonly<Record<string, string>>;
  readonly verdicts: readonly BacktestVerdict[];
  readonly figures: readonly BacktestFigure[];
}

/** One gate as it was asked for, and what became of it. */
export interface GateOutcome {
  /** As the user wrote it. */
  readonly gate: string;
  readonly status: 'passed' | 'failed' | 'no_verdict';
  /** Rows the gate judged. */
  readonly rows: FigureRows;
  readonly wanted: number;
  /** Null where the figure does not exist or has no value. */
  readonly found: number | null;
  /** `found` − `wanted` in the direction of the gate: below 0 = short by that much. */
  readonly margin: number | null;
  /** What happened and what it means, one sentence. */
  readonly sentence: string;
}

/** One figure in a stored backtest and in this one. */
export interface BaselineLine {
  readonly prediction: string;
  readonly basis: BacktestFigure['basis'];
  readonly rows: FigureRows;
  readonly metric: string;
  readonly before: number;
  readonly now: number;
  /** now − before. */
  readonly change: number;
  /** Of `change`. */
  readonly standard_error: number | null;
  /** `paired`: draw by draw over the same rows; `independent`: errors of both runs added in squares; `none`: no error. */
  readonly method: 'paired' | 'independent' | 'none';
  /** One-sided, adjusted over all lines (Holm); null where there is no error to test with. */
  readonly p_value: number | null;
  readonly status: 'held' | 'dropped' | 'untested';
  readonly sentence: string;
}

/** Raised like `BACKTEST_SCHEMA`. */
export const GATES_SCHEMA = 1;

/** What became of all that a backtest was asked to show. */
export interface GateReport {
  readonly schema_version: number;
  readonly outcomes: readonly GateOutcome[];
  /** Null where no stored result was given. */
  readonly baseline: readonly BaselineLine[] | null;
}

/** A report of `retain backtest`: what its JSON stores, and what formats for a CI job render. */
export interface BacktestReport extends RunReport {
  readonly data: { readonly backtest: BacktestResult; readonly gates: GateReport };
}
