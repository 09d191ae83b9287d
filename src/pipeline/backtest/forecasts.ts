import type { AmountForecast, Day } from '../../contract/agent.ts';
import type { BacktestFigure } from '../../contract/backtest.ts';
import { type Engine, quoteName } from '../../engine/engine.ts';
import { dayNumber } from '../../lib/dates.ts';
import { type BacktestBook, rowKey } from './book.ts';
import { ratioOf } from './listed.ts';

/** What one declared forecast said on one date. */
export interface ForecastDate {
  readonly accounts: readonly { readonly account_id: string; readonly amount: number; readonly expected: number }[];
  /** Of all together. */
  readonly low: number;
  readonly high: number;
}

/** A declared forecast, and what it said by date; dates on which it said nothing are absent. */
export interface Forecasted {
  readonly agent: string;
  readonly forecast: AmountForecast;
  readonly dates: Map<Day, ForecastDate>;
}

/** Reads what a forecast says of the date whose findings stand; undefined where its table is empty. */
export async function readForecast(engine: Engine, forecast: AmountForecast): Promise<ForecastDate | undefined> {
  const { table, amount, expected, low, high } = forecast;
  const number = (name: string) => `cast(${quoteName(name)} as double)`;
  const rows = await engine.rows(
    `select account_id, ${number(amount)} as amount, ${number(expected)} as expected, ${number(low)} as low, ${number(high)} as high
     from finding.${quoteName(table)} order by account_id nulls first`,
  );
  if (rows.length === 0) return undefined;
  const books = rows.filter((row) => row['account_id'] === null);
  const [book] = books;
  if (book === undefined || books.length > 1) {
    throw new Error(`${table} has ${books.length} rows of the whole book, not one`);
  }
  return {
    accounts: rows
      .filter((row) => row['account_id'] !== null)
      .map((row) => ({
        account_id: String(row['account_id']),
        amount: Number(row['amount']),
        expected: Number(row['expected']),
      })),
    low: Number(book['low']),
    high: Number(book['high']),
  };
}

/** By row of the book whether the outcome happened (1, 0, NaN = not known yet). */
function outcomeOf(book: BacktestBook, { outcome }: AmountForecast): Float64Array {
  // An account whose contracts have since been recorded otherwise may have no decision of its own any more.
  if (outcome === 'not_renewed') {
    return book.own_outcome.map((value, i) => (book.basis[i] === 'renewal' ? value : Number.NaN));
  }
  return outcome === 'expansion' ? book.expansion_label : book.all_label;
}

/** What became of one date's forecast, as far as it is known. */
export interface ForecastJudged {
  /** Accounts whose outcome is known: what came of the amount, 0 or all of it. */
  readonly known: readonly {
    readonly account_id: string;
    readonly amount: number;
    readonly expected: number;
    readonly came: number;
    readonly has_happened: boolean;
  }[];
  /** Sums of these. */
  readonly amount: number;
  readonly came: number;
  /** Accounts whose outcome is not known; only without any is the range judged. */
  readonly unknown: readonly string[];
  /** Where what came lies from the range; null as long as an outcome is not known, or no amount was at stake. */
  readonly verdict: 'inside' | 'below' | 'above' | null;
}

/** Holds what a forecast said on a date against what came, by the outcomes that the book knows. */
export function judgeForecast(
  book: BacktestBook,
  forecast: AmountForecast,
  day: Day,
  said: ForecastDate,
): ForecastJudged {
  const outcome = outcomeOf(book, forecast);
  const known: ForecastJudged['known'][number][] = [];
  const unknown: string[] = [];
  for (const { account_id, amount, expected } of said.accounts) {
    const at = book.place.get(rowKey(dayNumber(day), account_id));
    const happened = at === undefined ? Number.NaN : (outcome[at] as number);
    if (Number.isNaN(happened)) {
      unknown.push(account_id);
      continue;
    }
    const has_happened = happened === 1;
    known.push({
      account_id,
      amount,
      expected,
      came: has_happened === (forecast.comes === 'with') ? amount : 0,
      has_happened,
    });
  }
  const amount = known.reduce((sum, line) => sum + line.amount, 0);
  const came = known.reduce((sum, line) => sum + line.came, 0);
  // Sums of the same amounts in another order may differ in the last digit.
  const slack = 1e-9 * amount;
  const place = came < said.low - slack ? 'below' : came > said.high + slack ? 'above' : 'inside';
  return { known, amount, came, unknown, verdict: unknown.length > 0 || amount === 0 ? null : place };
}

/**
 * How good forecasts of amounts were. `arr_bias`: (expected − came) ÷
 * amount, over all accounts and dates whose outcome is known. `interval_coverage`: of the dates on which every outcome is known,
 * the share whose sum lay within the range. `interval_width`: of these, the range ÷ the amount.
 */
export function forecastFigures(
  book: BacktestBook,
  { forecast, dates }: Pick<Forecasted, 'forecast' | 'dates'>,
  seed: number,
): BacktestFigure[] {
  const gaps = { top: [] as number[], bottom: [] as number[], account: [] as string[] };
  const lost = new Set<string>();
  const ranges = { held: 0, dates: 0, width: 0, amount: 0 };
  for (const [day, said] of [...dates].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const judged = judgeForecast(book, forecast, day, said);
    for (const { account_id, amount, expected, came, has_happened } of judged.known) {
      if (has_happened) lost.add(account_id);
      gaps.top.push(expected - came);
      gaps.bottom.push(amount);
      gaps.account.push(account_id);
    }
    if (judged.verdict === null) continue;
    ranges.dates += 1;
    if (judged.verdict === 'inside') ranges.held += 1;
    ranges.width += said.high - said.low;
    ranges.amount += judged.amount;
  }
  const frame = {
    prediction: forecast.name,
    candidate: 'served',
    basis: forecast.outcome === 'not_renewed' ? 'renewal' : 'all',
    ...({ rows: 'all', slice: 'all', cap: null } as const),
    outcome_count: lost.size,
  } as const;
  const plain = (metric: string, value: number): BacktestFigure => ({
    ...frame,
    metric,
    value: ranges.dates === 0 ? null : value,
    low: null,
    high: null,
    standard_error: null,
    row_count: ranges.dates,
  });
  return [
    { ...frame, metric: 'arr_bias', ...ratioOf(gaps, book, seed), row_count: gaps.top.length },
    plain('interval_coverage', ranges.held / ranges.dates),
    plain('interval_width', ranges.width / ranges.amount),
  ];
}
