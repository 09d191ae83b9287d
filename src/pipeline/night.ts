import { createHash } from 'node:crypto';
import type { HealthAgentSettings } from '../agents/health.ts';
import { AGENTS } from '../agents/index.ts';
import type { Agent, AgentOutcome, CellRow, Day } from '../contract/agent.ts';
import type { ChurnModel } from '../contract/churn-model.ts';
import type { HealthSettings } from '../contract/config.ts';
import type { CommonOptions } from '../contract/options.ts';
import type { StepResult, SupervisorState } from '../contract/supervisor.ts';
import { assessQuality, type QualityFinding } from '../data/quality.ts';
import { readState } from '../ledger/index.ts';
import { addDays } from '../lib/dates.ts';
import type { MoneyStyle } from '../lib/money.ts';
import type { HealthCalibration } from '../models/health-calibration.ts';
import { EMPTY_STATE, stepRows } from '../supervisor/index.ts';
import { agentSettings } from './agent-settings.ts';
import { arbitrate, restoreSupervisor, supervisorSettings } from './arbitration.ts';
import { composeAtRisk } from './at-risk.ts';
import { writeBlocks } from './at-risk-blocks.ts';
import { chooseModel, type ModelRows } from './churn-model.ts';
import { NIGHT_TABLES, nightParts } from './night-state.ts';
import { type Reading, rememberDate, rememberForecasts } from './remember.ts';
import { replay } from './replay.ts';
import { reviseLastReading } from './revision.ts';
import { moneyStyle } from './run-header.ts';
import type { Workspace } from './workspace.ts';

/** Weekly dates before the as-of date that a first run lives through, so that trends and lists are not all new. */
const REPLAYED_WEEKS = 8;

/** A night lived through: what was read, what the last date left, and what the ledger is to remember. */
export interface Night {
  readonly workspace: Workspace;
  readonly runId: string;
  /** Number of the run this one builds on. */
  readonly basedOn: number;
  readonly quality: readonly QualityFinding[];
  /** How amounts of the report are written. */
  readonly money: MoneyStyle;
  readonly isFirst: boolean;
  /** Oldest first, the as-of date last. */
  readonly dates: readonly Day[];
  readonly model: ChurnModel;
  readonly modelNote: string;
  /** What the ledger is to keep of a model fitted this night; empty where a stored one serves. */
  readonly modelRows: ModelRows;
  /** Of the last date. */
  readonly outcomes: readonly AgentOutcome[];
  readonly step: StepResult | undefined;
  /** Rows of the at-risk list, in order. */
  readonly atRisk: readonly CellRow[];
  readonly ledgerRows: Readonly<Record<'alert' | 'alert_event' | 'plan_action', readonly CellRow[]>>;
  /** Peers frozen this night, by id. */
  readonly calibrations: ReadonlyMap<string, { readonly as_of: Day; readonly value: HealthCalibration }>;
}

/** Lives the night through: eight weeks and the day on a first run, else the day alone. Writes nothing. */
export async function liveNight(workspace: Workspace, options: CommonOptions): Promise<Night> {
  const night = await LivingNight.open(workspace, options);
  return night.live();
}

/** One run in the making: what it read, what each date left, and what it will commit. */
class LivingNight {
  readonly #workspace: Workspace;
  readonly #options: CommonOptions;
  readonly #runId: string;
  readonly #basedOn: number;
  readonly #quality: readonly QualityFinding[];
  readonly #money: MoneyStyle;
  readonly #isFirst: boolean;
  readonly #dates: readonly Day[];
  readonly #model: ChurnModel;
  readonly #modelNote: string;
  readonly #modelRows: ModelRows;
  #calibration: { id: string; value: HealthCalibration } | undefined;
  readonly #calibrations = new Map<string, { as_of: Day; value: HealthCalibration }>();
  #previous: HealthAgentSettings['previous'];
  #state: SupervisorState = EMPTY_STATE;
  readonly #ledgerRows = { alert: [] as CellRow[], alert_event: [] as CellRow[], plan_action: [] as CellRow[] };
  #outcomes: readonly AgentOutcome[] = [];
  #last: StepResult | undefined;
  #atRisk: CellRow[] = [];

