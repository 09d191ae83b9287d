import { joined } from '../lib/numbers.ts';
import type { ChangeBook, ChangeSettings, SpreadFit } from './change.ts';
import type { Level } from './change-level.ts';
import { meanOf, median } from './change-statistics.ts';
import { digamma, inverseTrigamma, trigamma } from './distributions.ts';

export interface Spread {
  /** Moderated variance of one window, and its degrees of freedom. */
  readonly variance: Float64Array;
  readonly df: Float64Array;
  readonly fit: Pick<SpreadFit, 'priorScale' | 'priorDf' | 'dispersion'>;
}

export function fitSpread(
  book: ChangeBook,
  level: Level,
  rawMean: Float64Array,
  history: Int32Array,
  isLive: Uint8Array,
  settings: ChangeSettings,
): Spread {
  const { accountCount } = book;
  const used: number[] = [];
  for (let i = 0; i < accountCount; i++)
    if (isLive[i] === 1 && (history[i] as number) >= settings.minHistory) used.push(i);
  const poisson = (i: number): number => {
    const count = Math.expm1(rawMean[i] as number);
    return count / (1 + count) ** 2;
  };
  const beyond = Float64Array.from(used, (i) => Math.max(0, (level.variance[i] as number) - poisson(i)));
  // A hundredth in standard deviation: no count series is steadier than that for good.
  const dispersion = Math.max(1e-4, used.length === 0 ? 0 : median(beyond));
  const scaleOf = (i: number): number => dispersion + poisson(i);

  const ratios = Float64Array.from(used, (i) => (level.variance[i] as number) / scaleOf(i));
  const floor = Math.max(1e-4, 0.01 * (used.length === 0 ? 1 : median(ratios)));
  const logs = Float64Array.from(used, (i, j) => {
    const half = (level.df[i] as number) / 2;
    return Math.log(Math.max(floor, ratios[j] as number)) - digamma(half) + Math.log(half);
  });
  const hasPrior = used.length >= settings.minSpreads;
  const prior = hasPrior
    ? fitPrior(
        logs,
        Float64Array.from(used, (i) => (level.df[i] as number) / 2),
      )
    : { scale: 1, df: 0 };
  const segmentFactor = hasPrior ? segmentFactors(book, used, logs, settings) : new Map<number, number>();

  const variance = new Float64Array(accountCount).fill(Number.NaN);
  const df = new Float64Array(accountCount).fill(Number.NaN);
  for (let i = 0; i < accountCount; i++) {
    if ((history[i] as number) < 1) continue;
    if ((history[i] as number) < settings.minHistory) {
      if (!hasPrior) continue;
      variance[i] = prior.scale * scaleOf(i) * (segmentFactor.get(book.segment[i] as number) ?? 1);
      df[i] = prior.df;
      continue;
    }
    const own = Math.max(floor, (level.variance[i] as number) / scaleOf(i));
    const ownDf = level.df[i] as number;
    const ratio = Number.isFinite(prior.df) ? (prior.df * prior.scale + ownDf * own) / (prior.df + ownDf) : prior.scale;
    variance[i] = ratio * scaleOf(i);
    df[i] = prior.df + ownDf;
  }
  return { variance, df, fit: { priorScale: prior.scale, priorDf: prior.df, dispersion } };
}

/** Scale and degrees of freedom of the scaled F that the log variance ratios follow (Smyth 2004, section 6.2). */
function fitPrior(logs: Float64Array, halfDf: Float64Array): { readonly scale: number; readonly df: number } {
  const centre = meanOf(logs);
  let square = 0;
  let expected = 0;
  for (let j = 0; j < logs.length; j++) {
    square += ((logs[j] as number) - centre) ** 2;
    expected += trigamma(halfDf[j] as number);
  }
  const surplus = square / (logs.length - 1) - expected / logs.length;
  if (surplus <= 0) return { scale: Math.exp(centre), df: Number.POSITIVE_INFINITY };
  const df = 2 * inverseTrigamma(surplus);
  return { scale: Math.exp(centre + digamma(df / 2) - Math.log(df / 2)), df };
}

