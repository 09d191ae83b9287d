import { sigmoid } from '../lib/numbers.ts';

/** A solved penalised logistic regression. */
export interface RidgeSolution {
  readonly intercept: number;
  readonly coefficients: Float64Array;
  readonly steps: number;
  readonly converged: boolean;
  /** Why it did not converge, one clause. */
  readonly reason: string | undefined;
}

export interface RidgeProblem {
  /** Design columns, equally long. */
  readonly columns: readonly Float64Array[];
  readonly label: ArrayLike<number>;
  /** ≥ 0; rows of weight 0 take no part. */
  readonly weight: Float64Array;
  /** λ ≥ 0 of the penalty λ/2 · Σ β²; the intercept is free. scikit-learn's C is 1/λ. */
  readonly ridge: number;
  /** Where to start; a neighbouring λ's solution saves steps. */
  readonly start?: RidgeSolution | undefined;
  readonly max_steps?: number;
  /** Newton decrement, relative to the objective, at which to stop. Default 1e-9; a rough comparison needs less. */
  readonly tolerance?: number;
}

/** Rows multiplied at a time; with some fifty columns a block stays in the second-level cache. */
const BLOCK = 256;
/** A curvature computed earlier is used again while each step with it leaves at most this share of the last decrement. */
const CHORD_GAIN = 0.5;

/**
 * Minimises Σ w · log loss + λ/2 · Σ β² by Newton's method (iteratively reweighted least squares) with step halving.
 * The problem is strictly convex for λ > 0; four to eight steps are usual. At `max_steps` (25) it stops and says so.
 */
export function solveRidge(problem: RidgeProblem): RidgeSolution {
  const { columns, label, weight } = withWeight(problem);
  const { ridge, start, max_steps = 25, tolerance = 1e-9 } = problem;
  const width = columns.length + 1;
  let beta = new Float64Array(width);
  if (start === undefined) beta[0] = startIntercept(label, weight);
  else {
    beta[0] = start.intercept;
    beta.set(start.coefficients, 1);
  }
  let eta = scoresOf(columns, beta, label.length);
  let objective = objectiveOf(eta, label, weight, beta, ridge);
  const done = (steps: number, reason?: string): RidgeSolution => ({
    intercept: beta[0] as number,
    coefficients: beta.slice(1),
    steps,
    converged: reason === undefined,
    reason,
  });
  for (let step = 1; step <= max_steps; step++) {
    const { gradient, hessian } = derivatives(columns, label, weight, eta);
    penalise(gradient, beta, ridge);
    const move = solveCholesky(penalised(hessian, width, ridge), gradient, width);
    if (move === undefined)
      return done(step, 'the columns are collinear and the ridge is too small to tell them apart');
    let decrement = 0;
    for (let j = 0; j < width; j++) decrement += (gradient[j] as number) * (move[j] as number);
    let size = 1;
    for (; size > 1e-6; size /= 2) {
      const trial = beta.map((b, j) => b + size * (move[j] as number));
      const trialEta = scoresOf(columns, trial, label.length);
      const value = objectiveOf(trialEta, label, weight, trial, ridge);
      // At the optimum rounding alone may raise the objective by a few units in the last place.
      if (value <= objective + 1e-12 * Math.abs(objective)) {
        beta = trial;
        eta = trialEta;
        objective = value;
        break;
      }
    }
    // Newton is quadratic: with this decrement before the step, the error after it is near rounding.
    if (decrement < tolerance * Math.max(1, objective) && size === 1) return done(step);
    if (size <= 1e-6) return done(step, 'no step improves the fit any more');
  }
  return done(max_steps, `${max_steps} steps were not enough`);
}

/**
 * The same problem for several λ, roughly: enough to compare their held-out losses, not to serve. The curvature of one
 * step serves the next ones and the next λ, whose penalty only changes its diagonal, as long as steps with it shrink the
 * Newton decrement fast; gradients are always exact, so that what it converges to is the same. Solutions stand in the
 * order of `ridges`, which is best from strong to weak. A λ whose columns are collinear keeps the solution before it.
 */
