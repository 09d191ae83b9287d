/** The inner loops over pairs: as in `kernel.ts`, with up to 4,096 cells a pair and two histograms side by side. */

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

/** Σp and Σp² of each cell, in the first `2 × cells` places of `sums`, which has room for twice that. */
export function cellHistogram(
  e: Float64Array,
  cells: Uint16Array,
  weight: Float64Array | null,
  sums: Float64Array,
  count: number,
): void {
  sums.fill(0, 0, 2 * count);
  const n = e.length;
  for (let i = 0; i < n; i++) {
    const p = 1 / (1 + (e[i] as number));
    const q = weight === null ? p : (weight[i] as number) * p;
    const k = (cells[i] as number) << 1;
    sums[k] = (sums[k] as number) + q;
    sums[k + 1] = (sums[k + 1] as number) + q * p;
  }
}

/** Multiplies each row's `e` by its cell's factor and takes the histogram over the next pair's cells. */
export function stepCells(
  e: Float64Array,
  factors: Float64Array,
  cells: Uint16Array,
  next: Uint16Array,
  weight: Float64Array | null,
  sums: Float64Array,
  nextCount: number,
): void {
  const lane = 2 * nextCount;
  sums.fill(0, 0, 2 * lane);
  if (weight === null) plainStepCells(e, factors, cells, next, sums, lane);
  else weightedStepCells(e, factors, cells, next, weight, sums, lane);
  for (let k = 0; k < lane; k++) sums[k] = (sums[k] as number) + (sums[k + lane] as number);
}

/** Multiplies each row's `e` by its cell's factor. */
export function moveCells(e: Float64Array, factors: Float64Array, cells: Uint16Array): void {
  const n = e.length;
  for (let i = 0; i < n; i++) e[i] = (e[i] as number) * (factors[cells[i] as number] as number);
}

function plainStepCells(
  e: Float64Array,
  factors: Float64Array,
  cells: Uint16Array,
  next: Uint16Array,
  sums: Float64Array,
  lane: number,
): void {
  const n = e.length;
  const whole = n & ~1;
  for (let i = 0; i < whole; i += 2) {
    const e0 = (e[i] as number) * (factors[cells[i] as number] as number);
    const e1 = (e[i + 1] as number) * (factors[cells[i + 1] as number] as number);
    e[i] = e0;
    e[i + 1] = e1;
    const p0 = 1 / (1 + e0);
    const p1 = 1 / (1 + e1);
    const k0 = (next[i] as number) << 1;
    const k1 = ((next[i + 1] as number) << 1) + lane;
    sums[k0] = (sums[k0] as number) + p0;
    sums[k0 + 1] = (sums[k0 + 1] as number) + p0 * p0;
    sums[k1] = (sums[k1] as number) + p1;
    sums[k1 + 1] = (sums[k1 + 1] as number) + p1 * p1;
  }
  if (whole === n) return;
  const last = (e[whole] as number) * (factors[cells[whole] as number] as number);
  e[whole] = last;
  const p = 1 / (1 + last);
  const k = (next[whole] as number) << 1;
  sums[k] = (sums[k] as number) + p;
  sums[k + 1] = (sums[k + 1] as number) + p * p;
}

function weightedStepCells(
  e: Float64Array,
  factors: Float64Array,
  cells: Uint16Array,
  next: Uint16Array,
  weight: Float64Array,
  sums: Float64Array,
  lane: number,
): void {
  const n = e.length;
  for (let i = 0; i < n; i++) {
    const moved = (e[i] as number) * (factors[cells[i] as number] as number);
    e[i] = moved;
    const p = 1 / (1 + moved);
    const q = (weight[i] as number) * p;
    const k = ((next[i] as number) << 1) + (i & 1) * lane;
    sums[k] = (sums[k] as number) + q;
    sums[k + 1] = (sums[k + 1] as number) + q * p;
  }
}
