import { historyOf, levels, liveAccounts, type Movement, segmentMovement } from './change-level.ts';
import { empiricalInflation, fitSpread, type Spread, seasonVariance } from './change-spread.ts';
import { normalCritical, normalTwoSided, studentCritical, studentTwoSided } from './distributions.ts';

/** One count of every account over non-overlapping windows of 28 days. */
export interface ChangeMetric {
  /** Name that comes back with the result, e.g. `event_count`. */
  readonly metric: string;
  /** `values[account * windowCount + window]`, counts ≥ 0, window 0 the newest; absent windows are 0, not missing. */
  readonly values: Float64Array;
}

/** The whole book on one day. */
export interface ChangeBook {
  readonly accountCount: number;
  /** Windows held for each account; 14 lets the same weeks of last year be seen (window 13). */
  readonly windowCount: number;
  /** Segment index of each account. */
  readonly segment: Int32Array;
  /** Days up to the newest window's end in which both the account and the usage feed existed. */
  readonly knownDays: Float64Array;
  readonly metrics: readonly ChangeMetric[];
}

export interface ChangeSettings {
  /** Share of facts that may be false, over the whole book and all metrics (Benjamini–Hochberg). */
  readonly falseRate: number;
  readonly windowDays: number;
  /** Younger accounts have no trend. */
  readonly minDays: number;
  /** Earlier windows needed to judge an account by its own spread. */
  readonly minHistory: number;
  /** Weight of a window halves with each so many windows of age: 3 windows are 12 weeks. */
  readonly halfLifeWindows: number;
  /** How many windows back the same weeks of last year lie (13 × 28 = 364 days). */
  readonly yearWindows: number;
  /** Accounts with use needed in a segment to estimate its movement; fewer take the whole book's. */
  readonly minPeers: number;
  /** Accounts with a history needed to estimate how spreads differ between accounts. */
  readonly minSpreads: number;
  /** Earlier windows that are judged like the newest, to learn how far statistics reach when nothing is new. */
  readonly rehearsals: number;
  /** Smallest |log ratio| worth a fact: a quarter fewer, or a third more. */
  readonly minEffect: number;
}

export const CHANGE_DEFAULTS: ChangeSettings = {
  falseRate: 0.05,
  windowDays: 28,
  minDays: 56,
  minHistory: 6,
  halfLifeWindows: 3,
  yearWindows: 13,
  minPeers: 20,
  minSpreads: 10,
  rehearsals: 4,
  minEffect: Math.log(4 / 3),
};

/** What one metric does; arrays hold one value an account, `NaN` where the account has no trend. */
export interface MetricChange {
  readonly metric: string;
  readonly nowValue: Float64Array;
  /** What the account's own past, its segment's movement and last year's season lead to expect. */
  readonly expectedValue: Float64Array;
  /** Range that holds 19 of 20 windows of an unchanged account. */
  readonly lowValue: Float64Array;
  readonly highValue: Float64Array;
  /** ln((now + 1) ÷ (expected + 1)). */
  readonly effect: Float64Array;
  readonly pValue: Float64Array;
  readonly qValue: Float64Array;
  readonly isFact: Uint8Array;
  /** Earlier windows the judgement rests on. */
  readonly historyWindows: Int32Array;
  readonly fit: SpreadFit;
}

/** What was learned from the whole book. */
export interface SpreadFit {
  /** Scale of the prior of the variance ratio, and its degrees of freedom (0 = no prior, `Infinity` = one spread for all). */
  readonly priorScale: number;
  readonly priorDf: number;
  /** Variance of log1p beyond that of a Poisson count. */
  readonly dispersion: number;
  /** Variance of accounts' own yearly seasons; 0 when none shows. */
  readonly seasonVariance: number;
  /** Factors by which the book's statistics reach further down and up than theory says, at least 1. */
  readonly inflationDown: number;
  readonly inflationUp: number;
  readonly testedCount: number;
}

