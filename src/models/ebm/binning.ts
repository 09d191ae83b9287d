import type { FeatureColumn } from '../../contract/model.ts';
import { createRandom } from '../../lib/random.ts';
import type { BinnedColumn, ContinuousBins, FeatureBins, NominalBins } from './types.ts';

/** Cut points of larger columns are learnt on about this many rows. */
const QUANTILE_ROWS = 65_536;

/** Learns how to cut one column from its training rows, and cuts it. Reads no label. */
export function binColumn(column: FeatureColumn, maxBins: number, minLevelRows: number): BinnedColumn {
  const bins = column.kind === 'nominal' ? learnLevels(column, maxBins, minLevelRows) : learnCuts(column, maxBins);
  return { bins, values: applyBins(bins, column) };
}

/**
 * Cuts at quantiles; a column with few enough values gets a bin for each. A cut is the shortest decimal between the two
 * values it parts, so that a stored model reads well. NaN is missing, infinities are the ends.
 */
export function learnCuts(column: FeatureColumn, maxBins: number): ContinuousBins {
  const { values } = column;
  const stride = Math.max(1, Math.ceil(values.length / QUANTILE_ROWS));
  const sample = new Float64Array(Math.ceil(values.length / stride));
  // One row drawn from each stretch: panels repeat themselves, and even steps could fall on the same date again and again.
  const random = createRandom(values.length);
  let count = 0;
  for (let start = 0; start < values.length; start += stride) {
    const i = stride === 1 ? start : Math.min(values.length - 1, start + Math.floor(random() * stride));
    const x = values[i] as number;
    if (!Number.isNaN(x)) sample[count++] = x === 0 ? 0 : x;
  }
  const sorted = sample.subarray(0, count).sort();
  return { kind: 'continuous', name: column.name, cuts: quantileCuts(sorted, maxBins - 1) };
}

/** Cut points that part sorted values into at most `maxBins` groups of about equal size; equal values stay together. */
function quantileCuts(sorted: Float64Array, maxBins: number): number[] {
  const cuts: number[] = [];
  const distinct = countDistinct(sorted);
  if (distinct < 2) return cuts;
  const isExact = distinct <= maxBins;
  let binsLeft = maxBins;
  let inBin = 0;
  let target = sorted.length / maxBins;
  let start = 0;
  while (start < sorted.length) {
    const value = sorted[start] as number;
    let end = start + 1;
    while (end < sorted.length && sorted[end] === value) end++;
    const size = end - start;
    // Closed before a value that would overshoot by more than leaving it out falls short.
    if (start > 0 && binsLeft > 1 && (isExact || (inBin > 0 && inBin + size / 2 > target))) {
      cuts.push(readableCut(sorted[start - 1] as number, value));
      binsLeft--;
      inBin = 0;
      target = (sorted.length - start) / binsLeft;
    }
    inBin += size;
    start = end;
  }
  return cuts;
}

function countDistinct(sorted: Float64Array): number {
  let distinct = sorted.length === 0 ? 0 : 1;
  for (let i = 1; i < sorted.length; i++) if (sorted[i] !== sorted[i - 1]) distinct++;
  return distinct;
}

/** The decimal with fewest digits in (low, high]: values below it stay left, `high` goes right. */
export function readableCut(low: number, high: number): number {
  if (!Number.isFinite(low) || !Number.isFinite(high))
    return Number.isFinite(high) ? high : Math.min(high, nextAbove(low));
  const middle = low / 2 + high / 2;
  for (let digits = 1; digits <= 17; digits++) {
    const cut = Number(middle.toPrecision(digits));
    if (cut > low && cut <= high) return cut;
  }
  return high;
}

/** A number above `low` that JSON can hold, for a gap that reaches to infinity. */
function nextAbove(low: number): number {
  return low > 0 ? Math.min(low * 2, Number.MAX_VALUE) : low / 2 + 1;
}

/** The heaviest levels, each with enough rows to learn from; the others share the bin of unseen levels. */
function learnLevels(column: FeatureColumn, maxBins: number, minRows: number): NominalBins {
  const categories = column.categories ?? [];
  const counts = new Float64Array(categories.length);
  for (const code of column.values) if (code >= 0 && code < counts.length) counts[code] = (counts[code] as number) + 1;
  const levels = categories
    .map((level, code) => ({ level, count: counts[code] as number }))
    .filter(({ count }) => count > 0 && count >= minRows)
    .sort((a, b) => b.count - a.count || (a.level < b.level ? -1 : 1))
    .slice(0, maxBins - 2)
    .map(({ level }) => level)
    .sort();
  return { kind: 'nominal', name: column.name, levels };
}

/** Finds the bins of stretches of one column; made once, so that a table can be gone through block by block. */
export type Binner = (from: number, to: number, out: Uint8Array) => void;

/** A column made ready to bin. Throws when the kinds differ: a code is no measurement. */
export function createBinner(bins: FeatureBins, column: FeatureColumn): Binner {
  if (bins.kind !== column.kind) {
    throw new Error(`the model knows ${bins.name} as ${bins.kind}, the table has it as ${column.kind}`);
  }
  return bins.kind === 'continuous' ? numberBinner(bins.cuts, column.values) : levelBinner(bins.levels, column);
}

