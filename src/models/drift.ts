import { logGamma } from './distributions.ts';

/** A feature in two populations; `NaN` = missing. Weights ≥ 0 say how much each value counts within its account. */
export interface DriftInput {
  readonly before: Float64Array;
  /** Account of each value of `before`, 0 … ; its values share one account's weight. */
  readonly beforeAccount: Int32Array;
  /** One value an account. */
  readonly now: Float64Array;
  /** Values are kinds, each its own bin; else bins are the deciles of `before`. */
  readonly isNominal: boolean;
  /** How much further than chance dates lie apart that nothing lies between, ≥ 1 (`dateDispersion`). Default 1. */
  readonly dispersion?: number;
}

/** How far a population has moved, and how far chance moves one of its size. */
export interface Drift {
  /** Population stability index, ≥ 0; NaN where one side is empty or one bin holds all. */
  readonly psi: number;
  /** PSI that chance passes once in twenty at these sizes. */
  readonly psi_threshold: number;
  readonly p_value: number;
  readonly dispersion: number;
  readonly bin_count: number;
  /** Accounts on either side. */
  readonly before_count: number;
  readonly now_count: number;
  /** Mean of the values that are there, each account counting once; of kinds NaN. */
  readonly before_mean: number;
  readonly now_mean: number;
}

const DECILES = 10;
/** Bins expected to hold fewer accounts than this on the smaller side are merged: below it the χ² law fails. */
const MIN_EXPECTED = 5;
const ALPHA = 0.05;

/**
 * Population stability index of one feature: Σ (q − p) · ln(q ÷ p) over the deciles of the earlier population, with missing
 * values as a bin of their own. Rules of thumb (0.1, 0.25) call every small sample shifted; where nothing has moved,
 * PSI ÷ (1/n + 1/m) follows χ² with B − 1 degrees of freedom (Yurdakul & Naranjo, "Statistical properties of the population
 * stability index", Journal of Risk Model Validation 14(4), 2020), so that the threshold is (1/n + 1/m) · χ²(B − 1) at 95 %.
 * n and m are accounts: the many rows of one account are one life told several times. Accounts on both sides make the
 * test more careful, not less. What whole dates share (a weekday, a season, a mean that values are drawn toward) is no drift
 * either: the law is stretched by `dispersion`, as counts with over-dispersion are. Shares are drawn half an account toward each bin, so that an empty one has a logarithm.
 */
export function populationDrift(input: DriftInput): Drift {
  const { before, beforeAccount, now, isNominal, dispersion = 1 } = input;
  const weight = accountShares(beforeAccount);
  const n = new Set(beforeAccount).size;
  const m = now.length;
  const none: Drift = {
    psi: Number.NaN,
    psi_threshold: Number.NaN,
    p_value: Number.NaN,
    dispersion,
    bin_count: 0,
    before_count: n,
    now_count: m,
    before_mean: isNominal ? Number.NaN : weightedMean(before, weight),
    now_mean: isNominal ? Number.NaN : weightedMean(now, undefined),
  };
  if (n === 0 || m === 0) return none;
  const binOf = isNominal ? (value: number) => value : decileBins(before, weight);
  const bins = mergeSmall(tally(before, weight, now, binOf), n, m);
  const count = bins.length;
  if (count < 2) return { ...none, bin_count: count };
  let psi = 0;
  for (const bin of bins) {
    const p = (bin.before + 0.5) / (n + 0.5 * count);
    const q = (bin.now + 0.5) / (m + 0.5 * count);
    psi += (q - p) * Math.log(q / p);
  }
  const scale = dispersion * (1 / n + 1 / m);
  return {
    ...none,
    psi,
    psi_threshold: scale * chiSquareCritical(ALPHA, count - 1),
    p_value: chiSquareAbove(psi / scale, count - 1),
    bin_count: count,
  };
}

/**
 * How many times further than chance one date lies from the next: the mean of PSI ÷ ((1/n + 1/m)(B − 1)) over neighbouring
 * dates, at least 1. `dates` holds the values of each date, one an account, oldest first. Two months in which the same
 * accounts hardly changed lie nearer together than chance; that is no licence to call less a shift.
 */
export function dateDispersion(dates: readonly Float64Array[], isNominal: boolean): number {
  let sum = 0;
  let count = 0;
  for (let i = 1; i < dates.length; i++) {
    const before = dates[i - 1] as Float64Array;
    const now = dates[i] as Float64Array;
    const { psi, bin_count } = populationDrift({
      before,
      beforeAccount: Int32Array.from(before.keys()),
      now,
      isNominal,
    });
    if (Number.isNaN(psi)) continue;
    sum += psi / ((1 / before.length + 1 / now.length) * (bin_count - 1));
    count++;
  }
  return count === 0 ? 1 : Math.max(1, sum / count);
}