export function solveRidgePath(
  problem: Omit<RidgeProblem, 'ridge' | 'start'>,
  ridges: readonly number[],
): RidgeSolution[] {
  const { columns, label, weight } = withWeight(problem);
  const { max_steps = 25, tolerance = 1e-5 } = problem;
  const width = columns.length + 1;
  let beta = new Float64Array(width);
  beta[0] = startIntercept(label, weight);
  let eta = scoresOf(columns, beta, label.length);
  let curvature: Float64Array | undefined;
  return ridges.map((ridge) => {
    let objective = objectiveOf(eta, label, weight, beta, ridge);
    let before = Number.POSITIVE_INFINITY;
    let isFresh = false;
    let steps = 0;
    let reason: string | undefined = `${max_steps} steps were not enough`;
    while (steps < max_steps) {
      steps++;
      let gradient: Float64Array;
      if (curvature === undefined) {
        const both = derivatives(columns, label, weight, eta);
        ({ gradient, hessian: curvature } = both);
        isFresh = true;
      } else gradient = gradientOf(columns, label, weight, eta);
      penalise(gradient, beta, ridge);
      const move = solveCholesky(penalised(curvature, width, ridge), gradient, width);
      if (move === undefined) {
        reason = 'the columns are collinear and the ridge is too small to tell them apart';
        break;
      }
      let decrement = 0;
      for (let j = 0; j < width; j++) decrement += (gradient[j] as number) * (move[j] as number);
      const isLast = decrement < tolerance * Math.max(1, objective);
      if (!isLast && !isFresh && decrement > CHORD_GAIN * before) {
        curvature = undefined;
        before = Number.POSITIVE_INFINITY;
        continue;
      }
      before = decrement;
      let size = 1;
      for (; size > 1e-6; size /= 2) {
        const trial = beta.map((b, j) => b + size * (move[j] as number));
        const trialEta = scoresOf(columns, trial, label.length);
        const value = objectiveOf(trialEta, label, weight, trial, ridge);
        if (value <= objective + 1e-12 * Math.abs(objective)) {
          beta = trial;
          eta = trialEta;
          objective = value;
          break;
        }
      }
      if (isLast || size <= 1e-6) {
        reason = isLast ? undefined : 'no step improves the fit any more';
        break;
      }
      if (size < 1) curvature = undefined;
      isFresh = false;
    }
    return {
      intercept: beta[0] as number,
      coefficients: beta.slice(1),
      steps,
      converged: reason === undefined,
      reason,
    };
  });
}

type Rows = Pick<RidgeProblem, 'columns' | 'label' | 'weight'>;

/** The rows that take part, packed together: held-out folds and redrawn accounts leave many at weight 0. */
function withWeight({ columns, label, weight }: Rows): Rows {
  let count = 0;
  for (let i = 0; i < weight.length; i++) if (weight[i] !== 0) count++;
  if (count === weight.length) return { columns, label, weight };
  const rows = new Uint32Array(count);
  const packedLabel = new Float64Array(count);
  for (let i = 0, k = 0; i < weight.length; i++) {
    if (weight[i] === 0) continue;
    packedLabel[k] = label[i] as number;
    rows[k++] = i;
  }
  return {
    columns: columns.map((column) => packRows(column, rows)),
    label: packedLabel,
    weight: packRows(weight, rows),
  };
}

function packRows(values: Float64Array, rows: Uint32Array): Float64Array {
  const out = new Float64Array(rows.length);
  for (let k = 0; k < rows.length; k++) out[k] = values[rows[k] as number] as number;
  return out;
}

/** Takes the penalty's slope off a gradient of the log-likelihood, in place. */
function penalise(gradient: Float64Array, beta: Float64Array, ridge: number): void {
  for (let j = 1; j < beta.length; j++) gradient[j] = (gradient[j] as number) - ridge * (beta[j] as number);
}

/** The curvature with λ on the diagonal; the intercept is free. */
function penalised(hessian: Float64Array, width: number, ridge: number): Float64Array {
  const out = hessian.slice();
  for (let j = 1; j < width; j++) out[j * width + j] = (out[j * width + j] as number) + ridge;
  return out;
}

