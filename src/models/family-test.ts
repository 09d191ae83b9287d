import type { Random } from '../contract/model.ts';
import { type ClusteredMean, type ClusterSums, clusterSums, meanOfSums } from './metrics/paired.ts';
import { type Clusters, drawCounts } from './metrics/replicates.ts';

/** One rival's gain over the base, and how sure it is after looking at all rivals. */
export interface FamilyResult extends ClusteredMean {
  /** gain ÷ standard error; 0 where the rival is the base itself. */
  readonly t: number;
  /** One-sided, family-wise: the chance that the best of all rivals would look this good if none were any good. */
  readonly p_value: number;
}

const NO_SPREAD = 1e-12;

/**
 * Tests several rivals' mean gains (base loss − rival loss, row by row) against 0 at once. Whole accounts are resampled;
 * in each replicate every rival's studentised deviation from its own mean is taken, and the *largest* is kept
 * (Romano–Wolf, single step: max-T). A rival's p-value is the share of replicates whose largest is at least its own t.
 * Comparing with the maximum is what keeps the chance of *any* false winner at the level, however alike the rivals are.
 */
export function testFamily(
  gains: readonly Float64Array[],
  clusters: Clusters,
  weight: Float64Array,
  random: Random,
  replicates = 2000,
): FamilyResult[] {
  const sums: ClusterSums[] = gains.map((gain) => clusterSums(gain, clusters, weight));
  const points = sums.map((sum) => meanOfSums(sum));
  const ts = points.map(({ mean, standard_error }) => (standard_error > NO_SPREAD ? mean / standard_error : 0));
  const atLeast = new Float64Array(gains.length);
  const counts = new Uint16Array(clusters.count);
  for (let r = 0; r < replicates; r++) {
    drawCounts(clusters.count, random, counts);
    let largest = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < sums.length; k++) {
      const point = points[k] as ClusteredMean;
      if (!(point.standard_error > NO_SPREAD)) continue;
      const { mean, standard_error } = meanOfSums(sums[k] as ClusterSums, counts);
      const t = (mean - point.mean) / standard_error;
      if (t > largest) largest = t;
    }
    for (let k = 0; k < ts.length; k++) if (largest >= (ts[k] as number)) atLeast[k] = (atLeast[k] as number) + 1;
  }
  return points.map((point, k) => ({
    ...point,
    t: ts[k] as number,
    p_value: point.standard_error > NO_SPREAD ? (1 + (atLeast[k] as number)) / (replicates + 1) : 1,
  }));
}
