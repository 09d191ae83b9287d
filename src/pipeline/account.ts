import type { CellRow, TableColumn } from '../contract/agent.ts';
import type { CommonOptions } from '../contract/options.ts';
import type { ReportList, RunReport } from '../contract/report.ts';
import type { Engine } from '../engine/engine.ts';
import { readList, readState } from '../ledger/index.ts';
import { longDay } from '../lib/dates.ts';
import { UserError } from '../lib/errors.ts';
import { factText } from '../outreach/fact-text.ts';
import { openLastRun } from './lists.ts';
import { rowSource } from './report-lists.ts';
import { findConfig, ledgerFile } from './workspace.ts';

/** Lists of the run that speak of one account. */
const LISTS = ['health_score', 'health_measure', 'churn_risk', 'renewal_timeline', 'notice_given'];

/**
 * One account in full, from the last run: facts, health tree, reasons, past readings, renewal, alerts. Also one that has
 * given notice or left: its history stays.
 * @throws UserError for an account that no run has seen, or when `--as-of` asks for another day
 */
export async function accountReport(options: CommonOptions, id: string): Promise<RunReport> {
  if (options.asOf !== undefined) {
    throw new UserError('retain account reads the last run and takes no --as-of', {
      hint: `run that day first: retain run --as-of ${options.asOf}`,
    });
  }
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
  const kept = new Set<string>();
  for (const name of LISTS) {
    if ((await readList(engine, file, run.run_id, name, wait)) !== undefined) kept.add(`state.list_${name}`);
  }
  const { account, name } = await findAccount(engine, id, kept);
  const list = (...wanted: ListOf) => listOfAccount(engine, account, wanted, kept);
  const lists = [
    await list('notice', 'Notice given', NOTICE, 'state.list_notice_given'),
    await list('health', 'Health', HEALTH, 'state.list_health_score'),
    await list('health_measures', 'Health tree', MEASURES, 'state.list_health_measure'),
    await factList(engine, account),
    await list('churn', 'Churn', CHURN, 'state.list_churn_risk'),
    await list(
      'contributions',
      'What makes the probability, in log-odds',
      CONTRIBUTIONS,
      `contributions_asof(date '${run.as_of}')`,
      `as_of = '${run.as_of}'`,
      'abs(contribution) desc, term',
    ),
    await list('renewal', 'Renewal', RENEWAL, 'state.list_renewal_timeline'),
    await list('readings', 'Past readings', READINGS, 'state.health_reading', undefined, 'as_of desc'),
    await list('alerts', 'Alerts', ALERTS, 'state.alert_event', undefined, 'event_on desc, event'),
  ];
  return {
    header: { ...stored.header, title: `retain account ${account}` },
    lists: lists.filter(({ rowCount }) => rowCount > 0),
    outcomes: [],
    warnings: [],
    next: ['retain at-risk', 'retain health'],
    summary: `${name} (${account}), as of ${longDay(run.as_of)}`,
  };
}

/** The account of that id or name, whatever its case, among the lists of the run, the readings and the alerts. */
async function findAccount(
  engine: Engine,
  id: string,
  kept: ReadonlySet<string>,
): Promise<{ account: string; name: string }> {
  const named = ['state.list_health_score', 'state.list_notice_given', 'state.list_renewal_timeline'];
  const known = [
    ...named.filter((relation) => kept.has(relation)).map((relation) => `select account_id, name from ${relation}`),
    'select account_id, null from state.health_reading',
    'select account_id, null from state.alert',
  ].join(' union all ');
  const [row] = await engine.rows(
    `select account_id, max(name) as name from (${known}) as known (account_id, name)
     where lower(account_id) = lower($id) or lower(name) = lower($id) group by account_id order by account_id limit 1`,
    { id: id.trim() },
  );
  if (row !== undefined) {
    const account = String(row['account_id']);
    return { account, name: typeof row['name'] === 'string' ? row['name'] : account };
  }
  const near = await engine.rows(
    `select account_id from (${known}) as known (account_id, name) group by account_id
     order by least(levenshtein(lower(account_id), lower($id)),
       levenshtein(lower(coalesce(max(name), account_id)), lower($id))), account_id limit 3`,
    { id: id.trim() },
  );
  throw new UserError(`the ledger knows no account ${id}`, {
    hint:
      near.length === 0
        ? 'list them with: retain health'
        : `nearest: ${near.map((item) => String(item['account_id'])).join(', ')}`,
  });
}

/** Name, title, columns and relation of a list, a condition and an order. */
type ListOf = readonly [
  name: string,
  title: string,
  columns: readonly TableColumn[],
  relation: string,
  condition?: string | undefined,
  order?: string,
];

/** The rows of one account; none where the run kept no such list. */
async function listOfAccount(
  engine: Engine,
  account: string,
  [name, title, columns, relation, condition = 'true', order = '1']: ListOf,
  kept: ReadonlySet<string>,
): Promise<ReportList> {
  if (relation.startsWith('state.list_') && !kept.has(relation)) return listOf(name, title, columns, []);
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

const NOTICE: readonly TableColumn[] = [
  { key: 'notice_on', label: 'notice on', kind: 'date' },
  { key: 'ends_on', label: 'ends', kind: 'date' },
  { key: 'days_left', label: 'days left', kind: 'integer' },
  { key: 'reason_code', label: 'reason given', kind: 'text' },
  { key: 'arr_amount', label: 'ARR', kind: 'money' },
  { key: 'csm', label: 'CSM', kind: 'text' },
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
