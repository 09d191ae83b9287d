import { quantileSorted, sampleStandardDeviation } from 'simple-statistics';
import type { Random } from '../../contract/model.ts';
import { normalBelow, normalQuantile } from '../interval.ts';
import { calibrationInterval, type SignedGaps, signedGaps } from './calibration-interval.ts';
import { gather, rankRows, type ScoredRows } from './ranked.ts';
import type { Metric, MetricOptions } from './registry.ts';
import { clustersOf, type Draws, drawsOf, type Statistics, statisticsOf } from './replicates.ts';

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
  return bootstrapMetrics([metric], rows, account, drawsOf(random), options)[0] as Interval;
}

/**
 * Intervals of several metrics over the same draws: each as `bootstrapMetric` gives it of a source that draws the same, ranking
 * and drawing done once.
 */
export function bootstrapMetrics(
  metrics: readonly Metric[],
  rows: ScoredRows,
  account: Int32Array,
  draws: Draws,
  options: BootstrapOptions = {},
): Interval[] {
  const clusters = clustersOf(account);
  const statistics = statisticsOf(metrics, rows, clusters, options, options.origin);
  const isMean = metrics.map((metric) => metric.isMean && options.origin === undefined);
  const at = options.origin === undefined ? metrics.findIndex(({ isInflated }) => isInflated) : -1;
  if (at < 0) return intervalsOf(statistics, metrics.length, clusters.count, draws, options, isMean);
  const ranked = rankRows(rows);
  const gaps = signedGaps(ranked, Int32Array.from(gather(clusters.of, ranked.order)), options.bins ?? 10);
  const drawn: SignedGaps[] = [];
  const watched: Statistics = (counts, into) => {
    if (counts !== undefined) drawn.push(gaps(counts));
    statistics(counts, into);
  };
  const intervals = intervalsOf(watched, metrics.length, clusters.count, draws, options, isMean);
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
  const first = statisticsOf([metric], a, clusters, options, options.origin);
  const second = statisticsOf([metric], { ...a, score: scoreB }, clusters, options, options.origin);
  const other = new Float64Array(1);
  const difference: Statistics = (counts, into) => {
    first(counts, into);
    second(counts, other);
    into[0] = (into[0] as number) - (other[0] as number);
  };
  return intervalsOf(difference, 1, clusters.count, drawsOf(random), options)[0] as Interval;
}

function intervalsOf(
  statistics: Statistics,
  width: number,
  count: number,
  draws: Draws,
  { replicates = 500, level = 0.9, keep_draws = false }: BootstrapOptions,
  isMean: readonly boolean[] = [],
): Interval[] {
  if (width === 0) return [];
  const points = new Float64Array(width);
  statistics(undefined, points);
  const drawn = Array.from(points, () => new Float64Array(replicates));
  const values = new Float64Array(width);
  for (let r = 0; r < replicates; r++) {
    statistics(draws(count, r), values);
    for (let k = 0; k < width; k++) (drawn[k] as Float64Array)[r] = values[k] as number;
  }
  return Array.from(points, (value, k): Interval => {
    const all = drawn[k] as Float64Array;
    const known = all.filter((one) => !Number.isNaN(one));
    const sorted = Array.from(known.toSorted());
    const [low, high] =
      isMean[k] === true ? acceleratedPlaces(value, sorted, level) : [(1 - level) / 2, (1 + level) / 2];
    return {
      value,
      low: quantileOf(sorted, low),
      high: quantileOf(sorted, high),
      standard_error: deviationOf(sorted),
      level,
      clusters: count,
      replicates: known.length,
      ...(keep_draws ? { draws: Array.from(all, storedDraw) } : {}),
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
  // Sums are taken in another order than the value's: what differs by less than that can bring is equal.
  const rounding = 1e-12 * Math.abs(value);
  if (!(spread > rounding)) return plain;
  const mean = sorted.reduce((sum, drawn) => sum + drawn, 0) / n;
  const acceleration = sorted.reduce((sum, drawn) => sum + ((drawn - mean) / spread) ** 3, 0) / n / 6;
  // Draws equal to the value stand half to either side; at least half a draw must, so that the quantile is finite.
  const below = sorted.reduce(
    (sum, drawn) => sum + (Math.abs(drawn - value) <= rounding ? 0.5 : drawn < value ? 1 : 0),
    0,
  );
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
