import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultConfig } from '../../src/data/config.ts';
import { createSettings } from '../../src/data/settings.ts';
import { clearViews, standViews } from '../../src/data/standing.ts';
import { createSummaryViews } from '../../src/data/summaries.ts';
import { createEmptyTables } from '../../src/data/tables.ts';
import { createViews } from '../../src/data/views.ts';
import { openDuckDB } from '../../src/engine/duckdb.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { addDays, type Day } from '../../src/lib/dates.ts';

const LAST: Day = '2024-12-31';
const VIEWS_OF_USE = ['usage_window', 'usage_recent'];

/** One usage row: `age` days before the last day, known `late` days after. */
const row = fc.record({
  age: fc.oneof(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 360, max: 500 })),
  late: fc.constantFrom(0, 0, 0, 3, 40),
  hour: fc.integer({ min: 0, max: 23 }),
  period: fc.constantFrom('event', 'event', 'week', 'month'),
  account: fc.constantFrom('a', 'b'),
});

describe('the days from which windows of usage need rows, told as constants', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openDuckDB({ threads: 1 });
    await createEmptyTables(engine);
    await createSummaryViews(engine);
    await createSettings(engine, defaultConfig('/nowhere'), { firstSeenOn: '2023-01-01' });
    await createViews(engine);
  });
  afterAll(() => engine.close());

  async function rows(view: string, asOf: Day): Promise<unknown> {
    return engine.rows(`select * from ${view}($day::date) order by all`, { day: asOf });
  }

  it('leave out no row that the windows hold, whatever day the feed ends on', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 0, max: 45 }),
        async (given, back) => {
          await engine.execute('delete from usage');
          const values = given.map(({ age, late, hour, period, account }, place) => {
            const day = addDays(LAST, -age);
            const at =
              period === 'event' ? `timestamp '${day} ${String(hour).padStart(2, '0')}:30:00'` : 'null::timestamp';
            return `('${account}', ${at}, date '${day}', date '${addDays(day, late)}', '${period}', 'r${place}')`;
          });
          await engine.execute(
            `insert into usage by name select *, 2 as event_count from
           (values ${values.join(', ')}) as v(account_id, occurred_at, occurred_on, known_on, period, row_key)`,
          );
          const asOf = addDays(LAST, -back);
          const plain = await Promise.all(VIEWS_OF_USE.map((view) => rows(view, asOf)));
          await standViews(engine, VIEWS_OF_USE, asOf);
          const [told] = await engine.rows("select getvariable('usage_bounds_day')::date as day");
          expect(told?.['day']).toBe(asOf);
          expect(
            await Promise.all(VIEWS_OF_USE.map((view) => engine.rows(`select * from dated.${view} order by all`))),
          ).toEqual(plain);
          await clearViews(engine);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('hold for their own date alone, and until the date is cleared', async () => {
    await engine.execute(
      `delete from usage; insert into usage by name select 'a' as account_id, timestamp '2023-12-01 10:00' as occurred_at,
       date '2023-12-01' as occurred_on, date '2023-12-01' as known_on, 'event' as period, 'r' as row_key, 2 as event_count`,
    );
    const before = await rows('usage_window', '2023-12-20');
    await engine.execute(
      `set variable usage_bounds_day = date '2024-12-31'; set variable usage_since = date '2024-01-01';
       set variable usage_recent_since = date '2024-12-01'`,
    );
    expect(await rows('usage_window', '2023-12-20')).toEqual(before);
    expect(before).toHaveLength(1);
    await standViews(engine, ['usage_window'], '2023-12-20');
    await clearViews(engine);
    expect(await rows('usage_window', '2023-12-20')).toEqual(before);
  });
});
