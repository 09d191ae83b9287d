import type { BacktestFigure } from '../../contract/backtest.ts';
import { dayNumber } from '../../lib/dates.ts';
import { forkRandom } from '../../lib/random.ts';
import { rowsFingerprint } from '../../models/backtest-figures.ts';
import { normalQuantile, wilson } from '../../models/interval.ts';
import { quantileOf, storedDraw } from '../../models/metrics/bootstrap.ts';
import { drawCounts } from '../../models/metrics/replicates.ts';
import type { BacktestBook } from './book.ts';
import { rowKey } from './book.ts';
import type { ShownDate } from './shown.ts';

const REPLICATES = 500;

/** What became of the at-risk lists of the tested dates, as they would have been shown. */
export interface ListedFigures {
  readonly figures: readonly BacktestFigure[];
  /** Accounts that left and entered, yet were never shown in time, by the last reason before they left. */
  readonly missed: readonly { readonly why: string; readonly count: number }[];
}

interface Story {
  /** Days (since 1970) on which it was shown. */
  readonly shown: number[];
  readonly held: { readonly day: number; readonly why: string }[];
}

/**
 * Precision (of the rows shown, those that left within the horizon), recall (of the accounts that left within the horizon
 * of a tested date, those shown at such a date before), days of warning, and repeat rate (of the accounts that came onto
 * the list, those that came back after a date off it). Rows not closed are left out. Intervals draw accounts.
 */
export function listedFigures(book: BacktestBook, dates: readonly ShownDate[], seed: number): ListedFigures {
  const stories = storiesOf(dates);
  const tested = dates.map(({ asOf }) => dayNumber(asOf));
  const shownRows: Ratio = { top: [], bottom: [], account: [] };
  const caught: Ratio = { top: [], bottom: [], account: [] };
  const repeats: Ratio = { top: [], bottom: [], account: [] };
  const leads: number[] = [];
  const reasons = new Map<string, number>();
  const outcomes = outcomeRows(book);
  const known = new Set(book.ids);
  for (const [account, { shown }] of stories) {
    if (!known.has(account)) continue;
    for (const day of shown) {
      const at = book.place.get(rowKey(day, account));
      const label = at === undefined ? Number.NaN : (book.all_label[at] as number);
      if (!Number.isNaN(label)) add(shownRows, label, 1, account);
    }
    if (shown.length > 0) add(repeats, comesBack(shown, tested) ? 1 : 0, 1, account);
  }
  for (const [account, { days, left }] of outcomes) {
    const story = stories.get(account);
    const first = story?.shown.find((day) => days.includes(day));
    add(caught, first === undefined ? 0 : 1, 1, account);
    if (first !== undefined) leads.push(left - first);
    else {
      const last = story?.held.filter(({ day }) => days.includes(day)).at(-1);
      if (last !== undefined) reasons.set(last.why, (reasons.get(last.why) ?? 0) + 1);
    }
  }
  const outcome_count = outcomes.size;
  const frame = {
    prediction: 'at_risk',
    candidate: 'served',
    basis: 'all',
    rows: 'all',
    slice: 'all',
    cap: null,
  } as const;
  const ratio = (metric: string, data: Ratio): BacktestFigure => ({
    ...frame,
    metric,
    ...shareOf(data, book, seed),
    row_count: data.bottom.length,
    outcome_count,
  });
  const sorted = leads.toSorted((a, b) => a - b);
  const missed = [...reasons]
    .map(([why, count]) => ({ why, count }))
    .sort((a, b) => b.count - a.count || (a.why < b.why ? -1 : 1));
  const plain = (metric: string, value: number | null, row_count: number): BacktestFigure => ({
    ...frame,
    metric,
    value,
    low: null,
    high: null,
    standard_error: null,
    row_count,
    outcome_count,
  });
  return {
    figures: [
      ratio('precision', shownRows),
      ratio('recall', caught),
      plain('median_lead_days', sorted.length === 0 ? null : quantileOf(sorted, 0.5), sorted.length),
      ratio('repeat_rate', repeats),
      plain(
        'missed_because_held',
        missed.reduce((sum, { count }) => sum + count, 0),
        outcome_count,
      ),
    ],
    missed,
  };
}

function storiesOf(dates: readonly ShownDate[]): Map<string, Story> {
  const stories = new Map<string, Story>();
  const storyOf = (account: string): Story => {
    const story = stories.get(account) ?? { shown: [], held: [] };
    stories.set(account, story);
    return story;
  };
  for (const { asOf, shown, held } of dates) {
    for (const account of shown) storyOf(account).shown.push(dayNumber(asOf));
    for (const { account_id, why } of held) storyOf(account_id).held.push({ day: dayNumber(asOf), why });
  }
  return stories;
}

