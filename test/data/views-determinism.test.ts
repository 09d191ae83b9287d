import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clearViews, standViews } from '../../src/data/standing.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { companyOf } from './views-rows.ts';

const VIEWS_OF_USE = ['account_state', 'usage_window', 'usage_features'];
const ROWS = 1_000_000;

describe('thread order', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = (await companyOf({})).engine;
    await engine.execute(
      `insert into contract by name
       select 'c' || i as contract_id, 'a' || i as account_id, date '2023-01-01' + (i % 300)::integer as start_date,
         (100 + i % 977)::decimal(18, 4) as mrr_amount, 5 + i % 40 as seats,
         date '2023-01-01' + (i % 300)::integer as known_on, 'c' || i as row_key
       from range(2000) as account(i)`,
    );
    await engine.execute(
      `insert into usage by name
       select 'a' || (hash(i) % 2000) as account_id, 'u' || (hash(i, 1) % 30000) as user_id, 'f' || (hash(i, 2) % 25) as feature,
         date '2023-01-01' + (hash(i, 3) % 700)::integer as occurred_on,
         (date '2023-01-01' + (hash(i, 3) % 700)::integer)::timestamp as occurred_at,
         date '2023-01-01' + (hash(i, 3) % 700)::integer as known_on,
         'event' as period, 1 + hash(i, 4) % 9 as event_count, hash(i, 5) % 4000 as duration_seconds,
         case when hash(i, 6) % 50 = 0 then 1 else 0 end as error_count, 'r' || i as row_key
       from range(${ROWS}) as event(i)`,
    );
  });
  afterAll(() => engine.close());

  it('changes no byte of the views over a million rows, five times at 1, 2 and 4 threads', async () => {
    const answers = new Map(VIEWS_OF_USE.map((name) => [name, new Set<string>()]));
    for (const threads of [1, 2, 4]) {
      await engine.execute(`set threads = ${threads}`);
      for (let turn = 0; turn < 5; turn++) {
        await standViews(engine, VIEWS_OF_USE, '2024-10-01');
        for (const name of VIEWS_OF_USE) {
          const [row] = await engine.rows(
            `select count(*) as n, md5(string_agg(cast(v as varchar), '|' order by cast(v as varchar))) as bytes
             from dated.${name} as v`,
          );
          expect(Number(row?.['n'])).toBeGreaterThanOrEqual(2000);
          answers.get(name)?.add(String(row?.['bytes']));
        }
        await clearViews(engine);
      }
    }
    for (const [name, bytes] of answers) expect([name, bytes.size]).toEqual([name, 1]);
  });
});