/**
 * Finds the accounts whose newest window lies outside what their own history does. Counts enter as x = ln(1 + count).
 *
 * 1. The segment's movement of each window (median over its accounts with use of x less the account's own level) is
 *    taken out, so that a holiday or an outage that all share is nobody's change.
 * 2. Level and spread: mean and variance of the account's 12 windows before the newest, a window's weight halving
 *    every 12 weeks.
 * 3. With 13 months of data the account's deviation in the same weeks of last year moves the expectation by
 *    τ² ÷ (τ² + variance), τ² the variance of accounts' own seasons, estimated from the covariance of both deviations.
 * 4. The variance is moderated as in limma (Smyth 2004): relative to what the level leads to expect (Poisson part and
 *    over-dispersion of the book), it is shrunk toward the book's with prior degrees of freedom estimated from the
 *    spread of the log variances. Accounts with fewer than six earlier windows take their segment's.
 * 5. Student's t with the variance of a prediction, as a normal score. Its reach is measured, not assumed (empirical
 *    null, Efron 2004): the four windows before the newest are judged the same way, each from what came before it, and
 *    where the book's statistics reach further down or up than theory (half-percent quantiles; spread of the newest
 *    window), they are divided by that factor. It takes up autocorrelation, skew and heavy tails. Two-sided p.
 * 6. Benjamini–Hochberg over all accounts and metrics; a fact has q ≤ `falseRate` and |effect| ≥ `minEffect`.
 *
 * A plain count test (Poisson) is no rival: usage comes in clusters and it calls a quarter of all readings a change.
 * Fewer than `minSpreads` accounts with a history: no prior, the account's own spread and an ordinary t-test.
 */
export function detectChanges(book: ChangeBook, settings: ChangeSettings = CHANGE_DEFAULTS): readonly MetricChange[] {
  const found = book.metrics.map((metric) => judge(book, metric, settings));
  const all = new Float64Array(book.accountCount * found.length);
  for (const [j, change] of found.entries()) all.set(change.pValue, j * book.accountCount);
  const adjusted = benjaminiHochberg(all);
  return found.map((change, j) => {
    const qValue = adjusted.slice(j * book.accountCount, (j + 1) * book.accountCount);
    const isFact = new Uint8Array(book.accountCount);
    for (let i = 0; i < book.accountCount; i++) {
      const isStrong = Math.abs(change.effect[i] as number) >= settings.minEffect;
      isFact[i] = isStrong && (qValue[i] as number) <= settings.falseRate ? 1 : 0;
    }
    return { ...change, qValue, isFact };
  });
}

/** Adjusted p-values (Benjamini & Hochberg 1995), in the order given; `NaN` stays and does not count. */
export function benjaminiHochberg(pValues: Float64Array): Float64Array {
  const order = Array.from(pValues.keys()).filter((i) => !Number.isNaN(pValues[i]));
  order.sort((a, b) => (pValues[a] as number) - (pValues[b] as number) || a - b);
  const out = new Float64Array(pValues.length).fill(Number.NaN);
  let smallest = 1;
  for (let rank = order.length; rank >= 1; rank--) {
    const i = order[rank - 1] as number;
    smallest = Math.min(smallest, ((pValues[i] as number) * order.length) / rank);
    out[i] = smallest;
  }
  return out;
}

/** What the level of a window leads to expect of the count after it, and how far from it the count lies. */
interface Judgement {
  /** Expected ln(1 + count) less the segment's movement. */
  readonly expected: Float64Array;
  readonly se: Float64Array;
  readonly df: Float64Array;
  /** Normal score of the deviation; `NaN` where the account is not tested. */
  readonly z: Float64Array;
  readonly spread: Spread;
  readonly season: number;
}

