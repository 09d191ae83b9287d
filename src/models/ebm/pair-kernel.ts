/** The inner loops over pairs: as in `kernel.ts`, with up to 4,096 cells a pair and two histograms side by side. */

/** Cells a pair can have. */
export const MOST_CELLS = 64 * 64;
const LANE = 2 * MOST_CELLS;
/** exp(−update) of each cell. */
export const CELL_FACTORS: Float64Array = new Float64Array(MOST_CELLS).fill(1);
/** Σp and Σp² of each cell in turn, after `cellHistogram` or `stepCells`. */
export const CELL_SUMS: Float64Array = new Float64Array(2 * LANE);

/** Cell of each row: bin of the first feature × bins of the second + bin of the second. */
export function cellsOf(
  first: Uint8Array,
  firstGroups: Uint8Array,
  second: Uint8Array,
  secondGroups: Uint8Array,
  width: number,
): Uint16Array {
  const out = new Uint16Array(first.length);
  for (let i = 0; i < out.length; i++) {
    out[i] = (firstGroups[first[i] as number] as number) * width + (secondGroups[second[i] as number] as number);
  }
  return out;
}

/** Takes Σp and Σp² of each of the `count` cells. */
export function cellHistogram(e: Float64Array, cells: Uint16Array, weight: Float64Array | null, count: number): void {
  CELL_SUMS.fill(0, 0, 2 * count);
  const n = e.length;
  for (let i = 0; i < n; i++) {
    const p = 1 / (1 + (e[i] as number));
    const q = weight === null ? p : (weight[i] as number) * p;
    const k = (cells[i] as number) << 1;
    CELL_SUMS[k] = (CELL_SUMS[k] as number) + q;
    CELL_SUMS[k + 1] = (CELL_SUMS[k + 1] as number) + q * p;
  }
}

/** Multiplies each row's `e` by its cell's factor and takes the histogram over the next pair's cells. */
export function stepCells(
  e: Float64Array,
  cells: Uint16Array,
  next: Uint16Array,
  weight: Float64Array | null,
  nextCount: number,
): void {
  const used = 2 * nextCount;
  CELL_SUMS.fill(0, 0, used).fill(0, LANE, LANE + used);
  if (weight === null) plainStepCells(e, cells, next);
  else weightedStepCells(e, cells, next, weight);
  for (let k = 0; k < used; k++) CELL_SUMS[k] = (CELL_SUMS[k] as number) + (CELL_SUMS[k + LANE] as number);
}

/** Multiplies each row's `e` by its cell's factor. */
export function moveCells(e: Float64Array, cells: Uint16Array): void {
  const n = e.length;
  const whole = n & ~3;
  for (let i = 0; i < whole; i += 4) {
    const e0 = (e[i] as number) * (CELL_FACTORS[cells[i] as number] as number);
    const e1 = (e[i + 1] as number) * (CELL_FACTORS[cells[i + 1] as number] as number);
    const e2 = (e[i + 2] as number) * (CELL_FACTORS[cells[i + 2] as number] as number);
    const e3 = (e[i + 3] as number) * (CELL_FACTORS[cells[i + 3] as number] as number);
    e[i] = e0;
    e[i + 1] = e1;
    e[i + 2] = e2;
    e[i + 3] = e3;
  }
  for (let i = whole; i < n; i++) e[i] = (e[i] as number) * (CELL_FACTORS[cells[i] as number] as number);
}

function plainStepCells(e: Float64Array, cells: Uint16Array, next: Uint16Array): void {
  const n = e.length;
  const whole = n & ~3;
  for (let i = 0; i < whole; i += 4) {
    const e0 = (e[i] as number) * (CELL_FACTORS[cells[i] as number] as number);
    const e1 = (e[i + 1] as number) * (CELL_FACTORS[cells[i + 1] as number] as number);
    const e2 = (e[i + 2] as number) * (CELL_FACTORS[cells[i + 2] as number] as number);
    const e3 = (e[i + 3] as number) * (CELL_FACTORS[cells[i + 3] as number] as number);
    e[i] = e0;
    e[i + 1] = e1;
    e[i + 2] = e2;
    e[i + 3] = e3;
    const p0 = 1 / (1 + e0);
    const p1 = 1 / (1 + e1);
    const p2 = 1 / (1 + e2);
    const p3 = 1 / (1 + e3);
    const k0 = (next[i] as number) << 1;
    const k1 = ((next[i + 1] as number) << 1) + LANE;
    const k2 = (next[i + 2] as number) << 1;
    const k3 = ((next[i + 3] as number) << 1) + LANE;
    CELL_SUMS[k0] = (CELL_SUMS[k0] as number) + p0;
    CELL_SUMS[k0 + 1] = (CELL_SUMS[k0 + 1] as number) + p0 * p0;
    CELL_SUMS[k1] = (CELL_SUMS[k1] as number) + p1;
    CELL_SUMS[k1 + 1] = (CELL_SUMS[k1 + 1] as number) + p1 * p1;
    CELL_SUMS[k2] = (CELL_SUMS[k2] as number) + p2;
    CELL_SUMS[k2 + 1] = (CELL_SUMS[k2 + 1] as number) + p2 * p2;
    CELL_SUMS[k3] = (CELL_SUMS[k3] as number) + p3;
    CELL_SUMS[k3 + 1] = (CELL_SUMS[k3 + 1] as number) + p3 * p3;
  }
  for (let i = whole; i < n; i++) {
    const moved = (e[i] as number) * (CELL_FACTORS[cells[i] as number] as number);
    e[i] = moved;
    const p = 1 / (1 + moved);
    const k = ((next[i] as number) << 1) + (i & 1) * LANE;
    CELL_SUMS[k] = (CELL_SUMS[k] as number) + p;
    CELL_SUMS[k + 1] = (CELL_SUMS[k + 1] as number) + p * p;
  }
}

function weightedStepCells(e: Float64Array, cells: Uint16Array, next: Uint16Array, weight: Float64Array): void {
  const n = e.length;
  for (let i = 0; i < n; i++) {
    const moved = (e[i] as number) * (CELL_FACTORS[cells[i] as number] as number);
    e[i] = moved;
    const p = 1 / (1 + moved);
    const q = (weight[i] as number) * p;
    const k = ((next[i] as number) << 1) + (i & 1) * LANE;
    CELL_SUMS[k] = (CELL_SUMS[k] as number) + q;
    CELL_SUMS[k + 1] = (CELL_SUMS[k + 1] as number) + q * p;
  }
}
