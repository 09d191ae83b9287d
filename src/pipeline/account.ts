import type { CellRow, TableColumn } from '../contract/agent.ts';
import type { CommonOptions } from '../contract/options.ts';
import type { ReportList, RunReport } from '../contract/report.ts';
import type { Engine } from '../engine/engine.ts';
import { readList, readState } from '../ledger/index.ts';
import { UserError } from '../lib/errors.ts';
import { factText } from '../outreach/fact-text.ts';
import { openLastRun } from './lists.ts';
import { rowSource } from './report-lists.ts';
import { findConfig, ledgerFile } from './workspace.ts';

/** Lists of the run that speak of one account. */
const LISTS = ['health_score', 'health_measure', 'churn_risk', 'renewal_timeline'];

/** One account in full, from the last run: facts, health tree, reasons, past readings, renewal, alerts. */
export async function accountReport(options: CommonOptions, id: string): Promise<RunReport> {
  const { engine, run, stored } = await openLastRun(options);
  const file = ledgerFile(findConfig(options));
  const wait = { waitSeconds: options.wait };
  const tables = [
    'health_reading',
    'churn_score',
    'contribution',
    'fact_reading',
    'alert',
    'alert_event',
    'plan_action',
  ];
  await readState(engine, file, tables, { asOf: run.as_of, includeAsOf: true, ...wait });
  for (const name of LISTS) {
    await readList(engine, file, run.run_id, name, wait);
  }
  const account = await findAccount(engine, id);
  const lists = [
    await list(engine, 'health', 'Health', HEALTH, 'state.list_health_score', account),
    await list(engine, 'health_measures', 'Health tree', MEASURES, 'state.list_health_measure', account),
    await factList(engine, account),
    await list(engine, 'churn', 'Churn', CHURN, 'state.list_churn_risk', account),
    await list(
      engine,
      'contributions',
      'What makes the probability, in log-odds',
      CONTRIBUTIONS,
      'state.contribution',
      account,
      `as_of = '${run.as_of}'`,
      'abs(contribution) desc, term',
    ),
    await list(engine, 'renewal', 'Renewal', RENEWAL, 'state.list_renewal_timeline', account),
    await list(engine, 'readings', 'Past readings', READINGS, 'state.health_reading', account, undefined, 'as_of desc'),
    await list(engine, 'alerts', 'Alerts', ALERTS, 'state.alert_event', account, undefined, 'event_on desc, event'),
  ];
  const name = await displayName(engine, account);
  return {
    header: { ...stored.header, title: `retain account ${account}` },
    lists: lists.filter(({ rowCount }) => rowCount > 0),
    outcomes: [],
    warnings: [],
    next: ['retain at-risk', 'retain health'],
    summary: `${name} (${account}), as of ${run.as_of}`,
  };
}

async function findAccount(engine: Engine, id: string): Promise<string> {
  const [row] = await engine.rows(
    `select account_id from state.list_health_score where lower(account_id) = lower($id) or lower(name) = lower($id)
     union select account_id from state.list_renewal_timeline where lower(account_id) = lower($id) order by account_id limit 1`,
    { id },
  );
  if (row !== undefined) return String(row['account_id']);
  const near = await engine.rows(
    `select account_id from state.list_health_score
     order by least(levenshtein(lower(account_id), lower($id)), levenshtein(lower(coalesce(name, account_id)), lower($id))), account_id limit 3`,
    { id },
  );
  throw new UserError(`there is no active account ${id} in the last run`, {
    hint:
      near.length === 0
        ? 'list them with: retain health'
        : `nearest: ${near.map((item) => String(item['account_id'])).join(', ')}`,
  });
}

async function displayName(engine: Engine, account: string): Promise<string> {
  const [row] = await engine.rows('select name from state.list_health_score where account_id = $account', { account });
  return typeof row?.['name'] === 'string' ? row['name'] : account;
}

async function list(
  engine: Engine,
  name: string,
  title: string,
  columns: readonly TableColumn[],
  relation: string,
  account: string,
  condition = 'true',
  order = '1',
): Promise<ReportList> {
  const there = new Set((await engine.describe(`select * from ${relation}`)).map((column) => column.name));
  const shown = columns.filter(({ key }) => there.has(key));
  const rows = await engine.rows(
    `select ${shown.map(({ key }) => `"${key}"`).join(', ')} from ${relation} where account_id = $account and ${condition} order by ${order}`,
    { account },
  );
  return listOf(name, title, shown, rows);
}

