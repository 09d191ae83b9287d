import type { CellRow } from '../contract/agent.ts';
import type { BasisModel } from '../contract/churn-model.ts';
import { type AmountRange, amountRange, doubtOfInterval, doubtOfRate } from './amount-forecast.ts';

/** A renewal that decides within the horizon, and what is expected of it. */
export interface ForecastLine {
  readonly account_id: string;
  readonly amount: number;
  /** Of renewing. */
  readonly probability: number;
  readonly source: 'model' | 'base_rate';
}

/** How much of the ARR that decides within the horizon renews. */
export interface RenewalForecast {
  readonly lines: readonly ForecastLine[];
  readonly due: number;
  readonly range: AmountRange;
  readonly level: number;
  /** Renewals whose amount is not known: they are in no sum. */
  readonly unpriced: number;
}

/** Level of the entry interval that churn probabilities carry. */
const ENTRY_LEVEL = 0.9;

/**
 * Forecasts the renewals of `rows` (`account_id`, `segment`, `arr_amount`, `churn_probability` and its `_low` and `_high`): by the
 * account's own likelihood where a rung serves, else by the base rate of its segment. Undefined where outcomes are too few for
 * either, or none has happened yet.
 */
export function forecastRenewals(
  rows: readonly CellRow[],
  basis: BasisModel | undefined,
  level: number,
): RenewalForecast | undefined {
  if (basis === undefined || basis.verdict === 'too_few_outcomes' || !(basis.base_rate > 0)) return undefined;
  const priced = rows.filter((row) => typeof row['arr_amount'] === 'number');
  const lines: ForecastLine[] = [];
  const doubts: number[] = [];
  for (const row of priced) {
    const own = row['churn_probability'];
    const rate = basis.segment_base_rates[String(row['segment'] ?? '')] ?? basis.base_rate;
    const isOwn = typeof own === 'number';
    lines.push({
      account_id: String(row['account_id']),
      amount: Number(row['arr_amount']),
      probability: 1 - (isOwn ? own : rate),
      source: isOwn ? 'model' : 'base_rate',
    });
    doubts.push(
      isOwn
        ? doubtOfInterval(Number(row['churn_probability_low']), Number(row['churn_probability_high']), ENTRY_LEVEL)
        : doubtOfRate(basis.outcome_count, basis.base_rate),
    );
  }
  const parts = lines.map(({ amount, probability }, k) => ({ amount, probability, doubt: doubts[k] ?? 0 }));
  return {
    lines,
    due: lines.reduce((sum, { amount }) => sum + Math.max(0, amount), 0),
    range: amountRange(parts, level),
    level,
    unpriced: rows.length - priced.length,
  };
}
