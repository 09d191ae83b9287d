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
  if (outcome === 'not_renewed') return book.own_outcome;
  return outcome === 'expansion' ? book.expansion_label : book.all_label;
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
  const outcome = outcomeOf(book, forecast);
  const gaps = { top: [] as number[], bottom: [] as number[], account: [] as string[] };
  const lost = new Set<string>();
  const ranges = { held: 0, dates: 0, width: 0, amount: 0 };
  for (const [day, { accounts, low, high }] of [...dates].sort(([a], [b]) => (a < b ? -1 : 1))) {
    let came = 0;
    let amounts = 0;
    let isWhole = true;
    for (const { account_id, amount, expected } of accounts) {
      const at = book.place.get(rowKey(dayNumber(day), account_id));
      const happened = at === undefined ? Number.NaN : (outcome[at] as number);
      if (Number.isNaN(happened)) {
        isWhole = false;
        continue;
      }
      const kept = (happened === 1) === (forecast.comes === 'with') ? amount : 0;
      if (happened === 1) lost.add(account_id);
      came += kept;
      amounts += amount;
      gaps.top.push(expected - kept);
      gaps.bottom.push(amount);
      gaps.account.push(account_id);
    }
    if (!isWhole || amounts === 0) continue;
    ranges.dates += 1;
    // Sums of the same amounts in another order may differ in the last digit.
    const slack = 1e-9 * amounts;
    if (came >= low - slack && came <= high + slack) ranges.held += 1;
    ranges.width += high - low;
    ranges.amount += amounts;
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
