import { sampleStandardDeviation } from 'simple-statistics';
import type { BacktestFigure } from '../../contract/backtest.ts';
import { normalQuantile } from '../interval.ts';
import { quantileOf } from '../metrics/bootstrap.ts';

/** Intervals of figures hold this much: a one-sided 95 % at each end. */
const LEVEL = 0.9;

/** How far two figures of one metric lie apart, and how sure that is. */
export interface FigureDifference {
  /** a − b. */
  readonly value: number;
  /** Ends of the 90 % interval; null where neither way of making one is open. */
  readonly low: number | null;
  readonly high: number | null;
  readonly standard_error: number | null;
  /**
   * `paired`: draw by draw over the same redrawn accounts, so that what both share cancels. `independent`: the errors of
   * both added in squares, too wide where the rows are nearly the same. `none`: a figure has no error.
   */
  readonly method: 'paired' | 'independent' | 'none';
}

type Measured = Pick<BacktestFigure, 'value' | 'standard_error' | 'draws'>;

/** Difference of two figures with a value; `null` when one has none. Paired where both carry draws of the same rows. */
export function figureDifference(a: Measured, b: Measured): FigureDifference | null {
  if (a.value === null || b.value === null) return null;
  const value = a.value - b.value;
  const pairs = pairedDraws(a, b);
  if (pairs !== undefined) {
    const sorted = pairs.toSorted((x, y) => x - y);
    const [low, high] = [quantileOf(sorted, (1 - LEVEL) / 2), quantileOf(sorted, (1 + LEVEL) / 2)];
    return { value, low, high, standard_error: sampleStandardDeviation(pairs), method: 'paired' };
  }
  if (a.standard_error === null || b.standard_error === null) {
    return { value, low: null, high: null, standard_error: null, method: 'none' };
  }
  const error = Math.hypot(a.standard_error, b.standard_error);
  const reach = normalQuantile((1 + LEVEL) / 2) * error;
  return { value, low: value - reach, high: value + reach, standard_error: error, method: 'independent' };
}

/** Draw-by-draw differences; draws in which either figure has no value are left out. */
function pairedDraws(a: Measured, b: Measured): number[] | undefined {
  if (a.draws === undefined || b.draws === undefined || a.draws.rows !== b.draws.rows) return undefined;
  const other = b.draws.values;
  const differences = a.draws.values.flatMap((value, i) => {
    const rival = other[i];
    return value === null || rival === null || rival === undefined ? [] : [value - rival];
  });
  return differences.length < 2 ? undefined : differences;
}
