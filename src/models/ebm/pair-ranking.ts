import type { BagSide, FeatureFrame } from './bag.ts';
import { groupCount } from './binning.ts';

/** Rows that pairs are ranked on, at most; larger bags are read at even steps. */
const RANKING_ROWS = 200_000;
/** Least Σ p(1 − p) of a quadrant. */
const MIN_QUADRANT = 0.5;
/** Pseudo-hessian that draws thin levels together before they are ordered. */
const LEVEL_SMOOTHING = 10;

/**
 * Strength of every pair (0,1), (0,2) … (1,2) …: for the best of all four-quadrant cuts, the fall of the quadratic loss
 * that the interaction alone brings (what the two features do one by one is taken out). The scan is FAST of Lou,
 * Caruana, Gehrke and Hooker (KDD 2013): one histogram a pair, running sums, every cut in constant time.
 */
export function rankPairs(
  side: BagSide,
  features: readonly FeatureFrame[],
  mains: { readonly intercept: number; readonly shapes: readonly Float64Array[] },
  groups: readonly (Uint8Array | null)[],
): Float64Array {
  const sample = sampleResiduals(side, mains);
  const grouped = groups.map((map, j) => (map === null ? null : regroup(side.values[j] as Uint8Array, map, sample)));
  const counts = groups.map((map) => (map === null ? 0 : groupCount(map)));
  const strengths = new Float64Array((features.length * (features.length - 1)) / 2);
  const sums = new Float64Array(2 * 64 * 64);
  let place = 0;
  for (let i = 0; i < features.length; i++) {
    for (let j = i + 1; j < features.length; j++, place++) {
      const [a, b] = [grouped[i], grouped[j]];
      if (a === null || a === undefined || b === null || b === undefined) continue;
      const [height, width] = [counts[i] as number, counts[j] as number];
      crossHistogram(sample, a, b, width, sums.fill(0, 0, 2 * height * width));
      const orders = levelOrders(sums, height, width, features[i]?.isNominal === true, features[j]?.isNominal === true);
      strengths[place] = bestContrast(sums, width, orders);
    }
  }
  return strengths;
}

interface Residuals {
  readonly stride: number;
  readonly gradient: Float64Array;
  readonly hessian: Float64Array;
}

function sampleResiduals(
  side: BagSide,
  { intercept, shapes }: { readonly intercept: number; readonly shapes: readonly Float64Array[] },
): Residuals {
  const stride = Math.max(1, Math.ceil(side.rowCount / RANKING_ROWS));
  const count = Math.ceil(side.rowCount / stride);
  const score = new Float64Array(count).fill(intercept);
  shapes.forEach((shape, j) => {
    const values = side.values[j] as Uint8Array;
    for (let k = 0; k < count; k++) score[k] = (score[k] as number) + (shape[values[k * stride] as number] as number);
  });
  const gradient = new Float64Array(count);
  const hessian = new Float64Array(count);
  for (let k = 0; k < count; k++) {
    const p = 1 / (1 + Math.exp(-(score[k] as number)));
    const w = side.weight === null ? 1 : (side.weight[k * stride] as number);
    gradient[k] = w * ((side.label[k * stride] as number) - p);
    hessian[k] = w * p * (1 - p);
  }
  return { stride, gradient, hessian };
}

function regroup(values: Uint8Array, map: Uint8Array, { stride, gradient }: Residuals): Uint8Array {
  const out = new Uint8Array(gradient.length);
  for (let k = 0; k < out.length; k++) out[k] = map[values[k * stride] as number] as number;
  return out;
}

function crossHistogram(sample: Residuals, a: Uint8Array, b: Uint8Array, width: number, sums: Float64Array): void {
  const { gradient, hessian } = sample;
  for (let k = 0; k < a.length; k++) {
    const cell = ((a[k] as number) * width + (b[k] as number)) << 1;
    sums[cell] = (sums[cell] as number) + (gradient[k] as number);
    sums[cell + 1] = (sums[cell + 1] as number) + (hessian[k] as number);
  }
}

