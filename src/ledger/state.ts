import type { Day } from '../contract/agent.ts';
import { type Engine, quoteName } from '../engine/engine.ts';
import { CATALOG, type WaitOptions, withLedger } from './file.ts';
import { createStateTables, hasTable, ledgerTable, readVersion } from './schema.ts';
import { createLedgerViews } from './views.ts';

const EVER = '0001-01-01';

export interface ReadStateOptions extends WaitOptions {
  /** The day in hand. Records known by it; readings of days before it, because a re-run of it replaces its reading. */
  readonly asOf: Day;
  /** Also the readings of `asOf` itself: for commands that show the last run. Default false. */
  readonly includeAsOf?: boolean;
  /** By table, the part of its rows that is needed; for tables that grow with every night. Default: all of them. */
  readonly part?: Readonly<Record<string, StatePart>>;
}

/** Part of a table; what is left out costs nothing, however many nights the ledger holds. All conditions hold at once. */
export interface StatePart {
  /** First and last day of rows; default every one, and the day in hand. */
  readonly since?: Day;
  readonly upTo?: Day;
  /** Values that rows must have, by column. */
  readonly having?: Readonly<Record<string, string>>;
  /** Only rows that a table named before this one has a match for: its column, by column of this table. */
  readonly matching?: { readonly table: string; readonly on: Readonly<Record<string, string>> };
  /** Of each value of this column the rows of its newest day alone. */
  readonly newestBy?: string;
  /** Columns that are needed of rows older than the newest, too; everything else of those rows stays empty. */
  readonly history?: readonly string[];
}

export interface StateInfo {
  /** Number of the last committed run, 0 for a new ledger. Hand it to `commitRun` as `basedOn`. */
  readonly lastRunNumber: number;
}

/**
 * Copies what a run needs of the ledger into schema `state` and lets go of the file.
 *
 * Every table of the ledger exists in `state` afterwards with all its columns; those in `names` hold the rows known as
 * of the day, of readings only the current ones (no superseded run). The macros `decisions_asof(as_of)`, … of
 * `ledger/views` read them. A ledger that does not exist is an empty one.
 */
export async function readState(
  engine: Engine,
  ledgerFile: string,
  names: readonly string[],
  options: ReadStateOptions,
): Promise<StateInfo> {
  await createStateTables(engine);
  await createLedgerViews(engine);
  const lastRunNumber = await withLedger(engine, ledgerFile, 'read', options, async () => {
    const version = await readVersion(engine, ledgerFile);
    if (version === 0) return 0;
    // The current runs of each date always come along: the views need them, and they are one row a run.
    for (const name of new Set(['run_date', ...names])) {
      // Reading changes no file: one of an older version still has the table in the form that nobody wrote.
      if (version >= (ledgerTable(name).since ?? 0)) await copyTable(engine, name, options);
    }
    const [row] = await engine.rows(`select coalesce(max(run_number), 0) as number from ${CATALOG}.run`);
    return Number(row?.number);
  });
  return { lastRunNumber };
}

/** The state of a ledger that holds nothing: every table in `state`, empty. For replays that start in memory. */
export async function emptyState(engine: Engine): Promise<void> {
  await createStateTables(engine);
  await createLedgerViews(engine);
}

/**
 * Keeps what people did to accounts, as the records in `state` have it and known by the end of `asOf`, as relation `into`
 * (`account_id, first_on, last_on`), which outlives `state`.
 */
export async function keepWork(engine: Engine, asOf: Day, into: string): Promise<void> {
  await engine.materialise(into, 'select * from work_asof($as_of::date)', { as_of: asOf });
}

