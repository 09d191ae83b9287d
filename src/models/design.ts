import type { FeatureColumn } from '../contract/model.ts';
import { clamp } from '../lib/numbers.ts';

/** How one continuous feature becomes design columns: its value, and where it was ever missing an indicator. */
export interface ContinuousEncoding {
  readonly kind: 'continuous';
  readonly name: string;
  /** `log` = sign(x) · ln(1 + |x|), taken where the raw values have a heavy tail that it shortens. */
  readonly transform: 'none' | 'log';
  /** Values beyond those seen in training (after the transform) count as the nearest seen: a line is not extrapolated. */
  readonly low: number;
  readonly high: number;
  /** Weighted mean and standard deviation after the transform; missing values take the mean. */
  readonly mean: number;
  /** 0 where the feature is constant; it then has no value column. */
  readonly scale: number;
  /** Weighted share of missing values in training; 0 = no indicator column. */
  readonly missing_rate: number;
}

/** One level of a nominal feature; `null` is the level of missing values. */
export interface Level {
  readonly level: string | null;
  readonly share: number;
}

/** How one nominal feature becomes one column a level. Rare levels share one column, and unseen ones join it. */
export interface NominalEncoding {
  readonly kind: 'nominal';
  readonly name: string;
  readonly levels: readonly Level[];
  /** Share of rows in levels too rare to stand alone; `null` = there were none, and unseen levels count as average. */
  readonly rare_share: number | null;
}

export type Encoding = ContinuousEncoding | NominalEncoding;

const HEAVY_TAIL_SKEWNESS = 2;

/** Learns the encoding of one column from training rows. Reads no label. Non-finite values are missing. */
export function learnEncoding(column: FeatureColumn, weight: Float64Array, rareWeight: number): Encoding {
  return column.kind === 'nominal' ? learnNominal(column, weight, rareWeight) : learnContinuous(column, weight);
}

function signedLog(value: number): number {
  return Math.sign(value) * Math.log1p(Math.abs(value));
}

interface Moments {
  readonly mean: number;
  readonly deviation: number;
  readonly skewness: number;
  readonly low: number;
  readonly high: number;
}

function momentsOf(values: Float64Array, weight: Float64Array, transform: (value: number) => number): Moments {
  let all = 0;
  let sum = 0;
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    const w = weight[i] as number;
    if (!Number.isFinite(values[i]) || w <= 0) continue;
    const x = transform(values[i] as number);
    all += w;
    sum += w * x;
    if (x < low) low = x;
    if (x > high) high = x;
  }
  if (all === 0) return { mean: 0, deviation: 0, skewness: 0, low: 0, high: 0 };
  const mean = sum / all;
  let second = 0;
  let third = 0;
  for (let i = 0; i < values.length; i++) {
    const w = weight[i] as number;
    if (!Number.isFinite(values[i]) || w <= 0) continue;
    const gap = transform(values[i] as number) - mean;
    second += w * gap * gap;
    third += w * gap * gap * gap;
  }
  const deviation = low === high ? 0 : Math.sqrt(second / all);
  return { mean, deviation, skewness: deviation === 0 ? 0 : third / all / deviation ** 3, low, high };
}

function learnContinuous(column: FeatureColumn, weight: Float64Array): ContinuousEncoding {
  const raw = momentsOf(column.values, weight, (x) => x);
  const log = Math.abs(raw.skewness) > HEAVY_TAIL_SKEWNESS ? momentsOf(column.values, weight, signedLog) : undefined;
  const useLog = log !== undefined && Math.abs(log.skewness) < Math.abs(raw.skewness);
  const moments = useLog ? log : raw;
  let all = 0;
  let missing = 0;
  for (let i = 0; i < weight.length; i++) {
    const w = weight[i] as number;
    all += w;
    if (!Number.isFinite(column.values[i])) missing += w;
  }
  return {
    kind: 'continuous',
    name: column.name,
    transform: useLog ? 'log' : 'none',
    low: moments.low,
    high: moments.high,
    mean: moments.mean,
    scale: moments.deviation,
    missing_rate: all > 0 ? missing / all : 0,
  };
}

