import { type Engine, joinedKey, quoteName, quoteText } from '../engine/engine.ts';
import type { Day } from '../lib/dates.ts';

/** A canonical table whose cells are overwritten in place, and what tells its rows apart. */
export interface VersionedTable {
  readonly table: 'account' | 'contact';
  /** Columns that identify a row. */
  readonly key: readonly string[];
  /** Attributes: cells that say how things are and keep no day. */
  readonly columns: readonly string[];
}

/** Attributes of which every run keeps dated copies, and which the views show as they were on the day. */
export const VERSIONED: readonly VersionedTable[] = [
  {
    table: 'account',
    key: ['account_id'],
    columns: [
      'name',
      'plan',
      'industry',
      'country',
      'csm',
      'csm_since',
      'motion',
      'partner',
      'seats',
      'parent_account_id',
      'is_trial',
      'is_churned_flag',
    ],
  },
  { table: 'contact', key: ['account_id', 'contact_id'], columns: ['name', 'email', 'role', 'is_opted_out'] },
];

/** Relation with the copies a run may read: `table_name, row_key, column_name, value, seen_on, run_number`. */
export const COPIES = 'main.attribute_copy';

const EVER = '0001-01-01';
const NEVER = '9999-12-31';
/**
 * Lets `account_version` and `contact_version` answer with the rows as they stand, each valid on every day: what holds
 * where no earlier value is known. `versionAttributes` puts the copies in.
 */
export async function createVersionViews(engine: Engine): Promise<void> {
  for (const { table } of VERSIONED) {
    await engine.execute(currentView(table, ''));
    await engine.execute(`create or replace view ${uncopiedRows(table)} as select * from ${table}`);
  }
}

/** Relation with the rows of a table that may differ from their copies: all a run has to compare when it copies. */
export function uncopiedRows(table: VersionedTable['table']): string {
  return `main.${table}_uncopied`;
}

function currentView(table: string, where: string, seenSince = 'null'): string {
  return `create or replace view ${table}_version as
    select *, date '${EVER}' as valid_from, date '${NEVER}' as valid_to, ${seenSince}::date as seen_since
    from ${table} ${where}`;
}

/**
 * Puts the dated copies of `COPIES` into `account_version` and `contact_version`: one row for each time a row of the
 * export looked different, with the days on which it did (`valid_from` up to, without, `valid_to`). The export as it was
 * read now is the copy of `seenOn`. Before its first copy a row looks as in that one. `seen_since` is the day from which a
 * row without a date of its own is known: the day retain first saw it.
 *
 * @param seenOn the day from which what the exports say now is known
 */
export async function versionAttributes(engine: Engine, seenOn: Day): Promise<void> {
  for (const source of VERSIONED) await versionTable(engine, source, seenOn);
}

async function versionTable(engine: Engine, source: VersionedTable, seenOn: Day): Promise<void> {
  const { table } = source;
  const bindings = { table_name: table };
  const [first] = await engine.rows(
    `select min(seen_on) as seen_on from ${COPIES} where table_name = $table_name`,
    bindings,
  );
  // Nothing was ever copied: the rows stand as they are, known since `settings.first_seen_on`.
  if (typeof first?.['seen_on'] !== 'string') return;
  const firstSeen = `least(date '${first['seen_on']}', (select first_seen_on from settings))`;
  const key = joinedKey(source.key);
  await engine.execute(`create or replace table ${table}_change as ${changedKeys(source)}`, {
    ...bindings,
    first_seen_on: first['seen_on'],
  });
  await engine.execute(
    `create or replace table ${table}_past as ${pastVersions(source, await typesOf(engine, table), firstSeen)}`,
    { ...bindings, seen_on: seenOn, first_seen_on: first['seen_on'] },
  );
  await engine.execute(
    `create or replace view ${uncopiedRows(table)} as
     select * from ${table} where ${key} in (select row_key from ${table}_change)`,
  );
  const unchanged = `where (${key}) is null or (${key}) not in (select row_key from ${table}_change)`;
  await engine.execute(
    `${currentView(table, unchanged, `(${firstSeen})`)} union all by name select * from ${table}_past`,
  );
}

async function typesOf(engine: Engine, table: string): Promise<ReadonlyMap<string, string>> {
  return new Map((await engine.describe(`select * from ${table}`)).map(({ name, type }) => [name, type]));
}