async function factList(engine: Engine, account: string): Promise<ReportList> {
  const rows = await engine.rows(
    `select kind, is_red, fact_on, now_value, past_value, peer_value, unit, detail, source_table, source_key
     from state.fact_reading where account_id = $account and as_of = (select max(as_of) from state.fact_reading)
     order by is_red desc, fact_on desc, kind`,
    { account },
  );
  const worded = rows.map((row) => ({
    ...row,
    text: factText({ kind: String(row['kind']), detail: typeof row['detail'] === 'string' ? row['detail'] : null }),
  }));
  return listOf('facts', 'Facts', FACTS, worded);
}

function listOf(name: string, title: string, columns: readonly TableColumn[], rows: readonly CellRow[]): ReportList {
  return { name, title, headline: '', columns, notes: [], rowCount: rows.length, rows: rowSource(rows), empty: 'none' };
}

const HEALTH: readonly TableColumn[] = [
  { key: 'health_score', label: 'health', kind: 'score' },
  { key: 'band', label: 'band', kind: 'text' },
  { key: 'band_basis', label: 'band from', kind: 'text' },
  { key: 'band_days', label: 'days in band', kind: 'integer' },
  { key: 'change', label: 'change', kind: 'number' },
  { key: 'behaviour_change', label: 'behaviour', kind: 'number' },
  { key: 'configuration_change', label: 'configuration', kind: 'number' },
  { key: 'coverage_change', label: 'coverage', kind: 'number' },
  { key: 'data_revision_change', label: 'data revision', kind: 'number' },
  { key: 'coverage_rate', label: 'own coverage', kind: 'rate' },
  { key: 'feed_coverage_rate', label: 'feeds', kind: 'rate' },
  { key: 'arr_amount', label: 'ARR', kind: 'money' },
  { key: 'csm', label: 'CSM', kind: 'text' },
];

const MEASURES: readonly TableColumn[] = [
  { key: 'component', label: 'component', kind: 'text', isName: true },
  { key: 'component_weight', label: 'weight', kind: 'number' },
  { key: 'measure', label: 'measure', kind: 'text', isName: true },
  { key: 'measure_weight', label: 'in component', kind: 'number' },
  { key: 'measure_value', label: 'value', kind: 'number' },
  { key: 'measure_score', label: 'score', kind: 'score' },
];

const FACTS: readonly TableColumn[] = [
  { key: 'text', label: 'fact', kind: 'text' },
  { key: 'is_red', label: 'red', kind: 'boolean' },
  { key: 'fact_on', label: 'on', kind: 'date' },
  { key: 'now_value', label: 'now', kind: 'number' },
  { key: 'past_value', label: 'own past', kind: 'number' },
  { key: 'peer_value', label: 'peers', kind: 'number' },
  { key: 'unit', label: 'unit', kind: 'text' },
  { key: 'source_table', label: 'from', kind: 'text' },
  { key: 'source_key', label: 'row', kind: 'text', terminal: false },
];

const CHURN: readonly TableColumn[] = [
  { key: 'churn_basis', label: 'basis', kind: 'text' },
  { key: 'churn_probability', label: 'churn', kind: 'probability' },
  { key: 'churn_probability_low', label: 'low', kind: 'probability' },
  { key: 'churn_probability_high', label: 'high', kind: 'probability' },
  { key: 'base_rate', label: 'base rate', kind: 'rate' },
  { key: 'expected_loss_amount', label: 'expected loss', kind: 'money' },
  { key: 'may', label: 'may', kind: 'text' },
  { key: 'entered_by', label: 'at risk by', kind: 'text', isName: true },
  { key: 'main_reason', label: 'main reason', kind: 'text', isName: true },
];

const CONTRIBUTIONS: readonly TableColumn[] = [
  { key: 'term', label: 'term', kind: 'text', isName: true },
  { key: 'contribution', label: 'log-odds', kind: 'number' },
];

const RENEWAL: readonly TableColumn[] = [
  { key: 'stage', label: 'stage', kind: 'text' },
  { key: 'renewal_date', label: 'term ends', kind: 'date' },
  { key: 'decision_date', label: 'decides by', kind: 'date' },
  { key: 'decision_days', label: 'days left', kind: 'integer' },
  { key: 'decision_kind', label: 'how', kind: 'text' },
  { key: 'task', label: 'do now', kind: 'text' },
  { key: 'owner', label: 'owner', kind: 'text' },
];

const READINGS: readonly TableColumn[] = [
  { key: 'as_of', label: 'as of', kind: 'date' },
  { key: 'health_score', label: 'health', kind: 'score' },
  { key: 'band', label: 'band', kind: 'text' },
  { key: 'change', label: 'change', kind: 'number' },
  { key: 'coverage_rate', label: 'own coverage', kind: 'rate' },
];

const ALERTS: readonly TableColumn[] = [
  { key: 'event_on', label: 'on', kind: 'date' },
  { key: 'event', label: 'event', kind: 'text' },
  { key: 'alert_id', label: 'alert', kind: 'id' },
  { key: 'detail', label: 'detail', kind: 'text' },
];
