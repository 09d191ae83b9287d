import { describe, expect, it } from 'vitest';
import type { ChurnModel } from '../../src/contract/churn-model.ts';
import { parseConfig } from '../../src/data/config.ts';
import { dayNumber } from '../../src/lib/dates.ts';
import { createRandom } from '../../src/lib/random.ts';
import { figureDifference } from '../../src/models/gates/index.ts';
import { type BacktestBook, rowKey } from '../../src/pipeline/backtest/book.ts';
import { forecastFigures } from '../../src/pipeline/backtest/forecasts.ts';
import { listedFigures } from '../../src/pipeline/backtest/listed.ts';
import { baseRateOrigins, servedNotes } from '../../src/pipeline/backtest/served-notes.ts';
import {
  basisRows,
  claimScores,
  figureTable,
  ladderVerdict,
  type RungScores,
  tooFew,
  withinHorizon,
} from '../../src/pipeline/backtest/tables.ts';

const DATES = ['2024-01-01', '2024-02-01', '2024-03-01'] as const;

/** One row an entry: date, account, label of leaving within the horizon, days to leaving. */
function bookOf(
  rows: readonly (readonly [string, string, number, number])[],
  over: Partial<BacktestBook> = {},
): BacktestBook {
  const ids = [...new Set(rows.map(([, account]) => account))].sort();
  const origin = Int32Array.from(rows, ([day]) => dayNumber(day));
  return {
    account_id: rows.map(([, account]) => account),
    account: Int32Array.from(rows, ([, account]) => ids.indexOf(account)),
    ids,
    origin,
    basis: rows.map(() => 'leave'),
    segment: rows.map(() => null),
    term: rows.map(() => 'monthly'),
    amount: new Float64Array(rows.length).fill(100),
    worked: new Uint8Array(rows.length),
    worked_by_decision: new Uint8Array(rows.length),
    is_inside: new Uint8Array(rows.length).fill(1),
    is_due: new Uint8Array(rows.length),
    left_days: Float64Array.from(rows, ([, , , left]) => left),
    own_label: Float64Array.from(rows, ([, , label]) => label),
    all_label: Float64Array.from(rows, ([, , label]) => label),
    expansion_label: new Float64Array(rows.length).fill(Number.NaN),
    own_outcome: Float64Array.from(rows, ([, , label]) => label),
    closed_on: Float64Array.from(origin, (day) => day + 90),
    place: new Map(rows.map(([day, account], i) => [rowKey(dayNumber(day), account), i])),
    ...over,
  };
}

