import type { Day } from '../contract/agent.ts';
import { type Engine, quoteName } from '../engine/engine.ts';
import { beginDate } from '../ledger/index.ts';

/** Readings of a date that go from `finding` into `state`, so that the next date of the replay can look back. */
const READINGS = {
  health_reading: 'finding.health_reading',
  churn_score: 'finding.churn_score',
  contribution: 'finding.contribution',
  fact_reading: 'dated.fact',
} as const;

/** A reading that can be remembered. */
export type Reading = keyof typeof READINGS;

/**
 * Adds a date's readings to schema `state` under the run in hand, columns by name; a column that a table lacks is added.
 * `constants` are filled into every row that has such a column.
 * @param tables only these
 */
export async function rememberDate(
  engine: Engine,
  runId: string,
  asOf: Day,
  isReplayed: boolean,
  constants: Readonly<Record<string, string | null>>,
  tables: readonly Reading[],
): Promise<void> {
  await beginDate(engine, runId, asOf);
  await engine.execute(
    'update state.run_date set is_replayed = $replayed where run_id = $run_id and as_of = $as_of::date',
    {
      replayed: isReplayed,
      run_id: runId,
      as_of: asOf,
    },
  );
  for (const table of tables) {
    const relation = READINGS[table];
    if (!(await exists(engine, relation))) continue;
    await copyReading(engine, table, relation, { run_id: runId, as_of: asOf, ...constants });
  }
}

async function exists(engine: Engine, relation: string): Promise<boolean> {
  const [schema, table] = relation.split('.');
  const [row] = await engine.rows(
    'select count(*) as n from duckdb_tables() where schema_name = $schema and table_name = $table',
    { schema: schema ?? '', table: table ?? '' },
  );
  return row?.['n'] === 1;
}

async function copyReading(
  engine: Engine,
  table: string,
  relation: string,
  constants: Readonly<Record<string, string | null>>,
): Promise<void> {
  const target = await engine.describe(`select * from state.${table}`);
  const there = new Set(target.map(({ name }) => name));
  const source = (await engine.describe(`select * from ${relation}`)).filter(({ name }) => !(name in constants));
  for (const { name, type } of source) {
    if (!there.has(name)) await engine.execute(`alter table state.${table} add column ${quoteName(name)} ${type}`);
  }
  const filled = Object.keys(constants).filter((name) => there.has(name));
  const columns = [
    ...filled.map((name) => `$${name} as ${quoteName(name)}`),
    ...source.map(({ name }) => quoteName(name)),
  ];
  const typed = columns.map((column) => column.replace('$as_of as', '$as_of::date as'));
  await engine.execute(
    `insert into state.${table} by name select ${typed.join(', ')} from ${relation}`,
    Object.fromEntries(filled.map((name) => [name, constants[name] ?? null])),
  );
}
