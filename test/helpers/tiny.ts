import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from '../../src/contract/config.ts';
import { loadConfig } from '../../src/data/config.ts';
import { ingest } from '../../src/data/ingest.ts';
import { createSettings } from '../../src/data/settings.ts';
import { createSummaryViews } from '../../src/data/summaries.ts';
import { createViews } from '../../src/data/views.ts';
import { openDuckDB } from '../../src/engine/duckdb.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { DERIVED } from '../../src/pipeline/derived.ts';
import { materialiseDate } from '../../src/pipeline/relations.ts';
import { planRelations } from '../../src/pipeline/replay.ts';

/** The day every number of fixtures/tiny/README.md is worked out for. */
export const TINY_DAY = '2024-12-29';

/** fixtures/tiny, ingested, changed by `change`, with the views of `day` standing as tables of schema `dated`. */
export async function openTiny(relations: readonly string[], day = TINY_DAY, change?: string): Promise<Engine> {
  const store = mkdtempSync(join(tmpdir(), 'retain-tiny-'));
  const file = fileURLToPath(new URL('../../fixtures/tiny/retain.yaml', import.meta.url));
  const config: Config = { ...loadConfig(file), store };
  const engine = await openDuckDB({ threads: 2 });
  await ingest(engine, config, { cacheDirectory: join(store, 'cache'), rejectsDirectory: join(store, 'rejects') });
  await createSettings(engine, config, { firstSeenOn: day });
  // Ingest leaves usage as a view of its Parquet files; what is to be changed has to be a table.
  await engine.execute('create table held as select * from usage; drop view usage; alter table held rename to usage');
  await createSummaryViews(engine);
  if (change !== undefined) await engine.execute(change);
  await createViews(engine);
  await materialiseDate(engine, day, planRelations(relations), DERIVED, config);
  rmSync(store, { recursive: true, force: true });
  return engine;
}
