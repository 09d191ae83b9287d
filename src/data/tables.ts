import { type Engine, quoteName } from '../engine/engine.ts';
import { CACHE_COLUMNS, type ContractTable, SQL_TYPES, TABLES } from './contract.ts';
import { createSummaryViews } from './summaries.ts';

/** Columns a cached table carries beyond the data contract: what ingest derives once so that views need not. */
export const DERIVED_COLUMNS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  usage: {
    /** Day of the event, or the last day of the period: the only date views read. */
    occurred_on: 'DATE',
    /** `event`, `day`, `week` or `month`. */
    period: 'VARCHAR',
    /** Last day of the period, inclusive; null for events. */
    period_end: 'DATE',
  },
};

/** One row per mapped table, so that an absent feed and an empty one differ. */
export const FEED_COLUMNS: Readonly<Record<string, string>> = {
  table_name: 'VARCHAR',
  row_count: 'BIGINT',
  first_on: 'DATE',
  last_on: 'DATE',
  /** Share of rows, and of the accounts' ARR, that join to an account (0–1). */
  joined_row_rate: 'DOUBLE',
  joined_arr_rate: 'DOUBLE',
  is_stopped: 'BOOLEAN',
};

/** What models/change.ts finds beyond chance, kept by date; views read the rows of their own `as_of` only. */
export const USAGE_CHANGE_COLUMNS: Readonly<Record<string, string>> = {
  as_of: 'DATE',
  account_id: 'VARCHAR',
  /** `event_count` or `active_users`. */
  metric: 'VARCHAR',
  now_value: 'DOUBLE',
  expected_value: 'DOUBLE',
  low_value: 'DOUBLE',
  high_value: 'DOUBLE',
  /** Log ratio of now to expected, both plus one. */
  effect: 'DOUBLE',
  p_value: 'DOUBLE',
  q_value: 'DOUBLE',
  is_fact: 'BOOLEAN',
  history_windows: 'INTEGER',
};

/** Columns of a canonical table in the engine, in order, with SQL types: contract, derived, cache. */
export function tableColumns(table: ContractTable): Readonly<Record<string, string>> {
  const columns: Record<string, string> = {};
  for (const column of table.columns) columns[column.name] = SQL_TYPES[column.type];
  return { ...columns, ...DERIVED_COLUMNS[table.name], ...CACHE_COLUMNS };
}

/** Creates every canonical table of the data contract, `feed` and `usage_change`, empty, replacing what stood there. */
export async function createEmptyTables(engine: Engine): Promise<void> {
  for (const table of TABLES) await engine.execute(createStatement(table.name, tableColumns(table)));
  await engine.execute(createStatement('feed', FEED_COLUMNS));
  await engine.execute(createStatement('usage_change', USAGE_CHANGE_COLUMNS));
  await createSummaryViews(engine);
}

function createStatement(name: string, columns: Readonly<Record<string, string>>): string {
  const list = Object.entries(columns).map(([column, type]) => `${quoteName(column)} ${type}`);
  return `create or replace table ${quoteName(name)} (${list.join(', ')})`;
}