  private constructor(given: {
    workspace: Workspace;
    options: CommonOptions;
    basedOn: number;
    quality: readonly QualityFinding[];
    money: MoneyStyle;
    isFirst: boolean;
    dates: readonly Day[];
    model: ChurnModel;
    modelNote: string;
    modelRows: ModelRows;
  }) {
    this.#workspace = given.workspace;
    this.#options = given.options;
    this.#runId = runId(given.workspace, given.basedOn);
    this.#basedOn = given.basedOn;
    this.#quality = given.quality;
    this.#money = given.money;
    this.#isFirst = given.isFirst;
    this.#dates = given.dates;
    this.#model = given.model;
    this.#modelNote = given.modelNote;
    this.#modelRows = given.modelRows;
  }

  static async open(workspace: Workspace, options: CommonOptions): Promise<LivingNight> {
    const { engine, config, asOf, ledgerFile } = workspace;
    const { progress } = options;
    progress.stage('checking the data');
    const ledger = { asOf, part: nightParts(config, asOf), waitSeconds: options.wait };
    const [quality, { lastRunNumber }] = await engine.beside((second) =>
      Promise.all([assessQuality(engine, config, asOf), readState(second, ledgerFile, NIGHT_TABLES, ledger)]),
    );
    progress.done();
    const [readings] = await engine.rows('select count(*) as n from state.health_reading');
    const isFirst = readings?.['n'] === 0;
    const dates = isFirst ? firstDates(asOf, await firstRecord(workspace)) : [asOf];
    const { model, note, rows } = await chooseModel(workspace, dates[0] ?? asOf, options);
    return new LivingNight({
      workspace,
      options,
      basedOn: lastRunNumber,
      quality,
      money: await moneyStyle(workspace, quality),
      isFirst,
      dates,
      model,
      modelNote: note,
      modelRows: rows,
    });
  }

