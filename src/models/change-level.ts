import type { ChangeBook, ChangeSettings } from './change.ts';
import { median } from './change-statistics.ts';

/** Level and spread of one account's history, weights halving with age. */
export interface Level {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
  /** Degrees of freedom of the variance: effective number of windows less one. */
  readonly df: Float64Array;
  /** Variance of the mean in units of the spread. */
  readonly leverage: Float64Array;
}

/** Whole windows before the newest that the account lived through; 0 where it is too young for a trend. */
export function historyOf(book: ChangeBook, settings: ChangeSettings): Int32Array {
  const history = new Int32Array(book.accountCount);
  for (let i = 0; i < book.accountCount; i++) {
    const days = book.knownDays[i] as number;
    if (!(days >= settings.minDays)) continue;
    history[i] = Math.min(book.windowCount, Math.floor(days / settings.windowDays)) - 1;
  }
  return history;
}

/** 1 where any window in reach holds a count: an account that never used anything has no spread to learn from. */
export function liveAccounts(book: ChangeBook, values: Float64Array, history: Int32Array): Uint8Array {
  const isLive = new Uint8Array(book.accountCount);
  for (let i = 0; i < book.accountCount; i++) {
    if ((history[i] as number) < 1) continue;
    for (let k = 0; k <= (history[i] as number); k++)
      if ((values[i * book.windowCount + k] as number) > 0) isLive[i] = 1;
  }
  return isLive;
}

/**
 * Level and spread of the windows before window `offset`, from `history[account]` of them; a year's worth at most, the
 * window one year back being the season's witness.
 */
export function levels(
  book: ChangeBook,
  x: Float64Array,
  history: Int32Array,
  settings: ChangeSettings,
  offset = 0,
): Level {
  const { accountCount, windowCount } = book;
  const empty = () => new Float64Array(accountCount);
  const level = { mean: empty(), variance: empty(), df: empty(), leverage: empty() };
  const weights = Float64Array.from(
    { length: settings.yearWindows - 1 },
    (_, age) => 0.5 ** (age / settings.halfLifeWindows),
  );
  for (let i = 0; i < accountCount; i++) {
    const count = Math.min(history[i] as number, weights.length - offset);
    const start = i * windowCount + offset + 1;
    let sum = 0;
    let weightSum = 0;
    let squareSum = 0;
    for (let age = 0; age < count; age++) {
      const weight = weights[age] as number;
      sum += weight * (x[start + age] as number);
      weightSum += weight;
      squareSum += weight * weight;
    }
    if (weightSum === 0) continue;
    const mean = sum / weightSum;
    let deviation = 0;
    for (let age = 0; age < count; age++)
      deviation += (weights[age] as number) * ((x[start + age] as number) - mean) ** 2;
    level.mean[i] = mean;
    level.leverage[i] = squareSum / weightSum ** 2;
    level.df[i] = weightSum ** 2 / squareSum - 1;
    level.variance[i] = count < 2 ? 0 : deviation / (weightSum - squareSum / weightSum);
  }
  return level;
}

export interface Movement {
  shift(segment: number, window: number): number;
  /** Variance of the movement's estimate in units of the spread (a median costs π/2). */
  leverage(segment: number): number;
}

export function segmentMovement(
  book: ChangeBook,
  x: Float64Array,
  mean: Float64Array,
  history: Int32Array,
  isLive: Uint8Array,
  settings: ChangeSettings,
): Movement {
  const { accountCount, windowCount } = book;
  const members = new Map<number, number[]>();
  const everyone: number[] = [];
  for (let i = 0; i < accountCount; i++) {
    if (isLive[i] === 0) continue;
    everyone.push(i);
    const segment = book.segment[i] as number;
    const list = members.get(segment);
    if (list === undefined) members.set(segment, [i]);
    else list.push(i);
  }
  const shiftsOf = (accounts: readonly number[]): Float64Array => {
    const shifts = new Float64Array(windowCount);
    if (accounts.length < settings.minPeers) return shifts;
    for (let k = 0; k < windowCount; k++) {
      const present = accounts.filter((i) => k <= (history[i] as number));
      if (present.length < settings.minPeers) continue;
      shifts[k] = median(Float64Array.from(present, (i) => (x[i * windowCount + k] as number) - (mean[i] as number)));
    }
    return shifts;
  };
  const whole = shiftsOf(everyone);
  const own = new Map<number, { readonly shifts: Float64Array; readonly size: number }>();
  for (const [segment, accounts] of members) {
    if (accounts.length >= settings.minPeers) own.set(segment, { shifts: shiftsOf(accounts), size: accounts.length });
  }
  const wholeLeverage = everyone.length < settings.minPeers ? 0 : Math.PI / 2 / everyone.length;
  return {
    shift: (segment, window) => (own.get(segment)?.shifts ?? whole)[window] as number,
    leverage: (segment) => {
      const found = own.get(segment);
      return found === undefined ? wholeLeverage : Math.PI / 2 / found.size;
    },
  };
}
