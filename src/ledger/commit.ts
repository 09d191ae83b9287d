import type { Cell, CellRow, Day } from '../contract/agent.ts';
import { type Engine, quoteName } from '../engine/engine.ts';
import { UserError } from '../lib/errors.ts';
import { copyChangedValues, type ValueSource } from './copies.ts';
import { CATALOG, createFile, type WaitOptions, withLedger } from './file.ts';
import { insertByName, writeList } from './insert.ts';
import { prune } from './retention.ts';
import { ledgerTable, migrate } from './schema.ts';

/** Rows for a ledger table: a select over the engine (any size), or a few rows computed in JavaScript. */
export type RowSource = { readonly select: string } | { readonly rows: readonly CellRow[] };

/** What identifies and describes one run. */
export interface RunManifest {
  readonly run_id: string;
  readonly as_of: Day;
  readonly as_of_reason: string;
  /** ISO 8601 in UTC, handed in by the caller. */
  readonly started_at: string;
  readonly version: string;
  readonly seed: number;
  readonly config_hash: string;
  /** Plain JSON: the whole config; the inputs' names, sizes and hashes; what a report needs beside its lists. */
  readonly config: unknown;
  readonly inputs: unknown;
  readonly report?: unknown;
  readonly status: 'ok' | 'partial';
  readonly summary: string;
}

/** A list to keep: relation `finding.<name>` (or `relation`) becomes `list_<name>`. */
export interface ListSource {
  readonly name: string;
  readonly relation?: string;
  /** `month_ends` (default): kept for the last run and month ends; `always`: small lists that stay. */
  readonly keep?: 'month_ends' | 'always';
}

/** All that one run leaves behind, computed before the ledger is opened. */
export interface RunRecord {
  readonly run: RunManifest;
  /** As-of dates this run took readings at, `run.as_of` among them; their earlier readings become superseded. */
  readonly dates: readonly Day[];
  /** By ledger table. Columns are matched by name; `run_id` and `run_number` are filled in where the table has them. */
  readonly tables: Readonly<Record<string, RowSource>>;
  readonly lists: readonly ListSource[];
  readonly values?: readonly ValueSource[];
  /**
   * The day from which what the exports say is known: the day they reach, or, for a run as of an earlier day, the one on
   * which they were read. Dated copies are known from it, never from an earlier as-of date.
   */
  readonly seen_on?: Day;
  /** `lastRunNumber` of the state this run started from. Another run committed since then is an error. */
  readonly basedOn?: number;
}

export interface CommitOptions extends WaitOptions {
  /** Awaited after each write inside the transaction. For tests that end the process there. */
  readonly betweenWrites?: (written: string) => Promise<void>;
}

/**
 * Commits a run in one short transaction: afterwards the ledger holds all of it, or, when anything fails or the
 * process ends at any moment, nothing of it. Selects are run first, with the ledger closed.
 *
 * @returns the run's number, counted from 1.
 * @throws UserError when the ledger is locked beyond the wait, not writable, the disk is full, or another run was
 * committed since the state was read.
 */
export async function commitRun(
  engine: Engine,
  ledgerFile: string,
  record: RunRecord,
  options: CommitOptions = {},
): Promise<number> {
  if (!record.dates.includes(record.run.as_of)) throw new Error('the dates of a run include its as-of date');
  await stage(engine, record.tables);
  await stageLists(engine, record.lists);
  await createFile(engine, ledgerFile, () => migrate(engine, ledgerFile));
  const wrote = options.betweenWrites ?? (async () => undefined);
  try {
    return await withLedger(engine, ledgerFile, 'write', options, async () => {
      await migrate(engine, ledgerFile);
      const number = await writeRun(engine, ledgerFile, record);
      await wrote('run');
      for (const [name, source] of Object.entries(record.tables)) {
        if (!isEmpty(source)) await writeTable(engine, name, record.run.run_id, number);
        await wrote(name);
      }
      for (const list of record.lists) {
        await writeList(engine, list.name, record.run.run_id, list.keep ?? 'month_ends');
        await wrote(`list_${list.name}`);
      }
      for (const source of record.values ?? []) {
        await copyChangedValues(engine, source, record.seen_on ?? record.run.as_of, record.run.run_id, number);
        await wrote(`value_copy ${source.table}`);
      }
      await prune(engine);
      await wrote('prune');
      return number;
    });
  } finally {
    await engine.execute('drop schema if exists pending cascade');
  }
}

/**
 * Adds records outside a run (decisions, overrides, calls, a model, a printed list), all or nothing.
 * @throws UserError like `commitRun`.
 */
