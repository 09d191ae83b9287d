import type { Ranked } from './ranked.ts';

/** Smallest double step at 1: probabilities are kept this far from 0 and 1, as scikit-learn does for doubles. */
export const PROBABILITY_FLOOR = Number.EPSILON;

/** −ln of the probability given to what happened, in nats; `probability` is kept within the floor. */
export function logLossOf(probability: number, label: number): number {
  const p = Math.min(Math.max(probability, PROBABILITY_FLOOR), 1 - PROBABILITY_FLOOR);
  return label === 1 ? -Math.log(p) : -Math.log(1 - p);
}

/** Log loss of each row, in nats. */
export function logLosses(probability: Float64Array, label: ArrayLike<number>): Float64Array {
  const out = new Float64Array(probability.length);
  for (let i = 0; i < out.length; i++) out[i] = logLossOf(probability[i] as number, label[i] as number);
  return out;
}

/** Mean log loss in nats, ≥ 0. `NaN` when no row has weight. */
export function logLoss(ranked: Ranked): number {
  const { weight, rowCount } = ranked;
  const losses = lossesOf(ranked);
  let sum = 0;
  let all = 0;
  for (let i = 0; i < rowCount; i++) {
    const w = weight[i] as number;
    if (w === 0) continue;
    sum += w * (losses[i] as number);
    all += w;
  }
  return sum / all;
}

/** Log loss of each place; kept with the ranking, because it does not depend on the weights. */
function lossesOf({ score, label, known }: Ranked): Float64Array {
  known.losses ??= logLosses(score, label);
  return known.losses;
}

/** Brier score: mean squared distance of probability and outcome, 0–1. */
export function brier(ranked: Ranked): number {
  return meanSquare(ranked, ranked.score);
}

/**
 * 1 − Brier ÷ Brier of the reference: 1 is perfect, 0 no better than the reference, below 0 worse. The reference is
 * `reference` where given (the base rate known at each origin: the honest one), else the rate of these very rows. `NaN`
 * where the reference is never wrong (without `reference`: one class only), since nothing can be measured against it.
 */
export function brierSkill(ranked: Ranked): number {
  const reference = ranked.reference ?? new Float64Array(ranked.rowCount).fill(meanOf(ranked, ranked.label));
  const rival = meanSquare(ranked, reference);
  return rival > 0 ? 1 - meanSquare(ranked, ranked.score) / rival : Number.NaN;
}

function meanSquare(ranked: Ranked, probability: Float64Array): number {
  const { label, weight, rowCount } = ranked;
  let sum = 0;
  let all = 0;
  for (let i = 0; i < rowCount; i++) {
    const w = weight[i] as number;
    const gap = (probability[i] as number) - (label[i] as number);
    sum += w * gap * gap;
    all += w;
  }
  return sum / all;
}

function meanOf(ranked: Ranked, values: Float64Array): number {
  const { weight, rowCount } = ranked;
  let sum = 0;
  let all = 0;
  for (let i = 0; i < rowCount; i++) {
    const w = weight[i] as number;
    sum += w * (values[i] as number);
    all += w;
  }
  return sum / all;
}

/** Calibration in the large: mean probability − outcome rate. Above 0 the model sees too much risk. Best is 0. */
export function calibrationInTheLarge(ranked: Ranked): number {
  return meanOf(ranked, ranked.score) - meanOf(ranked, ranked.label);
}

/** Expected lost money − lost money, as a share of all money: calibration in the large weighted by amount. Best is 0. */
export function arrCalibration(ranked: Ranked): number {
  const { score, label, weight, amount, rowCount } = ranked;
  if (amount === undefined) throw new Error('this metric needs the amount of each row');
  let gap = 0;
  let all = 0;
  for (let i = 0; i < rowCount; i++) {
    const money = (weight[i] as number) * (amount[i] as number);
    gap += money * ((score[i] as number) - (label[i] as number));
    all += money;
  }
  return gap / all;
}

/** One group of the reliability table. */
export interface ReliabilityBin {
  readonly weight: number;
  readonly mean_probability: number;
  readonly outcome_rate: number;
}

/**
 * Reliability table with quantile bins: edge b is the smallest score whose cumulated weight reaches b ÷ `bins` of the
 * whole (inverted distribution function, as `numpy.quantile(method="inverted_cdf", weights=…)`); a row belongs to the
 * first bin whose edge is not below its score, so that equal scores share one bin. Empty bins are left out. Lowest first.
 */
export function reliability(ranked: Ranked, bins = 10): ReliabilityBin[] {
  const out: ReliabilityBin[] = [];
  eachBin(ranked, bins, (size, probability, outcome) => {
    out.push({ weight: size, mean_probability: probability / size, outcome_rate: outcome / size });
  });
  return out;
}

