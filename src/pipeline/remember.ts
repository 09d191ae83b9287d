import type { Agent, AgentOutcome, Day } from '../contract/agent.ts';
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

/**
 * Adds what declared forecasts of amounts said of a date to `state.forecast` under the run in hand, which `rememberDate` has
 * opened. Agents that gave no answer that day have none.
 * @param horizonDays how far they looked
 */
export async function rememberForecasts(
  engine: Engine,
  runId: string,
  { asOf, outcomes }: { readonly asOf: Day; readonly outcomes: readonly AgentOutcome[] },
  agents: readonly Agent[],
  told: { readonly horizonDays: number; readonly currency: string | null },
): Promise<void> {
  const answered = new Set(outcomes.filter(({ status }) => status === 'ok').map(({ agent }) => agent));
  const forecasts = agents.filter(({ id }) => answered.has(id)).flatMap((agent) => agent.forecasts ?? []);
  for (const { name, table, amount, expected, low, high, level, source } of forecasts) {
    await engine.execute(
      `insert into state.forecast by name
       select $run_id as run_id, $as_of::date as as_of, $name as forecast, account_id,
         ${quoteName(amount)} as amount, ${quoteName(expected)} as expected_amount,
         ${quoteName(low)} as amount_low, ${quoteName(high)} as amount_high,
         ${source === undefined ? 'null' : quoteName(source)} as source,
         $level as level, $horizon as horizon_days, $currency as currency
       from finding.${quoteName(table)}`,
      { run_id: runId, as_of: asOf, name, level, horizon: told.horizonDays, currency: told.currency },
    );
  }
}

async function exists(engine: Engine, relation: string): Promise<boolean> {
  const [schema, table] = relation.split('.');
  const [row] = await engine.rows(
    // Tables and views: what was computed of many dates at once stands as a view.
    'select count(*) as n from information_schema.tables where table_schema = $schema and table_name = $table',
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
