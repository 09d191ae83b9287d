import { quantileSorted, sampleStandardDeviation } from 'simple-statistics';
import type { Random } from '../../contract/model.ts';
import { studentCritical } from '../distributions.ts';
import { normalBelow, normalQuantile } from '../interval.ts';
import { amountInterval } from './amount-interval.ts';
import { calibrationInterval, type SignedGaps, signedGaps } from './calibration-interval.ts';
import { gather, rankRows, type ScoredRows } from './ranked.ts';
import type { Metric, MetricOptions } from './registry.ts';
import { type Clusters, clustersOf, type Draws, drawsOf, type Statistics, statisticsOf } from './replicates.ts';
import { Studentized } from './studentized.ts';

/**
 * A number with what is known about it. `low`–`high` holds it at `level`. How it is made of draws of whole accounts is
 * `Metric.interval`: percentiles; of a mean over rows the bootstrap-t (`Studentized`); of an AUC within BCa (Efron 1987); of the
 * calibration error `calibrationInterval`, of the ARR calibration `amountInterval`. Few accounts that left carry most of these: a
 * sample that happens to lack the odd ones shows too good a figure and too small a spread, and plain percentiles then lie beyond
 * the truth too often, on one side. The acceleration of BCa is a sixth of the skewness of the draws, as of a mean: an AUC is
 * nearly the mean of what its leavers' places are.
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
  const isAccelerated = metrics.map(({ interval }) => interval === 'accelerated');
  const freedom = freedomOf(rows, clusters);
  const isPlain = metrics.every(({ interval }) => interval === 'percentile' || interval === 'accelerated');
  if (options.origin !== undefined || isPlain) {
    return intervalsOf(statistics, metrics.length, clusters.count, draws, options, isAccelerated, freedom);
  }
  const { level = 0.9 } = options;
  const ranked = rankRows(rows);
  const cluster = Int32Array.from(gather(clusters.of, ranked.order));
  const places = { of: cluster, count: clusters.count };
  const means = metrics.map(({ sums }) =>
    sums?.perRow === undefined ? undefined : new Studentized(sums.perRow(ranked), places, ranked.weight),
  );
  const gaps = signedGaps(ranked, cluster, options.bins ?? 10);
  const isGapped = metrics.some(({ interval }) => interval === 'gaps');
  const drawn: SignedGaps[] = [];
  const watched: Statistics = (counts, into) => {
    if (counts !== undefined) {
      if (isGapped) drawn.push(gaps(counts));
      for (const mean of means) mean?.add(counts);
    }
    statistics(counts, into);
  };
  const intervals = intervalsOf(watched, metrics.length, clusters.count, draws, options, isAccelerated, freedom);
  return intervals.map((interval, k) => {
    const { value } = interval;
    const kind = metrics[k]?.interval;
    if (kind === 'amounts') return { ...interval, ...amountInterval(ranked, cluster, clusters.count, value, level) };
    if (kind === 'studentized') return { ...interval, ...means[k]?.interval(value, level) };
    if (kind !== 'gaps') return interval;
    const { low, high } = calibrationInterval(gaps(undefined), drawn, level);
    // The error of the gaps is the metric but for the order its sums are taken in.
    return { ...interval, low: Math.min(value, low), high: Math.max(value, high) };
  });
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
  isAccelerated: readonly boolean[] = [],
  freedom = Number.POSITIVE_INFINITY,
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
    const isMoved = isAccelerated[k] === true;
    const [from, to] = isMoved ? acceleratedPlaces(value, sorted, level, freedom) : [(1 - level) / 2, (1 + level) / 2];
    const [low, high] = [quantileOf(sorted, from), quantileOf(sorted, to)];
    return {
      value,
      // Where nearly every draw lies on one side of the value, moved quantiles may pass it.
      low: isMoved ? Math.min(value, low) : low,
      high: isMoved ? Math.max(value, high) : high,
      standard_error: deviationOf(sorted),
      level,
      clusters: count,
      replicates: known.length,
      ...(keep_draws ? { draws: Array.from(all, storedDraw) } : {}),
    };
  });
}

/** One less than the accounts of the rarer class, as of a comparison of two groups: those with the outcome, or those without. */
function freedomOf({ label, weight }: ScoredRows, clusters: Clusters): number {
  const sides: [Set<number>, Set<number>] = [new Set(), new Set()];
  for (let i = 0; i < label.length; i++) {
    if (weight === undefined || (weight[i] as number) > 0) sides[label[i] === 1 ? 1 : 0].add(clusters.of[i] as number);
  }
  return Math.min(sides[0].size, sides[1].size) - 1;
}

/** A draw as it is kept: five significant digits, null where it has no value. */
export function storedDraw(value: number): number | null {
  return Number.isFinite(value) ? Number(value.toPrecision(5)) : null;
}

/**
 * Which quantiles of the draws bound what is nearly a mean (BCa), 0–1 each; the plain ones where the draws do not vary. Its normal
 * quantiles are Student's with `freedom` degrees of freedom, because the spread is no surer than the accounts it comes from.
 */
function acceleratedPlaces(value: number, sorted: readonly number[], level: number, freedom: number): [number, number] {
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
  const reach = freedom < 1 ? normalQuantile(plain[1]) : studentCritical(1 - level, freedom);
  const place = (end: number) => {
    const z = bias + end;
    // Beyond a tenth the expansion no longer holds: the quantiles would turn round.
    return normalBelow(bias + z / Math.max(0.1, 1 - acceleration * z));
  };
  return [place(-reach), place(reach)];
}

/** Quantile of ascending values, linear between neighbours (type 7, the default of R and NumPy). `NaN` when empty. */
export function quantileOf(sorted: readonly number[], probability: number): number {
  return sorted.length === 0 ? Number.NaN : quantileSorted(sorted, probability);
}

function deviationOf(values: readonly number[]): number {
  return values.length < 2 ? Number.NaN : sampleStandardDeviation(values);
}
