import { quantileSorted } from 'simple-statistics';
import { type ClusterSums, clusterSums, meanOfSums } from './paired.ts';
import type { Clusters } from './replicates.ts';

/**
 * The bootstrap-t interval of a weighted mean over rows (Efron 1979; Hall 1988 on why it, and not percentiles, allows for skewness
 * *and* for an error that is itself unsure): each draw tells how many of its own cluster-robust standard errors its mean lies
 * from the mean of the rows, and the interval lies as many errors of the rows to the other side. It never passes the smallest
 * or largest row, and holds the value.
 */
export class Studentized {
  readonly #sums: ClusterSums;
  readonly #mean: number;
  readonly #error: number;
  readonly #least: number;
  readonly #most: number;
  readonly #distances: number[] = [];

  /** @param values of each row; `clusters` and `weight` in the same order */
  constructor(values: Float64Array, clusters: Clusters, weight: Float64Array) {
    this.#sums = clusterSums(values, clusters, weight);
    const { mean, standard_error } = meanOfSums(this.#sums);
    this.#mean = mean;
    this.#error = standard_error;
    this.#least = values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
    this.#most = values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  }

  /** One draw. A draw without spread of its own tells nothing. */
  add(counts: Uint16Array): void {
    const { mean, standard_error } = meanOfSums(this.#sums, counts);
    if (standard_error > 0) this.#distances.push((mean - this.#mean) / standard_error);
  }

  /** The interval of `value`, which is the mean of the rows; `NaN` where no draw told anything. */
  interval(value: number, level: number): { readonly low: number; readonly high: number } {
    if (this.#distances.length < 2) return { low: Number.NaN, high: Number.NaN };
    const sorted = this.#distances.toSorted((a, b) => a - b);
    const end = (probability: number) => value - quantileSorted(sorted, probability) * this.#error;
    return {
      low: Math.min(value, Math.max(this.#least, end((1 + level) / 2))),
      high: Math.max(value, Math.min(this.#most, end((1 - level) / 2))),
    };
  }
}
