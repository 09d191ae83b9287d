import type { Day } from '../contract/agent.ts';
import { type Engine, quoteName, type Row } from '../engine/engine.ts';
import { CATALOG, type WaitOptions, withLedger } from './file.ts';
import { LIST_KEY } from './insert.ts';
import { readVersion } from './schema.ts';

/** One line of the ledger's history. */
export interface RunSummary {
  readonly run_id: string;
  /** Order of commits, from 1. */
  readonly run_number: number;
  readonly as_of: Day;
  readonly as_of_reason: string;
  readonly started_at: string;
  readonly version: string;
  readonly seed: number;
  readonly config_hash: string;
  readonly status: string;
  readonly summary: string;
  /** The later run of the same as-of date that replaced this one's readings, or null while they are current. */
  readonly superseded_by: string | null;
}

/** A run in full: its manifest and which lists are kept of it. */
export interface RunDetail extends RunSummary {
  readonly config: unknown;
  readonly inputs: unknown;
  readonly report: unknown;
  readonly lists: readonly string[];
}

const SUMMARY = `
  r.run_id, r.run_number, r.as_of, r.as_of_reason, r.started_at, r.version, r.seed, r.config_hash, r.status, r.summary,
  d.superseded_by
  from ${CATALOG}.run as r
  left join ${CATALOG}.run_date as d on d.run_id = r.run_id and d.as_of = r.as_of`;

/** All runs, the last committed first. Empty for a ledger that does not exist. */
export async function listRuns(engine: Engine, ledgerFile: string, options: WaitOptions = {}): Promise<RunSummary[]> {
  return withLedger(engine, ledgerFile, 'read', options, async () => {
    if ((await readVersion(engine, ledgerFile)) === 0) return [];
    return (await engine.rows(`select ${SUMMARY} order by r.run_number desc, r.run_id`)).map(summaryOf);
  });
}

/** One run, `last` for the last committed; undefined when there is none of that id. */
export async function readRun(
  engine: Engine,
  ledgerFile: string,
  runId: string,
  options: WaitOptions = {},
): Promise<RunDetail | undefined> {
  return withLedger(engine, ledgerFile, 'read', options, async () => {
    if ((await readVersion(engine, ledgerFile)) === 0) return undefined;
    const [row] = await engine.rows(
      `select r.config::varchar as config, r.inputs::varchar as inputs, r.report::varchar as report, ${SUMMARY}
       where $run_id = 'last' or r.run_id = $run_id order by r.run_number desc, r.run_id limit 1`,
      { run_id: runId },
    );
    if (row === undefined) return undefined;
    const lists = await engine.rows(`select name from ${CATALOG}.run_list where run_id = $run_id order by name`, {
      run_id: String(row.run_id),
    });
    return {
      ...summaryOf(row),
      config: jsonOf(row.config),
      inputs: jsonOf(row.inputs),
      report: jsonOf(row.report),
      lists: lists.map((list) => String(list.name)),
    };
  });
}

/**
 * Copies a list of a run into the engine as relation `state.list_<name>`, with the columns it was found with and in no
 * order: sort by its `rank`.
 * @returns its row count (0 for a list that was empty), or undefined when that run wrote no such list or it is kept no
 * more.
 */
export async function readList(
  engine: Engine,
  ledgerFile: string,
  runId: string,
  name: string,
  options: WaitOptions = {},
): Promise<number | undefined> {
  return withLedger(engine, ledgerFile, 'read', options, async () => {
    if ((await readVersion(engine, ledgerFile)) === 0) return undefined;
    const [list] = await engine.rows(
      `select row_count, columns::varchar as columns from ${CATALOG}.run_list where run_id = $run_id and name = $name`,
      { run_id: runId, name },
    );
    if (list === undefined) return undefined;
    const columns = (jsonOf(list.columns) as readonly string[]).map(quoteName).join(', ');
    await engine.execute('create schema if not exists state');
    await engine.materialise(
      `state.list_${name}`,
      `select ${columns} from ${CATALOG}.${quoteName(`list_${name}`)} where ${LIST_KEY} = $run_id`,
      { run_id: runId },
    );
    return Number(list.row_count);
  });
}

function summaryOf(row: Row): RunSummary {
  const text = (name: string) => String(row[name] ?? '');
  return {
    run_id: text('run_id'),
    run_number: Number(row.run_number),
    as_of: text('as_of'),
    as_of_reason: text('as_of_reason'),
    started_at: text('started_at'),
    version: text('version'),
    seed: Number(row.seed),
    config_hash: text('config_hash'),
    status: text('status'),
    summary: text('summary'),
    superseded_by: row.superseded_by === null ? null : text('superseded_by'),
  };
}

function jsonOf(value: Row[string] | undefined): unknown {
  return typeof value === 'string' ? JSON.parse(value) : null;
}
