/** A share with its interval, all 0–1. */
export interface RateInterval {
  readonly rate: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Quantile of the standard normal distribution for `probability` in (0, 1). Acklam's rational approximation and one
 * Halley step: relative error below 1e-14.
 */
export function normalQuantile(probability: number): number {
  if (!(probability > 0 && probability < 1)) {
    return probability === 0 ? Number.NEGATIVE_INFINITY : probability === 1 ? Number.POSITIVE_INFINITY : Number.NaN;
  }
  const first = acklam(probability);
  const error = normalBelow(first) - probability;
  const u = error * Math.sqrt(2 * Math.PI) * Math.exp((first * first) / 2);
  return first - u / (1 + (first * u) / 2);
}

function acklam(p: number): number {
  const tail = Math.min(p, 1 - p);
  if (tail < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(tail));
    const top =
      ((((-7.784894002430293e-3 * q - 0.3223964580411365) * q - 2.400758277161838) * q - 2.549732539343734) * q +
        4.374664141464968) *
        q +
      2.938163982698783;
    const bottom =
      (((7.784695709041462e-3 * q + 0.3224671290700398) * q + 2.445134137142996) * q + 3.754408661907416) * q + 1;
    return p < 0.5 ? top / bottom : -top / bottom;
  }
  const q = p - 0.5;
  const r = q * q;
  const top =
    (((((-39.69683028665376 * r + 220.9460984245205) * r - 275.9285104469687) * r + 138.357751867269) * r -
      30.66479806614716) *
      r +
      2.506628277459239) *
    q;
  const bottom =
    ((((-54.47609879822406 * r + 161.5858368580409) * r - 155.6989798598866) * r + 66.80131188771972) * r -
      13.28068155288572) *
      r +
    1;
  return top / bottom;
}

/** Share of the standard normal distribution below `z`; absolute error below 1e-15 (series and continued fraction). */
export function normalBelow(z: number): number {
  const x = Math.abs(z);
  if (x > 38) return z > 0 ? 1 : 0;
  const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  let upper: number;
  if (x < 3) {
    let term = x;
    let sum = x;
    for (let k = 1; k < 200 && Math.abs(term) > 1e-17 * sum; k++) {
      term *= (x * x) / (2 * k + 1);
      sum += term;
    }
    upper = 0.5 - density * sum;
  } else {
    let fraction = x;
    for (let k = 60; k > 0; k--) fraction = x + k / fraction;
    upper = density / fraction;
  }
  return z > 0 ? 1 - upper : upper;
}

/**
 * Wilson score interval of a share (Wilson 1927): stays inside 0–1 and has near its nominal coverage also for few or
 * rare outcomes, unlike rate ± z · error. `level` 0.9 leaves 5 % at each end. With no trials 0–1 and rate `NaN`.
 */
export function wilson(outcomes: number, trials: number, level = 0.9): RateInterval {
  if (trials <= 0) return { rate: Number.NaN, low: 0, high: 1 };
  const z = normalQuantile((1 + level) / 2);
  const rate = outcomes / trials;
  const middle = (rate + (z * z) / (2 * trials)) / (1 + (z * z) / trials);
  const half = (z * Math.sqrt((rate * (1 - rate)) / trials + (z * z) / (4 * trials * trials))) / (1 + (z * z) / trials);
  return {
    rate,
    low: outcomes === 0 ? 0 : Math.max(0, middle - half),
    high: outcomes === trials ? 1 : Math.min(1, middle + half),
  };
}

/**
 * Exact interval of the mean of a Poisson count (Garwood 1936): the means under which a count so high, or so low, has a
 * probability of at least (1 − `level`) ÷ 2. Of 0 it begins at 0 and ends at −ln((1 − level) ÷ 2), 3.0 at 90 %.
 * @param count whole, ≥ 0
 */
export function poissonInterval(count: number, level = 0.9): { readonly low: number; readonly high: number } {
  const tail = (1 - level) / 2;
  const atMost = (k: number, mean: number): number => {
    let term = Math.exp(-mean);
    let sum = term;
    for (let i = 1; i <= k; i++) {
      term *= mean / i;
      sum += term;
    }
    return sum;
  };
  /** The mean at which `chance`, which falls with the mean, is `wanted`. */
  const meanAt = (wanted: number, chance: (mean: number) => number): number => {
    let [low, high] = [0, 4 * count + 20];
    for (let step = 0; step < 60; step++) {
      const middle = (low + high) / 2;
      if (chance(middle) > wanted) low = middle;
      else high = middle;
    }
    return (low + high) / 2;
  };
  return {
    low: count === 0 ? 0 : meanAt(1 - tail, (mean) => atMost(count - 1, mean)),
    high: meanAt(tail, (mean) => atMost(count, mean)),
  };
}

