import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CellRow } from '../../src/contract/agent.ts';
import type { ReportList } from '../../src/contract/report.ts';
import { parseConfig } from '../../src/data/config.ts';
import { dayNumber } from '../../src/lib/dates.ts';
import { type BacktestBook, rowKey } from '../../src/pipeline/backtest/book.ts';
import { retro } from '../../src/pipeline/retro.ts';
import { forecastList, judgeKept } from '../../src/pipeline/retro-forecasts.ts';
import { TemporaryCompany } from '../helpers/night.ts';

const FIRST = '2025-05-25';
const LATER = '2025-07-20';
/** Accounts with one term of a year each, ended on the 10th of every month in turn; the first fourteen do not renew. */
const ENDED = 24;

async function rowsOf(list: ReportList | undefined): Promise<CellRow[]> {
  const rows: CellRow[] = [];
  for await (const chunk of list?.rows ?? []) rows.push(...chunk);
  return rows;
}

/** fixtures/tiny and 24 accounts of a year each, so that renewals have a base rate; a07 renews on 1 July 2025. */
function company(): TemporaryCompany {
  const tiny = new TemporaryCompany();
  const ids = Array.from({ length: ENDED }, (_, k) => `x${String(k).padStart(2, '0')}`);
  tiny.rewrite('accounts.csv', (text) => `${text.trimEnd()}\n${ids.map((id) => `${id},,,,`).join('\n')}\n`);
  const contracts = ids.flatMap((id, k) => {
    const month = k % 12;
    const day = (year: number) => `${year + (month < 8 ? 0 : 1)}-${String(((month + 4) % 12) + 1).padStart(2, '0')}-10`;
    const first = `${id}a,${id},${day(2023)},${day(2024)},1000,,basic,`;
    return k < 14 ? [first] : [first, `${id}b,${id},${day(2024)},${day(2025)},1000,,basic,`];
  });
  contracts.push('k07b,a07,2025-07-01,2026-07-01,7000,4,basic,');
  tiny.rewrite('contracts.csv', (text) => `${text.trimEnd()}\n${contracts.join('\n')}\n`);
  tiny.rewrite('retain.yaml', (text) => `${text}\nmodel:\n  min_outcomes: 10\n  min_months: 1\n`);
  return tiny;
}

