import { createHash } from 'node:crypto';
import type { HealthAgentSettings } from '../agents/health.ts';
import { AGENTS } from '../agents/index.ts';
import type { Agent, AgentOutcome, CellRow, Day, FindingTable } from '../contract/agent.ts';
import type { ChurnModel } from '../contract/churn-model.ts';
import type { HealthSettings } from '../contract/config.ts';
import type { CommonOptions, RunResult } from '../contract/options.ts';
import type { ReportHeader, ReportList, RunReport, Warning } from '../contract/report.ts';
import type { StepResult, SupervisorState } from '../contract/supervisor.ts';
import { assessQuality, type QualityFinding } from '../data/quality.ts';
import { commitRun, type RunRecord, readState } from '../ledger/index.ts';
import { addDays, longDay } from '../lib/dates.ts';
import type { HealthCalibration } from '../models/health-calibration.ts';
import { EMPTY_STATE, stepRows } from '../supervisor/index.ts';
import { arbitrate, restoreSupervisor, supervisorSettings } from './arbitration.ts';
import { AT_RISK_COLUMNS, composeAtRisk } from './at-risk.ts';
import { chooseModel } from './churn-model.ts';
import { rememberDate } from './remember.ts';
import { replay } from './replay.ts';
import { listOfRelation, rowSource } from './report-lists.ts';
import { reviseLastReading } from './revision.ts';
import { headerNotes, qualityWarnings } from './run-header.ts';
import { openWorkspace, type Workspace } from './workspace.ts';

/** Weekly dates before the as-of date that a first run lives through, so that trends and lists are not all new. */
const REPLAYED_WEEKS = 8;

/** Ledger tables a run reads. */
const STATE_TABLES = [
  'run',
  'health_reading',
  'churn_score',
  'alert',
  'plan_action',
  'decision',
  'override_record',
  'csm_call',
  'calibration',
  'model',
  'printed_list',
] as const;

/** The nightly job: exports → accounts as of one day → agents → supervisor → ledger, and the report of it. */
export async function runNightly(options: CommonOptions & { readonly dry?: boolean }): Promise<RunResult<RunReport>> {
  const startedAt = new Date().toISOString();
  const workspace = await openWorkspace(options);
  const night = await Night.open(workspace, options);
  await night.live();
  const report = await night.report();
  if (options.dry !== true) await night.commit(startedAt);
  return { report, exitCode: 0 };
}