/** Difference of two independent shares (first − second). */
export interface DifferenceInterval {
  readonly difference: number;
  readonly low: number;
  readonly high: number;
}

/** Newcombe's hybrid score interval of a difference of shares (Newcombe 1998, method 10): Wilson's on both sides. */
export function newcombe(
  outcomesA: number,
  trialsA: number,
  outcomesB: number,
  trialsB: number,
  level = 0.9,
): DifferenceInterval {
  const a = wilson(outcomesA, trialsA, level);
  const b = wilson(outcomesB, trialsB, level);
  const difference = a.rate - b.rate;
  return {
    difference,
    low: difference - Math.hypot(a.rate - a.low, b.high - b.rate),
    high: difference + Math.hypot(a.high - a.rate, b.rate - b.low),
  };
}

/** Outcomes and trials of one group. */
export interface Count {
  readonly outcomes: number;
  readonly trials: number;
}

/**
 * Strength of the prior that a set of groups suggests, in trials: the a + b of a beta distribution of true rates around
 * the common one, by the method of moments (Kleinman 1973). Groups that differ no more than chance give
 * `Infinity` (they are one group); never below 1, so that a rate from few trials is not taken at its word; `fallback`
 * when fewer than two groups have trials.
 */
export function priorStrength(groups: readonly Count[], fallback = 20): number {
  const used = groups.filter((group) => group.trials > 0);
  const trials = used.reduce((sum, group) => sum + group.trials, 0);
  if (used.length < 2) return fallback;
  const mean = used.reduce((sum, group) => sum + group.outcomes, 0) / trials;
  if (mean <= 0 || mean >= 1) return Number.POSITIVE_INFINITY;
  const spread = used.reduce((sum, group) => sum + group.trials * (group.outcomes / group.trials - mean) ** 2, 0);
  const squares = used.reduce((sum, group) => sum + group.trials ** 2, 0);
  // E[spread] = mean (1 − mean) · ((k − 1) + ρ · (N − Σn²/N − (k − 1))), with ρ = 1 ÷ (strength + 1).
  const excess = spread / (mean * (1 - mean)) - (used.length - 1);
  const room = trials - squares / trials - (used.length - 1);
  if (excess <= 0 || room <= 0) return Number.POSITIVE_INFINITY;
  return Math.max(1, room / excess - 1);
}

/** The rate of a group pulled toward `toward` by `strength` imaginary trials. */
export function shrink(group: Count, toward: number, strength: number): number {
  if (strength === Number.POSITIVE_INFINITY) return toward;
  return group.trials + strength > 0 ? (group.outcomes + strength * toward) / (group.trials + strength) : toward;
}

/** A cell of a two-level table: groups inside segments inside the whole. */
export interface ShrunkRates {
  readonly whole: number;
  readonly segments: Readonly<Record<string, number>>;
  /** In the order of the input. */
  readonly groups: readonly number[];
}

/**
 * Rates of small groups, shrunk toward their segment's rate, itself shrunk toward the whole (beta-binomial, strengths
 * learnt from how much the groups and segments really differ). The whole is Jeffreys' (outcomes + ½) ÷ (trials + 1), so
 * that it is never exactly 0 or 1.
 */
export function shrinkRates(groups: readonly (Count & { readonly segment: string })[]): ShrunkRates {
  const totals = new Map<string, { outcomes: number; trials: number }>();
  let outcomes = 0;
  let trials = 0;
  for (const group of groups) {
    const total = totals.get(group.segment) ?? { outcomes: 0, trials: 0 };
    total.outcomes += group.outcomes;
    total.trials += group.trials;
    totals.set(group.segment, total);
    outcomes += group.outcomes;
    trials += group.trials;
  }
  const whole = (outcomes + 0.5) / (trials + 1);
  const between = priorStrength([...totals.values()]);
  const segments: Record<string, number> = {};
  const within = new Map<string, number>();
  for (const [segment, total] of [...totals].sort(([a], [b]) => (a < b ? -1 : 1))) {
    segments[segment] = shrink(total, whole, between);
    within.set(segment, priorStrength(groups.filter((group) => group.segment === segment)));
  }
  return {
    whole,
    segments,
    groups: groups.map((group) =>
      shrink(group, segments[group.segment] as number, within.get(group.segment) as number),
    ),
  };
}
