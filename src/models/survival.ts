import { normalQuantile } from './interval.ts';

/** A Kaplan–Meier curve: one entry for each distinct time at which something happened. */
export interface SurvivalCurve {
  readonly time: Float64Array;
  /** Weight of those still under observation just before the time. */
  readonly at_risk: Float64Array;
  readonly events: Float64Array;
  /** Share that has not had the event by the time (just after it), 0–1, falling. */
  readonly survival: Float64Array;
  /** Greenwood's standard error. */
  readonly standard_error: Float64Array;
  /** Pointwise interval on the log(−log) scale, which stays inside 0–1 (the interval of R's `conf.type = "log-log"`). */
  readonly low: Float64Array;
  readonly high: Float64Array;
  /** Longest time anyone was observed; beyond it nothing is known. */
  readonly last_time: number;
  readonly rows: number;
}

/**
 * Kaplan–Meier estimate (Kaplan and Meier 1958). `time` ≥ 0 is when the event happened or observation ended; `event` is
 * 1 for an event, 0 for censored (unfinished). At equal times events come before censorings. `level` of the interval.
 */
export function kaplanMeier(
  time: Float64Array,
  event: ArrayLike<number>,
  options: { readonly weight?: Float64Array; readonly level?: number } = {},
): SurvivalCurve {
  const { weight, level = 0.9 } = options;
  const order = [...time.keys()].sort((a, b) => (time[a] as number) - (time[b] as number) || a - b);
  const z = normalQuantile((1 + level) / 2);
  let atRisk = 0;
  for (let i = 0; i < time.length; i++) {
    if (!((time[i] as number) >= 0)) throw new Error(`the time of row ${i} is ${time[i]}, not a number from 0 on`);
    atRisk += weight?.[i] ?? 1;
  }
  const rows: number[][] = [];
  let survival = 1;
  let greenwood = 0;
  for (let place = 0; place < order.length; ) {
    const now = time[order[place] as number] as number;
    let events = 0;
    let gone = 0;
    for (; place < order.length && time[order[place] as number] === now; place++) {
      const row = order[place] as number;
      const w = weight?.[row] ?? 1;
      gone += w;
      if (event[row] === 1) events += w;
    }
    if (events > 0) {
      survival *= 1 - events / atRisk;
      greenwood += events / (atRisk * (atRisk - events));
      // After the last one at risk had the event the curve is at 0 and has no spread.
      const isOver = events >= atRisk;
      if (isOver) survival = 0;
      const error = isOver ? 0 : survival * Math.sqrt(greenwood);
      const half = (z * Math.sqrt(greenwood)) / Math.abs(Math.log(survival));
      const low = isOver ? 0 : survival ** Math.exp(half);
      const high = isOver ? 0 : survival ** Math.exp(-half);
      rows.push([now, atRisk, events, survival, error, low, high]);
    }
    atRisk -= gone;
  }
  const column = (k: number) => Float64Array.from(rows, (row) => row[k] as number);
  return {
    time: column(0),
    at_risk: column(1),
    events: column(2),
    survival: column(3),
    standard_error: column(4),
    low: column(5),
    high: column(6),
    last_time: order.length === 0 ? 0 : (time[order.at(-1) as number] as number),
    rows: time.length,
  };
}

/** Survival at a time, with its interval; 1 before the first event, `NaN` beyond the last observation. */
export function survivalAt(curve: SurvivalCurve, time: number): { survival: number; low: number; high: number } {
  if (time > curve.last_time) return { survival: Number.NaN, low: Number.NaN, high: Number.NaN };
  let k = -1;
  while (k + 1 < curve.time.length && (curve.time[k + 1] as number) <= time) k++;
  if (k < 0) return { survival: 1, low: 1, high: 1 };
  return { survival: curve.survival[k] as number, low: curve.low[k] as number, high: curve.high[k] as number };
}

/** A quantile of time with its interval; `NaN` where the curve does not come down that far. */
export interface TimeQuantile {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/**
 * The time by which share `probability` (0–1) has had the event: first time with survival ≤ 1 − probability (0.5 = the
 * median), and its interval by inverting the pointwise one (Brookmeyer and Crowley 1982).
 */
export function timeQuantile(curve: SurvivalCurve, probability: number): TimeQuantile {
  // The tolerance lets 1 − 1/4 − 1/4 count as a half.
  const first = (values: Float64Array) => {
    const k = values.findIndex((survival) => survival <= 1 - probability + 1e-12);
    return k < 0 ? Number.NaN : (curve.time[k] as number);
  };
  return { value: first(curve.survival), low: first(curve.low), high: first(curve.high) };
}
