import type { HealthAgentSettings } from '../../agents/health.ts';
import { AGENTS } from '../../agents/index.ts';
import type { Agent, AgentOutcome, Day, Prediction } from '../../contract/agent.ts';
import type { ChurnModel } from '../../contract/churn-model.ts';
import type { Progress } from '../../contract/report.ts';
import type { SupervisorState } from '../../contract/supervisor.ts';
import { type Engine, quoteName } from '../../engine/engine.ts';
import { LEDGER_VIEW_NAMES } from '../../ledger/index.ts';
import { PLAIN_MONEY } from '../../lib/money.ts';
import type { HealthCalibration } from '../../models/health-calibration.ts';
import { EMPTY_STATE } from '../../supervisor/index.ts';
import { agentSettings } from '../agent-settings.ts';
import { ARBITRATED, arbitrate, supervisorSettings } from '../arbitration.ts';
import { DERIVED } from '../derived.ts';
import { dropKept, restoreDate, standKept } from '../relations.ts';
import { rememberDate } from '../remember.ts';
import { availableRelations, planRelations, replay } from '../replay.ts';
import { reviseLastReading } from '../revision.ts';
import type { Workspace } from '../workspace.ts';
import { type Forecasted, readForecast } from './forecasts.ts';

/** What one agent's declared column, or a part of it, said of accounts: by date and account, as the agent wrote it. */
export interface Claimed {
  readonly prediction: Prediction<never>;
  /** `served` for the declared column, the column's name for a part. */
  readonly candidate: string;
  readonly values: ReadonlyMap<Day, ReadonlyMap<string, number>>;
}

/** The at-risk list of one date, and who entered and was not shown. */
export interface ShownDate {
  readonly asOf: Day;
  readonly shown: readonly string[];
  readonly held: readonly { readonly account_id: string; readonly why: string }[];
  /** Pool whose list each shown account stood on; null where nobody holds it. */
  readonly pools?: ReadonlyMap<string, string | null>;
  /** Where every active account stood, when that was asked for. */
  readonly standings?: readonly Standing[];
}

/** An active account on one date: who holds it, what it pays, what its health was. */
export interface Standing {
  readonly account_id: string;
  readonly name: string | null;
  readonly csm: string | null;
  /** ARR in the reporting currency; null = unknown. */
  readonly arr_amount: number | null;
  /** Null = unscored. */
  readonly band: string | null;
  readonly health_score: number | null;
}

/** The agents and the supervisor lived through the tested dates. */
export interface ReplayedLists {
  readonly claims: readonly Claimed[];
  readonly forecasts: readonly Forecasted[];
  readonly dates: readonly ShownDate[];
  /** Agents that did not answer, by date. */
  readonly problems: readonly { readonly asOf: Day; readonly outcome: AgentOutcome }[];
}

/**
 * Relations of the exports that agents and supervisor read of a date; the panel keeps them (`KeptDates`), `replayLists` lets
 * them stand again. What stands only below them is not needed again.
 */
export function listRelations(agents: readonly Agent[] = AGENTS): readonly string[] {
  const read = new Set([...agents.flatMap(({ reads }) => reads), ...ARBITRATED]);
  return planRelations([...read].filter((name) => AVAILABLE.has(name))).filter((name) => read.has(name));
}

const GIVEN = ['health_measures_revised'] as const;
const AVAILABLE = new Set([...availableRelations().keys()].filter((name) => !LEDGER_VIEW_NAMES.includes(name)));

/**
 * Replays every agent and the supervisor over the tested dates, in memory: state, bands and alerts start empty, the
 * model is the one of the date, nobody acts on the lists. The relations of the dates must have been kept. Touches no ledger.
 * @param modelOf the model of a date, waited for when its turn comes
 */