/** By account that left within the horizon of a tested date: those dates, and the day it left. */
function outcomeRows(book: BacktestBook): Map<string, { readonly days: number[]; readonly left: number }> {
  const out = new Map<string, { readonly days: number[]; readonly left: number }>();
  book.all_label.forEach((label, i) => {
    if (label !== 1) return;
    const account = book.account_id[i] as string;
    const day = book.origin[i] as number;
    const entry = out.get(account) ?? { days: [], left: day + (book.left_days[i] as number) };
    entry.days.push(day);
    out.set(account, entry);
  });
  return out;
}

/** Whether an account was shown, then not at some tested date, then shown again. */
function comesBack(shown: readonly number[], tested: readonly number[]): boolean {
  const places = shown.map((day) => tested.indexOf(day));
  return places.some((place, k) => k > 0 && place - (places[k - 1] as number) > 1);
}

/** Σ top ÷ Σ bottom over rows that each belong to an account. */
export interface Ratio {
  readonly top: number[];
  readonly bottom: number[];
  readonly account: string[];
}

function add(ratio: Ratio, top: number, bottom: number, account: string): void {
  ratio.top.push(top);
  ratio.bottom.push(bottom);
  ratio.account.push(account);
}

/** Fewer accounts than this on either side tell too little of how far draws may lie: none of five shown is not "never". */
const FEW = 10;

/** `ratioOf` of rows that each hold or do not; where few accounts do, or do not, at least as wide as Wilson's over accounts. */
function shareOf(data: Ratio, book: BacktestBook, seed: number): ReturnType<typeof ratioOf> {
  const found = ratioOf(data, book, seed);
  const { value, low, high, standard_error } = found;
  const of = (side: number) => new Set(data.account.filter((_, i) => data.top[i] === side)).size;
  if (value === null || low === null || high === null || standard_error === null) return found;
  if (Math.min(of(0), of(1)) >= FEW) return found;
  const accounts = new Set(data.account).size;
  const score = wilson(value * accounts, accounts);
  return {
    ...found,
    low: Math.min(low, score.low),
    high: Math.max(high, score.high),
    standard_error: Math.max(standard_error, (score.high - score.low) / (2 * normalQuantile(0.95))),
  };
}

/**
 * Σ top ÷ Σ bottom with its 90 % interval. All accounts of the book are redrawn, whether they have a row or not, and by the same
 * draws for every ratio of the book: what two configurations share over the same book cancels in their difference.
 */
export function ratioOf(
  { top, bottom, account }: Ratio,
  book: BacktestBook,
  seed: number,
): Pick<BacktestFigure, 'value' | 'low' | 'high' | 'standard_error' | 'draws'> {
  if (bottom.length === 0) return { value: null, low: null, high: null, standard_error: null };
  const place = new Map(book.ids.map((id, k) => [id, k]));
  const count = book.ids.length;
  const sums = { top: new Float64Array(count), bottom: new Float64Array(count) };
  account.forEach((id, i) => {
    const at = place.get(id);
    if (at === undefined) throw new Error(`the account ${id} stands in no row of the book`);
    sums.top[at] = (sums.top[at] as number) + (top[i] as number);
    sums.bottom[at] = (sums.bottom[at] as number) + (bottom[i] as number);
  });
  const ratio = (counts?: Uint16Array): number => {
    let over = 0;
    let under = 0;
    for (let at = 0; at < count; at++) {
      const times = counts === undefined ? 1 : (counts[at] as number);
      over += times * (sums.top[at] as number);
      under += times * (sums.bottom[at] as number);
    }
    return under > 0 ? over / under : Number.NaN;
  };
  const random = forkRandom(seed, 'listed');
  const counts = new Uint16Array(count);
  const drawn = Array.from({ length: REPLICATES }, () => ratio(drawCounts(count, random, counts)));
  const values = drawn.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const spread = Math.sqrt(
    values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length - 1),
  );
  const told = (value: number) => (Number.isFinite(value) ? value : null);
  return {
    value: told(ratio()),
    low: told(quantileOf(values, 0.05)),
    high: told(quantileOf(values, 0.95)),
    standard_error: told(spread),
    draws: { rows: bookFingerprint(book, seed), values: drawn.map(storedDraw) },
  };
}

/** Of accounts, dates and what became of them. */
function bookFingerprint({ account_id, origin, all_label }: BacktestBook, seed: number): string {
  return rowsFingerprint(
    account_id.map((id, i) => `${id} ${origin[i]} ${all_label[i]}`),
    seed,
  );
}
