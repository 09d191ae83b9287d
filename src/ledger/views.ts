import type { Engine } from '../engine/engine.ts';
import { readSqlFolder } from '../engine/sql-files.ts';

const VIEWS = readSqlFolder(new URL('./views/', import.meta.url));

/** Names of the as-of views over the ledger: `decisions_asof`, `alerts_asof`, … Table macros of one parameter. */
export const LEDGER_VIEW_NAMES: readonly string[] = [...VIEWS.keys()];

/** Creates the as-of views over schema `state`. Only these are read by agents, never `state` itself. */
export async function createLedgerViews(engine: Engine): Promise<void> {
  for (const sql of VIEWS.values()) await engine.execute(sql);
}