export async function replayLists(
  workspace: Workspace,
  tested: readonly Day[],
  modelOf: (asOf: Day) => Promise<ChurnModel | undefined>,
  progress: Progress,
  {
    keepStandings = false,
    agents = AGENTS,
  }: { readonly keepStandings?: boolean; readonly agents?: readonly Agent[] } = {},
): Promise<ReplayedLists> {
  const { engine, config } = workspace;
  await reviseLastReading(workspace);
  await standKept(engine, tested, listRelations(agents), DERIVED);
  let state: SupervisorState = EMPTY_STATE;
  let peers: HealthCalibration | undefined;
  const given = () => ({
    health: { calibration: peers, previous: undefined } satisfies Omit<HealthAgentSettings, 'health'>,
    money: PLAIN_MONEY,
  });
  const forecasts = agents.flatMap((agent) =>
    (agent.forecasts ?? []).map((forecast): Forecasted => ({ agent: agent.id, forecast, dates: new Map() })),
  );
  const columns = agents.flatMap((agent) => claimsOf(agent, agentSettings(agent, config, given())));
  const dates: ShownDate[] = [];
  let model: ChurnModel | undefined;
  const problems: ReplayedLists['problems'][number][] = [];
  const settings = {
    ...supervisorSettings(config, [], {}),
    // Nobody saw these lists, so nothing on them counts as worked.
    assumed_days: Number.MAX_SAFE_INTEGER,
  };
  await replay({
    engine,
    config,
    agents,
    dates: tested,
    given: GIVEN,
    modelFor: (agent) => (agent.needsModel === true ? model : undefined),
    settingsFor: (agent) => agentSettings(agent, config, given()),
    progress: quiet(progress),
    stand: async (asOf, relations) => {
      await restoreDate(engine, asOf, relations);
      model = await modelOf(asOf);
    },
    decide: async ({ asOf, outcomes, index }) => {
      progress.detail(`lists ${index + 1} of ${tested.length}: ${asOf}`);
      const answered = new Set(outcomes.filter(({ status }) => status === 'ok').map(({ agent }) => agent));
      problems.push(...outcomes.filter(({ status }) => status !== 'ok').map((outcome) => ({ asOf, outcome })));
      for (const agent of agents.filter(({ id }) => answered.has(id))) {
        const own = columns.filter((claim) => claim.agent === agent.id);
        for (const table of new Set(own.map(({ prediction }) => prediction.table))) {
          const claims = own.filter(({ prediction }) => prediction.table === table);
          const said = await readClaims(engine, table, [...new Set(claims.map(({ column }) => column))]);
          for (const claim of claims) claim.values.set(asOf, said.get(claim.column) ?? new Map());
        }
      }
      for (const { agent, forecast, dates: said } of forecasts) {
        const found = answered.has(agent) ? await readForecast(engine, forecast) : undefined;
        if (found !== undefined) said.set(asOf, found);
      }
      if (answered.has('health')) peers = await readPeers(engine);
      const result = await arbitrate(engine, state, asOf, settings);
      state = result.state;
      dates.push({
        asOf,
        shown: result.shown.map(({ alert }) => alert.account_id).sort(),
        held: result.suppressed
          .filter(({ proposal, why }) => proposal?.kind === 'alert' && why !== 'merged')
          .map(({ account_id, why }) => ({ account_id, why })),
        pools: new Map(result.shown.map(({ alert }) => [alert.account_id, alert.csm])),
        ...(keepStandings && answered.has('health') ? { standings: await readStandings(engine, asOf) } : {}),
      });
      const constants = { config_hash: workspace.configHash, calibration_id: null, model_id: null };
      await rememberDate(engine, 'backtest', asOf, true, constants, ['health_reading']);
    },
  });
  await dropKept(engine);
  return { claims: columns, forecasts, dates, problems };
}

interface ClaimColumn extends Claimed {
  readonly agent: string;
  readonly column: string;
  readonly values: Map<Day, ReadonlyMap<string, number>>;
}

function claimsOf(agent: Agent, settings: unknown): ClaimColumn[] {
  return (agent.predicts ?? []).flatMap((prediction) => {
    const claim = (candidate: string, column: string): ClaimColumn => ({
      agent: agent.id,
      prediction: prediction as Prediction<never>,
      candidate,
      column,
      values: new Map(),
    });
    const parts = prediction.parts?.(settings) ?? [];
    return [claim('served', prediction.column), ...parts.map((part) => claim(part, part))];
  });
}

/** What some columns of a table say of each account, by column; where one says nothing of an account it has no entry. */
async function readClaims(
  engine: Engine,
  table: string,
  names: readonly string[],
): Promise<Map<string, Map<string, number>>> {
  const casts = names.map((name) => `cast(${quoteName(name)} as double) as ${quoteName(name)}`);
  const rows = await engine.columns(
    `select account_id, ${casts.join(', ')} from finding.${quoteName(table)} order by account_id`,
  );
  const accounts = rows.text('account_id');
  return new Map(
    names.map((name) => {
      const values = rows.number(name);
      const said = new Map<string, number>();
      for (const [i, account] of accounts.entries()) {
        const value = values[i] as number;
        if (!Number.isNaN(value)) said.set(String(account), value);
      }
      return [name, said];
    }),
  );
}

async function readStandings(engine: Engine, asOf: Day): Promise<Standing[]> {
  const rows = await engine.rows(
    `select a.account_id, a.name, a.csm, cast(a.arr_amount as double) as arr_amount, r.band,
       cast(r.health_score as double) as health_score
     from account_state($as_of::date) as a
     left join finding.health_reading as r on r.account_id = a.account_id
     where a.status = 'active' order by a.account_id`,
    { as_of: asOf },
  );
  const text = (value: unknown) => (value === null || value === undefined ? null : String(value));
  const amount = (value: unknown) => (typeof value === 'number' ? value : null);
  return rows.map((row) => ({
    account_id: String(row['account_id']),
    name: text(row['name']),
    csm: text(row['csm']),
    arr_amount: amount(row['arr_amount']),
    band: text(row['band']),
    health_score: amount(row['health_score']),
  }));
}

async function readPeers(engine: Engine): Promise<HealthCalibration> {
  const [row] = await engine.rows('select calibration from finding.health_calibration');
  return JSON.parse(String(row?.['calibration'])) as HealthCalibration;
}

/** The replay's own stages are details of this one. */
function quiet(progress: Progress): Progress {
  return {
    stage: () => undefined,
    detail: progress.detail.bind(progress),
    done: () => undefined,
    note: progress.note.bind(progress),
  };
}