/** One run in the making: what it read, what each date left, and what it will commit. */
class Night {
  readonly #workspace: Workspace;
  readonly #options: CommonOptions;
  readonly #runId: string;
  readonly #basedOn: number;
  readonly #quality: readonly QualityFinding[];
  readonly #isFirst: boolean;
  readonly #dates: readonly Day[];
  readonly #model: ChurnModel;
  readonly #modelNote: string;
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
    isFirst: boolean;
    dates: readonly Day[];
    model: ChurnModel;
    modelNote: string;
  }) {
    this.#workspace = given.workspace;
    this.#options = given.options;
    this.#runId = runId(given.workspace, given.basedOn);
    this.#basedOn = given.basedOn;
    this.#quality = given.quality;
    this.#isFirst = given.isFirst;
    this.#dates = given.dates;
    this.#model = given.model;
    this.#modelNote = given.modelNote;
  }

  static async open(workspace: Workspace, options: CommonOptions): Promise<Night> {
    const { engine, config, asOf, ledgerFile } = workspace;
    const { progress } = options;
    progress.stage('checking the data');
    const quality = await assessQuality(engine, config, asOf);
    progress.done();
    const { lastRunNumber } = await readState(engine, ledgerFile, STATE_TABLES, { asOf, waitSeconds: options.wait });
    const [readings] = await engine.rows('select count(*) as n from state.health_reading');
    const isFirst = readings?.['n'] === 0;
    const dates = isFirst ? firstDates(asOf, await firstRecord(workspace)) : [asOf];
    const { model, note } = await chooseModel(workspace, dates[0] ?? asOf, options);
    return new Night({ workspace, options, basedOn: lastRunNumber, quality, isFirst, dates, model, modelNote: note });
  }

  /** Lives the dates through. */
  async live(): Promise<void> {
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
        await rememberDate(engine, this.#runId, day.asOf, !day.isLast, {
          config_hash: this.#workspace.configHash,
          calibration_id: this.#calibration?.id ?? null,
          model_id: this.#model.model_id,
        });
        if (!day.isLast) return;
        if (this.#isFirst) this.#ledgerRows.alert.push(...firstListed(result, day.asOf, rows.alert));
        this.#last = result;
        this.#atRisk = await composeAtRisk(engine, day.asOf, result);
      },
    });
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
    const { config } = this.#workspace;
    if (agent.id === 'health') {
      const settings: HealthAgentSettings = {
        health: config.health,
        calibration: this.#calibration?.value,
        previous: this.#previous,
      };
      return settings;
    }
    return agent.id === 'renewal' ? config.renewal : agent.defaults;
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

  /** The report; its rows are read from the engine when they are rendered. */
  async report(): Promise<RunReport> {
    const { engine } = this.#workspace;
    const lists: ReportList[] = [await this.#atRiskList()];
    for (const outcome of this.#outcomes) {
      if (outcome.status !== 'ok') continue;
      const agent = AGENTS.find(({ id }) => id === outcome.agent);
      const [table] = outcome.finding.tables;
      if (table === undefined) continue;
      lists.push(
        await listOfRelation(
          engine,
          `finding.${table.name}`,
          table,
          {
            ...(agent === undefined ? {} : { question: agent.question }),
            headline: outcome.finding.headline,
            empty: 'no account',
          },
          this.#options,
        ),
      );
    }
    return {
      header: await this.#header(),
      lists,
      outcomes: this.#outcomes,
      warnings: this.#warnings(),
      next: this.#next(),
      summary: this.#summary(),
    };
  }

  async #atRiskList(): Promise<ReportList> {
    const { csm, segment, top } = this.#options;
    const chosen = this.#atRisk
      .filter((row) => csm === undefined || String(row['csm']).toLowerCase() === csm.toLowerCase())
      .filter((row) => segment === undefined || String(row['segment']).toLowerCase() === segment.toLowerCase());
    const table = this.#atRiskTable();
    return {
      name: 'at_risk',
      title: table.title,
      question: 'Whom to look after this week, why, and what next?',
      headline: this.#summary(),
      columns: table.columns,
      notes: table.notes,
      rowCount: chosen.length,
      rows: rowSource(top === undefined ? chosen : chosen.slice(0, top)),
      layout: 'cards',
      empty: 'no account enters at-risk',
    };
  }

  #atRiskTable(): FindingTable {
    const { config } = this.#workspace;
    const notes: string[] = [];
    const churn = this.#outcomes.find(({ agent }) => agent === 'churn');
    if (churn?.status === 'ok') notes.push(...(churn.finding.tables[0]?.notes ?? []));
    notes.push(
      `at most ${config.capacity.rows_per_csm} rows and ${config.capacity.new_per_week} new a week for each CSM; half of the rows are kept for new and worse`,
    );
    if ((this.#last?.assumed_pools.length ?? 0) > 0) {
      notes.push(`no decisions recorded: a shown alert counts as worked after ${config.alerts.assumed_days} days`);
    }
    const held = this.#last?.suppressed.filter(({ proposal }) => proposal?.kind === 'alert').length ?? 0;
    const inHand = this.#last?.in_hand.length ?? 0;
    if (held + inHand > 0)
      notes.push(`${held} more entered but wait (capacity, new budget, cool-down); ${inHand} are in hand`);
    return { name: 'at_risk', title: 'At risk', columns: AT_RISK_COLUMNS, order: ['rank'], notes };
  }

  async #header(): Promise<ReportHeader> {
    const { asOf, asOfReason, configHash, config, version, engine } = this.#workspace;
    const [settings] = await engine.rows('select currency from settings');
    return {
      title: 'retain run',
      run_id: this.#runId,
      version,
      as_of: asOf,
      as_of_reason: asOfReason,
      seed: config.seed,
      config_hash: configHash,
      currency: typeof settings?.['currency'] === 'string' ? settings['currency'] : null,
      notes: [
        ...(await headerNotes(this.#workspace)),
        this.#modelNote,
        ...(this.#isFirst
          ? [`first run: the ${this.#dates.length - 1} weeks before were replayed with one model`]
          : []),
      ],
    };
  }

  #warnings(): Warning[] {
    const failed = this.#outcomes.flatMap((outcome): Warning[] =>
      outcome.status === 'failed'
        ? [
            {
              what: `the agent ${outcome.agent} failed: ${outcome.error}`,
              consequence: 'its list is missing; the others stand',
              remedy: 'run again with --debug and report it',
            },
          ]
        : outcome.status === 'skipped'
          ? [
              {
                what: `the agent ${outcome.agent} was skipped: ${outcome.reason}`,
                consequence: 'its list is missing',
                remedy: 'see retain check',
              },
            ]
          : [],
    );
    return [...failed, ...qualityWarnings(this.#quality, this.#workspace)];
  }

  #next(): string[] {
    const first = this.#atRisk[0]?.['account_id'];
    return [
      ...(first === undefined ? [] : [`retain account ${String(first)}`]),
      'retain check',
      ...(this.#isFirst ? ['retain train'] : []),
    ];
  }

  #summary(): string {
    const fresh = this.#atRisk.filter((row) => row['is_new'] === true).length;
    const arr = this.#atRisk.reduce(
      (sum, row) => sum + (typeof row['arr_amount'] === 'number' ? row['arr_amount'] : 0),
      0,
    );
    if (this.#atRisk.length === 0) return `no account is on the at-risk list as of ${longDay(this.#workspace.asOf)}`;
    return `${this.#atRisk.length} accounts at risk, ${Math.round(arr).toLocaleString('en-US')} ARR, ${fresh} new as of ${longDay(this.#workspace.asOf)}`;
  }

  /** Writes the run in one transaction. */
  async commit(startedAt: string): Promise<void> {
    const { engine, ledgerFile, config, asOf, asOfReason, version, configHash, ingested } = this.#workspace;
    const { progress } = this.#options;
    progress.stage('writing the ledger');
    await this.#writeAtRisk();
    const mine = (table: string) => ({
      select: `select * exclude (run_id) from state.${table} where run_id = '${this.#runId}'`,
    });
    const record: RunRecord = {
      run: {
        run_id: this.#runId,
        as_of: asOf,
        as_of_reason: asOfReason,
        started_at: startedAt,
        version,
        seed: config.seed,
        config_hash: configHash,
        config,
        inputs: ingested.inputs,
        report: await this.#storedReport(),
        status: this.#outcomes.every(({ status }) => status === 'ok') ? 'ok' : 'partial',
        summary: this.#summary(),
      },
      dates: this.#dates,
      tables: {
        health_reading: mine('health_reading'),
        churn_score: mine('churn_score'),
        contribution: mine('contribution'),
        fact_reading: mine('fact_reading'),
        alert: { rows: this.#ledgerRows.alert },
        alert_event: { rows: this.#ledgerRows.alert_event },
        plan_action: { rows: this.#ledgerRows.plan_action },
        calibration: {
          rows: [...this.#calibrations].map(([calibration_id, { as_of, value }]) => ({
            calibration_id,
            as_of,
            calibration: JSON.stringify(value),
          })),
        },
        model: { rows: [modelRow(this.#model, configHash)] },
      },
      lists: [
        { name: 'at_risk', keep: 'always' },
        ...this.#outcomes.flatMap((outcome) =>
          outcome.status === 'ok' ? outcome.finding.tables.map(({ name }) => ({ name })) : [],
        ),
        ...['health_measure', 'churn_reason'].filter((name) => this.#wrote(name)).map((name) => ({ name })),
      ],
      values: [
        {
          table: 'account',
          key: 'account_id',
          columns: ['name', 'plan', 'csm', 'motion', 'seats', 'parent_account_id'],
        },
        {
          table: 'contract',
          key: 'contract_id',
          columns: ['term_end_date', 'mrr_amount', 'arr_amount', 'seats', 'is_auto_renew'],
        },
      ],
      seen_on: this.#options.today,
      basedOn: this.#basedOn,
    };
    const pause = Number(process.env['RETAIN_TEST_COMMIT_PAUSE_MS'] ?? 0);
    await commitRun(engine, ledgerFile, record, {
      waitSeconds: this.#options.wait,
      ...(pause > 0
        ? {
            betweenWrites: async (written: string) => {
              this.#options.progress.note(`wrote ${written}`);
              await new Promise((wake) => setTimeout(wake, pause));
            },
          }
        : {}),
    });
    progress.done();
  }

  #wrote(name: string): boolean {
    return this.#outcomes.some(
      ({ agent, status }) => status === 'ok' && AGENTS.find(({ id }) => id === agent)?.writes.includes(name) === true,
    );
  }

  async #writeAtRisk(): Promise<void> {
    const { engine } = this.#workspace;
    const types: Readonly<Record<string, string>> = {
      integer: 'INTEGER',
      money: 'DOUBLE',
      probability: 'DOUBLE',
      rate: 'DOUBLE',
      boolean: 'BOOLEAN',
    };
    const declared = AT_RISK_COLUMNS.map(({ key, kind }) => `${key} ${types[kind] ?? 'VARCHAR'}`);
    await engine.execute(`create or replace table finding.at_risk (${declared.join(', ')})`);
    await engine.append(
      'finding.at_risk',
      Object.fromEntries(AT_RISK_COLUMNS.map(({ key }) => [key, this.#atRisk.map((row) => plain(row[key]))])),
    );
  }

  /** What a report needs beside its rows, so that lists can be printed again from the ledger. */
  async #storedReport(): Promise<unknown> {
    const tables = this.#outcomes.flatMap((outcome) =>
      outcome.status === 'ok'
        ? outcome.finding.tables.map((table) => ({
            ...table,
            headline: outcome.finding.headline,
            question: AGENTS.find(({ id }) => id === outcome.agent)?.question ?? null,
          }))
        : [],
    );
    return {
      header: await this.#header(),
      tables: [{ ...this.#atRiskTable(), headline: this.#summary(), question: null }, ...tables],
      warnings: this.#warnings(),
      outcomes: this.#outcomes.map(({ agent, status }) => ({ agent, status })),
      next: this.#next(),
      summary: this.#summary(),
    };
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

function plain(value: CellRow[string] | undefined): string | number | boolean | null {
  if (value === undefined || value === null) return null;
  return typeof value === 'object' ? JSON.stringify(value) : value;
}

function modelRow(model: ChurnModel, configHash: string): CellRow {
  return {
    model_id: model.model_id,
    as_of: model.as_of,
    basis: 'both',
    kind: model.kind,
    verdict: `${model.leave.verdict}/${model.renewal.verdict}`,
    seed: model.seed,
    config_hash: configHash,
    model: JSON.stringify(model),
  };
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
