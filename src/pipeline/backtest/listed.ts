import type { BacktestFigure } from '../../contract/backtest.ts';
import { dayNumber } from '../../lib/dates.ts';
import { forkRandom } from '../../lib/random.ts';
import { clustersOf, drawCounts, quantileOf } from '../../models/metrics/bootstrap.ts';
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
  for (const [account, { shown }] of stories) {
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
    ...ratioOf(data, seed, metric),
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

/** Σ top ÷ Σ bottom with its 90 % interval over redrawn accounts. */
export function ratioOf(
  { top, bottom, account }: Ratio,
  seed: number,
  purpose: string,
): Pick<BacktestFigure, 'value' | 'low' | 'high' | 'standard_error'> {
  if (bottom.length === 0) return { value: null, low: null, high: null, standard_error: null };
  const ids = new Map([...new Set(account)].sort().map((id, k) => [id, k]));
  const clusters = clustersOf(Int32Array.from(account, (id) => ids.get(id) as number));
  const value = (counts?: Uint16Array): number => {
    let over = 0;
    let under = 0;
    for (let i = 0; i < bottom.length; i++) {
      const times = counts === undefined ? 1 : (counts[clusters.of[i] as number] as number);
      over += times * (top[i] as number);
      under += times * (bottom[i] as number);
    }
    return over / under;
  };
  const random = forkRandom(seed, `listed ${purpose}`);
  const counts = new Uint16Array(clusters.count);
  const values: number[] = [];
  for (let r = 0; r < REPLICATES; r++) {
    const drawn = value(drawCounts(clusters.count, random, counts));
    if (!Number.isNaN(drawn)) values.push(drawn);
  }
  values.sort((a, b) => a - b);
  const mean = values.reduce((sum, drawn) => sum + drawn, 0) / values.length;
  const spread = Math.sqrt(
    values.reduce((sum, drawn) => sum + (drawn - mean) ** 2, 0) / Math.max(1, values.length - 1),
  );
  return { value: value(), low: quantileOf(values, 0.05), high: quantileOf(values, 0.95), standard_error: spread };
}
