import type { CellRow, TableColumn } from '../contract/agent.ts';
import type { CommonOptions } from '../contract/options.ts';
import type { ReportList, RunReport } from '../contract/report.ts';
import { FEATURES } from '../data/features.ts';
import { readList, readState } from '../ledger/index.ts';
import { UserError } from '../lib/errors.ts';
import { sigmoid } from '../lib/numbers.ts';
import { featuresOfTerm } from '../models/churn-factors.ts';
import { factText } from '../outreach/fact-text.ts';
import { openLastRun } from './lists.ts';
import { rowSource } from './report-lists.ts';
import { findConfig, ledgerFile } from './workspace.ts';

/** Groups in the order they are printed; `profile` is what no one can act on. */
const GROUPS = ['usage', 'support', 'relationship', 'outcomes', 'contract', 'profile'] as const;

const GROUP_OF = new Map(FEATURES.map(({ name, group }) => [name, group]));

/**
 * Why an account has its churn probability, from the last run: its reasons as sentences, what each group and each term
 * adds to the log-odds, that intercept and terms add up to the printed probability, and the smallest change under which
 * the account would not be at risk.
 * @throws UserError for an account that the last run did not score, or when `--as-of` asks for another day
 */
export async function explainChurn(options: CommonOptions, id: string): Promise<RunReport> {
  if (options.asOf !== undefined) {
    throw new UserError('--explain reads the last run and takes no --as-of', {
      hint: `run that day first: retain run --as-of ${options.asOf}`,
    });
  }
  const { engine, run, stored } = await openLastRun(options);
  const file = ledgerFile(findConfig(options));
  const wait = { waitSeconds: options.wait };
  await readState(engine, file, ['contribution'], { asOf: run.as_of, includeAsOf: true, ...wait });
  await readList(engine, file, run.run_id, 'churn_risk', wait);
  const hasReasons = (await readList(engine, file, run.run_id, 'churn_reason', wait)) !== undefined;
  const [risk] = await engine.rows(
    `select * from state.list_churn_risk where lower(account_id) = lower($id) or lower(name) = lower($id)
     order by account_id limit 1`,
    { id },
  );
  if (risk === undefined) {
    throw new UserError(`the churn list of the last run has no account ${id}`, {
      hint: 'list them with: retain churn',
    });
  }
  const account = String(risk['account_id']);
  const reasons = hasReasons
    ? await engine.rows('select * from state.list_churn_reason where account_id = $account order by position', {
        account,
      })
    : [];
  const terms = await engine.rows(
    `select term, value, contribution from contributions_asof($as_of::date)
     where account_id = $account and as_of = $as_of::date
     order by term = 'intercept' desc, abs(contribution) desc, term`,
    { account, as_of: run.as_of },
  );
  const lists = [reasonList(reasons), groupList(terms), termList(terms)];
  return {
    header: {
      ...stored.header,
      title: `retain churn --explain ${account}`,
      notes: [...stored.header.notes, ...sumNotes(risk, terms)],
    },
    lists: lists.filter(({ rowCount }) => rowCount > 0),
    outcomes: [],
    warnings: [],
    next: [`retain account ${account}`, 'retain at-risk'],
    summary: summaryOf(account, risk),
  };
}

/** That the terms add up to the probability, to how many digits, and what would change the answer. */
function sumNotes(risk: CellRow, terms: readonly CellRow[]): string[] {
  const probability = risk['churn_probability'];
  if (typeof probability !== 'number' || terms.length === 0) {
    return ['no model serves this account: its reasons are dated facts alone'];
  }
  const sum = terms.reduce((total, { contribution }) => total + Number(contribution), 0);
  const gap = Math.abs(sum - Math.log(probability / (1 - probability)));
  const notes = [
    `intercept and ${terms.length - 1} terms add up to log-odds ${sum.toFixed(4)}, which is ${(100 * sigmoid(sum)).toFixed(2)} %; the printed probability is ${gap <= 1e-9 ? 'the same to 1e-9 in log-odds' : `${gap.toExponential(1)} away in log-odds`}`,
  ];
  const change = risk['smallest_change'];
  if (typeof change === 'string') notes.push(`smallest change under which it would not be at risk: ${change}`);
  return notes;
}

