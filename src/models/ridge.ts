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

/**
 * Minimises Σ w · log loss + λ/2 · Σ β² by Newton's method (iteratively reweighted least squares) with step halving.
 * The problem is strictly convex for λ > 0; four to eight steps are usual. At `max_steps` (25) it stops and says so.
 */
export function solveRidge(problem: RidgeProblem): RidgeSolution {
  const { columns, label, weight, ridge, start, max_steps = 25, tolerance = 1e-9 } = problem;
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
    const { gradient, hessian } = derivatives(columns, label, weight, eta, beta, ridge);
    const move = solveCholesky(hessian, gradient, width);
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

/** Gradient of the log-likelihood and its negative Hessian, row-major, lower triangle filled. */
function derivatives(
  columns: readonly Float64Array[],
  label: ArrayLike<number>,
  weight: Float64Array,
  eta: Float64Array,
  beta: Float64Array,
  ridge: number,
): { readonly gradient: Float64Array; readonly hessian: Float64Array } {
  const width = columns.length + 1;
  const gradient = new Float64Array(width);
  const hessian = new Float64Array(width * width);
  const curvature = new Float64Array(BLOCK);
  const residual = new Float64Array(BLOCK);
  const scaled = new Float64Array(BLOCK);
  // Columns of one block lie side by side, padded with zero columns to a multiple of four for the inner loop.
  const packed = new Float64Array((width + 3) * BLOCK);
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
    for (let j = 0; j < width; j++) {
      let slope = 0;
      for (let i = 0; i < BLOCK; i++) {
        const x = packed[j * BLOCK + i] as number;
        scaled[i] = (curvature[i] as number) * x;
        slope += (residual[i] as number) * x;
      }
      gradient[j] = (gradient[j] as number) + slope;
      addProducts(scaled, packed, j, hessian, width);
    }
  }
  for (let j = 1; j < width; j++) {
    gradient[j] = (gradient[j] as number) - ridge * (beta[j] as number);
    hessian[j * width + j] = (hessian[j * width + j] as number) + ridge;
  }
  return { gradient, hessian };
}

/** Adds `scaled` · column k to row j of the matrix for all k ≤ j, four columns at a time so that sums do not wait. */
function addProducts(scaled: Float64Array, packed: Float64Array, j: number, matrix: Float64Array, width: number): void {
  for (let k = 0; k <= j; k += 4) {
    const at = k * BLOCK;
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let i = 0; i < BLOCK; i++) {
      const x = scaled[i] as number;
      s0 += x * (packed[at + i] as number);
      s1 += x * (packed[at + BLOCK + i] as number);
      s2 += x * (packed[at + 2 * BLOCK + i] as number);
      s3 += x * (packed[at + 3 * BLOCK + i] as number);
    }
    const place = j * width + k;
    matrix[place] = (matrix[place] as number) + s0;
    if (k + 1 <= j) matrix[place + 1] = (matrix[place + 1] as number) + s1;
    if (k + 2 <= j) matrix[place + 2] = (matrix[place + 2] as number) + s2;
    if (k + 3 <= j) matrix[place + 3] = (matrix[place + 3] as number) + s3;
  }
}

/** Solves `matrix · x = right` for a symmetric positive definite matrix given by its lower triangle; else undefined. */
export function solveCholesky(matrix: Float64Array, right: Float64Array, width: number): Float64Array | undefined {
  const lower = matrix.slice();
  for (let j = 0; j < width; j++) {
    let pivot = lower[j * width + j] as number;
    const full = pivot;
    for (let k = 0; k < j; k++) pivot -= (lower[j * width + k] as number) ** 2;
    if (!(pivot > 1e-13 * full)) return undefined;
    const root = Math.sqrt(pivot);
    lower[j * width + j] = root;
    for (let i = j + 1; i < width; i++) {
      let sum = lower[i * width + j] as number;
      for (let k = 0; k < j; k++) sum -= (lower[i * width + k] as number) * (lower[j * width + k] as number);
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
