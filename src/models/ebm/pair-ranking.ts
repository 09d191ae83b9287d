import type { BagSide, FeatureFrame } from './bag.ts';
import { groupCount } from './binning.ts';
import { MOST_CELLS } from './pair-kernel.ts';

/** Rows that pairs are ranked on, at most; larger bags are read at even steps. */
const RANKING_ROWS = 200_000;
/** Least Σ p(1 − p) of a quadrant. */
const MIN_QUADRANT = 0.5;
/** Histograms taken in one pass, side by side in one fixed array; each has room for 64 × 64 cells. */
const TOGETHER = 4;
const LANE = 2 * MOST_CELLS;
const CROSS_SUMS = new Float64Array(TOGETHER * LANE);
const LANES = Array.from({ length: TOGETHER }, (_, lane) => CROSS_SUMS.subarray(lane * LANE, (lane + 1) * LANE));
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
  const grouped = groups.map((map, j): Grouped | null =>
    map === null
      ? null
      : {
          values: regroup(side.values[j] as Uint8Array, map, sample),
          count: groupCount(map),
          isNominal: features[j]?.isNominal === true,
        },
  );
  const strengths = new Float64Array((features.length * (features.length - 1)) / 2);
  let before = 0;
  for (let i = 0; i < features.length; i++) {
    // Place of the pair (i, j) in the list of all pairs: after those of earlier features.
    const placeOf = (j: number): number => before + j - i - 1;
    const lines = grouped[i] ?? null;
    const others = grouped.map((_, j) => j).filter((j) => j > i && grouped[j] !== null);
    for (let at = 0; lines !== null && at < others.length; at += TOGETHER) {
      const some = others.slice(at, at + TOGETHER);
      const columns = some.map((j) => grouped[j] as Grouped);
      crossHistograms(sample, lines, columns);
      some.forEach((j, lane) => {
        const { count, isNominal } = columns[lane] as Grouped;
        const sums = LANES[lane] as Float64Array;
        const orders = levelOrders(sums, lines.count, count, lines.isNominal, isNominal);
        strengths[placeOf(j)] = bestContrast(sums, count, orders);
      });
    }
    before += features.length - 1 - i;
  }
  return strengths;
}

/** A feature in pair bins. */
interface Grouped {
  readonly values: Uint8Array;
  readonly count: number;
  readonly isNominal: boolean;
}

interface Residuals {
  readonly stride: number;
  readonly count: number;
  /** Gradient and hessian of each row in turn. */
  readonly moments: Float64Array;
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
  const moments = new Float64Array(2 * count);
  for (let k = 0; k < count; k++) {
    const p = 1 / (1 + Math.exp(-(score[k] as number)));
    const w = side.weight === null ? 1 : (side.weight[k * stride] as number);
    moments[2 * k] = w * ((side.label[k * stride] as number) - p);
    moments[2 * k + 1] = w * p * (1 - p);
  }
  return { stride, count, moments };
}

function regroup(values: Uint8Array, map: Uint8Array, { stride, count }: Residuals): Uint8Array {
  const out = new Uint8Array(count);
  for (let k = 0; k < out.length; k++) out[k] = map[values[k * stride] as number] as number;
  return out;
}

/** Takes the histograms of one feature with one to four others into `LANES`: gradient and hessian of each cell in turn. */
function crossHistograms({ moments }: Residuals, lines: Grouped, columns: readonly Grouped[]): void {
  for (const [lane, { count }] of columns.entries()) LANES[lane]?.fill(0, 0, 2 * lines.count * count);
  const [first, second, third, fourth] = columns;
  if (first && second && third && fourth) addFour(moments, lines.values, [first, second, third, fourth]);
  else for (const [lane, column] of columns.entries()) addOne(moments, lines.values, column, lane * LANE);
}

function addOne(moments: Float64Array, lines: Uint8Array, { values, count }: Grouped, lane: number): void {
  for (let k = 0; k < lines.length; k++) {
    const cell = lane + (((lines[k] as number) * count + (values[k] as number)) << 1);
    CROSS_SUMS[cell] = (CROSS_SUMS[cell] as number) + (moments[2 * k] as number);
    CROSS_SUMS[cell + 1] = (CROSS_SUMS[cell + 1] as number) + (moments[2 * k + 1] as number);
  }
}

/** Four at once: a row's line, gradient and hessian are read once for all, in half the time. */
function addFour(
  moments: Float64Array,
  lines: Uint8Array,
  [a, b, c, d]: readonly [Grouped, Grouped, Grouped, Grouped],
): void {
  const [av, bv, cv, dv] = [a.values, b.values, c.values, d.values];
  const [aw, bw, cw, dw] = [a.count, b.count, c.count, d.count];
  for (let k = 0; k < lines.length; k++) {
    const line = lines[k] as number;
    const g = moments[2 * k] as number;
    const h = moments[2 * k + 1] as number;
    const i = (line * aw + (av[k] as number)) << 1;
    const j = ((line * bw + (bv[k] as number)) << 1) + LANE;
    const l = ((line * cw + (cv[k] as number)) << 1) + 2 * LANE;
    const m = ((line * dw + (dv[k] as number)) << 1) + 3 * LANE;
    CROSS_SUMS[i] = (CROSS_SUMS[i] as number) + g;
    CROSS_SUMS[i + 1] = (CROSS_SUMS[i + 1] as number) + h;
    CROSS_SUMS[j] = (CROSS_SUMS[j] as number) + g;
    CROSS_SUMS[j + 1] = (CROSS_SUMS[j + 1] as number) + h;
    CROSS_SUMS[l] = (CROSS_SUMS[l] as number) + g;
    CROSS_SUMS[l + 1] = (CROSS_SUMS[l + 1] as number) + h;
    CROSS_SUMS[m] = (CROSS_SUMS[m] as number) + g;
    CROSS_SUMS[m + 1] = (CROSS_SUMS[m + 1] as number) + h;
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
