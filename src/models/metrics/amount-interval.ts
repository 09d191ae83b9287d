import { normalQuantile } from '../interval.ts';
import type { Ranked } from './ranked.ts';

/** Sums over the rows of each cluster, by weight. */
interface ClusterAmounts {
  readonly amount: Float64Array;
  /** Σ amount · probability. */
  readonly expected: Float64Array;
  readonly probability: Float64Array;
  readonly outcomes: Float64Array;
  readonly weight: Float64Array;
}

/**
 * Interval of the ARR calibration, (expected − lost money) ÷ all money. A few large accounts carry most of it. A book in which none
 * of them happened to leave shows too much expected money and, redrawn, hardly any spread, because money that was not lost is
 * lost in no draw either: percentiles of draws held their truth in 74 of 100 sample companies. So the luck of outcomes is worked
 * out instead. If θ is the truth, so much money was due to be lost, and each account leaves by its own probabilities scaled to
 * that; who leaves has as many rows with the outcome as leavers of these rows had. This gives variance and skewness of what
 * accounts add, each cluster an independent draw. The interval holds the θ under which the value does not lie beyond the
 * (1 − `level`) ÷ 2 of either side (quantiles by Cornish and Fisher, 1938, to the skewness). It holds the value.
 *
 * @param cluster of each place of the ranking, 0 … `count` − 1
 * @returns `NaN` where nobody left or nothing is at stake
 */
export function amountInterval(
  ranked: Ranked,
  cluster: Int32Array,
  count: number,
  value: number,
  level: number,
): { readonly low: number; readonly high: number; readonly standard_error: number } {
  const sums = amountsOf(ranked, cluster, count);
  const leavers = sums.outcomes.reduce((all, outcomes) => all + (outcomes > 0 ? 1 : 0), 0);
  const [money, expected] = [total(sums.amount), total(sums.expected)];
  const rowsOfLeaver = total(sums.outcomes) / leavers;
  /** Money that a cluster loses over its rows if it leaves, and its chance to, before scaling. */
  const loss = sums.amount.map((amount, c) => (amount > 0 ? (amount * rowsOfLeaver) / (sums.weight[c] as number) : 0));
  const chance = sums.probability.map((p) => p / rowsOfLeaver);
  const due = loss.reduce((all, lost, c) => all + lost * (chance[c] as number), 0);
  if (Number.isNaN(value) || leavers === 0 || !(due > 0)) {
    return { low: Number.NaN, high: Number.NaN, standard_error: Number.NaN };
  }
  const spreadAt = (theta: number): { error: number; skewness: number } => {
    const scale = Math.max(0, (expected - theta * money) / due);
    let squares = 0;
    let cubes = 0;
    for (let c = 0; c < count; c++) {
      const p = Math.min(1, scale * (chance[c] as number));
      const lost = loss[c] as number;
      const mean = (sums.expected[c] as number) - p * lost - theta * (sums.amount[c] as number);
      const luck = lost * lost * p * (1 - p);
      squares += mean * mean + luck;
      cubes += mean ** 3 + 3 * mean * luck - lost * luck * (1 - 2 * p);
    }
    return { error: Math.sqrt(squares) / money, skewness: squares > 0 ? cubes / squares ** 1.5 : 0 };
  };
  /** The truth under which the value is the quantile `probability` of all values. */
  const truthAt = (probability: number): number => {
    const z = normalQuantile(probability);
    let [low, high] = [-1, 1];
    for (let step = 0; step < 50; step++) {
      const theta = (low + high) / 2;
      const { error, skewness } = spreadAt(theta);
      if (value - theta > (z + (skewness * (z * z - 1)) / 6) * error) low = theta;
      else high = theta;
    }
    return (low + high) / 2;
  };
  return {
    low: Math.min(value, truthAt((1 + level) / 2)),
    high: Math.max(value, truthAt((1 - level) / 2)),
    standard_error: spreadAt(value).error,
  };
}

function total(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function amountsOf(ranked: Ranked, cluster: Int32Array, count: number): ClusterAmounts {
  const { score, label, weight, amount, rowCount } = ranked;
  if (amount === undefined) throw new Error('this metric needs the amount of each row');
  const sums = {
    amount: new Float64Array(count),
    expected: new Float64Array(count),
    probability: new Float64Array(count),
    outcomes: new Float64Array(count),
    weight: new Float64Array(count),
  };
  const add = (to: Float64Array, c: number, value: number) => {
    to[c] = (to[c] as number) + value;
  };
  for (let i = 0; i < rowCount; i++) {
    const c = cluster[i] as number;
    const w = weight[i] as number;
    const money = w * (amount[i] as number);
    add(sums.amount, c, money);
    add(sums.expected, c, money * (score[i] as number));
    add(sums.probability, c, w * (score[i] as number));
    add(sums.outcomes, c, w * (label[i] as number));
    add(sums.weight, c, w);
  }
  return sums;
}
