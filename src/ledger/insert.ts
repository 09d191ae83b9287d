import { type ColumnInfo, type Engine, quoteName } from '../engine/engine.ts';
import { CATALOG } from './file.ts';
import { hasTable } from './schema.ts';

interface Insert {
  readonly into: string;
  /** Quoted relation in the engine. */
  readonly from: string;
  /** Columns filled here, where the table has them. */
  readonly filled: Readonly<Record<string, string | number>>;
  readonly grows: boolean;
  readonly key: string | undefined;
}

/** Inserts a relation into a table of the attached ledger, columns matched by name. */
export async function insertByName(engine: Engine, insert: Insert): Promise<void> {
  const target = `${CATALOG}.${quoteName(insert.into)}`;
  if (insert.grows) await addColumns(engine, target, await engine.describe(`select * from ${insert.from}`), 'keep');
  const there = new Set((await engine.describe(`select * from ${target}`)).map((column) => column.name));
  const filled = Object.keys(insert.filled).filter((name) => there.has(name));
  const brought = (await engine.describe(`select * from ${insert.from}`))
    .map((column) => column.name)
    .filter((name) => !filled.includes(name));
  const unknown = brought.filter((name) => !there.has(name));
  if (unknown.length > 0) throw new Error(`${insert.into} of the ledger has no column ${unknown.join(', ')}`);
  if (brought.length === 0) return;
  const names = [...filled, ...brought];
  const selected = [...filled.map((name) => `$${name}`), ...brought.map((name) => `s.${quoteName(name)}`)];
  const key = insert.key === undefined ? undefined : quoteName(insert.key);
  const isNew = key === undefined ? '' : `where not exists (select 1 from ${target} as t where t.${key} = s.${key})`;
  await engine.execute(
    `insert into ${target} (${names.map(quoteName).join(', ')}) select ${selected.join(', ')} from ${insert.from} as s ${isNew}`,
    Object.fromEntries(filled.map((name) => [name, insert.filled[name] ?? null])),
  );
}

/**
 * Copies `pending.list_<name>` into `list_<name>` of the ledger under the run's id, and enters it in `run_list`. The
 * table takes its columns from the first list written; a later list may bring new columns (null in older rows) or wider
 * types.
 */
export async function writeList(
  engine: Engine,
  name: string,
  runId: string,
  keep: 'month_ends' | 'always',
): Promise<void> {
  const from = `pending.${quoteName(`list_${name}`)}`;
  const target = `${CATALOG}.${quoteName(`list_${name}`)}`;
  const columns = (await engine.describe(`select * from ${from}`)).filter((column) => column.name !== LIST_KEY);
  if (!(await hasTable(engine, `list_${name}`))) {
    const definitions = columns.map((column) => `${quoteName(column.name)} ${column.type}`);
    await engine.execute(`create table ${target} (${[`${LIST_KEY} varchar`, ...definitions].join(', ')})`);
  }
  await addColumns(engine, target, columns, 'widen');
  const names = columns.map((column) => quoteName(column.name)).join(', ');
  await engine.execute(`insert into ${target} (${LIST_KEY}, ${names}) select $run_id, ${names} from ${from}`, {
    run_id: runId,
  });
  await engine.execute(
    `insert into ${CATALOG}.run_list (run_id, name, row_count, columns, is_kept_always)
     select $run_id, $name, count(*), $columns::json, $is_kept_always from ${from}`,
    {
      ...{ run_id: runId, name, columns: JSON.stringify(columns.map((column) => column.name)) },
      is_kept_always: keep === 'always',
    },
  );
}

/** The ledger's own column of a list table. */
export const LIST_KEY = 'run_id';

/** Adds what `columns` has and the table lacks; `widen` also widens a type that no longer holds the new values. */
async function addColumns(
  engine: Engine,
  target: string,
  columns: readonly ColumnInfo[],
  types: 'keep' | 'widen',
): Promise<void> {
  const there = new Map((await engine.describe(`select * from ${target}`)).map(({ name, type }) => [name, type]));
  for (const { name, type } of columns) {
    const before = there.get(name);
    if (before === undefined) {
      await engine.execute(`alter table ${target} add column ${quoteName(name)} ${type}`);
    } else if (before !== type && types === 'widen') {
      const wide = await widerType(engine, before, type);
      if (wide !== before) {
        await engine.execute(`alter table ${target} alter column ${quoteName(name)} set data type ${wide}`);
      }
    }
  }
}

/** The type that holds values of both, by the engine's own rule for unions; text where it has none. */
async function widerType(engine: Engine, a: string, b: string): Promise<string> {
  try {
    const [column] = await engine.describe(`select null::${a} as x union all select null::${b} as x`);
    return column?.type ?? 'VARCHAR';
  } catch {
    return 'VARCHAR';
  }
}
