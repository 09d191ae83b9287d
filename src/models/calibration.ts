import type { Explanation, FittedModel } from '../contract/model.ts';
import { clamp, logit, sigmoid } from '../lib/numbers.ts';
import { pairedDifference } from './metrics/paired.ts';
import { logLosses, PROBABILITY_FLOOR } from './metrics/probability.ts';
import { solveRidge } from './ridge.ts';

/** Rows whose probabilities are to be corrected: out-of-time predictions and what happened. */
export interface CalibrationRows {
  /** Predicted probabilities, in (0, 1). */
  readonly probability: Float64Array;
  readonly label: ArrayLike<number>;
  readonly weight: Float64Array;
  readonly account: Int32Array;
  /** Observation date of each row and the day its label closed, days since 1970-01-01. */
  readonly origin: Int32Array;
  readonly closed_on: Int32Array;
}

/** Intercept and slope on the log-odds: corrected log-odds = intercept + slope · log-odds. */
export interface PlattCalibration {
  readonly kind: 'platt';
  readonly intercept: number;
  readonly slope: number;
}

/** Steps of a rising function, joined by lines: probability `from[k]` becomes `to[k]`. */
export interface IsotonicCalibration {
  readonly kind: 'isotonic';
  readonly from: readonly number[];
  readonly to: readonly number[];
}

