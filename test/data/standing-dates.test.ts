import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { ChurnDefinition, Config } from '../../src/contract/config.ts';
import { defaultConfig, loadConfig } from '../../src/data/config.ts';
import { admitFeatures } from '../../src/data/custom-features.ts';
import { ingest } from '../../src/data/ingest.ts';
import { createSettings } from '../../src/data/settings.ts';
import { clearViews, standDates, standRelations, viewClosure } from '../../src/data/standing.ts';
import { createViews, VIEWS } from '../../src/data/views.ts';
import { openDuckDB } from '../../src/engine/duckdb.ts';
import { type Engine, quoteName } from '../../src/engine/engine.ts';
import { addDays, type Day } from '../../src/lib/dates.ts';
import { createRandom } from '../../src/lib/random.ts';
import { DERIVED } from '../../src/pipeline/derived.ts';
import { materialiseDate, materialiseDates } from '../../src/pipeline/relations.ts';
import { planRelations } from '../../src/pipeline/replay.ts';
import { CompanyMaker, DAYS, loadCompany, START } from './future-row-company.ts';

/** Every view of one date that is worth a table. */
const NAMES = viewClosure(VIEWS.filter(({ parameters }) => parameters.length === 1).map(({ name }) => name));

/** Rows of each relation at each date, computed together and one date after the other, as text. */
async function bothWays(
  engine: Engine,
  names: readonly string[],
  dates: readonly Day[],
  together: () => Promise<void>,
  alone: (asOf: Day) => Promise<void>,
): Promise<{ together: Record<string, unknown>; alone: Record<string, unknown> }> {
  const read = async (from: string, where: string) => {
    const rows = await engine.rows(`select cast(v as varchar) as text from (${from}) as v ${where} order by 1`);
    return rows.map(({ text }) => text);
  };
  const result = { together: {} as Record<string, unknown>, alone: {} as Record<string, unknown> };
  await together();
  for (const name of names) {
    for (const asOf of dates) {
      const from = DERIVED.has(name)
        ? `select * from dated.${name} where as_of = date '${asOf}'`
        : `select * exclude (stands_for) from dates.${quoteName(name)} where stands_for = date '${asOf}'`;
      result.together[`${name} ${asOf}`] = await read(from, '');
    }
  }
  for (const asOf of dates) {
    await alone(asOf);
    for (const name of names)
      result.alone[`${name} ${asOf}`] = await read(`select * from dated.${quoteName(name)}`, '');
  }
  await clearViews(engine);
  return result;
}

describe('relations of many dates, computed in one statement each', () => {
  const cases: readonly (readonly [number, ChurnDefinition])[] = [
    [1, 'contract_chain'],
    [2, 'churn_event'],
    [3, 'cancel_request'],
    [4, 'contraction'],
    [5, 'account_churn_date'],
    [6, 'inactivity'],
  ];
  it.each(cases)('are those of each date: random company %i, churn by %s', async (seed, definition) => {
    const random = createRandom(seed);
    const engine = await openDuckDB({ threads: 2 });
    try {
      await loadCompany(engine, new CompanyMaker(random).company());
      const base = defaultConfig('/nowhere');
      const config: Config = {
        ...base,
        currency: 'EUR',
        churn: { ...base.churn, definition },
        segment_min_accounts: 2,
        segments: seed % 2 === 0 ? [{ name: 'bank', when: { industry: ['bank'], arr_amount: { min: 10 } } }] : [],
      };
      await createSettings(engine, config, { firstSeenOn: addDays(START, 400) });
      await createViews(engine);
      // As a configuration admits columns of its own: of a text, and of a feed of events.
      if (seed % 3 === 0) {
        const own = { key: '', is_dated: true };
        await admitFeatures(engine, [
          { ...own, table: 'ticket', column: 'priority', kind: 'nominal' },
          { ...own, table: 'usage', column: 'duration_seconds', kind: 'continuous' },
        ]);
      }
      // Before anything happened, in the middle, and after everything.
      const days = [-10, 90, 330, 399, 400, 500, DAYS + 60].map((age) => addDays(START, age));
      const rows = await bothWays(
        engine,
        NAMES,
        days,
        () => standDates(engine, NAMES, days),
        async (asOf) => {
          await clearViews(engine);
          await standRelations(engine, NAMES, asOf);
        },
      );
      expect(rows.together).toEqual(rows.alone);
      const filled = Object.values(rows.alone).filter((texts) => (texts as unknown[]).length > 0).length;
      // What is empty here is not tested: most must say something.
      expect(filled).toBeGreaterThan(0.6 * Object.keys(rows.alone).length);
    } finally {
      engine.close();
    }
  });

  it('are those of each date, with what SQL alone cannot compute, on fixtures/tiny', async () => {
    const store = mkdtempSync(join(tmpdir(), 'retain-dates-'));
    const engine = await openDuckDB({ threads: 2 });
    try {
      const config = {
        ...loadConfig(fileURLToPath(new URL('../../fixtures/tiny/retain.yaml', import.meta.url))),
        store,
      };
      await ingest(engine, config, { cacheDirectory: join(store, 'cache'), rejectsDirectory: join(store, 'rejects') });
      await createSettings(engine, config, { firstSeenOn: '2024-12-29' });
      await createViews(engine);
      const names = planRelations(['account_features', 'health_measures', 'fact', 'renewal_group']);
      const days = ['2024-03-01', '2024-06-30', '2024-10-01', '2024-12-01', '2024-12-29'];
      const rows = await bothWays(
        engine,
        names,
        days,
        () => materialiseDates(engine, days, names, DERIVED, config),
        (asOf) => materialiseDate(engine, asOf, names, DERIVED, config),
      );
      expect(rows.together).toEqual(rows.alone);
      expect((rows.alone['usage_change 2024-12-29'] as unknown[]).length).toBeGreaterThan(0);
      expect((rows.alone['fact 2024-12-29'] as unknown[]).length).toBeGreaterThan(0);
    } finally {
      engine.close();
      rmSync(store, { recursive: true, force: true });
    }
  });

  it('ask no IN of a subselect that knows the date: the engine answers it wrongly for many at once', () => {
    const lists = ['strategic_account', 'unavoidable_reason'];
    const asked = VIEWS.flatMap(({ name, sql }) =>
      [...sql.matchAll(/\b(?:in|exists|any|all)\s*\(\s*select\b[^;]*?\bfrom\s+(\w+)/gi)].map(
        ([, from]) => `${name}: ${from}`,
      ),
    );
    expect(asked.filter((found) => !lists.some((list) => found.endsWith(`: ${list}`)))).toEqual([]);
    expect(asked).toHaveLength(2);
  });

  it('answer for these dates only', async () => {
    const engine = await openDuckDB({ threads: 1 });
    try {
      await loadCompany(engine, new CompanyMaker(createRandom(1)).company());
      await createSettings(engine, defaultConfig('/nowhere'), { firstSeenOn: START });
      await createViews(engine);
      await standDates(engine, viewClosure(['account_state']), ['2023-12-01', '2024-01-01']);
      const count = async (day: Day) => {
        const [row] = await engine.rows('select count(*) as n from account_state($day::date)', { day });
        return Number(row?.['n']);
      };
      expect(await count('2024-01-01')).toBeGreaterThan(0);
      await expect(count('2024-01-02')).rejects.toThrow('account_state stands for 2023-12-01, 2024-01-01 only');
      await clearViews(engine);
      expect(await count('2024-01-02')).toBeGreaterThan(0);
    } finally {
      engine.close();
    }
  });
});