/** Order in which the lines and columns of a pair are cut. */
export interface PairOrders {
  readonly lines: Uint8Array;
  readonly columns: Uint8Array;
}

/**
 * Levels have no order of their own: they are put in the order of how their gradient slopes along the other feature.
 * Where both are nominal this is repeated from either side, which nears the first singular vectors of the residuals.
 * `sums` holds gradient and hessian of each cell in turn.
 */
export function levelOrders(
  sums: Float64Array,
  height: number,
  width: number,
  areLinesNominal: boolean,
  areColumnsNominal: boolean,
): PairOrders {
  let lineRank: Float64Array = Float64Array.from({ length: height }, (_, a) => a - (height - 1) / 2);
  let columnRank: Float64Array = Float64Array.from({ length: width }, (_, b) => b - (width - 1) / 2);
  const passes = areLinesNominal && areColumnsNominal ? 4 : 1;
  for (let pass = 0; pass < passes; pass++) {
    if (areLinesNominal) lineRank = slopes(sums, height, width, 1, columnRank);
    if (areColumnsNominal) columnRank = slopes(sums, width, height, width, lineRank);
  }
  return { lines: orderOf(lineRank), columns: orderOf(columnRank) };
}

/** Slope of each line's gradient along `rank`; `step` = cells from one column to the next. */
function slopes(sums: Float64Array, lines: number, columns: number, step: number, rank: Float64Array): Float64Array {
  const lineStep = step === 1 ? columns : 1;
  return Float64Array.from({ length: lines }, (_, a) => {
    let gradient = 0;
    let hessian = LEVEL_SMOOTHING;
    for (let b = 0; b < columns; b++) {
      const cell = 2 * (a * lineStep + b * step);
      gradient += (sums[cell] as number) * (rank[b] as number);
      hessian += sums[cell + 1] as number;
    }
    return gradient / hessian;
  });
}

function orderOf(rank: Float64Array): Uint8Array {
  const places = Array.from(rank, (_, place) => place);
  return Uint8Array.from(places.sort((a, b) => (rank[a] as number) - (rank[b] as number) || a - b));
}

/** The largest fall of the quadratic loss by one interaction contrast over all four-quadrant cuts. */
function bestContrast(sums: Float64Array, width: number, { lines, columns }: PairOrders): number {
  const across = columns.length;
  // Running sums over the lines so far, by column: the quadrants of a cut are four sums along them.
  const gradient = new Float64Array(across);
  const hessian = new Float64Array(across);
  const allGradient = new Float64Array(across);
  const allHessian = new Float64Array(across);
  for (const a of lines) {
    for (let b = 0; b < across; b++) {
      const cell = 2 * (a * width + (columns[b] as number));
      allGradient[b] = (allGradient[b] as number) + (sums[cell] as number);
      allHessian[b] = (allHessian[b] as number) + (sums[cell + 1] as number);
    }
  }
  let best = 0;
  for (let cut = 0; cut + 1 < lines.length; cut++) {
    const line = lines[cut] as number;
    let [gTop, hTop, gAll, hAll] = [0, 0, 0, 0];
    for (let b = 0; b < across; b++) {
      const cell = 2 * (line * width + (columns[b] as number));
      gradient[b] = (gradient[b] as number) + (sums[cell] as number);
      hessian[b] = (hessian[b] as number) + (sums[cell + 1] as number);
      gTop += gradient[b] as number;
      hTop += hessian[b] as number;
      gAll += allGradient[b] as number;
      hAll += allHessian[b] as number;
    }
    let [g00, h00, gLeft, hLeft] = [0, 0, 0, 0];
    for (let b = 0; b + 1 < across; b++) {
      g00 += gradient[b] as number;
      h00 += hessian[b] as number;
      gLeft += allGradient[b] as number;
      hLeft += allHessian[b] as number;
      const h01 = hTop - h00;
      const h10 = hLeft - h00;
      const h11 = hAll - hTop - h10;
      if (h00 < MIN_QUADRANT || h01 < MIN_QUADRANT || h10 < MIN_QUADRANT || h11 < MIN_QUADRANT) continue;
      const [i00, i01, i10, i11] = [1 / h00, 1 / h01, 1 / h10, 1 / h11];
      const g10 = gLeft - g00;
      const contrast = g00 * i00 - (gTop - g00) * i01 - g10 * i10 + (gAll - gTop - g10) * i11;
      const gain = (contrast * contrast) / (i00 + i01 + i10 + i11);
      if (gain > best) best = gain;
    }
  }
  return best;
}

