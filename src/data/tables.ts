import { type Engine, quoteName } from '../engine/engine.ts';
import { CACHE_COLUMNS, type ContractTable, SQL_TYPES, TABLES } from './contract.ts';

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

/** Columns of a canonical table in the engine, in order, with SQL types: contract, derived, cache. */
export function tableColumns(table: ContractTable): Readonly<Record<string, string>> {
  const columns: Record<string, string> = {};
  for (const column of table.columns) columns[column.name] = SQL_TYPES[column.type];
  return { ...columns, ...DERIVED_COLUMNS[table.name], ...CACHE_COLUMNS };
}

/** Creates every canonical table of the data contract and `feed`, empty, replacing what stood there. */
export async function createEmptyTables(engine: Engine): Promise<void> {
  for (const table of TABLES) await engine.execute(createStatement(table.name, tableColumns(table)));
  await engine.execute(createStatement('feed', FEED_COLUMNS));
}

function createStatement(name: string, columns: Readonly<Record<string, string>>): string {
  const list = Object.entries(columns).map(([column, type]) => `${quoteName(column)} ${type}`);
  return `create or replace table ${quoteName(name)} (${list.join(', ')})`;
}
