import type { Random } from '../contract/model.ts';
import { clustersOf, drawCounts, quantileOf } from './metrics/index.ts';
import { type RateOverBase, rateOverBase } from './signals/rate-over-base.ts';
import { type StratifiedAuc, strataOf, stratifiedAuc } from './signals/strata.ts';

/** What was predicted of accounts on past dates, and what they did. All arrays are equally long; only closed rows. */
export interface TrackRows {
  readonly label: Uint8Array;
  /** 0 … accountCount − 1. */
  readonly account: Int32Array;
  readonly accountCount: number;
  /** Days since 1970-01-01. */
  readonly observation_date: Int32Array;
}

/** Distinct accounts with the outcome. */
export function leaverCount({ label, account }: Pick<TrackRows, 'label' | 'account'>): number {
  const seen = new Set<number>();
  label.forEach((value, row) => {
    if (value === 1) seen.add(account[row] as number);
  });
  return seen.size;
}

/** Expected and observed outcomes of probabilities, by row; the interval of their ratio redraws accounts. */
export interface CalibrationRecord {
  readonly expected_count: number;
  readonly observed_count: number;
  readonly observed_over_expected: number;
  readonly low: number;
  readonly high: number;
}

const DRAWS = 1000;

/** Calibration in the large: observed over expected outcomes, 90 % interval by account. Rows without a probability are left out. */
export function calibrationRecord(
  { label, account }: Pick<TrackRows, 'label' | 'account'>,
  probability: Float64Array,
  random: Random,
): CalibrationRecord | null {
  const rows = Int32Array.from(probability.keys()).filter((row) => !Number.isNaN(probability[row]));
  if (rows.length === 0) return null;
  const clusters = clustersOf(Int32Array.from(rows, (row) => account[row] as number));
  const expected = new Float64Array(clusters.count);
  const observed = new Float64Array(clusters.count);
  rows.forEach((row, i) => {
    const who = clusters.of[i] as number;
    expected[who] = (expected[who] as number) + (probability[row] as number);
    observed[who] = (observed[who] as number) + (label[row] as number);
  });
  const counts = new Uint16Array(clusters.count);
  const draws: number[] = [];
  for (let draw = 0; draw < DRAWS; draw++) {
    drawCounts(clusters.count, random, counts);
    draws.push(weighed(observed, counts) / weighed(expected, counts));
  }
  draws.sort((a, b) => a - b);
  const expected_count = weighed(expected, undefined);
  const observed_count = weighed(observed, undefined);
  return {
    expected_count,
    observed_count,
    observed_over_expected: observed_count / expected_count,
    low: quantileOf(draws, 0.05),
    high: quantileOf(draws, 0.95),
  };
}

function weighed(values: Float64Array, counts: Uint16Array | undefined): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++)
    sum += (values[i] as number) * (counts === undefined ? 1 : (counts[i] as number));
  return sum;
}

/** One date's expected and observed outcomes; `is_outside` where chance gives so far a count once in ten. */
export interface DateCalibration {
  readonly observation_date: number;
  readonly row_count: number;
  readonly expected_count: number;
  readonly observed_count: number;
  readonly low: number;
  readonly high: number;
  readonly is_outside: boolean;
}

const Z90 = 1.6448536269514722;

/**
 * Expected and observed outcomes date by date. The range is expected ± 1.645 √Σ p(1 − p), half an outcome wider on either
 * side because counts are whole: the sum of independent draws, one account a date.
 */
export function calibrationByDate(
  { label, observation_date }: Pick<TrackRows, 'label' | 'observation_date'>,
  probability: Float64Array,
): DateCalibration[] {
  const dates = new Map<number, { rows: number; expected: number; observed: number; variance: number }>();
  probability.forEach((p, row) => {
    if (Number.isNaN(p)) return;
    const date = observation_date[row] as number;
    const entry = dates.get(date) ?? { rows: 0, expected: 0, observed: 0, variance: 0 };
    entry.rows++;
    entry.expected += p;
    entry.observed += label[row] as number;
    entry.variance += p * (1 - p);
    dates.set(date, entry);
  });
  return [...dates]
    .sort(([a], [b]) => a - b)
    .map(([date, { rows, expected, observed, variance }]) => {
      const reach = Z90 * Math.sqrt(variance) + 0.5;
      const low = Math.max(0, expected - reach);
      const high = Math.min(rows, expected + reach);
      return {
        observation_date: date,
        row_count: rows,
        expected_count: expected,
        observed_count: observed,
        low,
        high,
        is_outside: observed < low || observed > high,
      };
    });
}

/** Ranking of a score over past dates (higher = riskier). */
export function rankingRecord(rows: TrackRows, score: Float64Array): StratifiedAuc {
  return stratifiedAuc(score, rows.label, strataOf(rows.observation_date, rows.account, rows.accountCount));
}

/** What listed rows did against all of their dates. */
export function listRecord(rows: TrackRows, isListed: Uint8Array, random: Random): RateOverBase | null {
  const { label, account, observation_date } = rows;
  return rateOverBase({ label, account, observation_date, is_held: isListed }, random);
}
