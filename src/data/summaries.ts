import { type Engine, quoteName } from '../engine/engine.ts';
import { readSqlFolder } from '../engine/sql-files.ts';

/**
 * What is read from usage again and again and does not need its rows: `usage_calendar` (days) and `usage_span`
 * (accounts). One file of `summaries/` each, a select over `usage`.
 */
const SUMMARIES: ReadonlyMap<string, string> = readSqlFolder(new URL('./summaries/', import.meta.url));

/** Lets the summaries answer from `usage` as it stands whenever they are read. */
export async function createSummaryViews(engine: Engine): Promise<void> {
  await dropSummaries(engine);
  for (const [name, sql] of SUMMARIES) await engine.execute(`create view ${quoteName(name)} as ${sql}`);
}

/** Computes the summaries once, in one pass each over a `usage` that will not change. */
export async function materialiseSummaries(engine: Engine): Promise<void> {
  await dropSummaries(engine);
  for (const [name, sql] of SUMMARIES) await engine.materialise(name, sql);
}

async function dropSummaries(engine: Engine): Promise<void> {
  for (const name of SUMMARIES.keys()) {
    const [found] = await engine.rows(
      `select table_type = 'VIEW' as is_view from information_schema.tables where table_schema = 'main' and table_name = $name`,
      { name },
    );
    if (found !== undefined)
      await engine.execute(`drop ${found['is_view'] === true ? 'view' : 'table'} ${quoteName(name)}`);
  }
}