/** log-odds = c + a · ln p − b · ln(1 − p), with a, b ≥ 0 (Kull, Silva Filho, Flach 2017). a = b is Platt's. */
export interface BetaCalibration {
  readonly kind: 'beta';
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

export type Calibration = PlattCalibration | IsotonicCalibration | BetaCalibration;

const IDENTITY: PlattCalibration = { kind: 'platt', intercept: 0, slope: 1 };
/** Keeps the solution finite where the predictions separate the labels; too weak to be seen elsewhere. */
const WEAK_RIDGE = 1e-6;

function bounded(probability: number): number {
  return clamp(probability, PROBABILITY_FLOOR, 1 - PROBABILITY_FLOOR);
}

function logOddsOf(probability: Float64Array): Float64Array {
  return probability.map((p) => logit(bounded(p)));
}

/**
 * Platt's calibration on the log-odds by maximum likelihood. A slope below 0 would turn the ranking around: it is a
 * sign of no signal, and the result then is slope 0 at the base rate.
 */
export function fitPlatt(rows: Pick<CalibrationRows, 'probability' | 'label' | 'weight'>): PlattCalibration {
  const { probability, label, weight } = rows;
  const { intercept, coefficients } = solveRidge({
    columns: [logOddsOf(probability)],
    label,
    weight,
    ridge: WEAK_RIDGE,
  });
  const slope = coefficients[0] as number;
  if (slope >= 0) return { kind: 'platt', intercept, slope };
  const flat = solveRidge({ columns: [], label, weight, ridge: WEAK_RIDGE });
  return { kind: 'platt', intercept: flat.intercept, slope: 0 };
}

/** Beta calibration by maximum likelihood; a parameter that comes out negative is set to 0 and the rest refitted. */
export function fitBeta(rows: Pick<CalibrationRows, 'probability' | 'label' | 'weight'>): BetaCalibration {
  const { probability, label, weight } = rows;
  const up = probability.map((p) => Math.log(bounded(p)));
  const down = probability.map((p) => -Math.log1p(-bounded(p)));
  const solve = (columns: Float64Array[]) => solveRidge({ columns, label, weight, ridge: WEAK_RIDGE });
  const both = solve([up, down]);
  const [a, b] = both.coefficients as unknown as [number, number];
  if (a >= 0 && b >= 0) return { kind: 'beta', a, b, c: both.intercept };
  const one = solve([a < 0 ? down : up]);
  const kept = one.coefficients[0] as number;
  if (kept < 0) return { kind: 'beta', a: 0, b: 0, c: solve([]).intercept };
  return { kind: 'beta', a: a < 0 ? 0 : kept, b: a < 0 ? kept : 0, c: one.intercept };
}

/**
 * Isotonic calibration: the rising step function with least squared error, by pooling adjacent violators. Each pool
 * becomes one point at the mean of its probabilities; between points it is read off a line. Below about 1,000 rows it
 * overfits and its ties cost ranking: prefer Platt's.
 */
export function fitIsotonic(rows: Pick<CalibrationRows, 'probability' | 'label' | 'weight'>): IsotonicCalibration {
  const { probability, label, weight } = rows;
  const order = [...probability.keys()].sort(
    (i, j) => (probability[i] as number) - (probability[j] as number) || i - j,
  );
  const pools: { weight: number; from: number; to: number }[] = [];
  for (let place = 0; place < order.length; ) {
    const p = probability[order[place] as number] as number;
    const pool = { weight: 0, from: 0, to: 0 };
    // Equal probabilities must get one answer, so they are one pool from the start.
    for (; place < order.length && probability[order[place] as number] === p; place++) {
      const row = order[place] as number;
      const w = weight[row] as number;
      pool.weight += w;
      pool.from += w * p;
      pool.to += w * (label[row] as number);
    }
    if (pool.weight <= 0) continue;
    for (let before = pools.at(-1); before !== undefined; before = pools.at(-1)) {
      if (before.to * pool.weight < pool.to * before.weight) break;
      pools.pop();
      pool.weight += before.weight;
      pool.from += before.from;
      pool.to += before.to;
    }
    pools.push(pool);
  }
  return {
    kind: 'isotonic',
    from: pools.map((pool) => pool.from / pool.weight),
    to: pools.map((pool) => pool.to / pool.weight),
  };
}

/** Corrected probabilities, in (0, 1). */
export function calibrate(calibration: Calibration, probability: Float64Array): Float64Array {
  return probability.map((p) => bounded(calibrateOne(calibration, bounded(p))));
}

function calibrateOne(calibration: Calibration, p: number): number {
  if (calibration.kind === 'platt') return sigmoid(calibration.intercept + calibration.slope * logit(p));
  if (calibration.kind === 'beta') {
    return sigmoid(calibration.c + calibration.a * Math.log(p) - calibration.b * Math.log1p(-p));
  }
  const { from, to } = calibration;
  const k = from.findIndex((point) => point >= p);
  if (k < 0) return to.at(-1) ?? p;
  if (k === 0) return to[0] as number;
  const [x0, x1, y0, y1] = [from[k - 1], from[k], to[k - 1], to[k]] as [number, number, number, number];
  return x1 === x0 ? y1 : y0 + ((p - x0) / (x1 - x0)) * (y1 - y0);
}

/** A model with its accepted calibration folded in: what is stored and served. */
export interface CalibratedModel<F extends FittedModel> {
  readonly model: F;
  /** Slope 1 and intercept 0 where no calibration was accepted. */
  readonly calibration: PlattCalibration;
}

/** Contributions of the corrected log-odds: each is multiplied by the slope, so that they still add up exactly. */
export function foldCalibration(explanation: Explanation, calibration: PlattCalibration): Explanation {
  const { intercept, slope } = calibration;
  return {
    intercept: intercept + slope * explanation.intercept,
    terms: explanation.terms,
    contributions: explanation.contributions.map((values) => values.map((value) => slope * value)),
    log_odds: explanation.log_odds.map((value) => intercept + slope * value),
  };
}

/** Whether a calibration earned its place, and what it gained. */
export interface CalibrationChoice {
  readonly calibration: PlattCalibration;
  readonly is_accepted: boolean;
  /** Mean out-of-time log loss saved by it, nats a row; `NaN` where it could not be tried. */
  readonly gain: number;
  /** Standard error of the gain, clustered by account. */
  readonly gain_se: number;
  /** One sentence. */
  readonly sentence: string;
}

/**
 * Takes intercept and slope only where they lower the log loss out of time by more than one standard error: for each
 * origin they are fitted on predictions whose labels had closed by then, and judged on the origin's own rows. When
 * accepted they are fitted on all rows.
 */
export function chooseCalibration(rows: CalibrationRows, minOutcomes = 30): CalibrationChoice {
  const tested: number[] = [];
  const corrected = rows.probability.slice();
  for (const origin of [...new Set(rows.origin)].sort((a, b) => a - b)) {
    const known = indices(rows, (i) => (rows.closed_on[i] as number) <= origin);
    if (outcomeAccounts(rows, known) < minOutcomes || known.every((i) => rows.label[i] === 1)) continue;
    const here = indices(rows, (i) => rows.origin[i] === origin);
    const calibration = fitPlatt(takeCalibrationRows(rows, known));
    for (const i of here) corrected[i] = calibrate(calibration, rows.probability.subarray(i, i + 1))[0] as number;
    tested.push(...here);
  }
  if (tested.length === 0) {
    return {
      calibration: IDENTITY,
      is_accepted: false,
      gain: Number.NaN,
      gain_se: Number.NaN,
      sentence: `Not calibrated: no origin has ${minOutcomes} earlier outcomes to learn a correction from.`,
    };
  }
  const pick = (values: ArrayLike<number>) => Float64Array.from(tested, (i) => values[i] as number);
  const label = pick(rows.label);
  const { mean, standard_error } = pairedDifference(
    logLosses(pick(rows.probability), label),
    logLosses(pick(corrected), label),
    Int32Array.from(tested, (i) => rows.account[i] as number),
    pick(rows.weight),
  );
  const is_accepted = mean > standard_error;
  const calibration = is_accepted ? fitPlatt(rows) : IDENTITY;
  const sentence = is_accepted
    ? `Calibrated: log-odds × ${calibration.slope.toFixed(2)} ${calibration.intercept < 0 ? '−' : '+'} ${Math.abs(calibration.intercept).toFixed(2)} lowers the log loss out of time by ${mean.toPrecision(2)} ± ${standard_error.toPrecision(2)}.`
    : `Not calibrated: a correction changes the log loss out of time by ${(-mean).toPrecision(2)} ± ${standard_error.toPrecision(2)}, no better than leaving it.`;
  return { calibration, is_accepted, gain: mean, gain_se: standard_error, sentence };
}

function indices(rows: CalibrationRows, keep: (row: number) => boolean): number[] {
  const out: number[] = [];
  for (let i = 0; i < rows.probability.length; i++) if (keep(i)) out.push(i);
  return out;
}

function outcomeAccounts(rows: CalibrationRows, index: readonly number[]): number {
  const accounts = new Set<number>();
  for (const i of index) if (rows.label[i] === 1) accounts.add(rows.account[i] as number);
  return accounts.size;
}

function takeCalibrationRows(rows: CalibrationRows, index: readonly number[]) {
  const pick = (values: ArrayLike<number>) => Float64Array.from(index, (i) => values[i] as number);
  return { probability: pick(rows.probability), label: pick(rows.label), weight: pick(rows.weight) };
}
