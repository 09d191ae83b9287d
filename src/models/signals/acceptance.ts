import type { HealthSettings } from '../../contract/config.ts';
import type { Random } from '../../contract/model.ts';
import { type Band, plainBand } from '../bands.ts';
import { wilson } from '../interval.ts';
import { rateOverBase } from './rate-over-base.ts';

/** Closed rows of one basis with the health score each account had on the date. */
export interface HealthBook {
  readonly label: Uint8Array;
  readonly account: Int32Array;
  readonly observation_date: Int32Array;
  readonly left_days: Float64Array;
  readonly health_score: Float64Array;
  readonly has_red_fact: Uint8Array;
}

/** Whether the health score earns its bands, for one basis. Rates 0–1; null where nothing can be said. */
export interface HealthAcceptance {
  readonly churn_basis: 'leave' | 'renewal';
  readonly outcome_count: number;
  /** Accounts that left and had stood in red on a date whose horizon holds the decision. */
  readonly red_outcome_count: number;
  readonly red_rate: number | null;
  /** Outcome rate of all scored accounts on the dates of the red ones. */
  readonly base_rate: number | null;
  /** `red_rate` over `base_rate`, with its 90 % interval by account. */
  readonly red_over_base: number | null;
  readonly red_over_base_low: number | null;
  readonly red_over_base_high: number | null;
  readonly green_rate: number | null;
  /** Leavers seen 60 to 90 days before their decision, scored then, and the share of them that stood below green. */
  readonly seen_early_count: number;
  readonly below_green_early_rate: number | null;
  readonly below_green_early_low: number | null;
  readonly below_green_early_high: number | null;
  /** Share of scored rows that are green, over all dates and on the last. */
  readonly green_share: number | null;
  readonly green_share_last: number | null;
  readonly red_share: number | null;
  readonly unscored_share: number;
}

const EARLY: readonly [number, number] = [60, 90];

/**
 * The health score's own acceptance: what accounts in red did against all scored accounts of the same dates, how many
 * leavers stood below green 60 to 90 days before, and how much of the book is green. Bands are those of the score with the
 * red-fact cap (never green), without hysteresis and overrides, which the past of a panel does not have.
 */
export function healthAcceptance(
  churn_basis: 'leave' | 'renewal',
  book: HealthBook,
  bands: HealthSettings['bands'],
  random: Random,
): HealthAcceptance {
  const band = bandsOf(book, bands);
  const scored = band.filter((value) => value !== 'unscored').length;
  const share = (wanted: Band) => (scored === 0 ? null : band.filter((value) => value === wanted).length / scored);
  const last = book.observation_date.reduce((most, date) => Math.max(most, date), Number.NEGATIVE_INFINITY);
  const onLast = band.filter((value, row) => book.observation_date[row] === last && value !== 'unscored');
  const early = seenEarly(book, band);
  const below = wilson(early.below, early.seen);
  return {
    churn_basis,
    outcome_count: accountsWhere(book, () => true),
    red_outcome_count: accountsWhere(book, (row) => band[row] === 'red'),
    ...redOverBase(book, band, random),
    green_rate: rateWhere(book, (row) => band[row] === 'green'),
    seen_early_count: early.seen,
    below_green_early_rate: early.seen === 0 ? null : below.rate,
    below_green_early_low: early.seen === 0 ? null : below.low,
    below_green_early_high: early.seen === 0 ? null : below.high,
    green_share: share('green'),
    green_share_last: onLast.length === 0 ? null : onLast.filter((value) => value === 'green').length / onLast.length,
    red_share: share('red'),
    unscored_share: band.length === 0 ? 0 : 1 - scored / band.length,
  };
}

/** Band of each row by score and red-fact cap. */
export function bandsOf(
  { health_score, has_red_fact }: Pick<HealthBook, 'health_score' | 'has_red_fact'>,
  bands: HealthSettings['bands'],
): Band[] {
  return Array.from(health_score, (score, row) => {
    const plain = plainBand(score, bands);
    return plain === 'green' && has_red_fact[row] === 1 ? 'yellow' : plain;
  });
}

function accountsWhere(book: HealthBook, holds: (row: number) => boolean): number {
  const seen = new Set<number>();
  book.label.forEach((value, row) => {
    if (value === 1 && holds(row)) seen.add(book.account[row] as number);
  });
  return seen.size;
}

function rateWhere(book: HealthBook, holds: (row: number) => boolean): number | null {
  let rows = 0;
  let outcomes = 0;
  book.label.forEach((value, row) => {
    if (!holds(row)) return;
    rows++;
    outcomes += value;
  });
  return rows === 0 ? null : outcomes / rows;
}

/** Rate of red rows over the rate of all scored rows of their dates. */
function redOverBase(
  book: HealthBook,
  band: readonly Band[],
  random: Random,
): Pick<HealthAcceptance, 'red_rate' | 'base_rate' | 'red_over_base' | 'red_over_base_low' | 'red_over_base_high'> {
  const scored = Int32Array.from(band.keys()).filter((row) => band[row] !== 'unscored');
  const pick = (values: ArrayLike<number>) => Int32Array.from(scored, (row) => values[row] as number);
  const found = rateOverBase(
    {
      label: Uint8Array.from(pick(book.label)),
      account: pick(book.account),
      observation_date: pick(book.observation_date),
      is_held: Uint8Array.from(scored, (row) => (band[row] === 'red' ? 1 : 0)),
    },
    random,
  );
  return {
    red_rate: found?.rate ?? null,
    base_rate: found?.base_rate ?? null,
    red_over_base: found?.ratio ?? null,
    red_over_base_low: found?.low ?? null,
    red_over_base_high: found?.high ?? null,
  };
}

/** Decisions seen with a score 60 to 90 days ahead, and those that stood below green on every such date. */
function seenEarly(book: HealthBook, band: readonly Band[]): { seen: number; below: number } {
  const decisions = new Map<string, boolean>();
  band.forEach((value, row) => {
    const left = book.left_days[row] as number;
    if (!(left >= EARLY[0] && left <= EARLY[1]) || value === 'unscored') return;
    const key = `${book.account[row]} ${(book.observation_date[row] as number) + left}`;
    decisions.set(key, (decisions.get(key) ?? true) && value !== 'green');
  });
  return { seen: decisions.size, below: [...decisions.values()].filter(Boolean).length };
}
