import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultConfig } from '../../src/data/config.ts';
import { createSettings } from '../../src/data/settings.ts';
import { shadow } from '../../src/data/standing.ts';
import { createEmptyTables } from '../../src/data/tables.ts';
import { createViews } from '../../src/data/views.ts';
import { openDuckDB } from '../../src/engine/duckdb.ts';
import type { Engine } from '../../src/engine/engine.ts';

const DAY = '2024-12-31';
const VIEWS = [
  'usage_anchor',
  'usage_window',
  'usage_short',
  'usage_feature',
  'usage_features',
  'usage_measures',
  'feed_activity',
];

// 1.05 million rows: events with people and features, and weekly sums, of 1,000 accounts over 14 months.
const USAGE = `
  insert into usage by name
  select
    'a' || (hash(i * 7 + 1) % 1000) as account_id,
    case when i % 5 > 0 then 'u' || (hash(i * 3 + 2) % 40) end as user_id,
    case when i % 5 = 0 then hash(i * 3 + 2) % 40 end as active_users,
    'f' || (hash(i * 5) % 25) as feature,
    hash(i * 17) % 9 as event_count,
    hash(i * 19) % 3 as error_count,
    hash(i * 23) % 4000 as duration_seconds,
    date '2024-12-31' - cast(hash(i * 13) % 420 as integer) as occurred_on,
    case when i % 5 > 0 then 'event' else 'week' end as period,
    date '2024-12-31' - cast(hash(i * 13) % 420 as integer) as known_on,
    cast(i as varchar) as row_key
  from range(1050000) as r(i)`;

const CONTRACTS = `
  insert into contract by name
  select 'k' || i as contract_id, 'a' || i as account_id, date '2023-01-01' as start_date, date '2025-06-01' as term_end_date,
    1200.0 as arr_amount, 10 as seats, 'p' || (i % 3) as plan, date '2023-01-01' as known_on, cast(i as varchar) as row_key
  from range(1000) as r(i)`;

describe('usage views over 1.05 million rows', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openDuckDB({ threads: 2 });
    await createEmptyTables(engine);
    await engine.execute(USAGE);
    await engine.execute(CONTRACTS);
    await createSettings(engine, defaultConfig('.'), { firstSeenOn: DAY });
    await createViews(engine);
    await engine.execute('create schema dated');
    await engine.materialise('dated.account_state', `select * from account_state(date '${DAY}')`);
    await shadow(engine, 'account_state', DAY);
  });
  afterAll(() => engine.close());

  it.each(VIEWS)(
    '%s gives the same bytes five times at 1, 2 and 4 threads',
    async (view) => {
      const seen = new Set<string>();
      for (const threads of [1, 2, 4]) {
        await engine.execute(`set threads = ${threads}`);
        for (let time = 0; time < 5; time++) {
          const [row] = await engine.rows(
            `select count(*) as row_count, md5(string_agg(cast(v as varchar), chr(10) order by cast(v as varchar))) as digest
           from ${view}(date '${DAY}') as v`,
          );
          expect(row?.['row_count']).toBeGreaterThan(0);
          seen.add(String(row?.['digest']));
        }
      }
      expect(seen.size).toBe(1);
      // The views above it read what was just proven, not the rows once more.
      await engine.materialise(`dated.${view}`, `select * from ${view}(date '${DAY}')`);
      await shadow(engine, view, DAY);
    },
    300_000,
  );
});
