import type { OutOfTimeRecord } from '../contract/churn-model.ts';
import { forkRandom } from '../lib/random.ts';
import { bootstrapMetric } from './metrics/bootstrap.ts';
import { rankRows, type ScoredRows } from './metrics/ranked.ts';
import { METRICS } from './metrics/registry.ts';

const REPLICATES = 200;

/**
 * How good the out-of-time probabilities of a rung are as probabilities: log loss (nats a row), Brier score, its skill
 * against the base rate known at each date, ECE (10 quantile bins) and calibration in the large (mean probability −
 * outcome rate), the last two with 90 % intervals over accounts. All arrays in one order, at least one row.
 * @param base probabilities of the base rate known at each row's date
 */
export function evaluateOutOfTime(
  probability: Float64Array,
  base: Float64Array,
  label: Uint8Array,
  account: Int32Array,
  seed: number,
): OutOfTimeRecord {
  const rows: ScoredRows = { score: probability, label, reference: base };
  const ranked = rankRows(rows);
  const withInterval = (
    name: 'calibration_error' | 'calibration_in_the_large',
  ): OutOfTimeRecord['calibration_error'] => {
    const options = { replicates: REPLICATES };
    const { value, low, high } = bootstrapMetric(METRICS[name], rows, account, forkRandom(seed, name), options);
    return { value, low, high };
  };
  const outcomes = new Set<number>();
  for (let i = 0; i < label.length; i++) if (label[i] === 1) outcomes.add(account[i] as number);
  const mean = (values: ArrayLike<number>) => {
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += values[i] as number;
    return sum / values.length;
  };
  return {
    row_count: label.length,
    account_count: new Set(account).size,
    outcome_count: outcomes.size,
    outcome_rate: mean(label),
    mean_probability: mean(probability),
    log_loss: METRICS.log_loss.fn(ranked),
    base_log_loss: METRICS.log_loss.fn(rankRows({ score: base, label })),
    brier: METRICS.brier.fn(ranked),
    brier_skill: METRICS.brier_skill.fn(ranked),
    calibration_error: withInterval('calibration_error'),
    calibration_in_the_large: withInterval('calibration_in_the_large'),
  };
}
