/**
 * Special functions and distributions for tests of change. Own code, because the packages in use have none with a
 * relative accuracy that holds in the tails; every function is tested against cited values.
 */

const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
] as const;
const TINY = 1e-300;
const EPSILON = 1e-16;

/** ln Γ(x) for x > 0, relative error about 1e-15 (Lanczos, g = 7, n = 9; Godfrey). */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.abs(Math.sin(Math.PI * x))) - logGamma(1 - x);
  let sum = LANCZOS[0] as number;
  for (let i = 1; i < LANCZOS.length; i++) sum += (LANCZOS[i] as number) / (x - 1 + i);
  const t = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}

/** ψ(x) = d ln Γ / dx for x > 0 (recurrence to x ≥ 10, then the asymptotic series; Abramowitz & Stegun 6.3.18). */
export function digamma(x: number): number {
  let shift = 0;
  let at = x;
  while (at < 10) {
    shift -= 1 / at;
    at += 1;
  }
  const r = 1 / (at * at);
  const tail = r * (1 / 12 - r * (1 / 120 - r * (1 / 252 - r * (1 / 240 - r * (1 / 132)))));
  return shift + Math.log(at) - 0.5 / at - tail;
}

/** ψ′(x) for x > 0 (recurrence to x ≥ 10, then the asymptotic series; Abramowitz & Stegun 6.4.12). */
export function trigamma(x: number): number {
  let shift = 0;
  let at = x;
  while (at < 10) {
    shift += 1 / (at * at);
    at += 1;
  }
  const r = 1 / (at * at);
  const tail = (1 / at) * (1 + 1 / (2 * at) + r * (1 / 6 - r * (1 / 30 - r * (1 / 42 - r * (1 / 30 - r * (5 / 66))))));
  return shift + tail;
}

/** The x > 0 with ψ′(x) = `value`, by Newton's method on 1/ψ′ (Smyth 2004, appendix). `value` must be > 0. */
export function inverseTrigamma(value: number): number {
  if (value > 1e7) return 1 / Math.sqrt(value);
  if (value < 1e-6) return 1 / value;
  let x = 0.5 + 1 / value;
  for (let i = 0; i < 50; i++) {
    const slope = tetragamma(x);
    const at = trigamma(x);
    const step = (at * (1 - at / value)) / slope;
    x += step;
    if (-step / x < 1e-12) break;
  }
  return x;
}

/** ψ″(x) for x > 0, needed only for the Newton step above. */
function tetragamma(x: number): number {
  let shift = 0;
  let at = x;
  while (at < 10) {
    shift -= 2 / (at * at * at);
    at += 1;
  }
  const r = 1 / (at * at);
  return shift - r * (1 + 1 / at + r * (1 / 2 - r * (1 / 6 - r * (1 / 6 - r * (3 / 10)))));
}

/** Regularised incomplete beta function I_x(a, b), 0 ≤ x ≤ 1, a, b > 0 (Lentz's continued fraction; DLMF 8.17.22). */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)) / a;
  let c = 1;
  let d = 1 / guarded(1 - ((a + b) * x) / (a + 1));
  let result = d;
  for (let m = 1; m <= 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / guarded(1 + even * d);
    c = guarded(1 + even / c);
    result *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / guarded(1 + odd * d);
    c = guarded(1 + odd / c);
    const change = d * c;
    result *= change;
    if (Math.abs(change - 1) < EPSILON * 4) break;
  }
  return front * result;
}

function guarded(value: number): number {
  return Math.abs(value) < TINY ? TINY : value;
}

/** Chance of |T| ≥ |t| under Student's t with `df` > 0 degrees of freedom (`Infinity`: the normal). */
export function studentTwoSided(t: number, df: number): number {
  if (!Number.isFinite(df)) return normalTwoSided(t);
  return incompleteBeta(df / (df + t * t), df / 2, 0.5);
}

/** The t > 0 with P(|T| ≥ t) = `p`, 0 < p < 1, by bisection to 1e-10. */
export function studentCritical(p: number, df: number): number {
  let low = 0;
  let high = 2;
  while (studentTwoSided(high, df) > p) high *= 2;
  while (high - low > 1e-10 * Math.max(1, high)) {
    const middle = (low + high) / 2;
    if (studentTwoSided(middle, df) > p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Chance of |Z| ≥ |z| for a standard normal, accurate to about 1e-14 of itself far into the tail. */
export function normalTwoSided(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  return x < 2 ? 1 - errorSeries(x) : errorTail(x);
}

/** erf(x) by its all-positive series (DLMF 7.6.2), for x below 2. */
function errorSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; term > sum * EPSILON; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** erfc(x) by its continued fraction (DLMF 7.9.1), evaluated from the back, for x of at least 2. */
function errorTail(x: number): number {
  let fraction = x;
  for (let k = 120; k >= 1; k--) fraction = x + k / 2 / fraction;
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * fraction);
}

const CENTRE_A = [
  -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716, 2.506628277459239,
] as const;
const CENTRE_B = [
  -54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1,
] as const;
const TAIL_C = [
  -0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
  2.938163982698783,
] as const;
const TAIL_D = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1] as const;

/** The z ≥ 0 with P(|Z| ≥ z) = `p`, 0 < p ≤ 1 (Acklam's rational approximation and one Halley step on the exact tail). */
export function normalCritical(p: number): number {
  if (p >= 1) return 0;
  const half = Math.max(p, TINY) / 2;
  let z: number;
  if (half < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(half));
    z = -polynomial(TAIL_C, q) / polynomial(TAIL_D, q);
  } else {
    const q = 0.5 - half;
    z = (q * polynomial(CENTRE_A, q * q)) / polynomial(CENTRE_B, q * q);
  }
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (density < TINY) return z;
  const error = (half - normalTwoSided(z) / 2) / density;
  return z - error / (1 + (z * error) / 2);
}

function polynomial(coefficients: readonly number[], x: number): number {
  let value = 0;
  for (const coefficient of coefficients) value = value * x + coefficient;
  return value;
}