async function copyTable(engine: Engine, name: string, options: ReadStateOptions): Promise<void> {
  const { kind, known, grows } = ledgerTable(name);
  // A ledger of an older version may lack the table; its copy then stays empty.
  if (!(await hasTable(engine, name))) return;
  if (grows === true) await growState(engine, name);
  const part = options.part?.[name] ?? {};
  const day = `t.${quoteName(known)}`;
  const known_by = kind === 'record' || options.includeAsOf === true ? '<=' : '<';
  const conditions = [`${day} ${known_by} $as_of::date`, `${day} between $since::date and $up_to::date`];
  if (kind === 'reading') {
    conditions.push(`exists (select 1 from ${CATALOG}.run_date as d
      where d.run_id = t.run_id and d.as_of = t.as_of and d.superseded_by is null)`);
  }
  const bindings: Record<string, string> = { as_of: options.asOf, since: part.since ?? EVER };
  bindings['up_to'] = part.upTo ?? options.asOf;
  for (const [k, [column, value]] of Object.entries(part.having ?? {}).entries()) {
    conditions.push(`t.${quoteName(column)} = $having_${k}`);
    bindings[`having_${k}`] = value;
  }
  if (part.matching !== undefined) {
    const pairs = Object.entries(part.matching.on).map(([own, other]) => `m.${quoteName(other)} = t.${quoteName(own)}`);
    conditions.push(`exists (select 1 from state.${quoteName(part.matching.table)} as m where ${pairs.join(' and ')})`);
  }
  const rows = `from ${CATALOG}.${quoteName(name)} as t where ${conditions.join(' and ')}`;
  if (part.newestBy === undefined) {
    await engine.execute(`insert into state.${quoteName(name)} by name select t.* ${rows}`, bindings);
  } else await copyNewest(engine, name, part.newestBy, part.history ?? [], { rows, bindings, known_by });
}

/** A from clause over a ledger's table `t`, what it binds, and how days compare with the day in hand. */
interface Rows {
  readonly rows: string;
  readonly bindings: Readonly<Record<string, string>>;
  readonly known_by: '<' | '<=';
}

/** Copies of each value of a column the rows of its newest day, and `history` columns of the older ones. */
async function copyNewest(
  engine: Engine,
  name: string,
  column: string,
  history: readonly string[],
  { rows, bindings, known_by }: Rows,
): Promise<void> {
  const { known } = ledgerTable(name);
  const [value, day] = [`t.${quoteName(column)}`, `t.${quoteName(known)}`];
  const into = `insert into state.${quoteName(name)} by name`;
  // The last day has nearly every value, and its rows lie together; only the others are looked for in the whole past.
  const [newest] = await engine.rows(
    `select max(as_of)::varchar as last from ${CATALOG}.run_date
     where superseded_by is null and as_of ${known_by} $as_of::date and as_of between $since::date and $up_to::date`,
    { as_of: bindings['as_of'] ?? EVER, since: bindings['since'] ?? EVER, up_to: bindings['up_to'] ?? EVER },
  );
  const last = { ...bindings, last: typeof newest?.['last'] === 'string' ? newest['last'] : EVER };
  await engine.execute(`${into} select t.* ${rows} and ${day} = $last::date`, last);
  // Places of few columns first: to look through all columns for a few rows would cost several times as much.
  await engine.materialise(
    'state.newest',
    `select place from (
       select t.rowid as place, rank() over (partition by ${value} order by ${day} desc) as age
       ${rows} and ${day} <> $last::date and not exists (
         select 1 from state.${quoteName(name)} as h where h.${quoteName(column)} = ${value})
     ) as past where age = 1`,
    last,
  );
  const whole = `${CATALOG}.${quoteName(name)}`;
  await engine.execute(`${into} select t.* from ${whole} as t join state.newest as n on n.place = t.rowid`);
  const there = await engine.describe(`select * from ${whole}`);
  const older = history.filter((wanted) => there.some((info) => info.name === wanted));
  if (older.length > 0) {
    const kept = ['run_id', known, column, ...older].map((wanted) => `t.${quoteName(wanted)}`);
    await engine.execute(
      `${into} select ${kept.join(', ')} ${rows} and ${day} <> $last::date
         and not exists (select 1 from state.newest as n where n.place = t.rowid)`,
      last,
    );
  }
  await engine.execute('drop table state.newest');
}

async function growState(engine: Engine, name: string): Promise<void> {
  const there = new Set((await engine.describe(`select * from state.${quoteName(name)}`)).map((column) => column.name));
  for (const column of await engine.describe(`select * from ${CATALOG}.${quoteName(name)}`)) {
    if (there.has(column.name)) continue;
    await engine.execute(`alter table state.${quoteName(name)} add column ${quoteName(column.name)} ${column.type}`);
  }
}

/**
 * Opens a date of the run in hand inside `state`, so that rows which the run adds to `state` for it are current to the
 * as-of views. Clears what `state` holds of that date.
 */
export async function beginDate(engine: Engine, runId: string, asOf: Day): Promise<void> {
  await engine.execute('delete from state.run_date where as_of = $as_of::date', { as_of: asOf });
  await engine.execute(
    `insert into state.run_date by name
     select $run_id as run_id, 0 as run_number, $as_of::date as as_of, false as is_replayed`,
    { run_id: runId, as_of: asOf },
  );
}
