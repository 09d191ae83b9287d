import type { HorizonRecord } from '../contract/churn-model.ts';
import { logit, sigmoid } from '../lib/numbers.ts';
import { calibrate, fitPlatt } from './calibration.ts';
import { pairedDifference } from './metrics/paired.ts';
import { logLosses } from './metrics/probability.ts';

/** Out-of-time predictions of the model's own horizon, and what happened within another one. */
export interface HorizonRows {
  readonly days: number;
  /** Calibrated probability of the model's own horizon, in (0, 1). */
  readonly probability: Float64Array;
  /** 1 = the outcome happened within `days`. */
  readonly label: Uint8Array;
  readonly weight: Float64Array;
  readonly account: Int32Array;
  /** Observation date and the day the label of this horizon closed, days since 1970-01-01; all of them closed. */
  readonly origin: Int32Array;
  readonly closed_on: Int32Array;
}

/** Standard errors by which the gain over the base rate must lie above 0: one-sided 2 %. */
const SURE = 2.05;

/**
 * A second horizon without a second model, so that both rank accounts alike: intercept and slope (> 0) on the model's
 * log-odds. Taken when, each date mapped by what had closed before it, the log loss beats the horizon's own base rate.
 */
export function fitHorizon(rows: HorizonRows, minOutcomes = 30): HorizonRecord {
  const { days } = rows;
  const all = places(rows, () => true);
  const frame = { days, row_count: rows.label.length, outcome_count: outcomeAccounts(rows, all) };
  const tested: number[] = [];
  const mapped: number[] = [];
  const base: number[] = [];
  for (const origin of [...new Set(rows.origin)].sort((a, b) => a - b)) {
    const known = places(rows, (i) => (rows.closed_on[i] as number) <= origin);
    if (outcomeAccounts(rows, known) < minOutcomes || known.every((i) => rows.label[i] === 1)) continue;
    const past = take(rows, known);
    const map = fitPlatt(past);
    const rate = rateOf(past);
    for (const i of places(rows, (row) => rows.origin[row] === origin)) {
      tested.push(i);
      mapped.push(calibrate(map, rows.probability.subarray(i, i + 1))[0] as number);
      base.push(rate);
    }
  }
  if (tested.length === 0) {
    return {
      ...frame,
      map: null,
      gain: null,
      gain_se: null,
      sentence: `No ${days}-day probability: no date has ${minOutcomes} earlier outcomes within ${days} days to learn it from.`,
    };
  }
  const label = Float64Array.from(tested, (i) => rows.label[i] as number);
  const { mean, standard_error } = pairedDifference(
    logLosses(Float64Array.from(base), label),
    logLosses(Float64Array.from(mapped), label),
    Int32Array.from(tested, (i) => rows.account[i] as number),
    Float64Array.from(tested, (i) => rows.weight[i] as number),
  );
  const { intercept, slope } = fitPlatt(take(rows, all));
  const isEarned = mean > SURE * standard_error && slope > 0;
  const gained = `${mean.toPrecision(2)} ± ${standard_error.toPrecision(2)}`;
  return {
    ...frame,
    map: isEarned ? { intercept, slope } : null,
    gain: mean,
    gain_se: standard_error,
    sentence: isEarned
      ? `The ${days}-day probability beats its base rate out of time by ${gained} nats a row.`
      : `No ${days}-day probability: out of time it changes the log loss of its base rate by ${(-mean).toPrecision(2)} ± ${standard_error.toPrecision(2)}.`,
  };
}

/**
 * Probabilities of another horizon, in the order of the model's own: never above it for a shorter horizon, never below
 * it for a longer one. `NaN` where the horizon was not earned.
 * @param ownDays the model's own horizon
 */
export function horizonProbabilities(fit: HorizonRecord, probability: Float64Array, ownDays: number): Float64Array {
  const { map, days } = fit;
  if (map === null) return new Float64Array(probability.length).fill(Number.NaN);
  return probability.map((p) => {
    const value = sigmoid(map.intercept + map.slope * logit(p));
    return days < ownDays ? Math.min(value, p) : Math.max(value, p);
  });
}

function places(rows: HorizonRows, keep: (row: number) => boolean): number[] {
  const out: number[] = [];
  for (let i = 0; i < rows.label.length; i++) if (keep(i)) out.push(i);
  return out;
}

function outcomeAccounts(rows: HorizonRows, index: readonly number[]): number {
  return new Set(index.filter((i) => rows.label[i] === 1).map((i) => rows.account[i])).size;
}

function take(rows: HorizonRows, index: readonly number[]) {
  const pick = (values: ArrayLike<number>) => Float64Array.from(index, (i) => values[i] as number);
  return { probability: pick(rows.probability), label: pick(rows.label), weight: pick(rows.weight) };
}

/** (outcomes + ½) ÷ (rows + 1), by weight. */
function rateOf({ label, weight }: { readonly label: Float64Array; readonly weight: Float64Array }): number {
  let outcomes = 0.5;
  let rows = 1;
  for (let i = 0; i < label.length; i++) {
    outcomes += (weight[i] as number) * (label[i] as number);
    rows += weight[i] as number;
  }
  return outcomes / rows;
}