/**
 * Keys of rows that have looked different: copied by more than one run, first copied later than the table was, or not as in
 * their copies now. Most rows have one copy and look like it, so that nothing is taken apart cell by cell but the others.
 */
function changedKeys({ table, key, columns }: VersionedTable): string {
  const copied = columns.map(
    (name) => `any_value(value) filter (column_name = ${quoteText(name)}) as ${quoteName(name)}`,
  );
  const differs = columns.map((name) => `now.${quoteName(name)}::varchar is distinct from copied.${quoteName(name)}`);
  // A row of one run has one value a column, so that any of them is that one.
  return `
    with copied as (
      select row_key, min(seen_on) as first_on, min(run_number) as first_run, max(run_number) as last_run, ${copied.join(', ')}
      from ${COPIES} where table_name = $table_name group by row_key
    )
    select distinct copied.row_key from copied
    where copied.first_run <> copied.last_run or copied.first_on > $first_seen_on::date
    union
    select ${joinedKey(key, 'now')} from ${table} as now
    left join copied on copied.row_key = ${joinedKey(key, 'now')}
    where ${joinedKey(key, 'now')} is not null and (copied.row_key is null or ${differs.join(' or ')})`;
}

/** The attributes as the export has them now, a row a cell, of rows that changed; of a key that stands twice the greater value. */
function currentCells({ table, key, columns }: VersionedTable): string {
  const cells = columns.map((name) => `${quoteName(name)}::varchar as ${quoteName(name)}`).join(', ');
  const names = columns.map(quoteName).join(', ');
  return `select row_key, column_name, max(value) as value
    from (
      select ${joinedKey(key)} as row_key, ${cells} from ${table}
      where ${joinedKey(key)} in (select row_key from ${table}_change))
    unpivot include nulls (value for column_name in (${names}))
    group by row_key, column_name`;
}

/**
 * Rows that have looked different: one for each day on which a copy of them was taken. A cell without a copy yet was empty,
 * unless nothing of its column was copied yet: then it is taken to have looked as in its first copy.
 */
function pastVersions(
  { table, key, columns }: VersionedTable,
  types: ReadonlyMap<string, string>,
  firstSeen: string,
): string {
  const wide = columns.map((name) => `any_value(cell) filter (column_name = ${quoteText(name)}) as ${quoteName(name)}`);
  const filled = columns.map((name) => {
    const column = quoteName(name);
    const since = `(select min(seen_on) from ${COPIES} where table_name = $table_name and column_name = ${quoteText(name)})`;
    return `coalesce(
      last_value(${column} ignore nulls) over so_far,
      case when seen_on < ${since} then first_value(${column} ignore nulls) over from_here end).v as ${column}`;
  });
  const replaced = columns.map(
    (name) => `try_cast(version.${quoteName(name)} as ${types.get(name) ?? 'VARCHAR'}) as ${quoteName(name)}`,
  );
  return `
    with copied as (
      select row_key, column_name, seen_on, arg_max(struct_pack(v := value), run_number) as cell
      from ${COPIES}
      where table_name = $table_name and seen_on <> $seen_on::date and row_key in (select row_key from ${table}_change)
      group by row_key, column_name, seen_on
      union all
      select row_key, column_name, $seen_on::date, struct_pack(v := value)
      from (${currentCells({ table, key, columns })})
    ),
    seen as (select row_key, seen_on, ${wide.join(', ')} from copied group by row_key, seen_on),
    filled as (
      select row_key, seen_on, ${filled.join(', ')},
        min(seen_on) over (partition by row_key) as row_seen_on,
        lag(seen_on) over (partition by row_key order by seen_on) as before_on,
        lead(seen_on) over (partition by row_key order by seen_on) as next_on
      from seen
      window so_far as (partition by row_key order by seen_on rows between unbounded preceding and current row),
        from_here as (partition by row_key order by seen_on rows between current row and unbounded following)
    )
    select now.* replace (${replaced.join(', ')}),
      case when version.before_on is null then date '${EVER}' else version.seen_on end as valid_from,
      coalesce(version.next_on, date '${NEVER}') as valid_to,
      case when version.row_seen_on > $first_seen_on::date then version.row_seen_on else ${firstSeen} end as seen_since
    from ${table} as now
    join filled as version on version.row_key = ${joinedKey(key, 'now')}`;
}
