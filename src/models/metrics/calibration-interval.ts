import { quantileSorted } from 'simple-statistics';
import { binsOf } from './probability.ts';
import type { Ranked } from './ranked.ts';

/** What each quantile bin adds to the calibration error, with its sign: Σ weight · (probability − label) ÷ all weight. */
export type SignedGaps = Float64Array;

/**
 * The signed gaps of a ranking under any weighting of its clusters. Bins are those of the rows as they are, in every
 * weighting, so that a gap of one draw can be held against the same gap of the rows.
 * @param cluster of each place of the ranking
 */
export function signedGaps(
  ranked: Ranked,
  cluster: Int32Array,
  bins: number,
): (counts: Uint16Array | undefined) => SignedGaps {
  const bin = binsOf(ranked, bins);
  const width = bin.reduce((most, one) => Math.max(most, one + 1), 0);
  // Added up by cluster and bin: a draw then costs as much as there are such pairs.
  const place = new Map<number, number>();
  const pairs: { cluster: number; bin: number; gap: number; weight: number }[] = [];
  for (let i = 0; i < ranked.rowCount; i++) {
    const key = (cluster[i] as number) * width + (bin[i] as number);
    let at = place.get(key);
    if (at === undefined) {
      at = pairs.length;
      place.set(key, at);
      pairs.push({ cluster: cluster[i] as number, bin: bin[i] as number, gap: 0, weight: 0 });
    }
    const pair = pairs[at] as (typeof pairs)[number];
    const weight = ranked.weight[i] as number;
    pair.gap += weight * ((ranked.score[i] as number) - (ranked.label[i] as number));
    pair.weight += weight;
  }
  const of = Int32Array.from(pairs, (pair) => pair.cluster);
  const into = Int32Array.from(pairs, (pair) => pair.bin);
  const gap = Float64Array.from(pairs, (pair) => pair.gap);
  const weight = Float64Array.from(pairs, (pair) => pair.weight);
  return (counts) => {
    const gaps = new Float64Array(width);
    let all = 0;
    for (let k = 0; k < of.length; k++) {
      const times = counts === undefined ? 1 : (counts[of[k] as number] as number);
      const at = into[k] as number;
      gaps[at] = (gaps[at] as number) + times * (gap[k] as number);
      all += times * (weight[k] as number);
    }
    for (let b = 0; b < width; b++) gaps[b] = (gaps[b] as number) / all;
    return gaps;
  };
}

/** True gaps are looked for up to so many times the gaps seen. */
const WIDEST = 4;

/**
 * Interval of the calibration error. A sum of distances is told too high: luck alone gives every bin some distance, and each
 * bootstrap draw adds luck to what was luck already, so that plain percentiles may all lie above the value they belong to.
 * Here the true gaps are taken to be λ times the gaps seen. An end of the interval is the error of the true gaps at the λ at which
 * gaps plus redrawn luck lie above (low) or below (high) the error that was seen in just (1 − level) ÷ 2 of the draws: the
 * errors that a test would not reject. Where luck alone may be all there is, the interval begins at 0. The value always lies
 * within.
 *
 * @param seen gaps of the rows
 * @param drawn gaps of each draw
 * @param level of the interval, 0–1
 */
export function calibrationInterval(
  seen: SignedGaps,
  drawn: readonly SignedGaps[],
  level: number,
): { readonly low: number; readonly high: number } {
  const value = errorOf(seen, 1);
  if (drawn.length === 0 || Number.isNaN(value)) return { low: Number.NaN, high: Number.NaN };
  const luck = drawn.map((gaps) => gaps.map((gap, b) => gap - (seen[b] as number)));
  const errors = new Float64Array(luck.length);
  /** The largest λ at which this quantile of gaps and luck does not pass the error seen; 0 where it does at once. */
  const largest = (probability: number): number => {
    const passes = (share: number) => {
      for (let r = 0; r < luck.length; r++) errors[r] = errorOf(seen, share, luck[r]);
      return quantile(errors, probability) > value;
    };
    if (passes(0)) return 0;
    let [low, high] = [0, WIDEST];
    for (let step = 0; step < 30; step++) {
      const middle = (low + high) / 2;
      if (passes(middle)) high = middle;
      else low = middle;
    }
    return low;
  };
  return {
    low: Math.min(value, errorOf(seen, largest((1 + level) / 2))),
    high: Math.max(value, errorOf(seen, largest((1 - level) / 2))),
  };
}

/** The quantile over the draws of the error of `share` times the gaps seen and each draw's luck. */
function quantile(errors: Float64Array, probability: number): number {
  return quantileSorted(Array.from(errors.sort()), probability);
}

function errorOf(gaps: SignedGaps, share: number, luck?: SignedGaps): number {
  let sum = 0;
  for (let b = 0; b < gaps.length; b++) sum += Math.abs(share * (gaps[b] as number) + (luck?.[b] ?? 0));
  return sum;
}