/** How much wider or narrower a segment's accounts spread than the book's, where it has enough of them. */
function segmentFactors(
  book: ChangeBook,
  used: readonly number[],
  logs: Float64Array,
  settings: ChangeSettings,
): Map<number, number> {
  const sums = new Map<number, { sum: number; count: number }>();
  used.forEach((i, j) => {
    const segment = book.segment[i] as number;
    const entry = sums.get(segment) ?? { sum: 0, count: 0 };
    entry.sum += logs[j] as number;
    entry.count += 1;
    sums.set(segment, entry);
  });
  const centre = meanOf(logs);
  const factors = new Map<number, number>();
  for (const [segment, { sum, count }] of sums) {
    if (count >= settings.minSpreads) factors.set(segment, Math.exp(sum / count - centre));
  }
  return factors;
}

/** Variance of accounts' own seasons: what their deviations of now and of a year ago have in common, beyond doubt. */
export function seasonVariance(
  book: ChangeBook,
  x: Float64Array,
  level: Level,
  history: Int32Array,
  isLive: Uint8Array,
  settings: ChangeSettings,
): number {
  const used: number[] = [];
  for (let i = 0; i < book.accountCount; i++)
    if (isLive[i] === 1 && (history[i] as number) >= settings.yearWindows) used.push(i);
  if (used.length < settings.minPeers) return 0;
  const deviations = (window: number) =>
    winsorised(
      Float64Array.from(used, (i) => (x[i * book.windowCount + window] as number) - (level.mean[i] as number)),
    );
  const now = deviations(0);
  const past = deviations(settings.yearWindows);
  // Both deviations share the error of the level, which is no season.
  const products = Float64Array.from(
    used,
    (i, j) => (now[j] as number) * (past[j] as number) - (level.variance[i] as number) * (level.leverage[i] as number),
  );
  const mean = meanOf(products) - meanOf(now) * meanOf(past);
  let square = 0;
  for (const product of products) square += (product - mean) ** 2;
  const error = Math.sqrt(square / (products.length - 1) / products.length);
  return Math.max(0, mean - 2 * error);
}

/** Two-sided factors by which statistics reach further than theory, at least 1. */
export interface Inflation {
  readonly down: number;
  readonly up: number;
}

/**
 * The larger of two measurements: the robust spread of the newest window's scores (interquartile range ÷ 1.349, from 50
 * accounts on), and the half-percent quantiles of the scores of earlier windows (÷ 2.576, from 1,000 scores on).
 */
export function empiricalInflation(now: Float64Array, past: readonly Float64Array[]): Inflation {
  const present = sortedScores([now]);
  const spread = present.length < 50 ? 1 : (quantile(present, 0.75) - quantile(present, 0.25)) / 1.3489795;
  const rehearsed = sortedScores(past);
  const isEnough = rehearsed.length >= 1000;
  return {
    down: Math.max(1, spread, isEnough ? quantile(rehearsed, 0.005) / -2.5758293 : 1),
    up: Math.max(1, spread, isEnough ? quantile(rehearsed, 0.995) / 2.5758293 : 1),
  };
}

function sortedScores(parts: readonly Float64Array[]): Float64Array {
  return joined(parts)
    .filter((value) => !Number.isNaN(value))
    .sort();
}

function quantile(sorted: Float64Array, rate: number): number {
  return sorted[Math.round(rate * (sorted.length - 1))] as number;
}

function winsorised(values: Float64Array): Float64Array {
  const centre = median(values);
  const reach = 3 * 1.4826 * median(values.map((value) => Math.abs(value - centre)));
  return values.map((value) => Math.min(centre + reach, Math.max(centre - reach, value)));
}