describe('the at-risk list as shown, by hand', () => {
  // a leaves on 20 March, b on 10 February, c stays, d leaves on 5 March and is held back to the end.
  const book = bookOf([
    [DATES[0], 'a', 1, 79],
    [DATES[0], 'b', 1, 40],
    [DATES[0], 'c', 0, Number.NaN],
    [DATES[0], 'd', 1, 64],
    [DATES[1], 'a', 1, 48],
    [DATES[1], 'b', 1, 9],
    [DATES[1], 'c', 0, Number.NaN],
    [DATES[1], 'd', 1, 33],
    [DATES[2], 'a', 1, 19],
    [DATES[2], 'c', Number.NaN, Number.NaN],
  ]);
  const dates = [
    { asOf: DATES[0], shown: ['c'], held: [{ account_id: 'd', why: 'new_budget' }] },
    {
      asOf: DATES[1],
      shown: ['a'],
      held: [
        { account_id: 'd', why: 'capacity' },
        { account_id: 'b', why: 'capacity' },
      ],
    },
    { asOf: DATES[2], shown: ['a', 'c'], held: [] },
  ];
  const { figures, missed } = listedFigures(book, dates, 1);
  const value = (metric: string) => figures.find((figure) => figure.metric === metric)?.value;

  it('has the precision of the rows shown whose outcome is closed', () => {
    // c in January did not leave; a twice did; c in March is not closed.
    expect(value('precision')).toBeCloseTo(2 / 3, 12);
  });
  it('counts accounts that left and were shown in time, and the days that were left', () => {
    expect(value('recall')).toBeCloseTo(1 / 3, 12);
    expect(value('median_lead_days')).toBe(48);
  });
  it('sees who came back after a date off the list', () => {
    expect(value('repeat_rate')).toBeCloseTo(1 / 2, 12);
  });
  it('is redrawn with all accounts of the book, alike under every list: equal lists differ by nothing in any draw', () => {
    const other = dates.map((date) => ({ ...date, shown: [...date.shown, ...(date.asOf === DATES[0] ? ['b'] : [])] }));
    const of = (list: typeof dates, metric: string) =>
      listedFigures(book, list, 1).figures.find((figure) => figure.metric === metric);
    const [one, same, more] = [dates, dates, other].map((list) => of(list, 'recall'));
    if (one === undefined || same === undefined || more === undefined) throw new Error('the lists have a recall');
    expect(figureDifference(same, one)).toMatchObject({ value: 0, low: 0, high: 0, method: 'paired' });
    // b is caught as well: 2 of 3. What differs is b's share of the leavers in the draw, never below 0.
    const difference = figureDifference(more, one);
    expect(difference?.value).toBeCloseTo(1 / 3, 12);
    expect(difference?.method).toBe('paired');
    expect(difference?.low).toBe(0);
    // Another book is not paired with this one.
    const elsewhere = bookOf([[DATES[0], 'a', 1, 79]]);
    const foreign = listedFigures(elsewhere, [{ asOf: DATES[0], shown: ['a'], held: [] }], 1).figures[1];
    if (foreign === undefined) throw new Error('the list has a recall');
    expect(figureDifference(foreign, one)?.method).toBe('independent');
  });
  it('none of few is not "never", nor all of few "always": its interval is at least that of so many accounts', () => {
    const many = Array.from(
      { length: 8 },
      (_, i) => [DATES[0], `p${i}`, i === 7 ? 1 : 0, i === 7 ? 30 : Number.NaN] as const,
    );
    const of = (shown: string[]) => listedFigures(bookOf(many), [{ asOf: DATES[0], shown, held: [] }], 1).figures[0];
    // Wilson at 90 %: 0 of 5 up to z² ÷ (5 + z²) with z = 1.6449.
    expect(of(['p0', 'p1', 'p2', 'p3', 'p4'])).toMatchObject({ metric: 'precision', value: 0, low: 0 });
    expect(of(['p0', 'p1', 'p2', 'p3', 'p4'])?.high).toBeCloseTo(2.7055 / 7.7055, 4);
    expect(of(['p0', 'p1', 'p2', 'p3', 'p4'])?.standard_error).toBeCloseTo(2.7055 / 7.7055 / 2 / 1.6449, 4);
    const sure = of(['p7']);
    expect(sure).toMatchObject({ value: 1, high: 1 });
    expect(sure?.low).toBeCloseTo(1 / (1 + 2.7055), 4);
  });
  it('leaves accounts out of which the book knows nothing', () => {
    const stranger = [{ asOf: DATES[0], shown: ['z'], held: [] }];
    const none = listedFigures(book, stranger, 1).figures;
    expect(none.find(({ metric }) => metric === 'repeat_rate')).toMatchObject({ value: null, row_count: 0 });
  });
  it('names the last reason for which a leaver was held back', () => {
    expect(value('missed_because_held')).toBe(2);
    expect(missed).toEqual([{ why: 'capacity', count: 2 }]);
  });
});

