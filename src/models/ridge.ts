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

const BLOCK = 512;

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
  // Blocks of rows stay in the cache while every pair of columns is multiplied.
  for (let from = 0; from < eta.length; from += BLOCK) {
    const size = Math.min(BLOCK, eta.length - from);
    let sumResidual = 0;
    let sumCurvature = 0;
    for (let i = 0; i < size; i++) {
      const w = weight[from + i] as number;
      const p = sigmoid(eta[from + i] as number);
      const v = w * p * (1 - p);
      const r = w * ((label[from + i] as number) - p);
      curvature[i] = v;
      residual[i] = r;
      sumResidual += r;
      sumCurvature += v;
    }
    gradient[0] = (gradient[0] as number) + sumResidual;
    hessian[0] = (hessian[0] as number) + sumCurvature;
    for (let j = 1; j < width; j++) {
      const column = columns[j - 1] as Float64Array;
      let slope = 0;
      let cross = 0;
      for (let i = 0; i < size; i++) {
        const x = column[from + i] as number;
        const vx = (curvature[i] as number) * x;
        scaled[i] = vx;
        slope += (residual[i] as number) * x;
        cross += vx;
      }
      gradient[j] = (gradient[j] as number) + slope;
      hessian[j * width] = (hessian[j * width] as number) + cross;
      for (let k = 1; k <= j; k++) {
        const place = j * width + k;
        hessian[place] = (hessian[place] as number) + dot(scaled, columns[k - 1] as Float64Array, from, size);
      }
    }
  }
  for (let j = 1; j < width; j++) {
    gradient[j] = (gradient[j] as number) - ridge * (beta[j] as number);
    hessian[j * width + j] = (hessian[j * width + j] as number) + ridge;
  }
  return { gradient, hessian };
}

function dot(a: Float64Array, b: Float64Array, from: number, size: number): number {
  let s0 = 0;
  let s1 = 0;
  let i = 0;
  for (; i + 1 < size; i += 2) {
    s0 += (a[i] as number) * (b[from + i] as number);
    s1 += (a[i + 1] as number) * (b[from + i + 1] as number);
  }
  if (i < size) s0 += (a[i] as number) * (b[from + i] as number);
  return s0 + s1;
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
