import { quantileSorted, sampleStandardDeviation } from 'simple-statistics';
import type { Random } from '../../contract/model.ts';
import { randomInt } from '../../lib/random.ts';
import { normalBelow, normalQuantile } from '../interval.ts';
import { calibrationInterval, type SignedGaps, signedGaps } from './calibration-interval.ts';
import { type OriginRanking, rankByOrigin } from './origins.ts';
import { gather, type Ranked, rankRows, reweighted, type ScoredRows } from './ranked.ts';
import type { Metric, MetricOptions } from './registry.ts';

/**
 * A number with what is known about it. `low`–`high` is the percentile interval at `level`; of the calibration error, which small
 * samples tell too high (`isInflated`), that of `calibrationInterval`. Of a mean (`isMean`) the percentiles are those of the BCa
 * interval (Efron 1987): few accounts that left carry most of a loss, a sample that happens to lack them shows both a small loss
 * and a small spread, and plain percentiles then lie below the truth too often. Of a mean the acceleration is a sixth of the
 * skewness of the draws.
 */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** Standard deviation over the replicates. */
  readonly standard_error: number;
  readonly level: number;
  /** Accounts that were drawn: the real sample size. */
  readonly clusters: number;
  /** Replicates in which the metric had a value. */
  readonly replicates: number;
  /** Of every replicate in the order drawn, to five significant digits; null where it had no value. Only on demand. */
  readonly draws?: readonly (number | null)[];
}

export interface BootstrapOptions extends MetricOptions {
  /** Default 500. */
  readonly replicates?: number;
  /** Default 0.9: a one-sided 95 % at each end. */
  readonly level?: number;
  /** Observation date of each row: the metric is then the outcome-weighted mean within dates. */
  readonly origin?: Int32Array | undefined;
  /** Hand the replicates back, so that intervals drawn from the same seed over the same rows can be paired. */
  readonly keep_draws?: boolean;
}

/** Cluster of each row as 0 … count − 1, in order of first sight. */
export interface Clusters {
  readonly of: Int32Array;
  readonly count: number;
}

/** Renumbers accounts densely. */
export function clustersOf(account: Int32Array): Clusters {
  const seen = new Map<number, number>();
  const of = new Int32Array(account.length);
  for (let i = 0; i < of.length; i++) {
    const id = account[i] as number;
    let cluster = seen.get(id);
    if (cluster === undefined) {
      cluster = seen.size;
      seen.set(id, cluster);
    }
    of[i] = cluster;
  }
  return { of, count: seen.size };
}

/** How often each of `count` clusters is drawn in one bootstrap sample of `count` draws with replacement. */
export function drawCounts(count: number, random: Random, into = new Uint16Array(count)): Uint16Array {
  into.fill(0);
  for (let i = 0; i < count; i++) {
    const drawn = randomInt(random, count);
    into[drawn] = (into[drawn] as number) + 1;
  }
  return into;
}

/** Statistics of one weighting of the rows. */
type Statistics = (counts: Uint16Array | undefined) => readonly number[];

/**
 * Account-clustered bootstrap interval of a metric: whole accounts are drawn, because the rows of one account at
 * several dates are one story told several times. Accounts are drawn by weight, not by copying rows, and the ranking is
 * sorted once; a replicate costs one pass. Same random source, same interval.
 */
export function bootstrapMetric(
  metric: Metric,
  rows: ScoredRows,
  account: Int32Array,
  random: Random,
  options: BootstrapOptions = {},
): Interval {
  return bootstrapMetrics([metric], rows, account, random, options)[0] as Interval;
}

/** Intervals of several metrics over the same draws: each as `bootstrapMetric` gives it, ranking and drawing done once. */
export function bootstrapMetrics(
  metrics: readonly Metric[],
  rows: ScoredRows,
  account: Int32Array,
  random: Random,
  options: BootstrapOptions = {},
): Interval[] {
  const clusters = clustersOf(account);
  const statistics = statisticsOf(metrics, rows, clusters, options);
  const isMean = metrics.map((metric) => metric.isMean && options.origin === undefined);
  const at = options.origin === undefined ? metrics.findIndex(({ isInflated }) => isInflated) : -1;
  if (at < 0) return intervalsOf(statistics, clusters.count, random, options, isMean);
  const ranked = rankRows(rows);
  const gaps = signedGaps(ranked, Int32Array.from(gather(clusters.of, ranked.order)), options.bins ?? 10);
  const drawn: SignedGaps[] = [];
  const watched: Statistics = (counts) => {
    if (counts !== undefined) drawn.push(gaps(counts));
    return statistics(counts);
  };
  const intervals = intervalsOf(watched, clusters.count, random, options, isMean);
  const corrected = calibrationInterval(gaps(undefined), drawn, options.level ?? 0.9);
  // The error of the gaps is the metric but for the order its sums are taken in.
  const holding = (interval: Interval): Interval => ({
    ...interval,
    low: Math.min(interval.value, corrected.low),
    high: Math.max(interval.value, corrected.high),
  });
  return intervals.map((interval, k) => (k === at ? holding(interval) : interval));
}

/**
 * Interval of metric(a) − metric(b) on the same rows, drawn together so that what both share cancels. `b` gives only
 * its score (and is otherwise the rows of `a`).
 */