describe('one probability over all terms', () => {
  it('is the rate of early leaving where no decision is due, the same for all', () => {
    const book = bookOf(
      [
        [DATES[0], 'a', 0, Number.NaN],
        [DATES[0], 'b', 0, Number.NaN],
        [DATES[0], 'c', 0, Number.NaN],
        [DATES[0], 'd', 0, Number.NaN],
      ],
      { basis: ['leave', 'renewal', 'renewal', 'renewal'], is_due: Uint8Array.of(0, 1, 0, 1) },
    );
    const own = Float64Array.of(0.1, 0.4, 0.9, Number.NaN);
    const rates = new Map([[dayNumber(DATES[0]), 0.01]]);
    expect([...withinHorizon(book, own, rates)]).toEqual([0.1, 0.4, 0.01, 0.01]);
  });

  it('counts the rows of a basis whose base rate was known', () => {
    const book = bookOf(
      [
        [DATES[0], 'a', 1, 10],
        [DATES[0], 'b', 0, Number.NaN],
        [DATES[1], 'b', Number.NaN, Number.NaN],
      ],
      { basis: ['leave', 'renewal', 'renewal'] },
    );
    const reference = Float64Array.of(Number.NaN, 0.2, 0.2);
    expect([...basisRows(book, 'all', reference).rows]).toEqual([1]);
    expect([...basisRows(book, 'leave', new Float64Array(3)).rows]).toEqual([0]);
  });

  it('takes as worked what may have changed the outcome asked for: of a renewal up to its decision, else within the horizon', () => {
    const rows: Parameters<typeof bookOf>[0] = ['a', 'b'].map((account) => [DATES[0], account, 0, Number.NaN]);
    const marks = { worked: Uint8Array.of(0, 1), worked_by_decision: Uint8Array.of(1, 1) };
    const book = bookOf(rows, { basis: ['renewal', 'renewal'], ...marks });
    const reference = Float64Array.of(0.2, 0.2);
    const workedOf = (basis: 'all' | 'renewal') => [
      ...figureTable(book, basisRows(book, basis, reference), { prediction: 'churn', basis }, reference, []).worked,
    ];
    expect(workedOf('all')).toEqual([0, 1]);
    expect(workedOf('renewal')).toEqual([1, 1]);
  });
});

describe('a declared column', () => {
  it('is turned round where it tells safety, and says nothing of accounts it does not name', () => {
    const book = bookOf([
      [DATES[0], 'a', 1, 10],
      [DATES[0], 'b', 0, Number.NaN],
    ]);
    const values = new Map([[DATES[0], new Map([['a', 30]])]]);
    const prediction = { name: 'health', title: '', table: 't', column: 'c', outcome: 'churn' } as const;
    const score = (direction: 'risk' | 'safety', kind: 'ranking' | 'probability') =>
      claimScores(book, { prediction: { ...prediction, direction, kind }, candidate: 'served', values })[0];
    expect(score('safety', 'ranking')).toBe(70);
    expect(score('risk', 'ranking')).toBe(30);
    const likely = new Map([[DATES[0], new Map([['a', 0.75]])]]);
    expect(
      claimScores(book, {
        prediction: { ...prediction, direction: 'safety', kind: 'probability' },
        candidate: 'served',
        values: likely,
      }),
    ).toEqual(Float64Array.of(0.25, Number.NaN));
  });
});

describe('too little to judge', () => {
  const config = parseConfig('model: { min_outcomes: 2, min_months: 2 }', '/nowhere/retain.yaml');
  it('is said in good English', () => {
    expect(tooFew(1, 9, config)).toContain('1 account with the outcome at the tested dates, 2 needed');
    expect(tooFew(0, 9, config)).toContain('0 accounts with the outcome');
    expect(tooFew(2, 1, config)).toContain('1 month of closed dates, 2 needed');
    expect(tooFew(2, 2, config)).toBeUndefined();
  });
});

