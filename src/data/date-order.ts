/** Order of day, month and year in dates written with numbers only. */
export type DateOrder = 'ymd' | 'dmy' | 'mdy';

/** What a column of date texts says about its order; see {@link detectDateOrder}. */
export interface DateOrderEvidence {
  /** The only order that every value fits; undefined where both fit or neither does. */
  readonly order: DateOrder | undefined;
  /** Values such as 13/01/2024 that only day-month-year can read. */
  readonly dayFirst: number;
  /** Values such as 01/13/2024 that only month-day-year can read. */
  readonly monthFirst: number;
  /** Values that start with a four-digit year; they fit any order. */
  readonly yearFirst: number;
  /** Values that both orders can read. */
  readonly ambiguous: number;
  /** One value that decides each way, for messages. */
  readonly dayFirstExample: string | undefined;
  readonly monthFirstExample: string | undefined;
}

const YEAR_FIRST = /^\s*\d{4}[-/.]?\d{1,2}[-/.]?\d{1,2}/;
const YEAR_LAST = /^\s*(\d{1,2})[-/.](\d{1,2})[-/.](?:\d{4}|\d{2})(?!\d)/;

/**
 * Decides the order of the dates of one file from all of its values together, never row by row: a day above 12 proves
 * which of the two numbers is the day. Values in neither form (month names, epochs, text) are ignored.
 *
 * `order` is `ymd` when only year-first values occur, `dmy` or `mdy` when values prove one and none proves the other.
 * A mixture of year-first and one other order (as spreadsheets write) gives that other order: year-first values are
 * recognised by themselves. Undefined: nothing proves an order, or values prove both.
 */
export function detectDateOrder(values: Iterable<string | null>): DateOrderEvidence {
  let [dayFirst, monthFirst, yearFirst, ambiguous] = [0, 0, 0, 0];
  let dayFirstExample: string | undefined;
  let monthFirstExample: string | undefined;
  for (const value of values) {
    if (value === null) continue;
    if (YEAR_FIRST.test(value)) {
      yearFirst++;
      continue;
    }
    const parts = YEAR_LAST.exec(value);
    if (parts === null) continue;
    const [first, second] = [Number(parts[1]), Number(parts[2])];
    if (first > 12 && first <= 31 && second <= 12) {
      dayFirst++;
      dayFirstExample ??= value;
    } else if (second > 12 && second <= 31 && first <= 12) {
      monthFirst++;
      monthFirstExample ??= value;
    } else if (first <= 12 && second <= 12) ambiguous++;
  }
  return { order: orderOf(), dayFirst, monthFirst, yearFirst, ambiguous, dayFirstExample, monthFirstExample };

  function orderOf(): DateOrder | undefined {
    if (dayFirst > 0 && monthFirst > 0) return undefined;
    if (dayFirst > 0) return 'dmy';
    if (monthFirst > 0) return 'mdy';
    return ambiguous === 0 && yearFirst > 0 ? 'ymd' : undefined;
  }
}
