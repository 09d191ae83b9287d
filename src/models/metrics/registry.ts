import {
  arrCalibration,
  brier,
  brierSkill,
  calibrationInTheLarge,
  expectedCalibrationError,
  logLoss,
  ROW_SUMS,
  type RowSums,
} from './probability.ts';
import { type Ranked, totals } from './ranked.ts';
import {
  arrRecallAtCapacity,
  arrRecallOfPerfect,
  liftAtFraction,
  prAuc,
  precisionAtCapacity,
  recallAtCapacity,
  recallAtLead,
  rocAuc,
} from './ranking.ts';

/** Settings some metrics read; the rest ignore them. */
export interface MetricOptions {
  /** Rows a list has room for. Default 10. */
  readonly capacity?: number;
  /** Share of the rows that lift is taken over. Default 0.1. */
  readonly fraction?: number;
  /** Days of warning that recall at a lead asks for. Default 30. */
  readonly lead_days?: number;
  /** Quantile bins of the calibration error. Default 10. */
  readonly bins?: number;
}

/** One measure of accuracy. Every metric takes weights; a weight of 2 is the same as the row twice. */
export interface Metric {
  /** snake_case, the same in every output. */
  readonly name: string;
  readonly title: string;
  /** Which way is better; `zero` = the nearer to 0 the better, signs matter. */
  readonly direction: 'higher' | 'lower' | 'zero';
  /** `ranking` reads only the order of the scores; `probability` reads them as probabilities. */
  readonly kind: 'ranking' | 'probability';
  /** Value of a score that knows nothing (constant, at the base rate); `null` where it depends on the data. */
  readonly chance: number | null;
  /** Optional arrays of `ScoredRows` that it cannot do without. */
  readonly needs: readonly ('amount' | 'lead_days')[];
  /**
   * What a date counts where the metric is averaged over dates: its outcomes; of `precision_at_capacity` the rows listed, so that
   * it is the share of them. By its outcomes a date on which nobody left counts nothing, and one on which by luck many did more:
   * that mean, `precision_at_capacity_by_outcomes`, lies above the share.
   */
  readonly weigh: (ranked: Ranked, options?: MetricOptions) => number;
  /**
   * How its interval is made of the draws, see `Interval`: by percentiles; by those of BCa, or by bootstrap-t where it is a mean
   * over rows (`Studentized`), because few accounts carry most of it; by gaps (`calibrationInterval`), because small samples
   * tell it too high; by amounts (`amountInterval`).
   */
  readonly interval: 'percentile' | 'accelerated' | 'studentized' | 'gaps' | 'amounts';
  /** Where it is made of sums over the rows. */
  readonly sums?: RowSums | undefined;
  readonly fn: (ranked: Ranked, options?: MetricOptions) => number;
}

const INTERVALS: Readonly<Record<string, Metric['interval']>> = {
  roc_auc: 'accelerated',
  calibration_error: 'gaps',
  arr_calibration: 'amounts',
};
const capacityOf = (options?: MetricOptions) => options?.capacity ?? 10;

/** Every metric by name, with the way that is better, so that no caller has to know. */
export const METRICS = {
  roc_auc: metric('roc_auc', 'ROC-AUC', 'higher', 'ranking', 0.5, [], rocAuc),
  pr_auc: metric('pr_auc', 'PR-AUC (average precision)', 'higher', 'ranking', null, [], prAuc),
  lift: metric('lift', 'lift', 'higher', 'ranking', 1, [], (r, o) => liftAtFraction(r, o?.fraction ?? 0.1)),
  precision_at_capacity: metric(
    'precision_at_capacity',
    'precision at capacity',
    'higher',
    'ranking',
    null,
    [],
    (r, o) => precisionAtCapacity(r, capacityOf(o)),
  ),
  precision_at_capacity_by_outcomes: metric(
    'precision_at_capacity_by_outcomes',
    'precision at capacity, dates by their outcomes',
    'higher',
    'ranking',
    null,
    [],
    (r, o) => precisionAtCapacity(r, capacityOf(o)),
  ),
  recall_at_capacity: metric('recall_at_capacity', 'recall at capacity', 'higher', 'ranking', null, [], (r, o) =>
    recallAtCapacity(r, capacityOf(o)),
  ),
  arr_recall: metric('arr_recall', 'lost ARR caught at capacity', 'higher', 'ranking', null, ['amount'], (r, o) =>
    arrRecallAtCapacity(r, capacityOf(o)),
  ),
  arr_recall_of_perfect: metric(
    'arr_recall_of_perfect',
    'lost ARR caught, share of perfect knowledge',
    'higher',
    'ranking',
    null,
    ['amount'],
    (r, o) => arrRecallOfPerfect(r, capacityOf(o)),
  ),
  recall_at_lead: metric('recall_at_lead', 'recall at lead time', 'higher', 'ranking', null, ['lead_days'], (r, o) =>
    recallAtLead(r, capacityOf(o), o?.lead_days ?? 30),
  ),
  log_loss: metric('log_loss', 'log loss', 'lower', 'probability', null, [], logLoss),
  brier: metric('brier', 'Brier score', 'lower', 'probability', null, [], brier),
  brier_skill: metric('brier_skill', 'Brier skill', 'higher', 'probability', 0, [], brierSkill),
  calibration_error: metric('calibration_error', 'calibration error (ECE)', 'lower', 'probability', 0, [], (r, o) =>
    expectedCalibrationError(r, o?.bins ?? 10),
  ),
  calibration_in_the_large: metric(
    'calibration_in_the_large',
    'calibration in the large',
    'zero',
    'probability',
    0,
    [],
    calibrationInTheLarge,
  ),
  arr_calibration: metric(
    'arr_calibration',
    'ARR calibration',
    'zero',
    'probability',
    null,
    ['amount'],
    arrCalibration,
  ),
} as const satisfies Record<string, Metric>;

export type MetricName = keyof typeof METRICS;

function metric(
  name: string,
  title: string,
  direction: Metric['direction'],
  kind: Metric['kind'],
  chance: number | null,
  needs: Metric['needs'],
  fn: Metric['fn'],
): Metric {
  return {
    ...{ name, title, direction, kind, chance, needs, fn },
    weigh: name === 'precision_at_capacity' ? rowsListed : outcomesOf,
    interval: ROW_SUMS[name]?.perRow === undefined ? (INTERVALS[name] ?? 'percentile') : 'studentized',
    sums: ROW_SUMS[name],
  };
}

function outcomesOf(ranked: Ranked): number {
  return totals(ranked).outcome;
}

function rowsListed(ranked: Ranked, options?: MetricOptions): number {
  return Math.min(capacityOf(options), totals(ranked).weight);
}

/** Whether `a` is better than `b` under the metric's direction. False when either is `NaN`. */
export function isBetter(metric: Metric, a: number, b: number): boolean {
  if (metric.direction === 'higher') return a > b;
  if (metric.direction === 'lower') return a < b;
  return Math.abs(a) < Math.abs(b);
}
