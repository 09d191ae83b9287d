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

/** Cells of the grids that a number is looked up in. */
const GRID = 4096;
/** Fewer rows than this are placed sooner than a grid is made. */
const FEW_ROWS = 512;
/** Cuts that are passed one by one in a cell; halvings find the place among any beyond. */
const ONE_BY_ONE = 2;
/** Which half of a double holds sign, exponent and first digits. */
const HIGH_WORD = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 1 : 0;
/** Grid and cuts of the column in hand, at a fixed place for the same reason as those of the kernel. NaN is ≤ nothing. */
const STARTS = new Uint8Array(GRID);
const CUTS = new Float64Array(512);
/** The first cut from each cell on: looked up beside its place, where `CUTS` has to wait for it. */
const CELL_CUTS = new Float64Array(GRID);

/** A number's cuts and the grid they are looked up by. */
interface NumberGrid {
  /** Padded with NaN to the length of `CUTS`. */
  readonly cuts: Float64Array;
  readonly count: number;
  /** First cut, last cut, cells a unit: in an array they are doubles, where a variable might be a whole number or a double. */
  readonly bounds: Float64Array;
  /** Cuts before each cell. */
  readonly starts: Uint8Array;
  /** First halving within a cell; 0 = none. */
  readonly top: number;
}

/**
 * The bin of a number is 1 + the number of cuts ≤ it. A grid tells how many cuts stand before the number's cell; those in
 * the cell are counted by the same few comparisons for every row, so that no branch is mispredicted. Cells are even in the
 * number or even in its bit pattern (about in its logarithm), whichever parts the cuts better.
 */
function numberBinner(cuts: readonly number[], values: Float64Array): Binner {
  if (values.length < FEW_ROWS) return (from, to, out) => placeByHalves(cuts, values, from, to, out);
  const count = cuts.length;
  const [low, high] = count === 0 ? [Number.NaN, Number.NaN] : [cuts[0] as number, cuts[count - 1] as number];
  // A range beyond the largest double has no even cells; its bit pattern still has.
  const scale = high > low && Number.isFinite(high - low) ? (GRID - 1) / (high - low) : 0;
  if (count === 0) return (from, to, out) => placeWithoutCuts(values, from, to, out);
  const even = gridOf(cuts.map((x) => ((x - low) * scale) | 0));
  if (even.most <= 1) {
    const cellCuts = new Float64Array(GRID).fill(Number.NaN);
    for (let cell = 0; cell < GRID; cell++) {
      const next = even.starts[cell] as number;
      if (next < count) cellCuts[cell] = cuts[next] as number;
    }
    const grid = { count, bounds: Float64Array.of(low, high, scale), starts: even.starts, cellCuts };
    return (from, to, out) => placeByOneCut(values, from, to, out, grid);
  }
  const words = wordsOf(Float64Array.from(cuts)).filter((_, k) => (k & 1) === HIGH_WORD);
  const lowKey = orderedKey(words[0] ?? 0);
  const span = orderedKey(words[count - 1] ?? 0) - lowKey;
  const shift = Math.max(0, 32 - Math.clz32(span) - Math.log2(GRID));
  const byBits = gridOf(Array.from(words, (word) => (orderedKey(word) - lowKey) >>> shift));
  const isEven = even.most <= byBits.most;
  const { starts, most } = isEven ? even : byBits;
  const padded = new Float64Array(CUTS.length).fill(Number.NaN);
  padded.set(cuts);
  const top = most <= ONE_BY_ONE ? 0 : 2 ** Math.floor(Math.log2(most - ONE_BY_ONE));
  const grid: NumberGrid = { cuts: padded, count, bounds: Float64Array.of(low, high, scale), starts, top };
  if (isEven) return (from, to, out) => placeEvenly(values, from, to, out, grid);
  const view = wordsOf(values);
  return (from, to, out) => placeByBits(values, view, from, to, out, grid, lowKey, shift);
}

/** Both halves of each double. */
function wordsOf(values: Float64Array): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, 2 * values.length);
}

/** A whole number that never falls as the double grows whose high word this is; −0 has that of 0. */
function orderedKey(word: number): number {
  return ((word ^ ((word >> 31) & 0x7fffffff)) + (word >>> 31)) | 0;
}