function gradientOf(
  columns: readonly Float64Array[],
  label: ArrayLike<number>,
  weight: Float64Array,
  eta: Float64Array,
): Float64Array {
  const residual = new Float64Array(eta.length);
  let sum = 0;
  for (let i = 0; i < eta.length; i++) {
    residual[i] = (weight[i] as number) * ((label[i] as number) - sigmoid(eta[i] as number));
    sum += residual[i] as number;
  }
  const gradient = new Float64Array(columns.length + 1);
  gradient[0] = sum;
  for (let j = 0; j < columns.length; j++) {
    const column = columns[j] as Float64Array;
    let s0 = 0;
    let s1 = 0;
    let i = 0;
    for (; i + 1 < column.length; i += 2) {
      s0 += (residual[i] as number) * (column[i] as number);
      s1 += (residual[i + 1] as number) * (column[i + 1] as number);
    }
    if (i < column.length) s0 += (residual[i] as number) * (column[i] as number);
    gradient[j + 1] = s0 + s1;
  }
  return gradient;
}

function startIntercept(label: ArrayLike<number>, weight: Float64Array): number {
  let positives = 0.5;
  let all = 1;
  for (let i = 0; i < weight.length; i++) {
    positives += (weight[i] as number) * (label[i] as number);
    all += weight[i] as number;
  }
  return Math.log(positives / (all - positives));
}

function scoresOf(columns: readonly Float64Array[], beta: Float64Array, n: number): Float64Array {
  const eta = new Float64Array(n).fill(beta[0] as number);
  for (let j = 0; j < columns.length; j++) {
    const slope = beta[j + 1] as number;
    if (slope === 0) continue;
    const column = columns[j] as Float64Array;
    for (let i = 0; i < n; i++) eta[i] = (eta[i] as number) + slope * (column[i] as number);
  }
  return eta;
}

function objectiveOf(
  eta: Float64Array,
  label: ArrayLike<number>,
  weight: Float64Array,
  beta: Float64Array,
  ridge: number,
): number {
  let sum = 0;
  for (let i = 0; i < eta.length; i++) {
    const w = weight[i] as number;
    if (w === 0) continue;
    const e = label[i] === 1 ? -(eta[i] as number) : (eta[i] as number);
    sum += w * (e > 0 ? e + Math.log1p(Math.exp(-e)) : Math.log1p(Math.exp(e)));
  }
  let penalty = 0;
  for (let j = 1; j < beta.length; j++) penalty += (beta[j] as number) ** 2;
  return sum + (ridge / 2) * penalty;
}

/** Gradient of the log-likelihood and its negative Hessian, row-major, lower triangle filled; without the penalty. */
function derivatives(
  columns: readonly Float64Array[],
  label: ArrayLike<number>,
  weight: Float64Array,
  eta: Float64Array,
): { readonly gradient: Float64Array; readonly hessian: Float64Array } {
  const width = columns.length + 1;
  const gradient = new Float64Array(width);
  const hessian = new Float64Array(width * width);
  const curvature = new Float64Array(BLOCK);
  const residual = new Float64Array(BLOCK);
  const scaled = new Float64Array(2 * BLOCK);
  // Columns of one block lie side by side, padded with zero columns for the inner loop.
  const packed = new Float64Array((width + 4) * BLOCK);
  packed.fill(1, 0, BLOCK);
  for (let from = 0; from < eta.length; from += BLOCK) {
    const size = Math.min(BLOCK, eta.length - from);
    for (let i = 0; i < size; i++) {
      const w = weight[from + i] as number;
      const p = sigmoid(eta[from + i] as number);
      curvature[i] = w * p * (1 - p);
      residual[i] = w * ((label[from + i] as number) - p);
    }
    curvature.fill(0, size);
    residual.fill(0, size);
    for (let j = 1; j < width; j++) packed.set((columns[j - 1] as Float64Array).subarray(from, from + size), j * BLOCK);
    for (let j = 0; j < width; j += 2) {
      let slope0 = 0;
      let slope1 = 0;
      const at = j * BLOCK;
      for (let i = 0; i < BLOCK; i++) {
        const x0 = packed[at + i] as number;
        const x1 = packed[at + BLOCK + i] as number;
        scaled[i] = (curvature[i] as number) * x0;
        scaled[BLOCK + i] = (curvature[i] as number) * x1;
        slope0 += (residual[i] as number) * x0;
        slope1 += (residual[i] as number) * x1;
      }
      gradient[j] = (gradient[j] as number) + slope0;
      if (j + 1 < width) gradient[j + 1] = (gradient[j + 1] as number) + slope1;
      addProducts(scaled, packed, j, hessian, width);
    }
  }
  return { gradient, hessian };
}