function summaryOf(account: string, risk: CellRow): string {
  const name = typeof risk['name'] === 'string' ? `${risk['name']} (${account})` : account;
  const [probability, base] = [risk['churn_probability'], risk['base_rate']];
  if (typeof probability !== 'number' || typeof base !== 'number') return `${name}: no probability was earned`;
  return `${name}: ${(100 * probability).toFixed(1)} % against a base rate of ${(100 * base).toFixed(1)} %`;
}

function reasonList(reasons: readonly CellRow[]): ReportList {
  const rows = reasons.map((row): CellRow => {
    const detail = typeof row['detail'] === 'string' ? row['detail'] : null;
    const isFact = row['source'] === 'fact';
    return {
      position: row['position'] ?? null,
      text: isFact ? factText({ kind: String(row['kind']), detail }) : (row['sentence'] ?? row['kind'] ?? null),
      source: row['source'] ?? null,
      fact_on: row['fact_on'] ?? null,
      now_value: row['now_value'] ?? null,
      past_value: row['past_value'] ?? null,
      peer_value: row['peer_value'] ?? null,
      unit: row['unit'] ?? null,
      contribution: row['contribution'] ?? null,
    };
  });
  return listOf('reasons', 'Reasons', REASONS, rows);
}

function groupList(terms: readonly CellRow[]): ReportList {
  const sums = new Map<string, number>();
  for (const { term, contribution } of terms) {
    if (term === 'intercept') continue;
    const features = featuresOfTerm(String(term));
    for (const name of features) {
      const group = GROUP_OF.get(name) ?? 'profile';
      sums.set(group, (sums.get(group) ?? 0) + Number(contribution) / features.length);
    }
  }
  const rows = GROUPS.filter((group) => sums.has(group)).map((group) => ({
    group,
    contribution: sums.get(group) ?? 0,
    is_actionable: group !== 'profile',
  }));
  return listOf('groups', 'What each group adds, in log-odds', GROUP_COLUMNS, rows);
}

function termList(terms: readonly CellRow[]): ReportList {
  const rows = terms.map(({ term, value, contribution }) => ({
    term: term ?? null,
    value: value ?? null,
    contribution: contribution ?? null,
    group: [...new Set(featuresOfTerm(String(term)).map((name) => GROUP_OF.get(name) ?? ''))].join(', '),
  }));
  return listOf('terms', 'What each term adds, in log-odds', TERM_COLUMNS, rows);
}

function listOf(name: string, title: string, columns: readonly TableColumn[], rows: readonly CellRow[]): ReportList {
  return { name, title, headline: '', columns, notes: [], rowCount: rows.length, rows: rowSource(rows), empty: 'none' };
}

const REASONS: readonly TableColumn[] = [
  { key: 'position', label: '#', kind: 'integer' },
  { key: 'text', label: 'reason', kind: 'text' },
  { key: 'source', label: 'from', kind: 'text', isName: true },
  { key: 'fact_on', label: 'on', kind: 'date' },
  { key: 'now_value', label: 'now', kind: 'number' },
  { key: 'past_value', label: 'own past', kind: 'number' },
  { key: 'peer_value', label: 'peers', kind: 'number' },
  { key: 'unit', label: 'unit', kind: 'text' },
  { key: 'contribution', label: 'log-odds', kind: 'number' },
];

const GROUP_COLUMNS: readonly TableColumn[] = [
  { key: 'group', label: 'group', kind: 'text', isName: true },
  { key: 'contribution', label: 'log-odds', kind: 'number' },
  { key: 'is_actionable', label: 'can be acted on', kind: 'boolean' },
];

const TERM_COLUMNS: readonly TableColumn[] = [
  { key: 'term', label: 'term', kind: 'text', isName: true },
  { key: 'value', label: 'value', kind: 'text' },
  { key: 'contribution', label: 'log-odds', kind: 'number' },
  { key: 'group', label: 'group', kind: 'text', isName: true },
];
