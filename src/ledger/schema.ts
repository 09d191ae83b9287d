import type { Engine } from '../engine/engine.ts';
import { readSqlFolder } from '../engine/sql-files.ts';
import { UserError } from '../lib/errors.ts';
import { CATALOG } from './file.ts';

const MIGRATIONS = [...readSqlFolder(new URL('./migrations/', import.meta.url)).values()];

/** Version of the tables this program writes: the number of migrations. */
export const SCHEMA_VERSION = MIGRATIONS.length;

export interface LedgerTable {
  /**
   * `reading`: rows of a run and as-of date, of which a re-run of the date leaves one set current (`run_date`);
   * `record`: rows that stay as they are, known from the day in `known`.
   */
  readonly kind: 'reading' | 'record';
  /** Column with the day from which a row is known. */
  readonly known: string;
  /** Rows whose key is already there are left as they are (frozen things that several runs name). */
  readonly key?: string;
  /** Columns that a relation brings and the table lacks are added (measures are configurable). */
  readonly grows?: true;
  /** Version of the ledger's tables in which this one was first written; an older file's has another form and no row. */
  readonly since?: number;
}

/** Every table of the ledger but `run_list` and its lists (`list_<name>`), which take their columns from what agents found. */
export const LEDGER_TABLES: Readonly<Record<string, LedgerTable>> = {
  run: { kind: 'record', known: 'as_of', key: 'run_id' },
  run_date: { kind: 'record', known: 'as_of' },
  value_copy: { kind: 'record', known: 'seen_on' },
  health_reading: { kind: 'reading', known: 'as_of', grows: true },
  calibration: { kind: 'record', known: 'as_of', key: 'calibration_id' },
  churn_score: { kind: 'reading', known: 'as_of', grows: true },
  contribution: { kind: 'reading', known: 'as_of' },
  fact_reading: { kind: 'reading', known: 'as_of' },
  alert: { kind: 'reading', known: 'as_of' },
  alert_event: { kind: 'reading', known: 'as_of' },
  plan_action: { kind: 'reading', known: 'as_of' },
  forecast: { kind: 'reading', known: 'as_of', since: 4 },
  draft: { kind: 'record', known: 'as_of', key: 'draft_id' },
  decision: { kind: 'record', known: 'decided_on', key: 'decision_id' },
  override_record: { kind: 'record', known: 'said_on', key: 'override_id' },
  csm_call: { kind: 'record', known: 'said_on', key: 'call_id' },
  holdout: { kind: 'record', known: 'drawn_on' },
  intervention: { kind: 'record', known: 'started_on', key: 'intervention_id' },
  outcome: { kind: 'record', known: 'seen_on' },
  model: { kind: 'record', known: 'as_of', key: 'model_id' },
  model_challenge: { kind: 'record', known: 'as_of' },
  model_prediction: { kind: 'record', known: 'as_of', key: 'model_id' },
  printed_list: { kind: 'record', known: 'printed_on' },
};

/** The table's description; throws for a name that is not in the ledger. */
export function ledgerTable(name: string): LedgerTable {
  const found = LEDGER_TABLES[name];
  if (found === undefined) throw new Error(`${name} is not a table of the ledger`);
  return found;
}

/** Brings the attached ledger to this program's version; inside the caller's transaction. */
export async function migrate(engine: Engine, file: string): Promise<void> {
  const version = await readVersion(engine, file);
  if (version === SCHEMA_VERSION) return;
  if (version === 0) {
    await engine.execute(`create table if not exists ${CATALOG}.schema_version (version integer not null)`);
    await engine.execute(`insert into ${CATALOG}.schema_version values (0)`);
  }
  for (const sql of MIGRATIONS.slice(version)) await engine.execute(sql);
  await engine.execute(`update ${CATALOG}.schema_version set version = $version`, { version: SCHEMA_VERSION });
}

/**
 * Version of the attached ledger, 0 when it has no tables yet.
 * @throws UserError when a newer program wrote it.
 */
export async function readVersion(engine: Engine, file: string): Promise<number> {
  if (!(await hasTable(engine, 'schema_version'))) return 0;
  const [row] = await engine.rows(`select max(version) as version from ${CATALOG}.schema_version`);
  const version = Number(row?.version ?? 0);
  if (version > SCHEMA_VERSION) {
    throw new UserError(
      `The ledger ${file} was written by a newer retain (version ${version} of its tables, this one knows ${SCHEMA_VERSION}).`,
      { hint: 'Upgrade retain, or point --store to another folder.' },
    );
  }
  return version;
}

/** Whether the attached ledger has the table. */
export async function hasTable(engine: Engine, name: string): Promise<boolean> {
  const [row] = await engine.rows(
    'select count(*) as found from duckdb_tables() where database_name = $catalog and table_name = $name',
    { catalog: CATALOG, name },
  );
  return row?.found === 1;
}

/** Creates schema `state` in the engine with every table of the ledger, empty, in this program's version. */
export async function createStateTables(engine: Engine): Promise<void> {
  await engine.execute('drop schema if exists state cascade; create schema state');
  for (const sql of MIGRATIONS) await engine.execute(sql.replaceAll(`${CATALOG}.`, 'state.'));
}