/**
 * Adds `scaled` · column k to rows j and j + 1 of the matrix for all k up to the diagonal: two rows by four columns at a
 * time, so that sums do not wait for one another and every value read is used more than once.
 */
function addProducts(scaled: Float64Array, packed: Float64Array, j: number, matrix: Float64Array, width: number): void {
  for (let k = 0; k <= j + 1; k += 4) {
    const at = k * BLOCK;
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    let t0 = 0;
    let t1 = 0;
    let t2 = 0;
    let t3 = 0;
    for (let i = 0; i < BLOCK; i++) {
      const x = scaled[i] as number;
      const y = scaled[BLOCK + i] as number;
      const a = packed[at + i] as number;
      const b = packed[at + BLOCK + i] as number;
      const c = packed[at + 2 * BLOCK + i] as number;
      const d = packed[at + 3 * BLOCK + i] as number;
      s0 += x * a;
      s1 += x * b;
      s2 += x * c;
      s3 += x * d;
      t0 += y * a;
      t1 += y * b;
      t2 += y * c;
      t3 += y * d;
    }
    addRow(matrix, j, width, k, s0, s1, s2, s3);
    if (j + 1 < width) addRow(matrix, j + 1, width, k, t0, t1, t2, t3);
  }
}

/** Adds up to four neighbours of a row, none beyond its diagonal. */
function addRow(
  matrix: Float64Array,
  j: number,
  width: number,
  k: number,
  s0: number,
  s1: number,
  s2: number,
  s3: number,
): void {
  const place = j * width + k;
  if (k <= j) matrix[place] = (matrix[place] as number) + s0;
  if (k + 1 <= j) matrix[place + 1] = (matrix[place + 1] as number) + s1;
  if (k + 2 <= j) matrix[place + 2] = (matrix[place + 2] as number) + s2;
  if (k + 3 <= j) matrix[place + 3] = (matrix[place + 3] as number) + s3;
}

/** Solves `matrix · x = right` for a symmetric positive definite matrix given by its lower triangle; else undefined. */
export function solveCholesky(matrix: Float64Array, right: Float64Array, width: number): Float64Array | undefined {
  const lower = matrix.slice();
  for (let j = 0; j < width; j++) {
    let pivot = lower[j * width + j] as number;
    const full = pivot;
    const top = j * width;
    for (let k = 0; k < j; k++) pivot -= (lower[top + k] as number) * (lower[top + k] as number);
    if (!(pivot > 1e-13 * full)) return undefined;
    const root = Math.sqrt(pivot);
    lower[j * width + j] = root;
    for (let i = j + 1; i < width; i++) {
      const line = i * width;
      let sum = lower[line + j] as number;
      for (let k = 0; k < j; k++) sum -= (lower[line + k] as number) * (lower[top + k] as number);
      lower[i * width + j] = sum / root;
    }
  }
  const x = right.slice();
  for (let i = 0; i < width; i++) {
    let sum = x[i] as number;
    for (let k = 0; k < i; k++) sum -= (lower[i * width + k] as number) * (x[k] as number);
    x[i] = sum / (lower[i * width + i] as number);
  }
  for (let i = width - 1; i >= 0; i--) {
    let sum = x[i] as number;
    for (let k = i + 1; k < width; k++) sum -= (lower[k * width + i] as number) * (x[k] as number);
    x[i] = sum / (lower[i * width + i] as number);
  }
  return x;
}
