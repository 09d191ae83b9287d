import type { Day } from '../contract/agent.ts';
import { type Engine, joinedKey, quoteName } from '../engine/engine.ts';
import { CATALOG, type WaitOptions, withLedger } from './file.ts';
import { hasTable } from './schema.ts';

/** A relation whose cells are overwritten by the exporting system and therefore copied with their date. */
export interface ValueSource {
  /** Name kept in the copy, e.g. `account`. */
  readonly table: string;
  /** Relation in the engine; default `main.<table>`. */
  readonly relation?: string;
  /** Columns that identify a row, e.g. `account_id`. */
  readonly key: readonly string[];
  /** Current-state columns to keep. */
  readonly columns: readonly string[];
}

/**
 * Appends a dated copy of every cell that differs from its last copy (a first value, a changed one, one that became
 * empty). Cells that were always empty leave none. Runs inside the caller's transaction.
 */
export async function copyChangedValues(
  engine: Engine,
  source: ValueSource,
  seenOn: Day,
  runId: string,
  runNumber: number,
): Promise<void> {
  if (source.columns.length === 0) return;
  const relation = (source.relation ?? `main.${source.table}`).split('.').map(quoteName).join('.');
  const key = joinedKey(source.key);
  const cells = source.columns.map((name) => `${quoteName(name)}::varchar as ${quoteName(name)}`).join(', ');
  const names = source.columns.map(quoteName).join(', ');
  await engine.execute(
    `insert into ${CATALOG}.value_copy by name
     with seen as (
       select row_key, column_name, value
       from (select ${key} as row_key, ${cells} from ${relation} where ${key} is not null)
       unpivot include nulls (value for column_name in (${names}))
     ),
     -- A key that stands twice keeps its greatest value, so that the copy does not depend on the order of rows.
     one as (select row_key, column_name, max(value) as value from seen group by row_key, column_name),
     last as (
       select row_key, column_name, value from (
         select row_key, column_name, value, row_number() over (
           partition by row_key, column_name order by seen_on desc, run_number desc) as newness
         from ${CATALOG}.value_copy where table_name = $table_name and seen_on <= $seen_on::date and row_key in (select row_key from one)
       ) as copies where newness = 1
     )
     select $run_id as run_id, $run_number as run_number, $table_name as table_name, one.row_key as row_key,
       one.column_name as column_name, one.value as value, $seen_on::date as seen_on
     from one left join last on last.row_key = one.row_key and last.column_name = one.column_name
     where one.value is distinct from last.value
     order by row_key, column_name`,
    { run_id: runId, run_number: runNumber, table_name: source.table, seen_on: seenOn },
  );
}

/**
 * Reads the dated copies of some tables into `relation` (created anew): `table_name, row_key, column_name, value, seen_on,
 * run_number`. Empty where nothing was copied yet or no ledger is there.
 */
export async function readCopies(
  engine: Engine,
  ledgerFile: string,
  tables: readonly string[],
  relation: string,
  options: WaitOptions = {},
): Promise<void> {
  await engine.execute(
    `create or replace table ${relation} (
       table_name varchar, row_key varchar, column_name varchar, value varchar, seen_on date, run_number integer)`,
  );
  await withLedger(engine, ledgerFile, 'read', options, async () => {
    if (!(await hasTable(engine, 'value_copy'))) return;
    await engine.execute(
      `insert into ${relation} by name
       select table_name, row_key, column_name, value, seen_on, run_number from ${CATALOG}.value_copy
       where table_name in (select unnest(cast($tables::json as varchar[])))`,
      { tables: JSON.stringify(tables) },
    );
  });
}