function judge(book: ChangeBook, metric: ChangeMetric, settings: ChangeSettings): MetricChange {
  const { accountCount, windowCount } = book;
  const x = Float64Array.from(metric.values, (value) => Math.log1p(value));
  const history = historyOf(book, settings);
  const isLive = liveAccounts(book, metric.values, history);
  const rawMean = levels(book, x, history, settings).mean;
  const movement = segmentMovement(book, x, rawMean, history, isLive, settings);
  for (let i = 0; i < accountCount; i++) {
    for (let k = 0; k < windowCount; k++) {
      const at = i * windowCount + k;
      x[at] = (x[at] as number) - movement.shift(book.segment[i] as number, k);
    }
  }
  const judged = (offset: number) => judgeWindow(book, x, rawMean, history, isLive, movement, offset, settings);
  const now = judged(0);
  const past = Array.from({ length: settings.rehearsals }, (_, index) => judged(index + 1).z);
  const inflation = empiricalInflation(now.z, past);

  const result = emptyChange(metric.metric, accountCount, history);
  const critical = new Map<number, number>();
  let testedCount = 0;
  for (let i = 0; i < accountCount; i++) {
    if ((history[i] as number) < 1) continue;
    const expected = now.expected[i] as number;
    const shift = movement.shift(book.segment[i] as number, 0);
    result.nowValue[i] = metric.values[i * windowCount] as number;
    result.expectedValue[i] = Math.max(0, Math.expm1(expected + shift));
    result.effect[i] = (x[i * windowCount] as number) - expected;
    const z = now.z[i] as number;
    if (Number.isNaN(z)) continue;
    testedCount++;
    result.pValue[i] = normalTwoSided(z / (z < 0 ? inflation.down : inflation.up));
    const df = now.df[i] as number;
    const reach = (critical.get(df) ?? studentCritical(0.05, df)) * (now.se[i] as number);
    critical.set(df, reach / (now.se[i] as number));
    result.lowValue[i] = Math.max(0, Math.expm1(expected + shift - reach * inflation.down));
    result.highValue[i] = Math.max(0, Math.expm1(expected + shift + reach * inflation.up));
  }
  const fit = {
    ...now.spread.fit,
    seasonVariance: now.season,
    inflationDown: inflation.down,
    inflationUp: inflation.up,
    testedCount,
  };
  return { ...result, fit };
}

/** Judges window `offset` by the windows before it. */
function judgeWindow(
  book: ChangeBook,
  x: Float64Array,
  rawMean: Float64Array,
  history: Int32Array,
  isLive: Uint8Array,
  movement: Movement,
  offset: number,
  settings: ChangeSettings,
): Judgement {
  const { accountCount, windowCount } = book;
  const left = history.map((windows) => Math.max(0, windows - offset));
  const level = levels(book, x, left, settings, offset);
  const spread = fitSpread(book, level, rawMean, left, isLive, settings);
  const season = offset === 0 ? seasonVariance(book, x, level, history, isLive, settings) : 0;
  const missing = () => new Float64Array(accountCount).fill(Number.NaN);
  const judgement = { expected: missing(), se: missing(), df: missing(), z: missing(), spread, season };
  for (let i = 0; i < accountCount; i++) {
    if ((left[i] as number) < 1) continue;
    const mean = level.mean[i] as number;
    let expected = mean;
    let noise = spread.variance[i] as number;
    noise *= 1 + (level.leverage[i] as number) + movement.leverage(book.segment[i] as number);
    if (season > 0 && (history[i] as number) >= settings.yearWindows) {
      const last = x[i * windowCount + settings.yearWindows] as number;
      const share = season / (season + noise);
      expected += share * (last - mean);
      noise += season * (1 - share);
    }
    judgement.expected[i] = expected;
    if (isLive[i] === 0 || !(noise > 0)) continue;
    const se = Math.sqrt(noise);
    const df = spread.df[i] as number;
    const t = ((x[i * windowCount + offset] as number) - expected) / se;
    judgement.se[i] = se;
    judgement.df[i] = df;
    judgement.z[i] = Math.sign(t) * normalCritical(studentTwoSided(t, df));
  }
  return judgement;
}

function emptyChange(metric: string, count: number, history: Int32Array): Omit<MetricChange, 'fit'> {
  const missing = () => new Float64Array(count).fill(Number.NaN);
  return {
    metric,
    nowValue: missing(),
    expectedValue: missing(),
    lowValue: missing(),
    highValue: missing(),
    effect: missing(),
    pValue: missing(),
    qValue: missing(),
    isFact: new Uint8Array(count),
    historyWindows: history,
  };
}