/**
 * The `count` pairs with the best mean rank over the bags, strongest first; equal ranks by place. A pair no bag gave any
 * strength is never taken, nor one that repeats a stronger pair with a twin in the place of a feature (minutes and what
 * they cost), nor a feature with its own twin.
 */
export function choosePairs(
  strengths: readonly Float64Array[],
  features: number,
  count: number,
  areTwins: (i: number, j: number) => boolean = () => false,
): [number, number][] {
  const pairs: [number, number][] = [];
  for (let i = 0; i < features; i++) for (let j = i + 1; j < features; j++) pairs.push([i, j]);
  const rankSum = new Float64Array(pairs.length);
  const total = new Float64Array(pairs.length);
  for (const strength of strengths) {
    const order = pairs.map((_, k) => k).sort((a, b) => (strength[b] as number) - (strength[a] as number) || a - b);
    for (const [rank, k] of order.entries()) {
      rankSum[k] = (rankSum[k] as number) + rank;
      total[k] = (total[k] as number) + (strength[k] as number);
    }
  }
  const ranked = pairs
    .map((_, k) => k)
    .filter((k) => (total[k] as number) > 0)
    .sort((a, b) => (rankSum[a] as number) - (rankSum[b] as number) || a - b);
  const isSame = (i: number, j: number): boolean => i === j || areTwins(i, j);
  const chosen: [number, number][] = [];
  for (const k of ranked) {
    if (chosen.length === count) break;
    const [i, j] = pairs[k] as [number, number];
    const repeats = chosen.some(([a, b]) => (isSame(i, a) && isSame(j, b)) || (isSame(i, b) && isSame(j, a)));
    if (!repeats && !areTwins(i, j)) chosen.push([i, j]);
  }
  return chosen;
}

/** Rows that twins are told by, at most. */
const TWIN_ROWS = 20_000;
/** Correlation of two features' bins from which on one stands for the other. */
const TWIN_CORRELATION = 0.99;

/** Whether two features order the rows alike, up or down: correlation of their bins beyond ± 0.99. Remembers answers. */
export function twinTest(values: readonly Uint8Array[]): (i: number, j: number) => boolean {
  const known = new Map<number, boolean>();
  return (i, j) => {
    const key = Math.min(i, j) * values.length + Math.max(i, j);
    const answer = known.get(key) ?? areAlike(values[i] as Uint8Array, values[j] as Uint8Array);
    known.set(key, answer);
    return answer;
  };
}

function areAlike(a: Uint8Array, b: Uint8Array): boolean {
  const stride = Math.max(1, Math.ceil(a.length / TWIN_ROWS));
  let [n, sa, sb, saa, sbb, sab] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < a.length; i += stride) {
    const [x, y] = [a[i] as number, b[i] as number];
    n++;
    sa += x;
    sb += y;
    saa += x * x;
    sbb += y * y;
    sab += x * y;
  }
  const spread = (n * saa - sa * sa) * (n * sbb - sb * sb);
  return spread > 0 && (n * sab - sa * sb) ** 2 >= TWIN_CORRELATION ** 2 * spread;
}