/** Cuts before each cell, and the most cuts that one cell holds. `cells` never falls. */
function gridOf(cells: readonly number[]): { starts: Uint8Array; most: number } {
  const starts = new Uint8Array(GRID);
  let most = 0;
  for (let cell = 0, k = 0; cell < GRID; cell++) {
    const before = k;
    starts[cell] = k;
    while (k < cells.length && cells[k] === cell) k++;
    most = Math.max(most, k - before);
  }
  return { starts, most };
}

/** By halving the cuts: for tables too short to be worth a grid. */
function placeByHalves(cuts: readonly number[], values: Float64Array, from: number, to: number, out: Uint8Array): void {
  for (let i = from; i < to; i++) {
    const x = values[i] as number;
    let [low, high] = [0, cuts.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((cuts[middle] as number) <= x) low = middle + 1;
      else high = middle;
    }
    out[i - from] = Number.isNaN(x) ? 0 : low + 1;
  }
}

function placeWithoutCuts(values: Float64Array, from: number, to: number, out: Uint8Array): void {
  for (let i = from; i < to; i++) out[i - from] = Number.isNaN(values[i] as number) ? 0 : 1;
}

/** As `placeEvenly`, where no cell holds two cuts: one comparison, about half the time. */
function placeByOneCut(
  values: Float64Array,
  from: number,
  to: number,
  out: Uint8Array,
  {
    count,
    bounds,
    starts,
    cellCuts,
  }: Pick<NumberGrid, 'count' | 'bounds' | 'starts'> & { readonly cellCuts: Float64Array },
): void {
  const [low, high, scale] = [bounds[0] as number, bounds[1] as number, bounds[2] as number];
  STARTS.set(starts);
  CELL_CUTS.set(cellCuts);
  for (let i = from; i < to; i++) {
    const x = values[i] as number;
    if (x >= low) {
      let k = count;
      if (x < high) {
        const cell = ((x - low) * scale) & (GRID - 1);
        k = (STARTS[cell] as number) + Number((CELL_CUTS[cell] as number) <= x);
      }
      out[i - from] = k + 1;
    } else out[i - from] = x < low ? 1 : 0;
  }
}

/** Rounding is monotone: a cut in an earlier cell is below the number, one in a later cell above it. */
function placeEvenly(
  values: Float64Array,
  from: number,
  to: number,
  out: Uint8Array,
  { cuts, count, bounds, starts, top }: NumberGrid,
): void {
  const [low, high, scale] = [bounds[0] as number, bounds[1] as number, bounds[2] as number];
  CUTS.set(cuts);
  STARTS.set(starts);
  for (let i = from; i < to; i++) {
    const x = values[i] as number;
    if (x >= low) {
      let k = count;
      if (x < high) {
        k = STARTS[((x - low) * scale) & (GRID - 1)] as number;
        k += Number((CUTS[k] as number) <= x);
        k += Number((CUTS[k] as number) <= x);
        for (let step = top; step > 0; step >>= 1) k += step & -Number((CUTS[k + step - 1] as number) <= x);
      }
      out[i - from] = k + 1;
    } else out[i - from] = x < low ? 1 : 0;
  }
}

function placeByBits(
  values: Float64Array,
  words: Int32Array,
  from: number,
  to: number,
  out: Uint8Array,
  { cuts, count, bounds, starts, top }: NumberGrid,
  lowKey: number,
  shift: number,
): void {
  const [low, high] = [bounds[0] as number, bounds[1] as number];
  CUTS.set(cuts);
  STARTS.set(starts);
  for (let i = from; i < to; i++) {
    const x = values[i] as number;
    if (x >= low) {
      let k = count;
      if (x < high) {
        const cell = (orderedKey(words[2 * i + HIGH_WORD] as number) - lowKey) >>> shift;
        k = STARTS[cell & (GRID - 1)] as number;
        k += Number((CUTS[k] as number) <= x);
        k += Number((CUTS[k] as number) <= x);
        for (let step = top; step > 0; step >>= 1) k += step & -Number((CUTS[k + step - 1] as number) <= x);
      }
      out[i - from] = k + 1;
    } else out[i - from] = x < low ? 1 : 0;
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