describe('a backtest where ever more accounts leave', () => {
  it('takes no rung that loses more than the base rate of the last three months, as training does', async () => {
    const random = createRandom(3);
    const [dates, accounts] = [12, 150];
    const cells = Array.from({ length: dates * accounts }, (_, i) => ({
      date: Math.floor(i / accounts),
      account: i % accounts,
    }));
    const rate = ({ date }: { date: number }) => 0.08 + 0.03 * date;
    const label = Uint8Array.from(cells, (cell) => (random() < rate(cell) ? 1 : 0));
    const rung = (name: string, complexity: number, own: Float64Array, isBase: boolean): RungScores => ({
      name,
      title: name,
      complexity,
      ...(isBase ? { isBase: true as const } : {}),
      own,
      all: own,
      fitted: dates,
      reason: null,
    });
    const level = (follows: number) => Float64Array.from(cells, (cell) => 0.08 + follows * (rate(cell) - 0.08));
    // Follows the drift half the way, and tells leavers apart by a hair.
    const follower = level(0.5).map((value, i) => value + 0.012 * (label[i] as number));
    const given = { rows: Uint32Array.from(cells.keys()), label };
    const book = bookOf([], {
      account: Int32Array.from(cells, ({ account }) => account),
      origin: Int32Array.from(cells, ({ date }) => 19_000 + 30 * date),
    });
    const config = parseConfig('version: 1\ntables: {}\n', 'retain.yaml');
    const judge = (isRecentBase: boolean) =>
      ladderVerdict(
        'churn',
        book,
        given,
        'leave',
        [
          rung('base_rate', 0, level(0), true),
          rung('recent_base_rate', 0.5, level(0.9), isRecentBase),
          rung('follower', 5, follower, false),
        ],
        config,
        24,
      );
    const { verdict, ladder } = await judge(true);
    expect(verdict.verdict).toBe('no_signal');
    // A small p that is not taken says why.
    const followed = ladder?.rows.find((row) => row.rung === 'follower');
    expect(followed?.p_value).toBeLessThanOrEqual(0.02);
    expect(followed?.note).toMatch(/^follows a base rate that drifts/);
    // Held against the rate of all years alone it would have been taken.
    expect((await judge(false)).verdict.verdict).toBe('signal');
  });
});

describe('forecasts of amounts, by hand', () => {
  // a is lost from January on, b stays, c is not known in February.
  const rows = [
    [DATES[0], 'a', 1, 70],
    [DATES[0], 'b', 0, Number.NaN],
    [DATES[1], 'a', 1, 40],
    [DATES[1], 'b', 0, Number.NaN],
    [DATES[1], 'c', Number.NaN, Number.NaN],
    [DATES[2], 'b', 0, Number.NaN],
  ] as const;
  const book = bookOf(rows, { basis: rows.map(() => 'renewal') });
  const forecast = {
    ...{ name: 'kept', title: 'kept', table: 't', amount: 'amount', expected: 'expected', low: 'low', high: 'high' },
    ...({ level: 0.8, outcome: 'not_renewed', comes: 'without' } as const),
  };
  const line = (account_id: string, amount: number, expected: number) => ({ account_id, amount, expected });
  const dates = new Map([
    // 200 comes: below the range.
    [DATES[0], { accounts: [line('a', 100, 90), line('b', 200, 180)], low: 250, high: 300 }],
    [DATES[1], { accounts: [line('a', 100, 90), line('b', 200, 180), line('c', 300, 270)], low: 400, high: 600 }],
    // 200 of 200 comes: the upper end itself.
    [DATES[2], { accounts: [line('b', 200, 180)], low: 150, high: 200 }],
  ]);
  const figures = (over: Partial<typeof forecast> = {}) =>
    forecastFigures(book, { forecast: { ...forecast, ...over }, dates }, 1);
  const of = (metric: string, from = figures()) => from.find((figure) => figure.metric === metric);

  it('sum what was expected and what came over all that is known', () => {
    // Expected 90 + 180 twice and 180; 200 came three times; 800 was at stake.
    expect(of('arr_bias')).toMatchObject({ row_count: 5, outcome_count: 1, prediction: 'kept', basis: 'renewal' });
    expect(of('arr_bias')?.value).toBeCloseTo((720 - 600) / 800, 12);
    expect(of('arr_bias')?.low).toBeLessThan(0.15);
    expect(of('arr_bias')?.high).toBeGreaterThan(0.15);
  });

  it('judge the range on dates of which everything is known', () => {
    expect(of('interval_coverage')).toMatchObject({ value: 0.5, row_count: 2, low: null });
    expect(of('interval_width')?.value).toBeCloseTo((50 + 50) / (300 + 200), 12);
  });

  it('know nothing of a renewal where the account has none any more', () => {
    // Recorded otherwise since, b may leave any day: what became of the last date is not known.
    const other = { ...book, basis: rows.map(([, account]) => (account === 'b' ? ('leave' as const) : 'renewal')) };
    const found = forecastFigures(other, { forecast, dates }, 1);
    expect(of('interval_coverage', found)).toMatchObject({ value: null, row_count: 0 });
    expect(of('arr_bias', found)).toMatchObject({ row_count: 2 });
  });

  it('turn round where the amount comes with the outcome', () => {
    // 100, 100 and 0 come.
    expect(of('arr_bias', figures({ comes: 'with' as never }))?.value).toBeCloseTo((720 - 200) / 800, 12);
  });

  it('have no value where nothing was said', () => {
    const none = forecastFigures(book, { forecast, dates: new Map() }, 1);
    expect(none.map(({ value, row_count }) => [value, row_count])).toEqual(none.map(() => [null, 0]));
  });
});