/** Weight of each row so that every account weighs 1. */
function accountShares(account: Int32Array): Float64Array {
  const rows = new Map<number, number>();
  for (const id of account) rows.set(id, (rows.get(id) ?? 0) + 1);
  return Float64Array.from(account, (id) => 1 / (rows.get(id) as number));
}

function weightedMean(values: Float64Array, weight: Float64Array | undefined): number {
  let sum = 0;
  let all = 0;
  values.forEach((value, i) => {
    if (Number.isNaN(value)) return;
    const w = weight === undefined ? 1 : (weight[i] as number);
    sum += w * value;
    all += w;
  });
  return sum / all;
}

/** Bin number by the weighted deciles of `values`; equal cut points are one. */
function decileBins(values: Float64Array, weight: Float64Array): (value: number) => number {
  const order = Array.from(values.keys()).filter((i) => !Number.isNaN(values[i]));
  order.sort((a, b) => (values[a] as number) - (values[b] as number) || a - b);
  const total = order.reduce((sum, i) => sum + (weight[i] as number), 0);
  const cuts = new Set<number>();
  let passed = 0;
  let next = 1;
  for (const i of order) {
    passed += weight[i] as number;
    while (next < DECILES && passed >= (next * total) / DECILES) {
      cuts.add(values[i] as number);
      next++;
    }
  }
  const sorted = [...cuts].sort((a, b) => a - b);
  return (value) => {
    const place = sorted.findIndex((cut) => value <= cut);
    return place < 0 ? sorted.length : place;
  };
}

interface Bin {
  readonly before: number;
  readonly now: number;
}

/** Accounts of both sides in each bin, in order of bin, missing last. */
function tally(before: Float64Array, weight: Float64Array, now: Float64Array, binOf: (value: number) => number): Bin[] {
  const bins = new Map<number, { before: number; now: number }>();
  const add = (value: number, side: keyof Bin, amount: number) => {
    const key = Number.isNaN(value) ? Number.POSITIVE_INFINITY : binOf(value);
    const bin = bins.get(key) ?? { before: 0, now: 0 };
    bin[side] += amount;
    bins.set(key, bin);
  };
  before.forEach((value, i) => {
    add(value, 'before', weight[i] as number);
  });
  now.forEach((value) => {
    add(value, 'now', 1);
  });
  return [...bins].sort(([a], [b]) => a - b).map(([, bin]) => bin);
}

/** Neighbouring bins together until each is expected to hold enough accounts on the smaller side. */
function mergeSmall(bins: readonly Bin[], n: number, m: number): Bin[] {
  const expected = (bin: Bin) => (Math.min(n, m) * (bin.before + bin.now)) / (n + m);
  const out: Bin[] = [];
  let open: Bin | undefined;
  for (const bin of bins) {
    open = open === undefined ? bin : { before: open.before + bin.before, now: open.now + bin.now };
    if (expected(open) < MIN_EXPECTED) continue;
    out.push(open);
    open = undefined;
  }
  const last = out.at(-1);
  if (open !== undefined && last !== undefined) {
    out[out.length - 1] = { before: last.before + open.before, now: last.now + open.now };
  } else if (open !== undefined) out.push(open);
  return out;
}

/** Chance of X ≥ x under χ² with `df` > 0 degrees of freedom (series and continued fraction of Γ; DLMF 8.11.4, 8.9.2). */
export function chiSquareAbove(x: number, df: number): number {
  if (x <= 0) return 1;
  const a = df / 2;
  const z = x / 2;
  const front = Math.exp(a * Math.log(z) - z - logGamma(a));
  if (z < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let k = 1; term > sum * 1e-16; k++) {
      term *= z / (a + k);
      sum += term;
    }
    return 1 - front * sum;
  }
  let b = z + 1 - a;
  let c = 1e300;
  let d = 1 / b;
  let h = d;
  for (let k = 1; k < 10_000; k++) {
    const an = -k * (k - a);
    b += 2;
    d = 1 / (an * d + b);
    c = b + an / c;
    h *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return front * h;
}

/** The x with P(X ≥ x) = `p` under χ² with `df` degrees of freedom, by bisection to 1e-10. */
export function chiSquareCritical(p: number, df: number): number {
  let low = 0;
  let high = df + 10;
  while (chiSquareAbove(high, df) > p) high *= 2;
  while (high - low > 1e-10 * high) {
    const middle = (low + high) / 2;
    if (chiSquareAbove(middle, df) > p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