export function bootstrapDifference(
  metric: Metric,
  a: ScoredRows,
  scoreB: Float64Array,
  account: Int32Array,
  random: Random,
  options: BootstrapOptions = {},
): Interval {
  const clusters = clustersOf(account);
  const first = statisticsOf([metric], a, clusters, options);
  const second = statisticsOf([metric], { ...a, score: scoreB }, clusters, options);
  const difference: Statistics = (counts) => [(first(counts)[0] as number) - (second(counts)[0] as number)];
  return intervalsOf(difference, clusters.count, random, options)[0] as Interval;
}

function statisticsOf(
  metrics: readonly Metric[],
  rows: ScoredRows,
  clusters: Clusters,
  options: BootstrapOptions,
): Statistics {
  if (options.origin === undefined) {
    const ranked = rankRows(rows);
    const value = replicator(ranked, Int32Array.from(gather(clusters.of, ranked.order)));
    return (counts) => {
      const drawn = value(counts);
      return metrics.map((metric) => metric.fn(drawn, options));
    };
  }
  const origins = rankByOrigin(rows, options.origin).map((origin) => originReplicator(origin, clusters));
  return (counts) => {
    const sums = metrics.map(() => 0);
    const all = metrics.map(() => 0);
    for (const origin of origins) {
      const ranked = origin(counts);
      for (const [k, metric] of metrics.entries()) {
        const value = metric.fn(ranked, options);
        if (Number.isNaN(value)) continue;
        const counted = metric.weigh(ranked, options);
        sums[k] = (sums[k] as number) + counted * value;
        all[k] = (all[k] as number) + counted;
      }
    }
    return sums.map((sum, k) => ((all[k] as number) > 0 ? sum / (all[k] as number) : Number.NaN));
  };
}

function originReplicator(origin: OriginRanking, clusters: Clusters) {
  const cluster = new Int32Array(origin.rows.length);
  for (let place = 0; place < cluster.length; place++) {
    cluster[place] = clusters.of[origin.rows[origin.ranked.order[place] as number] as number] as number;
  }
  return replicator(origin.ranked, cluster);
}

function replicator(ranked: Ranked, cluster: Int32Array) {
  const { rowCount, weight: given, label } = ranked;
  const weight = new Float64Array(rowCount);
  const sums = { weight: 0, outcome: 0 };
  const replica = reweighted(ranked, weight, sums);
  return (counts: Uint16Array | undefined): Ranked => {
    if (counts === undefined) return ranked;
    let all = 0;
    let outcome = 0;
    for (let i = 0; i < rowCount; i++) {
      const w = (given[i] as number) * (counts[cluster[i] as number] as number);
      weight[i] = w;
      all += w;
      outcome += w * (label[i] as number);
    }
    sums.weight = all;
    sums.outcome = outcome;
    return replica;
  };
}

function intervalsOf(
  statistics: Statistics,
  count: number,
  random: Random,
  { replicates = 500, level = 0.9, keep_draws = false }: BootstrapOptions,
  isMean: readonly boolean[] = [],
): Interval[] {
  const points = statistics(undefined);
  const drawn = points.map((): number[] => []);
  const counts = new Uint16Array(count);
  for (let r = 0; r < replicates; r++) {
    const values = statistics(drawCounts(count, random, counts));
    for (const [k, value] of values.entries()) (drawn[k] as number[]).push(value);
  }
  return points.map((value, k): Interval => {
    const all = drawn[k] as number[];
    const values = all.filter((one) => !Number.isNaN(one));
    const sorted = values.toSorted((a, b) => a - b);
    const [low, high] =
      isMean[k] === true ? acceleratedPlaces(value, sorted, level) : [(1 - level) / 2, (1 + level) / 2];
    return {
      value,
      low: quantileOf(sorted, low),
      high: quantileOf(sorted, high),
      standard_error: deviationOf(values),
      level,
      clusters: count,
      replicates: values.length,
      ...(keep_draws ? { draws: all.map(storedDraw) } : {}),
    };
  });
}

/** A draw as it is kept: five significant digits, null where it has no value. */
export function storedDraw(value: number): number | null {
  return Number.isFinite(value) ? Number(value.toPrecision(5)) : null;
}

/** Which quantiles of the draws bound a mean (BCa), 0–1 each; the plain ones where the draws do not vary. */
function acceleratedPlaces(value: number, sorted: readonly number[], level: number): [number, number] {
  const n = sorted.length;
  const plain: [number, number] = [(1 - level) / 2, (1 + level) / 2];
  const spread = deviationOf(sorted);
  if (!(spread > 0)) return plain;
  const mean = sorted.reduce((sum, drawn) => sum + drawn, 0) / n;
  const acceleration = sorted.reduce((sum, drawn) => sum + ((drawn - mean) / spread) ** 3, 0) / n / 6;
  // Draws equal to the value stand half to either side; at least half a draw must, so that the quantile is finite.
  const below = sorted.reduce((sum, drawn) => sum + (drawn < value ? 1 : drawn === value ? 0.5 : 0), 0);
  const bias = normalQuantile(Math.min(n - 0.5, Math.max(0.5, below)) / n);
  const place = (probability: number) => {
    const z = bias + normalQuantile(probability);
    return normalBelow(bias + z / (1 - acceleration * z));
  };
  return [place(plain[0]), place(plain[1])];
}

/** Quantile of ascending values, linear between neighbours (type 7, the default of R and NumPy). `NaN` when empty. */
export function quantileOf(sorted: readonly number[], probability: number): number {
  return sorted.length === 0 ? Number.NaN : quantileSorted(sorted, probability);
}

function deviationOf(values: readonly number[]): number {
  return values.length < 2 ? Number.NaN : sampleStandardDeviation(values);
}