describe('why served is not the best rung', () => {
  const origin = (asOf: string, leave: 'model' | 'no_signal' | 'too_few_outcomes') => {
    const basis = (verdict: typeof leave) => ({
      verdict,
      rung: verdict === 'model' ? 'logistic' : null,
      sentence: `Said on ${asOf}: ${verdict}.`,
    });
    return { asOf, model: { leave: basis(leave), renewal: basis('model') } as unknown as ChurnModel };
  };

  it('is told by verdict, with the last sentence of each and the first date a rung served', () => {
    const fits = [
      origin('2024-01-01', 'too_few_outcomes'),
      origin('2024-02-01', 'too_few_outcomes'),
      origin('2024-03-01', 'no_signal'),
      origin('2024-04-01', 'model'),
    ];
    expect(servedNotes(fits)).toEqual([
      'leave: served is the base rate at 3 of 4 origins, because a list claims a probability only once it is earned: ' +
        'at 2 outcomes or history were too few (2024-02-01: Said on 2024-02-01: too_few_outcomes); ' +
        'at 1 no model beat the base rate (2024-03-01: Said on 2024-03-01: no_signal); a rung first served at 2024-04-01',
    ]);
    expect(servedNotes(fits.slice(0, 1))[0]).toContain('a rung served at none');
    expect(servedNotes(fits.slice(3))).toEqual([]);
  });

  it('counts origins at which a list showed the base rate alone: of all terms where neither basis had a rung', () => {
    const lived = (leave: string | null, renewal: string | null, growing?: string | null) => ({
      model: { leave: { rung: leave }, renewal: { rung: renewal } } as unknown as ChurnModel,
      expansion: growing === undefined ? undefined : ({ model: { rung: growing } } as never),
    });
    const fits = [lived(null, null), lived('ebm', null, null), lived(null, 'rule', 'ebm'), lived('ebm', 'ebm', 'ebm')];
    expect(baseRateOrigins(fits, 'churn', 'leave')).toBe(2);
    expect(baseRateOrigins(fits, 'churn', 'renewal')).toBe(2);
    expect(baseRateOrigins(fits, 'churn', 'all')).toBe(1);
    expect(baseRateOrigins(fits, 'expansion', 'all')).toBe(2);
  });
});
