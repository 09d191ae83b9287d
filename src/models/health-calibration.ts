import { median, medianAbsoluteDeviation } from 'simple-statistics';
import { quantileOf } from './metrics/bootstrap.ts';

/** An account's own norm of one measure: median and robust spread (1.4826 · MAD) of its earlier readings. */
export interface OwnNorm {
  readonly median: number;
  readonly spread: number;
}

/** What peers look like, frozen on a day so that later scores stay comparable with earlier ones. Plain JSON. */
export interface HealthCalibration {
  readonly schema_version: 1;
  /** `YYYY-MM-DD`. */
  readonly frozen_on: string;
  readonly measures: Readonly<Record<string, MeasureCalibration>>;
}

export interface MeasureCalibration {
  /** 101 quantiles (0 %, 1 %, … 100 %) of all accounts; empty when none had a value. */
  readonly whole: readonly number[];
  /** The same by segment, only for segments with enough values. */
  readonly segments: Readonly<Record<string, readonly number[]>>;
  /** By account id, for the method `own_history`. */
  readonly own: Readonly<Record<string, OwnNorm>>;
}

/** Past readings of one measure, oldest or newest first alike: one entry a reading. */
export interface MeasureHistory {
  readonly account: readonly string[];
  readonly values: Float64Array;
}

export interface CalibrationInput {
  readonly frozen_on: string;
  readonly segment: readonly string[];
  /** Raw measures of the accounts that serve as peers, `NaN` = missing. */
  readonly values: Readonly<Record<string, Float64Array>>;
  /** Earlier readings for own norms; measures without history have none. */
  readonly history?: Readonly<Record<string, MeasureHistory>>;
  /** A segment with fewer values takes the whole book's quantiles. Default 30. */
  readonly min_peers?: number;
  /** An account with fewer readings has no own norm. Default 6. */
  readonly min_readings?: number;
}

const POINTS = 101;

/** Learns peer quantiles and own norms; `JSON.stringify` of it is the same for the same input in any row order. */
export function freezeCalibration(input: CalibrationInput): HealthCalibration {
  const { min_peers = 30, min_readings = 6 } = input;
  const measures: Record<string, MeasureCalibration> = {};
  for (const name of Object.keys(input.values).sort()) {
    const values = input.values[name] as Float64Array;
    const bySegment = new Map<string, number[]>();
    const all: number[] = [];
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as number;
      if (Number.isNaN(value)) continue;
      all.push(value);
      const segment = input.segment[i] ?? '';
      const list = bySegment.get(segment);
      if (list === undefined) bySegment.set(segment, [value]);
      else list.push(value);
    }
    const segments: Record<string, readonly number[]> = {};
    for (const segment of [...bySegment.keys()].sort()) {
      const list = bySegment.get(segment) ?? [];
      if (list.length >= min_peers) segments[segment] = quantileTable(list);
    }
    const history = input.history?.[name];
    measures[name] = {
      whole: quantileTable(all),
      segments,
      own: history === undefined ? {} : ownNorms(history, min_readings),
    };
  }
  return { schema_version: 1, frozen_on: input.frozen_on, measures };
}

/**
 * Adds own norms for accounts that have none yet; those that were frozen stay. The same object comes back where nothing
 * is added.
 */
export function extendOwnNorms(
  frozen: HealthCalibration,
  history: Readonly<Record<string, MeasureHistory>>,
  minReadings = 6,
): HealthCalibration {
  const measures: Record<string, MeasureCalibration> = { ...frozen.measures };
  let isExtended = false;
  for (const name of Object.keys(history).sort()) {
    const known = measures[name] ?? { whole: [], segments: {}, own: {} };
    const fresh = Object.entries(ownNorms(history[name] as MeasureHistory, minReadings)).filter(
      ([account]) => known.own[account] === undefined,
    );
    if (fresh.length === 0) continue;
    isExtended = true;
    const own = [...Object.entries(known.own), ...fresh].sort(([a], [b]) => (a < b ? -1 : 1));
    measures[name] = { ...known, own: Object.fromEntries(own) };
  }
  return isExtended ? { ...frozen, measures } : frozen;
}

function quantileTable(values: readonly number[]): number[] {
  if (values.length === 0) return [];
  const sorted = Array.from(Float64Array.from(values).sort());
  return Array.from({ length: POINTS }, (_, i) => quantileOf(sorted, i / (POINTS - 1)));
}

function ownNorms(history: MeasureHistory, minReadings: number): Record<string, OwnNorm> {
  const byAccount = new Map<string, number[]>();
  history.account.forEach((account, i) => {
    const value = history.values[i] as number;
    if (Number.isNaN(value)) return;
    const list = byAccount.get(account);
    if (list === undefined) byAccount.set(account, [value]);
    else list.push(value);
  });
  const out: Record<string, OwnNorm> = {};
  for (const account of [...byAccount.keys()].sort()) {
    const values = byAccount.get(account) ?? [];
    if (values.length < minReadings) continue;
    out[account] = { median: median(values), spread: 1.4826 * medianAbsoluteDeviation(values) };
  }
  return out;
}

/**
 * Share of peers below `value` (0–1) read from a quantile table, linear between its points; equal peers count half, so
 * that a value everyone has stands at 0.5. `NaN` when the table is empty.
 */
export function peerRank(table: ArrayLike<number>, value: number): number {
  const last = table.length - 1;
  if (last < 0) return Number.NaN;
  // First point not below, and first point above.
  let low = 0;
  let high = table.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((table[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  const from = low;
  high = table.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((table[middle] as number) <= value) low = middle + 1;
    else high = middle;
  }
  const to = low;
  if (from === to) {
    if (from === 0) return 0;
    if (from > last) return 1;
    const below = table[from - 1] as number;
    return (from - 1 + (value - below) / ((table[from] as number) - below)) / last;
  }
  return (from + to - 1) / 2 / last;
}
