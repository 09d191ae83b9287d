import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultConfig } from '../../src/data/config.ts';
import { createSettings } from '../../src/data/settings.ts';
import { createSummaryViews } from '../../src/data/summaries.ts';
import { createEmptyTables } from '../../src/data/tables.ts';
import { createViews } from '../../src/data/views.ts';
import { openDuckDB } from '../../src/engine/duckdb.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { addDays, type Day, dayNumber } from '../../src/lib/dates.ts';
import { DERIVED } from '../../src/pipeline/derived.ts';
import { materialiseDate } from '../../src/pipeline/relations.ts';
import { planRelations } from '../../src/pipeline/replay.ts';

/** A Monday; 20 weeks before the year's end of the hand-worked company. */
const FIRST: Day = '2024-08-05';
const QUIET = '2024-12-20';
/** Ten working days on which 8 of 24 accounts use the product. */
const isHoliday = (day: Day): boolean => day > '2024-12-22' && day < '2025-01-04';
const isWeekday = (day: Day): boolean => (dayNumber(day) - dayNumber(FIRST)) % 7 < 5;

function daysTo(last: Day): Day[] {
  return Array.from({ length: dayNumber(last) - dayNumber(FIRST) + 1 }, (_, index) => addDays(FIRST, index));
}

describe('days on which the whole feed rests', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openDuckDB({ threads: 1 });
    await createEmptyTables(engine);
    await createSummaryViews(engine);
    await createSettings(engine, defaultConfig('/nowhere'), { firstSeenOn: FIRST });
    await createViews(engine);
  });
  afterAll(() => engine.close());

  /** Puts use of accounts s0, s1, … of each day, as many as `countOn` says. */
  async function feed(days: readonly Day[], countOn: (day: Day) => number, period = 'event', events = 1) {
    await engine.execute('delete from usage; delete from contract');
    await add(days, countOn, period, events);
  }

  async function add(days: readonly Day[], countOn: (day: Day) => number, period = 'event', events = 1) {
    const rows = days.map((day) => `(date '${day}', ${countOn(day)})`);
    await engine.execute(
      `insert into usage by name select 's' || n.i as account_id, d.day as occurred_on, d.day as known_on,
         '${period}' as period, ${events} as event_count, 's' || n.i || d.day as row_key
       from (values ${rows.join(', ')}) as d(day, account_count) cross join range(100) as n(i)
       where n.i < d.account_count`,
    );
  }

  async function restDays(asOf: Day): Promise<unknown[][]> {
    const rows = await engine.rows('select * from usage_rest_day($day::date) order by rest_on', { day: asOf });
    return rows.map((row) => [row['rest_on'], row['account_count'], row['usual_count']]);
  }

  const steady = (day: Day): number => (isWeekday(day) ? (isHoliday(day) ? 8 : 24) : 0);
  const holidays = ['12-23', '12-24', '12-25', '12-26', '12-27', '12-30', '12-31'].map((day) => `2024-${day}`);

  it('are those with fewer than half the accounts usual for that weekday', async () => {
    await feed(daysTo('2025-01-31'), steady);
    const expected = [...holidays, '2025-01-01', '2025-01-02', '2025-01-03'].map((day) => [day, 8, 24]);
    expect(await restDays('2025-01-31')).toEqual(expected);
    // On the way through them only those that have come.
    expect(await restDays('2024-12-31')).toEqual(expected.slice(0, 7));
    expect(await restDays('2024-12-22')).toEqual([]);
    await feed(daysTo('2025-01-31'), (day) => (isHoliday(day) && isWeekday(day) ? 12 : steady(day)));
    expect(await restDays('2025-01-31')).toEqual([]);
  });

  it('count days of which the feed has no row at all', async () => {
    await feed(
      daysTo('2025-01-31').filter((day) => day < '2025-01-15' || day > '2025-01-17'),
      (day) => (isWeekday(day) ? 24 : 0),
    );
    const found = await restDays('2025-01-31');
    expect(found).toEqual(['2025-01-15', '2025-01-16', '2025-01-17'].map((day) => [day, 0, 24]));
    expect(await restDays('2025-01-16')).toEqual(found.slice(0, 2));
  });

  it('are not told in a small book, a young feed or weekly sums, nor from what one large account does', async () => {
    await feed(daysTo('2025-01-31'), (day) => Math.min(19, steady(day)));
    expect(await restDays('2025-01-31')).toEqual([]);
    // Seven Mondays before 2024-12-23: one too few.
    await feed(
      daysTo('2024-12-23').filter((day) => day >= '2024-11-04'),
      steady,
    );
    expect(await restDays('2024-12-23')).toEqual([]);
    await feed(
      daysTo('2024-12-23').filter((day) => day >= '2024-10-28'),
      steady,
    );
    expect(await restDays('2024-12-23')).toEqual([['2024-12-23', 8, 24]]);
    await feed(daysTo('2025-01-31'), steady, 'week');
    expect(await restDays('2025-01-31')).toEqual([]);
    // s0 writes a thousand times what the others write together, and stops.
    await feed(daysTo('2025-01-31'), (day) => (isWeekday(day) ? 24 : 0));
    await engine.execute("update usage set event_count = 100000 where account_id = 's0'");
    await engine.execute("delete from usage where account_id = 's0' and occurred_on > date '2024-12-20'");
    expect(await restDays('2025-01-31')).toEqual([]);
  });

  it('take a lasting fall for rest for six weeks and no longer', async () => {
    await feed(daysTo('2025-01-31'), (day) => (isWeekday(day) ? (day >= '2024-11-04' ? 8 : 24) : 0));
    const found = (await restDays('2025-01-31')).map(([day]) => String(day));
    expect(found).toHaveLength(30);
    expect([found[0], found.at(-1)]).toEqual(['2024-11-04', '2024-12-13']);
  });

  it('are judged by what was known by the day', async () => {
    await feed(daysTo('2025-01-31'), steady);
    const before = await restDays('2024-12-27');
    // 16 more accounts of the holidays arrive on 2024-12-28; and the days after are other than they were.
    await engine.execute("delete from usage where occurred_on > date '2024-12-27'");
    await add(holidays.slice(0, 5), () => 100);
    await engine.execute(
      "update usage set known_on = date '2024-12-28' where occurred_on > date '2024-12-22' and cast(substr(account_id, 2) as integer) >= 8",
    );
    expect(await restDays('2024-12-27')).toEqual(before);
    expect(await restDays('2024-12-28')).toEqual([]);
  });

  it('equal a slow twin', async () => {
    const last: Day = '2024-12-31';
    const days = daysTo(last);
    const counts = fc.array(fc.constantFrom(0, 5, 15, 19, 20, 21, 30, 42, 60), {
      minLength: days.length,
      maxLength: days.length,
    });
    await fc.assert(
      fc.asyncProperty(counts, async (given) => {
        given[0] = 30;
        given[given.length - 1] = 30;
        await feed(days, (day) => given[dayNumber(day) - dayNumber(FIRST)] ?? 0);
        const expected = days.flatMap((day, index) => {
          const usual: number[] = [];
          for (let week = 1; week <= 12; week++) {
            const earlier = given[index - 7 * week];
            if (earlier !== undefined) usual.push(earlier);
          }
          usual.sort((a, b) => a - b);
          const middle = usual[Math.ceil(usual.length / 2) - 1] ?? 0;
          const count = given[index] ?? 0;
          return usual.length >= 8 && middle >= 20 && count < middle / 2 ? [[day, count, middle]] : [];
        });
        expect(await restDays(last)).toEqual(expected);
      }),
      { numRuns: 20 },
    );
  });

  // The quiet account used the product on every working day up to Friday 2024-12-20. On 2025-01-19 that is 30 days ago,
  // but ten of them are rest days: 30 days that say something about it are over on 2025-01-29.
  it.each([
    ['rested ten days of them', 24, '2025-01-28', []],
    ['rested ten days of them', 24, '2025-01-29', [[QUIET, 40, '10']]],
    ['is too small to tell', 18, '2025-01-18', []],
    ['is too small to tell', 18, '2025-01-19', [[QUIET, 30, null]]],
  ] as const)(
    'do not count among the 30 days of no_use: a feed that %s, %i accounts, %s',
    async (_, size, day, facts) => {
      await feed(daysTo('2025-01-31'), (on) => (isWeekday(on) ? (isHoliday(on) ? 8 : size) : 0));
      await engine.execute(
        `insert into usage by name select 'quiet' as account_id, occurred_on, known_on, period, event_count,
         'quiet' || occurred_on as row_key from usage where account_id = 's0' and occurred_on <= date '${QUIET}'`,
      );
      await engine.execute(
        `insert into contract by name select distinct account_id as contract_id, account_id, date '${FIRST}' as start_date,
         date '${FIRST}' as known_on, 100 as mrr_amount, true as is_recurring, account_id as row_key from usage`,
      );
      await materialiseDate(engine, day, planRelations(['fact']), DERIVED, defaultConfig('/nowhere'));
      const rows = await engine.rows(
        "select fact_on, now_value, detail from dated.fact where kind = 'no_use' and account_id = 'quiet'",
      );
      expect(rows.map((row) => Object.values(row))).toEqual(facts);
    },
  );
});
