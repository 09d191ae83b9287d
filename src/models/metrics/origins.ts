import { gather, type Ranked, rankRows, type ScoredRows } from './ranked.ts';
import { shareOnList } from './ranking.ts';
import type { Metric, MetricOptions } from './registry.ts';

/** The rows of one observation date, ranked among themselves. */
export interface OriginRanking {
  /** Observation date, days since 1970-01-01. */
  readonly origin: number;
  /** Rows of the input, in their order. */
  readonly rows: Uint32Array;
  readonly ranked: Ranked;
}

/** Splits rows by observation date, earliest first, and ranks each date apart. */
export function rankByOrigin(rows: ScoredRows, origin: Int32Array): OriginRanking[] {
  const byOrigin = new Map<number, number[]>();
  for (let i = 0; i < origin.length; i++) {
    const date = origin[i] as number;
    const list = byOrigin.get(date);
    if (list === undefined) byOrigin.set(date, [i]);
    else list.push(i);
  }
  return [...byOrigin]
    .sort(([a], [b]) => a - b)
    .map(([date, list]) => {
      const index = Uint32Array.from(list);
      return { origin: date, rows: index, ranked: rankRows(takeScored(rows, index)) };
    });
}

function takeScored(rows: ScoredRows, index: Uint32Array): ScoredRows {
  return {
    score: gather(rows.score, index),
    label: gather(rows.label, index),
    weight: rows.weight && gather(rows.weight, index),
    amount: rows.amount && gather(rows.amount, index),
    lead_days: rows.lead_days && gather(rows.lead_days, index),
    reference: rows.reference && gather(rows.reference, index),
  };
}

/**
 * A ranking metric over several observation dates: its value within each date, averaged by what the date counts
 * (`Metric.weigh`: its outcomes; of precision the rows listed). Pooling the dates into one ranking would mix their base rates and reward a score that only knows the date. Dates
 * where the metric has no value (no outcomes) are left out; `NaN` when none has one.
 */
export function meanWithinOrigins(origins: readonly OriginRanking[], metric: Metric, options?: MetricOptions): number {
  let sum = 0;
  let all = 0;
  for (const { ranked } of origins) {
    const value = metric.fn(ranked, options);
    if (Number.isNaN(value)) continue;
    const counted = metric.weigh(ranked, options);
    sum += counted * value;
    all += counted;
  }
  return all > 0 ? sum / all : Number.NaN;
}

/**
 * Recall at a lead over the whole replay: of the accounts that had the outcome and were seen at least `leadDays` before
 * it, the share that stood among the first `capacity` rows of a date at least that long before. An account in the tie
 * group at the edge counts with its largest share. `NaN` when no outcome was seen that early.
 */
export function outcomeRecallAtLead(
  origins: readonly OriginRanking[],
  account: Int32Array,
  capacity: number,
  leadDays: number,
): number {
  const caught = leadShares(origins, account, capacity, leadDays);
  if (caught.size === 0) return Number.NaN;
  let sum = 0;
  for (const share of caught.values()) sum += share;
  return sum / caught.size;
}

/** By account that had the outcome and was seen at least `leadDays` before it: its share (0–1) of `outcomeRecallAtLead`. */
export function leadShares(
  origins: readonly OriginRanking[],
  account: Int32Array,
  capacity: number,
  leadDays: number,
): Map<number, number> {
  const caught = new Map<number, number>();
  for (const { rows, ranked } of origins) {
    const lead = ranked.lead_days;
    if (lead === undefined) throw new Error('this metric needs lead_days of each row');
    const share = shareOnList(ranked, capacity);
    for (let place = 0; place < ranked.rowCount; place++) {
      if (ranked.label[place] !== 1 || !((lead[place] as number) >= leadDays)) continue;
      const local = ranked.order[place] as number;
      const id = account[rows[local] as number] as number;
      caught.set(id, Math.max(caught.get(id) ?? 0, share[local] as number));
    }
  }
  return caught;
}