export async function commitRows(
  engine: Engine,
  ledgerFile: string,
  tables: Readonly<Record<string, RowSource>>,
  options: CommitOptions = {},
): Promise<void> {
  for (const name of Object.keys(tables)) {
    if (ledgerTable(name).kind === 'reading') throw new Error(`${name} belongs to a run`);
  }
  await stage(engine, tables);
  await createFile(engine, ledgerFile, () => migrate(engine, ledgerFile));
  const wrote = options.betweenWrites ?? (async () => undefined);
  try {
    await withLedger(engine, ledgerFile, 'write', options, async () => {
      await migrate(engine, ledgerFile);
      for (const [name, source] of Object.entries(tables)) {
        if (!isEmpty(source)) await writeTable(engine, name, null, null);
        await wrote(name);
      }
    });
  } finally {
    await engine.execute('drop schema if exists pending cascade');
  }
}

/** Runs every select now, so that the transaction only copies finished rows. */
async function stage(engine: Engine, tables: Readonly<Record<string, RowSource>>): Promise<void> {
  await engine.execute('drop schema if exists pending cascade; create schema pending');
  for (const [name, source] of Object.entries(tables)) {
    ledgerTable(name);
    if ('select' in source) await engine.materialise(`pending.${name}`, source.select);
    else if (!isEmpty(source)) await stageRows(engine, name, source.rows);
  }
}

/** No rows have no columns either: there is nothing to stage and nothing to write. */
function isEmpty(source: RowSource): boolean {
  return 'rows' in source && source.rows.length === 0;
}

async function stageLists(engine: Engine, lists: readonly ListSource[]): Promise<void> {
  for (const list of lists) {
    const from = list.relation ?? `finding.${list.name}`;
    const qualified = from.split('.').map(quoteName).join('.');
    await engine.materialise(`pending.list_${list.name}`, `select * from ${qualified}`);
  }
}

/** Rows of JavaScript values enter as numbers, booleans or text and are cast by the ledger's own column types. */
async function stageRows(engine: Engine, name: string, rows: readonly CellRow[]): Promise<void> {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const definition = names.map((column) => `${quoteName(column)} ${typeOf(rows, column)}`).join(', ');
  await engine.execute(`create table pending.${quoteName(name)} (${definition})`);
  await engine.append(
    `pending.${name}`,
    Object.fromEntries(names.map((column) => [column, rows.map((row) => cellValue(row[column] ?? null))])),
  );
}

function typeOf(rows: readonly CellRow[], column: string): 'double' | 'boolean' | 'varchar' {
  const kinds = new Set(rows.map((row) => typeof (row[column] ?? undefined)).filter((kind) => kind !== 'undefined'));
  if (kinds.size !== 1) return 'varchar';
  return kinds.has('number') ? 'double' : kinds.has('boolean') ? 'boolean' : 'varchar';
}

function cellValue(cell: Cell): string | number | boolean | null {
  return cell !== null && typeof cell === 'object' ? JSON.stringify(cell) : cell;
}

async function writeTable(engine: Engine, name: string, runId: string | null, runNumber: number | null): Promise<void> {
  const { grows, key } = ledgerTable(name);
  await insertByName(engine, {
    into: name,
    from: `pending.${quoteName(name)}`,
    filled: runId === null || runNumber === null ? {} : { run_id: runId, run_number: runNumber },
    grows: grows === true,
    key,
  });
}

async function writeRun(engine: Engine, ledgerFile: string, record: RunRecord): Promise<number> {
  const { run } = record;
  const [last] = await engine.rows(
    `select run_id, run_number, as_of from ${CATALOG}.run order by run_number desc, run_id limit 1`,
  );
  const lastNumber = Number(last?.run_number ?? 0);
  if (record.basedOn !== undefined && record.basedOn !== lastNumber) {
    throw new UserError(
      `Another run (${String(last?.run_id)}, as of ${String(last?.as_of)}) was written to ${ledgerFile} while this one was computing; nothing of this run was written.`,
      { hint: 'Run it again: it will start from what that run left.' },
    );
  }
  const number = lastNumber + 1;
  await engine.execute(
    `insert into ${CATALOG}.run by name select
       $run_id as run_id, $number as run_number, $as_of::date as as_of, $as_of_reason as as_of_reason,
       $started_at::timestamp as started_at, $version as version, $seed as seed, $config_hash as config_hash,
       $config::json as config, $inputs::json as inputs, $report::json as report, $status as status, $summary as summary`,
    {
      ...{ run_id: run.run_id, number, as_of: run.as_of, as_of_reason: run.as_of_reason, started_at: run.started_at },
      ...{ version: run.version, seed: run.seed, config_hash: run.config_hash, config: JSON.stringify(run.config) },
      ...{ inputs: JSON.stringify(run.inputs), report: JSON.stringify(run.report ?? null) },
      ...{ status: run.status, summary: run.summary },
    },
  );
  for (const as_of of new Set(record.dates)) {
    await engine.execute(
      `update ${CATALOG}.run_date set superseded_by = $run_id where as_of = $as_of::date and superseded_by is null`,
      { run_id: run.run_id, as_of },
    );
    await engine.execute(
      `insert into ${CATALOG}.run_date by name
       select $run_id as run_id, $number as run_number, $as_of::date as as_of, $is_replayed as is_replayed`,
      { run_id: run.run_id, number, as_of, is_replayed: as_of !== run.as_of },
    );
  }
  return number;
}
