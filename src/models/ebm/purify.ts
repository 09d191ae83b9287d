/** What purification took out of a pair: to be added to the two single features and the intercept. */
export interface PurifiedPair {
  readonly table: Float64Array;
  readonly lines: Float64Array;
  readonly columns: Float64Array;
}

const MAX_SWEEPS = 1000;
const TOLERANCE = 1e-13;

/**
 * Takes out of a pair's table everything that one feature could say alone: afterwards each line and each column has
 * weighted mean 0, and `table + lines + columns` is the table that went in wherever there is weight (Lengerich, Tan,
 * Chang, Hooker, Caruana: "Purifying interaction effects with the functional ANOVA", AISTATS 2020). A line or column
 * without weight is unknown and becomes 0.
 */
export function purifyPair(input: Float64Array, weights: Float64Array, height: number, width: number): PurifiedPair {
  const table = input.slice();
  const lines = new Float64Array(height);
  const columns = new Float64Array(width);
  for (let sweep = 0; sweep < MAX_SWEEPS; sweep++) {
    const moved = Math.max(
      takeMeans(table, weights, lines, height, width, width, 1),
      takeMeans(table, weights, columns, width, height, 1, width),
    );
    if (moved < TOLERANCE) break;
  }
  // Cells of a line or column without weight still carry what was taken from the other side.
  for (let a = 0; a < height; a++) if (isEmpty(weights, a * width, width, 1)) table.fill(0, a * width, (a + 1) * width);
  for (let b = 0; b < width; b++) {
    if (isEmpty(weights, b, height, width)) for (let a = 0; a < height; a++) table[a * width + b] = 0;
  }
  return { table, lines, columns };
}

function isEmpty(weights: Float64Array, start: number, count: number, step: number): boolean {
  for (let k = 0; k < count; k++) if (weights[start + k * step] !== 0) return false;
  return true;
}

/** Moves the weighted mean of each line into `means`; returns the largest move. */
function takeMeans(
  table: Float64Array,
  weights: Float64Array,
  means: Float64Array,
  lines: number,
  across: number,
  lineStep: number,
  step: number,
): number {
  let largest = 0;
  for (let a = 0; a < lines; a++) {
    let sum = 0;
    let all = 0;
    for (let b = 0; b < across; b++) {
      const cell = a * lineStep + b * step;
      sum += (weights[cell] as number) * (table[cell] as number);
      all += weights[cell] as number;
    }
    if (all === 0 || sum === 0) continue;
    const mean = sum / all;
    for (let b = 0; b < across; b++) {
      const cell = a * lineStep + b * step;
      table[cell] = (table[cell] as number) - mean;
    }
    means[a] = (means[a] as number) + mean;
    largest = Math.max(largest, Math.abs(mean));
  }
  return largest;
}

/** Weighted mean of a shape. */
export function weightedMean(values: ArrayLike<number>, weights: ArrayLike<number>): number {
  let sum = 0;
  let all = 0;
  for (let b = 0; b < values.length; b++) {
    sum += (values[b] as number) * (weights[b] as number);
    all += weights[b] as number;
  }
  return all === 0 ? 0 : sum / all;
}