function learnNominal(column: FeatureColumn, weight: Float64Array, rareWeight: number): NominalEncoding {
  const categories = column.categories ?? [];
  const counts = new Float64Array(categories.length);
  let missing = 0;
  let unknown = 0;
  let all = 0;
  for (let i = 0; i < weight.length; i++) {
    const w = weight[i] as number;
    const code = column.values[i] as number;
    all += w;
    if (!Number.isFinite(code)) missing += w;
    else if (code >= 0 && code < counts.length) counts[code] = (counts[code] as number) + w;
    else unknown += w;
  }
  const levels: Level[] = [];
  let rare = unknown;
  // By name, so that the order of categories in the input changes nothing.
  const byName = categories.map((level, code) => ({ level, count: counts[code] as number })).sort(byLevel);
  for (const { level, count } of byName) {
    if (count >= rareWeight) levels.push({ level, share: count / all });
    else rare += count;
  }
  if (missing >= rareWeight) levels.push({ level: null, share: missing / all });
  else rare += missing;
  return { kind: 'nominal', name: column.name, levels, rare_share: rare > 0 ? rare / all : null };
}

function byLevel(a: { readonly level: string }, b: { readonly level: string }): number {
  return a.level < b.level ? -1 : a.level > b.level ? 1 : 0;
}

/** Design columns that an encoding makes, each centred on its training mean (a level: 1 − share or −share). */
export function designWidth(encoding: Encoding): number {
  if (encoding.kind === 'continuous') return (encoding.scale > 0 ? 1 : 0) + (hasIndicator(encoding) ? 1 : 0);
  const width = encoding.levels.length + (encoding.rare_share === null ? 0 : 1);
  return width > 1 ? width : 0;
}

function hasIndicator(encoding: ContinuousEncoding): boolean {
  return encoding.missing_rate > 0 && encoding.missing_rate < 1;
}

/** The design columns of one feature. */
export function encode(encoding: Encoding, column: FeatureColumn): Float64Array[] {
  if (encoding.kind !== column.kind) {
    throw new Error(`the model knows ${encoding.name} as ${encoding.kind}, the table has it as ${column.kind}`);
  }
  return encoding.kind === 'continuous' ? encodeContinuous(encoding, column) : encodeNominal(encoding, column);
}

function encodeContinuous(encoding: ContinuousEncoding, column: FeatureColumn): Float64Array[] {
  const { mean, scale, low, high, missing_rate } = encoding;
  const n = column.values.length;
  const out: Float64Array[] = [];
  if (scale > 0) {
    const values = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      const raw = column.values[i] as number;
      if (!Number.isFinite(raw)) continue;
      const x = encoding.transform === 'log' ? signedLog(raw) : raw;
      values[i] = (clamp(x, low, high) - mean) / scale;
    }
    out.push(values);
  }
  if (hasIndicator(encoding)) {
    const missing = new Float64Array(n);
    for (let i = 0; i < n; i++) missing[i] = (Number.isFinite(column.values[i]) ? 0 : 1) - missing_rate;
    out.push(missing);
  }
  return out;
}

function encodeNominal(encoding: NominalEncoding, column: FeatureColumn): Float64Array[] {
  const width = designWidth(encoding);
  if (width === 0) return [];
  const { levels, rare_share } = encoding;
  const shares = [...levels.map((level) => level.share), ...(rare_share === null ? [] : [rare_share])];
  const rareSlot = rare_share === null ? -1 : levels.length;
  const slots = new Map(levels.map(({ level }, slot) => [level, slot]));
  const slotOf = (column.categories ?? []).map((level) => slots.get(level) ?? rareSlot);
  const missingSlot = slots.get(null) ?? rareSlot;
  const n = column.values.length;
  const out = shares.map(() => new Float64Array(n));
  for (let i = 0; i < n; i++) {
    const code = column.values[i] as number;
    const slot = Number.isFinite(code) ? (slotOf[code] ?? rareSlot) : missingSlot;
    // A level never seen, with no rare ones to stand for it, counts as average: every centred column is 0.
    if (slot < 0) continue;
    for (let k = 0; k < width; k++) (out[k] as Float64Array)[i] = (k === slot ? 1 : 0) - (shares[k] as number);
  }
  return out;
}

/** The column of that name; throws when the table has none. */
export function columnNamed(columns: readonly FeatureColumn[], name: string): FeatureColumn {
  const column = columns.find((candidate) => candidate.name === name);
  if (column === undefined) throw new Error(`the table has no column ${name}, which the model was fitted on`);
  return column;
}
