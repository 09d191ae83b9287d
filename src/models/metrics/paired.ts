import { type Clusters, clustersOf } from './replicates.ts';

/** Weighted mean of a per-row quantity with its cluster-robust standard error. */
export interface ClusteredMean {
  readonly mean: number;
  readonly standard_error: number;
  readonly clusters: number;
}

/** Sums of weight × value and of weight for each cluster: all that clustered inference needs of the rows. */
export interface ClusterSums {
  readonly value: Float64Array;
  readonly weight: Float64Array;
}

/** Adds rows up by cluster. */
export function clusterSums(values: Float64Array, clusters: Clusters, weight?: Float64Array): ClusterSums {
  const sums = { value: new Float64Array(clusters.count), weight: new Float64Array(clusters.count) };
  for (let i = 0; i < values.length; i++) {
    const cluster = clusters.of[i] as number;
    const w = weight === undefined ? 1 : (weight[i] as number);
    sums.value[cluster] = (sums.value[cluster] as number) + w * (values[i] as number);
    sums.weight[cluster] = (sums.weight[cluster] as number) + w;
  }
  return sums;
}

/**
 * Mean and its standard error when the rows of one account move together: linearised ratio estimator,
 * √(G/(G−1) · Σ_c (s_c − mean · w_c)²) ÷ Σ w (the sandwich estimator of an intercept, `CR1` without the (n−1)/(n−k)
 * factor, which is 1 here). `NaN` error with fewer than two accounts.
 */
export function clusteredMean(values: Float64Array, account: Int32Array, weight?: Float64Array): ClusteredMean {
  const clusters = clustersOf(account);
  return meanOfSums(clusterSums(values, clusters, weight));
}

/** `clusteredMean` from sums by cluster, optionally with each cluster counted `counts` times (a bootstrap draw). */
export function meanOfSums(sums: ClusterSums, counts?: Uint16Array): ClusteredMean {
  const count = sums.value.length;
  let value = 0;
  let weight = 0;
  for (let c = 0; c < count; c++) {
    const times = counts === undefined ? 1 : (counts[c] as number);
    value += times * (sums.value[c] as number);
    weight += times * (sums.weight[c] as number);
  }
  const mean = value / weight;
  let squares = 0;
  for (let c = 0; c < count; c++) {
    const times = counts === undefined ? 1 : (counts[c] as number);
    const residual = (sums.value[c] as number) - mean * (sums.weight[c] as number);
    squares += times * residual * residual;
  }
  const error = count < 2 ? Number.NaN : Math.sqrt((count / (count - 1)) * squares) / weight;
  return { mean, standard_error: error, clusters: count };
}

/** Paired difference lossA − lossB, row by row, clustered by account: above 0 means B is better. */
export function pairedDifference(
  lossA: Float64Array,
  lossB: Float64Array,
  account: Int32Array,
  weight?: Float64Array,
): ClusteredMean {
  const difference = new Float64Array(lossA.length);
  for (let i = 0; i < difference.length; i++) difference[i] = (lossA[i] as number) - (lossB[i] as number);
  return clusteredMean(difference, account, weight);
}