/** The bin of every row. */
export function applyBins(bins: FeatureBins, column: FeatureColumn): Uint8Array {
  const out = new Uint8Array(column.values.length);
  createBinner(bins, column)(0, out.length, out);
  return out;
}

/** Cells of the grid that `placeOnGrid` looks values up in. */
const GRID = 1024;
/** Cuts that a look-up may have to pass, on average, before a binary search is quicker. */
const LONGEST_WALK = 4;

/** The bin of a number is 1 + the number of cuts ≤ it. */
function numberBinner(cuts: readonly number[], values: Float64Array): Binner {
  const low = cuts[0] ?? 0;
  const scale = GRID / ((cuts.at(-1) ?? 0) - low);
  const starts = new Uint8Array(GRID + 1);
  let walk = 0;
  for (let cell = 0, k = 0; cell <= GRID; cell++) {
    const before = k;
    while (k < cuts.length && ((cuts[k] as number) - low) * scale < cell) k++;
    starts[cell] = k;
    walk += (k - before) ** 2;
  }
  // Cuts stand where values do, so a cell holds about as large a share of the values as of the cuts.
  if (cuts.length > 0 && walk / cuts.length <= LONGEST_WALK) {
    const sorted = Float64Array.from(cuts);
    return (from, to, out) => placeOnGrid(values, from, to, out, sorted, starts, low, scale);
  }
  let size = 1;
  while (size <= cuts.length) size *= 2;
  const padded = new Float64Array(size).fill(Number.NaN);
  padded.set(cuts);
  return (from, to, out) => placeBySearch(values, from, to, out, padded);
}

/** Starts at the first cut of the value's cell. Rounding is monotone: a cut before that cell is below the value. */
function placeOnGrid(
  values: Float64Array,
  from: number,
  to: number,
  out: Uint8Array,
  cuts: Float64Array,
  starts: Uint8Array,
  low: number,
  scale: number,
): void {
  const count = cuts.length;
  const high = cuts[count - 1] as number;
  for (let i = from; i < to; i++) {
    const x = values[i] as number;
    let k = 0;
    if (x >= high) k = count;
    else if (x >= low) {
      k = starts[((x - low) * scale) | 0] as number;
      while ((cuts[k] as number) <= x) k++;
    }
    out[i - from] = Number.isNaN(x) ? 0 : k + 1;
  }
}

/** Binary search without branches: `k` ends as the number of cuts ≤ x. NaN compares false with everything. */
function placeBySearch(values: Float64Array, from: number, to: number, out: Uint8Array, padded: Float64Array): void {
  const top = padded.length >> 1;
  for (let i = from; i < to; i++) {
    const x = values[i] as number;
    let k = 0;
    for (let step = top; step > 0; step >>= 1) k += step & -Number((padded[k + step - 1] as number) <= x);
    out[i - from] = Number.isNaN(x) ? 0 : k + 1;
  }
}

function levelBinner(levels: readonly string[], column: FeatureColumn): Binner {
  const unseen = levels.length + 1;
  const places = new Map(levels.map((level, place) => [level, place + 1]));
  const binOf = Uint8Array.from(column.categories ?? [], (level) => places.get(level) ?? unseen);
  const { values } = column;
  return (from, to, out) => {
    for (let i = from; i < to; i++) {
      const code = values[i] as number;
      out[i - from] = Number.isNaN(code) ? 0 : (binOf[code] ?? unseen);
    }
  };
}

/** Training weight of each bin. */
export function binWeights(values: Uint8Array, weight: Float64Array, bins: number): Float64Array {
  const out = new Float64Array(bins);
  for (let i = 0; i < values.length; i++)
    out[values[i] as number] = (out[values[i] as number] as number) + (weight[i] as number);
  return out;
}

/**
 * Bins of a feature inside a pair: neighbouring bins of a continuous feature together, to about equal weight; the
 * heaviest levels of a nominal one, the others with unseen. Missing keeps a bin of its own.
 */
export function pairGroups(bins: FeatureBins, weights: Float64Array, maxBins: number): Uint8Array {
  const groups = new Uint8Array(weights.length);
  if (bins.kind === 'nominal') {
    const places = weights.length - 2;
    const kept = Array.from({ length: places }, (_, i) => i + 1)
      .sort((a, b) => (weights[b] as number) - (weights[a] as number) || a - b)
      .slice(0, maxBins - 2)
      .sort((a, b) => a - b);
    groups.fill(kept.length + 1, 1);
    kept.forEach((bin, place) => {
      groups[bin] = place + 1;
    });
    return groups;
  }
  let left = 0;
  for (let b = 1; b < weights.length; b++) left += weights[b] as number;
  const isExact = weights.length <= maxBins;
  let group = 1;
  let inGroup = 0;
  let target = left / (maxBins - 1);
  for (let b = 1; b < weights.length; b++) {
    const weight = weights[b] as number;
    if (b > 1 && group < maxBins - 1 && (isExact || (inGroup > 0 && inGroup + weight / 2 > target))) {
      group++;
      inGroup = 0;
      target = left / (maxBins - group);
    }
    groups[b] = group;
    inGroup += weight;
    left -= weight;
  }
  return groups;
}

/** Number of groups: the last bin of a continuous feature and the unseen bin of a nominal one have the highest. */
export function groupCount(groups: ArrayLike<number>): number {
  let top = 0;
  for (let b = 0; b < groups.length; b++) top = Math.max(top, groups[b] as number);
  return top + 1;
}