describe('forecasts that runs kept, held against what came', () => {
  const tiny = company();
  let printed = '';
  let report: Awaited<ReturnType<typeof retro>>;
  const KEPT = `select as_of, account_id, amount, expected_amount, amount_low, amount_high, source, level, horizon_days, currency, run_id
    from state.forecast where as_of <= $as_of::date order by as_of, account_id nulls first`;

  beforeAll(async () => {
    printed = await tiny.run(FIRST);
    await tiny.run(LATER);
    report = await retro({ ...tiny.options('json'), asOf: '2025-09-20', today: '2025-09-20' });
  }, 300_000);
  afterAll(() => tiny.remove());

  it('are in the ledger as they were printed, those of replayed weeks too', async () => {
    const rows = await tiny.ledger(KEPT, ['forecast'], LATER);
    // The eight Sundays before, the day itself, and the later run.
    expect(new Set(rows.map((row) => row['as_of'])).size).toBe(10);
    const own = rows.filter((row) => row['as_of'] === FIRST);
    const [book, ...lines] = own;
    expect(lines.map(({ account_id, amount }) => [account_id, amount])).toEqual([
      ['a06', 13_200],
      ['a07', 7000],
      ['a08', 5000],
      // Of the accounts that renewed a year ago these decide by 23 August: 10 June, July and August.
      ['x14', 1000],
      ['x15', 1000],
    ]);
    const total = (key: string) => lines.reduce((sum, row) => sum + Number(row[key]), 0);
    expect(book).toMatchObject({ account_id: null, amount: total('amount'), currency: 'USD', level: 0.8 });
    expect(book).toMatchObject({ horizon_days: 90, source: null });
    expect(book?.['expected_amount']).toBeCloseTo(total('expected_amount'), 6);
    expect(new Set(lines.map((row) => row['source']))).toEqual(new Set(['base_rate']));
    const words = (key: string) => Math.round(Number(book?.[key])).toLocaleString('en-US');
    expect(printed).toContain(
      `of USD ${words('amount')} ARR that decides within the horizon USD ${words('expected_amount')} is expected to renew, with 80 % probability USD ${words('amount_low')} to USD ${words('amount_high')}`,
    );
  });

  it('are judged once every outcome in them has closed, and by hand', async () => {
    const list = report.lists.find(({ name }) => name === 'forecasts');
    const rows = new Map((await rowsOf(list)).map((row) => [String(row['as_of']), row]));
    // a06 ran out on 1 June, a08 on 1 August, x14 on 10 July and x15 on 10 August; a07 went on: 7,000 of 27,200.
    expect(rows.get(FIRST)).toMatchObject({
      until: '2025-08-23',
      amount: 27_200,
      came_amount: 7000,
      verdict: 'inside',
      account_count: 5,
      closed_count: 5,
      is_replayed: false,
      closes_on: null,
      // Five accounts did not renew: no bias is told of them.
      arr_bias: null,
    });
    expect(rows.get('2025-03-30')).toMatchObject({ is_replayed: true, verdict: 'inside' });
    // Terms end on 1 August (a08) to 10 October, and thirty days of grace.
    expect(rows.get(LATER)).toMatchObject({
      verdict: 'not_closed_yet',
      came_amount: null,
      arr_bias: null,
      closes_on: '2025-11-09',
    });
    expect(list?.headline).toBe(
      'forecast of renewed ARR: what came lay inside the range on 9 of 9 dates, meant to on 80 % of them (windows overlap: at most 1 of them without a day in common); too few outcomes for a bias: 5 of 10 accounts that did not renew',
    );
  });

  it('of a date that is run again are replaced', async () => {
    const before = await tiny.ledger(KEPT, ['forecast'], LATER);
    tiny.edit('contracts.csv', 'k08,a08,2023-08-01,2025-08-01,5000', 'k08,a08,2023-08-01,2025-08-01,6000');
    await tiny.run(LATER);
    const after = await tiny.ledger(KEPT, ['forecast'], LATER);
    const of = (rows: readonly CellRow[], account: string) =>
      rows.filter((row) => row['as_of'] === LATER && row['account_id'] === account).map((row) => row['amount']);
    expect([of(before, 'a08'), of(after, 'a08')]).toEqual([[5000], [6000]]);
    expect(after.length).toBe(before.length);
    expect(after.filter((row) => row['as_of'] !== LATER)).toEqual(before.filter((row) => row['as_of'] !== LATER));
    expect(after.find((row) => row['as_of'] === LATER)?.['run_id']).not.toBe(
      before.find((row) => row['as_of'] === LATER)?.['run_id'],
    );
  }, 120_000);

  it('for another horizon are not judged, and said', async () => {
    tiny.rewrite('retain.yaml', (text) => text.replace('churn:\n', 'churn:\n  horizon_days: 60\n'));
    const other = await retro({ ...tiny.options('json'), asOf: '2025-09-20', today: '2025-09-20' });
    const list = other.lists.find(({ name }) => name === 'forecasts');
    expect(await rowsOf(list)).toEqual([]);
    expect(list?.notes.join(' ')).toContain('10 more were told in another currency, for another horizon');
    tiny.rewrite('retain.yaml', (text) => text.replace('  horizon_days: 60\n', ''));
  }, 120_000);

  it('of another churn definition are not judged either: what renews is another question then', async () => {
    tiny.rewrite('retain.yaml', (text) => text.replace('definition: contract_chain', 'definition: cancel_request'));
    const other = await retro({ ...tiny.options('json'), asOf: '2025-09-20', today: '2025-09-20' });
    const list = other.lists.find(({ name }) => name === 'forecasts');
    expect(await rowsOf(list)).toEqual([]);
    expect(list?.notes.join(' ')).toContain('10 more were told in another currency');
  }, 120_000);
});