  /** Lives the dates through. */
  async live(): Promise<Night> {
    const { engine, config } = this.#workspace;
    await this.#restore();
    await reviseLastReading(this.#workspace);
    await replay({
      engine,
      config,
      agents: AGENTS,
      dates: this.#dates,
      given: ['health_measures_revised'],
      modelFor: (agent) => (agent.needsModel === true ? this.#model : undefined),
      settingsFor: (agent) => this.#settingsFor(agent),
      progress: this.#options.progress,
      decide: async (day) => {
        this.#outcomes = day.outcomes;
        await this.#freeze(day.asOf, day.outcomes);
        const settings = this.#supervisorSettings(day.asOf);
        const result = await arbitrate(engine, this.#state, day.asOf, settings);
        this.#state = result.state;
        const rows = stepRows(result);
        this.#ledgerRows.alert.push(...rows.alert);
        this.#ledgerRows.alert_event.push(...rows.alert_event);
        this.#ledgerRows.plan_action.push(...rows.plan_action);
        const constants = {
          config_hash: this.#workspace.configHash,
          calibration_id: this.#calibration?.id ?? null,
          model_id: this.#model.model_id,
        };
        // Nobody was shown a replayed week: what its probabilities were made of can be computed again.
        const reasons: readonly Reading[] = day.isLast ? ['contribution'] : [];
        const readings: readonly Reading[] = ['health_reading', 'churn_score', 'fact_reading', ...reasons];
        await rememberDate(engine, this.#runId, day.asOf, !day.isLast, constants, readings);
        const told = { horizonDays: config.churn.horizon_days, currency: this.#money.currency };
        await rememberForecasts(engine, this.#runId, day, AGENTS, told);
        if (!day.isLast) return;
        if (this.#isFirst) this.#ledgerRows.alert.push(...firstListed(result, day.asOf, rows.alert));
        this.#last = result;
        this.#atRisk = await composeAtRisk(engine, day.asOf, result);
        await writeBlocks(engine, day.asOf, result.in_hand);
      },
    });
    return {
      workspace: this.#workspace,
      runId: this.#runId,
      basedOn: this.#basedOn,
      quality: this.#quality,
      money: this.#money,
      isFirst: this.#isFirst,
      dates: this.#dates,
      model: this.#model,
      modelNote: this.#modelNote,
      modelRows: this.#modelRows,
      outcomes: this.#outcomes,
      step: this.#last,
      atRisk: this.#atRisk,
      ledgerRows: this.#ledgerRows,
      calibrations: this.#calibrations,
    };
  }

  #supervisorSettings(asOf: Day) {
    const { config, stopped } = this.#workspace;
    const settings = supervisorSettings(config, asOf === this.#workspace.asOf ? stopped : [], {});
    // Nobody saw the lists of replayed weeks, so nothing on them counts as worked.
    return this.#isFirst ? { ...settings, assumed_days: Number.MAX_SAFE_INTEGER } : settings;
  }

  /** What the ledger says of earlier days: alerts, frozen peers, the scorecard of the last reading. */
  async #restore(): Promise<void> {
    const { engine, asOf, config, configHash } = this.#workspace;
    if (this.#isFirst) return;
    this.#state = await restoreSupervisor(engine, asOf, this.#supervisorSettings(asOf));
    const [last] = await engine.rows(
      `select r.config_hash, r.calibration_id, u.config::varchar as config, c.calibration::varchar as calibration
       from state.health_reading as r
       left join state.run as u on u.run_id = r.run_id
       left join state.calibration as c on c.calibration_id = r.calibration_id
       order by r.as_of desc, r.account_id limit 1`,
    );
    if (typeof last?.['calibration'] !== 'string') return;
    const value = JSON.parse(last['calibration']) as HealthCalibration;
    this.#calibration = { id: String(last['calibration_id']), value };
    if (last['config_hash'] === configHash || typeof last['config'] !== 'string') return;
    const old = JSON.parse(last['config']) as { health?: HealthSettings };
    this.#previous = { health: old.health ?? config.health, calibration: value };
  }

  #settingsFor(agent: Agent): unknown {
    const health = { calibration: this.#calibration?.value, previous: this.#previous };
    return agentSettings(agent, this.#workspace.config, { health, money: this.#money });
  }

  /** Keeps the peers that the health agent froze on this date. */
  async #freeze(asOf: Day, outcomes: readonly AgentOutcome[]): Promise<void> {
    if (!outcomes.some(({ agent, status }) => agent === 'health' && status === 'ok')) return;
    const [row] = await this.#workspace.engine.rows('select calibration from finding.health_calibration');
    const text = String(row?.['calibration']);
    const id = createHash('sha256').update(text).digest('hex').slice(0, 12);
    if (this.#calibration?.id === id) return;
    this.#calibration = { id, value: JSON.parse(text) as HealthCalibration };
    this.#calibrations.set(id, { as_of: asOf, value: this.#calibration.value });
  }
}

/**
 * The alerts a first run prints, as listed from its own day on: the clock of "counts as worked" starts when a person
 * could first see them. Replaces the versions among `written`.
 */
function firstListed(result: StepResult, asOf: Day, written: readonly CellRow[]): CellRow[] {
  const shown = new Map(result.shown.map(({ alert }) => [alert.alert_id, alert]));
  for (const row of written) {
    const id = String(row['alert_id']);
    if (shown.delete(id)) (row as Record<string, CellRow[string]>)['listed_on'] = asOf;
  }
  return [...shown.values()].map((alert) => ({ as_of: asOf, ...alert, listed_on: asOf }));
}

/** Equal inputs, configuration, date, seed and ledger give an equal id, so that equal runs print equal bytes. */
function runId({ asOf, configHash, config, ingested, version }: Workspace, basedOn: number): string {
  const inputs = ingested.inputs.map(({ sha256 }) => sha256).sort();
  const hash = createHash('sha256')
    .update(JSON.stringify([configHash, config.seed, version, inputs]))
    .digest('hex');
  return `${asOf.replaceAll('-', '')}-${String(basedOn + 1).padStart(4, '0')}-${hash.slice(0, 6)}`;
}

/** The weekly dates before a first run that lie inside the exports' history. */
function firstDates(asOf: Day, first: Day | null): Day[] {
  const dates: Day[] = [];
  for (let week = REPLAYED_WEEKS; week >= 1; week--) {
    const day = addDays(asOf, -7 * week);
    if (first !== null && day >= first) dates.push(day);
  }
  return [...dates, asOf];
}

async function firstRecord(workspace: Workspace): Promise<Day | null> {
  const [row] = await workspace.engine.rows('select min(first_on) as first_on from feed');
  return typeof row?.['first_on'] === 'string' ? row['first_on'] : null;
}