/** The bins of `reliability`: sums of weight, weight · probability and weight · outcome of each, lowest scores first. */
function eachBin(
  ranked: Ranked,
  bins: number,
  visit: (size: number, probability: number, outcome: number) => void,
): void {
  const { score, label, weight, tieEnds, rowCount } = ranked;
  let all = 0;
  for (let i = 0; i < rowCount; i++) all += weight[i] as number;
  // The tolerance keeps a sum of weights that is an edge in exact arithmetic on its side of the edge.
  const slack = 1e-9 * all;
  let reached = 0;
  let size = 0;
  let probability = 0;
  let outcome = 0;
  let bin = 1;
  for (let g = tieEnds.length - 1; g >= 0; g--) {
    const end = tieEnds[g] as number;
    const start = g === 0 ? 0 : (tieEnds[g - 1] as number);
    for (let i = start; i < end; i++) {
      const w = weight[i] as number;
      size += w;
      reached += w;
      probability += w * (score[i] as number);
      outcome += w * (label[i] as number);
    }
    if (g > 0 && reached * bins < bin * all - slack) continue;
    while (bin < bins && reached * bins >= bin * all - slack) bin++;
    if (size > 0) visit(size, probability, outcome);
    size = 0;
    probability = 0;
    outcome = 0;
  }
}

/** Bin of `reliability` that each place of the ranking falls into, from 0 for the lowest scores. */
export function binsOf(ranked: Ranked, bins = 10): Int32Array {
  const { weight, tieEnds, rowCount } = ranked;
  const table = reliability(ranked, bins);
  const out = new Int32Array(rowCount);
  let bin = 0;
  let size = 0;
  for (let g = tieEnds.length - 1; g >= 0; g--) {
    for (let i = g === 0 ? 0 : (tieEnds[g - 1] as number); i < (tieEnds[g] as number); i++) {
      out[i] = bin;
      size += weight[i] as number;
    }
    // Added up in the order of `reliability`, so that the sums are equal to the last digit.
    if (size !== table[bin]?.weight || bin === table.length - 1) continue;
    bin++;
    size = 0;
  }
  return out;
}

/**
 * Expected calibration error: mean distance of mean probability and outcome rate over quantile bins (`reliability`),
 * weighted by bin size, 0–1. Quantile bins, because equal-width bins are nearly empty at low base rates. It is biased
 * upward in small samples: read it with its interval (`bootstrapMetrics`), which is corrected for it.
 */
export function expectedCalibrationError(ranked: Ranked, bins = 10): number {
  let sum = 0;
  let all = 0;
  eachBin(ranked, bins, (size, probability, outcome) => {
    sum += size * Math.abs(probability / size - outcome / size);
    all += size;
  });
  return sum / all;
}

/**
 * A metric that is made of weighted sums over the rows. Whoever weighs the rows many times over adds the terms up by account
 * once (`statisticsOf`); the value is that of the metric but for the order its sums are taken in.
 */
export interface RowSums {
  /** What each place of the ranking adds to each sum at weight 1; undefined where this metric's value is no such matter. */
  readonly terms: (ranked: Ranked) => readonly Float64Array[] | undefined;
  /** The metric of the weighted sums of its terms, which stand in `sums` from place `at`. */
  readonly value: (sums: Float64Array, at: number) => number;
  /** Of a metric that is a mean over the rows: what each place adds to it. */
  readonly perRow?: (ranked: Ranked) => Float64Array;
}

const ratio = (sums: Float64Array, at: number): number => (sums[at] as number) / (sums[at + 1] as number);
const ones = ({ rowCount }: Ranked): Float64Array => new Float64Array(rowCount).fill(1);
const squares = ({ label }: Ranked, probability: Float64Array): Float64Array =>
  probability.map((p, i) => (p - (label[i] as number)) ** 2);

const mean = (perRow: (ranked: Ranked) => Float64Array): RowSums => ({
  terms: (ranked) => [perRow(ranked), ones(ranked)],
  value: ratio,
  perRow,
});

/** The probability metrics that are such sums, by the name of the metric. */
export const ROW_SUMS: Readonly<Record<string, RowSums>> = {
  log_loss: mean(lossesOf),
  brier: mean((ranked) => squares(ranked, ranked.score)),
  brier_skill: {
    // Without a reference the rate of the very rows that are drawn is held against it.
    terms: (ranked) =>
      ranked.reference === undefined ? undefined : [squares(ranked, ranked.score), squares(ranked, ranked.reference)],
    value: (sums, at) => ((sums[at + 1] as number) > 0 ? 1 - ratio(sums, at) : Number.NaN),
  },
  calibration_in_the_large: mean(({ score, label }) => score.map((p, i) => p - (label[i] as number))),
  arr_calibration: {
    terms: ({ amount, score, label }) =>
      amount === undefined
        ? undefined
        : [amount.map((money, i) => money * ((score[i] as number) - (label[i] as number))), amount],
    value: ratio,
  },
};