describe('kept forecasts, by hand', () => {
  const DATES = ['2025-01-05', '2025-02-02', '2025-05-04'] as const;
  const ROWS = DATES.flatMap((day) => ['a', 'b', 'c'].map((account) => ({ day, account })));
  const of = (values: Readonly<Record<string, number>>, rest: number) =>
    Float64Array.from(ROWS, ({ day, account }) => values[`${day} ${account}`] ?? rest);
  const config = { ...parseConfig('version: 1\ndata: .\n', 'retain.yaml') };
  const few = { ...config, model: { ...config.model, min_outcomes: 1 } };
  /** a is lost on the first two dates, b stays, c stays; on the last date nothing has closed but b. */
  const book = {
    ids: ['a', 'b', 'c'],
    account_id: ROWS.map(({ account }) => account),
    origin: Int32Array.from(ROWS, ({ day }) => dayNumber(day)),
    basis: ROWS.map(() => 'renewal' as const),
    own_outcome: of(
      { [`${DATES[0]} a`]: 1, [`${DATES[1]} a`]: 1, [`${DATES[2]} a`]: Number.NaN, [`${DATES[2]} c`]: Number.NaN },
      0,
    ),
    all_label: of({}, 0),
    expansion_label: of({}, Number.NaN),
    closed_on: Float64Array.from(ROWS, ({ day }) => dayNumber(day) + 100),
    place: new Map(ROWS.map(({ day, account }, i) => [rowKey(dayNumber(day), account), i])),
  } as unknown as BacktestBook;
  const forecast = {
    ...{ name: 'kept', title: 'what stays', table: 't', amount: 'amount', expected: 'expected', low: 'l', high: 'h' },
    ...({ level: 0.8, outcome: 'not_renewed', comes: 'without' } as const),
  };
  const said = (lines: readonly (readonly [string, number, number])[], low: number, high: number) => ({
    accounts: lines.map(([account_id, amount, expected]) => ({ account_id, amount, expected })),
    ...{ low, high, level: 0.8, horizon_days: 90, isReplayed: false, source: 'model' as const },
    amount: lines.reduce((sum, [, amount]) => sum + amount, 0),
    expected: lines.reduce((sum, [, , expected]) => sum + expected, 0),
  });
  const ALL = [
    ['a', 100, 90],
    ['b', 200, 180],
    ['c', 300, 270],
  ] as const;
  const kept = new Map([
    // 500 of 600 came.
    [DATES[0], said(ALL, 450, 600)],
    [DATES[1], said(ALL, 520, 600)],
    [DATES[2], said(ALL, 450, 600)],
  ]);
  const judge = (asOf: string, over = kept, using = few) => judgeKept(book, forecast, over, { config: using, asOf });

  it('have bias and place against their range, each date and together', () => {
    const { records, summary } = judge('2025-06-30');
    expect(records.map(({ verdict, came_amount }) => [verdict, came_amount])).toEqual([
      ['inside', 500],
      ['below', 500],
      ['not_closed_yet', null],
    ]);
    expect(records.map(({ arr_bias }) => arr_bias)).toEqual([40 / 600, 40 / 600, null]);
    expect(records[2]).toMatchObject({ closed_count: 1, until: '2025-08-02', closes_on: '2025-08-12' });
    // Two whole dates and b of the third: (540 + 540 + 180) − (500 + 500 + 200) of 600 + 600 + 200.
    expect(summary.bias?.value).toBeCloseTo(60 / 1400, 12);
    expect(summary).toMatchObject({
      date_count: 3,
      closed_count: 2,
      inside_count: 1,
      apart_count: 1,
      outcome_count: 1,
    });
  });

  it('of which an outcome will never be known cannot be judged', () => {
    expect(judge('2025-09-01').records[2]).toMatchObject({ verdict: 'cannot_be_judged', closes_on: null });
    const gone = new Map([[DATES[0], said([...ALL, ['d', 50, 45]], 0, 650)]]);
    expect(judge('2025-06-30', gone).records[0]).toMatchObject({
      verdict: 'cannot_be_judged',
      account_count: 4,
      closed_count: 3,
      came_amount: null,
    });
  });

  it('tell no bias of too few outcomes, and say how many there are', () => {
    const { records, summary } = judge('2025-06-30', kept, config);
    expect(summary.bias).toBeNull();
    expect(records.map(({ arr_bias, came_amount }) => [arr_bias, came_amount])).toEqual([
      [null, 500],
      [null, 500],
      [null, null],
    ]);
    const list = forecastList({ records, summaries: [summary], changed_count: 0 }, 30);
    expect(list.headline).toContain('inside the range on 1 of 2 dates');
    expect(list.headline).toContain('too few outcomes for a bias: 1 of 30 accounts that did not renew');
    const open = forecastList({ records, summaries: [{ ...summary, closed_count: 0 }], changed_count: 0 }, 30);
    expect(open.headline).toBe('what stays: told on 3 dates, and not every outcome of any of them is known yet');
  });
});
