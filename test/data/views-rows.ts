import type { Config } from '../../src/contract/config.ts';
import { defaultConfig } from '../../src/data/config.ts';
import { contractTable } from '../../src/data/contract.ts';
import { createSettings } from '../../src/data/settings.ts';
import { clearViews, standViews } from '../../src/data/standing.ts';
import { createEmptyTables, tableColumns } from '../../src/data/tables.ts';
import { createViews } from '../../src/data/views.ts';
import { openDuckDB } from '../../src/engine/duckdb.ts';
import { type Engine, quoteName, quoteText, type Row } from '../../src/engine/engine.ts';
import type { Day } from '../../src/lib/dates.ts';
import { knownOn, type TextRow } from './future-row-company.ts';

type Cell = string | number | boolean | null;

/** Writes hand-made rows into a canonical table; `known_on` and `row_key` are filled as ingest would. */
export async function insertRows(
  engine: Engine,
  table: string,
  rows: readonly Readonly<Record<string, Cell>>[],
): Promise<void> {
  const contract = contractTable(table);
  const types = tableColumns(contract);
  for (const [index, given] of rows.entries()) {
    const row: TextRow = { row_key: `${table}-${index}` };
    for (const [name, cell] of Object.entries(given)) row[name] = cell === null ? null : String(cell);
    if (table === 'usage') row['period'] ??= 'event';
    if (table === 'usage') row['occurred_on'] ??= row['occurred_at']?.slice(0, 10) ?? row['period_end'] ?? null;
    row['known_on'] = knownOn(contract, row);
    const names = Object.keys(row);
    for (const name of names) if (types[name] === undefined) throw new Error(`${table} has no column ${name}`);
    const values = names.map((name) => {
      const value = row[name];
      return value == null ? 'null' : `cast(${quoteText(value)} as ${types[name]})`;
    });
    await engine.execute(
      `insert into ${quoteName(table)} (${names.map(quoteName).join(', ')}) values (${values.join(', ')})`,
    );
  }
}

/** An engine with empty tables, the given rows, settings and all views. */
export async function companyOf(
  tables: Readonly<Record<string, readonly Readonly<Record<string, Cell>>[]>>,
  change: (config: Config) => Partial<Config> = () => ({}),
  firstSeenOn: Day = '2030-01-01',
): Promise<{ engine: Engine; config: Config }> {
  const engine = await openDuckDB({ threads: 1 });
  await createEmptyTables(engine);
  for (const [name, rows] of Object.entries(tables)) {
    await insertRows(engine, name, rows);
    await engine.execute('insert into feed (table_name, row_count, is_stopped) values ($name, $count, false)', {
      name,
      count: rows.length,
    });
  }
  const base = defaultConfig('/nowhere');
  const started: Config = { ...base, churn: { ...base.churn, definition: 'contract_chain' } };
  const config: Config = { ...started, ...change(started) };
  await createSettings(engine, config, { firstSeenOn });
  await createViews(engine);
  return { engine, config };
}

/** Rows of a view as of a day, by account. */
export async function byAccount(engine: Engine, view: string, asOf: Day): Promise<Map<string, Row>> {
  await standViews(engine, [view], asOf);
  const rows = await engine.rows(`select * from dated.${view} order by account_id`);
  await clearViews(engine);
  return new Map(rows.map((row) => [String(row['account_id']), row]));
}
