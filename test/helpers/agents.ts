import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AGENTS } from '../../src/agents/index.ts';
import type { Agent, AgentOutcome, Day } from '../../src/contract/agent.ts';
import type { BasisModel, ChurnBasis, ChurnModel } from '../../src/contract/churn-model.ts';
import type { Config } from '../../src/contract/config.ts';
import type { FeatureColumn } from '../../src/contract/model.ts';
import { defaultConfig } from '../../src/data/config.ts';
import { createSettings } from '../../src/data/settings.ts';
import { clearViews } from '../../src/data/standing.ts';
import { createViews } from '../../src/data/views.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { readState } from '../../src/ledger/index.ts';
import { createRandom } from '../../src/lib/random.ts';
import { fitLogistic } from '../../src/models/logistic.ts';
import { NO_EVIDENCE } from '../../src/pipeline/basis-evidence.ts';
import { replay } from '../../src/pipeline/replay.ts';
import { reviseLastReading } from '../../src/pipeline/revision.ts';

/** The configuration agents are tested with: churn as it is told by contracts. */
export function agentConfig(): Config {
  const base = defaultConfig('/nowhere');
  return {
    ...base,
    currency: 'EUR',
    churn: { ...base.churn, definition: 'contract_chain' },
    segment_min_accounts: 2,
  };
}

/** A churn model that serves both bases, learnt from made-up rows: what it says matters less than that it speaks. */
export function madeUpModel(asOf: Day): ChurnModel {
  const random = createRandom(11);
  const rows = 240;
  const draw = (scale: number) => Float64Array.from({ length: rows }, () => Math.round(random() * scale));
  const columns: FeatureColumn[] = [
    { name: 'days_since_last_use', kind: 'continuous', values: draw(90) },
    { name: 'active_users_28d', kind: 'continuous', values: draw(12) },
    { name: 'open_ticket_count', kind: 'continuous', values: draw(5) },
  ];
  const table = {
    columns,
    label: Uint8Array.from({ length: rows }, (_, i) => ((columns[0]?.values[i] ?? 0) + 40 * random() > 70 ? 1 : 0)),
    weight: new Float64Array(rows).fill(1),
    account: Int32Array.from({ length: rows }, (_, i) => i),
    observation_date: new Int32Array(rows).fill(19_000),
  };
  const served = fitLogistic(table, { ridge: 1 }, createRandom(1));
  const refits = [0.5, 2, 4].map((ridge, i) => fitLogistic(table, { ridge }, createRandom(i + 2)));
  const basis = (name: ChurnBasis): BasisModel => ({
    basis: name,
    verdict: 'model',
    sentence: 'made up',
    rung: 'logistic',
    outcome_count: 60,
    row_count: rows,
    first_on: '2022-01-01',
    last_on: '2022-12-01',
    base_rate: 0.1,
    segment_base_rates: {},
    served,
    calibration: null,
    refits,
    horizons: [],
    ladder: [],
    evidence: NO_EVIDENCE,
  });
  return {
    kind: 'churn',
    schema_version: 1,
    feature_names: columns.map(({ name }) => name),
    model_id: 'made-up',
    as_of: asOf,
    churn_definition: 'contract_chain',
    horizon_days: 90,
    min_outcomes: 30,
    seed: 1,
    leave: basis('leave'),
    renewal: basis('renewal'),
    left_out: [],
    leaks: [],
    facts: [],
  };
}

/** What a day's agents left: their outcomes, and each of their tables as text, a row a line, in an order of its own. */
export interface AgentDay {
  readonly outcomes: readonly AgentOutcome[];
  readonly tables: ReadonlyMap<string, string>;
  readonly columns: ReadonlyMap<string, readonly string[]>;
}

/** Settings, views and an empty ledger over the canonical tables that stand in the engine. */
export async function prepareAgents(engine: Engine, config: Config, firstSeenOn: Day, asOf: Day): Promise<void> {
  await clearViews(engine);
  await createSettings(engine, config, { firstSeenOn });
  await createViews(engine);
  const store = mkdtempSync(join(tmpdir(), 'retain-agents-'));
  await readState(engine, join(store, 'ledger.duckdb'), [], { asOf, waitSeconds: 0 });
  rmSync(store, { recursive: true, force: true });
  await reviseLastReading({
    engine,
    config,
    ingested: { feeds: [], inputs: [], rejectCount: 0, rejects: [], warnings: [] },
  });
}

/** Runs agents for one day over what `prepareAgents` set up. */
export async function runAgents(
  engine: Engine,
  config: Config,
  asOf: Day,
  options: { readonly agents?: readonly Agent[]; readonly model?: ChurnModel | undefined } = {},
): Promise<AgentDay> {
  const agents = options.agents ?? AGENTS;
  let outcomes: readonly AgentOutcome[] = [];
  const tables = new Map<string, string>();
  const columns = new Map<string, readonly string[]>();
  await replay({
    engine,
    config,
    agents,
    dates: [asOf],
    given: ['health_measures_revised'],
    modelFor: (agent) => (agent.needsModel === true ? options.model : undefined),
    settingsFor: (agent) => agent.defaults,
    decide: async (day) => {
      outcomes = day.outcomes;
      const written = await engine.rows(
        "select table_name as name from information_schema.tables where table_schema = 'finding' order by 1",
      );
      for (const { name } of written) {
        const relation = `finding."${String(name)}"`;
        const rows = await engine.rows(`select cast(t as varchar) as line from ${relation} as t order by 1`);
        tables.set(String(name), rows.map(({ line }) => line).join('\n'));
        const described = await engine.describe(`select * from ${relation}`);
        columns.set(
          String(name),
          described.map((column) => column.name),
        );
      }
    },
  });
  return { outcomes, tables, columns };
}
