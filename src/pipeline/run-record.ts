import { AGENTS } from '../agents/index.ts';
import type { CellRow } from '../contract/agent.ts';
import type { CommonOptions } from '../contract/options.ts';
import { uncopiedRows, VERSIONED } from '../data/versions.ts';
import { commitRun, type RunRecord } from '../ledger/index.ts';
import { AT_RISK_COLUMNS } from './at-risk.ts';
import { BLOCK_NAMES } from './at-risk-blocks.ts';
import type { Night } from './night.ts';
import { runSummary, storedReport } from './run-report.ts';

/** Writes the run in one transaction. */
export async function commitNight(night: Night, options: CommonOptions, startedAt: string): Promise<void> {
  const { engine, ledgerFile, config, asOf, asOfReason, seenOn, version, configHash, ingested } = night.workspace;
  const { progress } = options;
  progress.stage('writing the ledger');
  await writeAtRisk(night);
  const mine = (table: string) => ({
    select: `select * exclude (run_id) from state.${table} where run_id = '${night.runId}'`,
  });
  const record: RunRecord = {
    run: {
      run_id: night.runId,
      as_of: asOf,
      as_of_reason: asOfReason,
      started_at: startedAt,
      version,
      seed: config.seed,
      config_hash: configHash,
      config,
      inputs: ingested.inputs,
      report: await storedReport(night),
      status: night.outcomes.every(({ status }) => status === 'ok') ? 'ok' : 'partial',
      summary: runSummary(night),
    },
    dates: night.dates,
    tables: {
      health_reading: mine('health_reading'),
      churn_score: mine('churn_score'),
      contribution: mine('contribution'),
      fact_reading: mine('fact_reading'),
      forecast: mine('forecast'),
      alert: { rows: night.ledgerRows.alert },
      alert_event: { rows: night.ledgerRows.alert_event },
      plan_action: { rows: night.ledgerRows.plan_action },
      calibration: {
        rows: [...night.calibrations].map(([calibration_id, { as_of, value }]) => ({
          calibration_id,
          as_of,
          calibration: JSON.stringify(value),
        })),
      },
      model: { rows: night.modelRows.model },
      model_challenge: { rows: night.modelRows.model_challenge },
      model_prediction: { rows: night.modelRows.model_prediction },
    },
    lists: [
      { name: 'at_risk', keep: 'always' },
      ...BLOCK_NAMES.map((name) => ({ name })),
      ...night.outcomes.flatMap((outcome) =>
        outcome.status === 'ok' ? outcome.finding.tables.map(({ name }) => ({ name })) : [],
      ),
      ...['health_measure', 'churn_reason'].filter((name) => wrote(night, name)).map((name) => ({ name })),
    ],
    values: [
      ...VERSIONED.map((source) => ({ ...source, relation: uncopiedRows(source.table) })),
      {
        table: 'contract',
        key: ['contract_id'],
        columns: ['term_end_date', 'mrr_amount', 'arr_amount', 'seats', 'is_auto_renew'],
      },
    ],
    seen_on: seenOn,
    basedOn: night.basedOn,
  };
  const pause = Number(process.env['RETAIN_TEST_COMMIT_PAUSE_MS'] ?? 0);
  await commitRun(engine, ledgerFile, record, {
    waitSeconds: options.wait,
    ...(pause > 0
      ? {
          betweenWrites: async (written: string) => {
            options.progress.note(`wrote ${written}`);
            await new Promise((wake) => setTimeout(wake, pause));
          },
        }
      : {}),
  });
  progress.done();
}

function wrote(night: Night, name: string): boolean {
  return night.outcomes.some(
    ({ agent, status }) => status === 'ok' && AGENTS.find(({ id }) => id === agent)?.writes.includes(name) === true,
  );
}

async function writeAtRisk({ workspace: { engine }, atRisk }: Night): Promise<void> {
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
    Object.fromEntries(AT_RISK_COLUMNS.map(({ key }) => [key, atRisk.map((row) => plain(row[key]))])),
  );
}

function plain(value: CellRow[string] | undefined): string | number | boolean | null {
  if (value === undefined || value === null) return null;
  return typeof value === 'object' ? JSON.stringify(value) : value;
}
