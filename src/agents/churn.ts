import type { Agent, AgentContext, CellRow, ColumnSet, Finding, FindingTable, TableColumn } from '../contract/agent.ts';
import type { ChurnModel } from '../contract/churn-model.ts';
import type { FeatureColumn } from '../contract/model.ts';
import type { Ground, RankedProposal } from '../contract/supervisor.ts';
import { FACT_FEEDS } from '../data/fact-feeds.ts';
import { featureSentence, ownPast, valueText } from '../data/feature-words.ts';
import { FEATURES } from '../data/features.ts';
import { addDays } from '../lib/dates.ts';
import { featuresOfTerm } from '../models/churn-factors.ts';
import { type ChurnReason, collectReasons } from '../models/churn-reasons.ts';
import {
  assessRisks,
  type ChurnRisk,
  type FactsByAccount,
  groupFacts,
  isRed,
  riskKey,
  type ScoredBasis,
  scoreBook,
} from '../models/churn-risk.ts';
import { type LeastChange, leastChanges } from '../models/least-change.ts';
import { CHURN_PREDICTION } from './predictions.ts';

/** Thresholds of entry into at-risk, and how many reasons a row carries. */
export interface ChurnSettings {
  /** An account enters at this multiple of its basis's and segment's base rate. */
  readonly entry_factor: number;
  readonly reasons: number;
  /** Days an alert's proposal stays valid. */
  readonly valid_days: number;
  /** Days before a decision from which the renewal model may speak: `renewal.lead_days`. */
  readonly lead_days: number;
  /** Admitted custom columns that are text. */
  readonly nominal_features: readonly string[];
}

const COLUMNS: readonly TableColumn[] = [
  { key: 'rank', label: '#', kind: 'integer' },
  { key: 'account_id', label: 'account', kind: 'id' },
  { key: 'name', label: 'name', kind: 'text' },
  { key: 'csm', label: 'CSM', kind: 'text' },
  { key: 'segment', label: 'segment', kind: 'text', terminal: false },
  { key: 'arr_amount', label: 'ARR', kind: 'money' },
  { key: 'churn_basis', label: 'basis', kind: 'text' },
  { key: 'decision_date', label: 'decides by', kind: 'date' },
  { key: 'churn_probability', label: 'churn', kind: 'probability' },
  { key: 'churn_probability_low', label: 'low', kind: 'probability', terminal: false },
  { key: 'churn_probability_high', label: 'high', kind: 'probability', terminal: false },
  { key: 'churn_probability_30d', label: 'in 30 days', kind: 'probability', terminal: false },
  { key: 'churn_probability_180d', label: 'in 180 days', kind: 'probability', terminal: false },
  { key: 'base_rate', label: 'base rate', kind: 'rate' },
  { key: 'expected_loss_amount', label: 'expected loss', kind: 'money' },
  { key: 'shrink_loss_amount', label: 'may shrink by', kind: 'money', terminal: false },
  { key: 'may', label: 'may', kind: 'text' },
  { key: 'fact_count', label: 'facts', kind: 'integer' },
  { key: 'red_fact_count', label: 'red', kind: 'integer' },
  { key: 'is_at_risk', label: 'at risk', kind: 'boolean' },
  { key: 'entered_by', label: 'entered by', kind: 'text', terminal: false },
  { key: 'main_reason', label: 'main reason', kind: 'text', isName: true },
  { key: 'smallest_change', label: 'smallest change', kind: 'text', terminal: false },
];

/** Who will leave or not renew: a calibrated probability where a model earned it, else the facts alone. */
export const churn: Agent<ChurnSettings> = {
  id: 'churn',
  title: 'Churn prediction',
  question: 'Who will leave, why, and whom first?',
  reads: ['account_state', 'account_features', 'fact', 'health_reading'],
  writes: ['churn_risk', 'churn_reason', 'churn_score', 'contribution'],
  needsModel: true,
  predicts: [CHURN_PREDICTION],
  defaults: { entry_factor: 2, reasons: 3, valid_days: 14, lead_days: 180, nominal_features: [] },
  async run(context, settings): Promise<Finding> {
    const model = context.model as ChurnModel | undefined;
    const book = await context.columns(BOOK, { lead: settings.lead_days });
    const scored = scoreBook(book, model, (name) => isNominal(name, settings));
    const facts = await readFacts(context, model);
    const risks = assessRisks(book, scored, model, facts, settings.entry_factor);
    const peers = await readPeers(context, scored);
    const reasons = collectReasons(book, scored, risks, facts, peers, CATALOGUE, settings.reasons, {
      sentence: featureSentence,
      past: ownPast,
    });
    const changes = smallestChanges(risks, scored, settings.entry_factor);
    await writeTables(context, book, risks, reasons, scored, changes);
    await context.propose(propose(context, risks, facts, reasons, settings));
    return summarise(risks, model);
  },
};

const CATALOGUE = new Map(FEATURES.map((feature) => [feature.name, feature]));
const isNominal = (name: string, { nominal_features }: ChurnSettings) =>
  CATALOGUE.get(name)?.kind === 'nominal' || nominal_features.includes(name);

/** Features that someone can move, with the direction that is healthy. */
const MOVABLE = new Map(
  FEATURES.flatMap(({ name, actionable, direction }): [string, 1 | -1][] =>
    actionable && direction !== 0 ? [[name, direction]] : [],
  ),
);

/** For each account that entered by probability: the smallest change under which it would not have, in words. */
function smallestChanges(
  risks: readonly ChurnRisk[],
  scored: readonly ScoredBasis[],
  entryFactor: number,
): Map<string, string> {
  const out = new Map<string, string>();
  for (const { basis, rows, columns } of scored) {
    const place = new Map(Array.from(rows, (row, at) => [row, at] as const));
    const asked = risks.flatMap(({ account_id, row, entered_by, base_rate }) => {
      const at = place.get(row);
      if (at === undefined || base_rate === null || !entered_by.includes('probability')) return [];
      return [{ account_id, row: at, threshold: entryFactor * base_rate }];
    });
    const changes = leastChanges(basis, columns, asked, MOVABLE);
    for (const [k, { account_id, threshold }] of asked.entries()) {
      const change = changes[k];
      out.set(account_id, change === undefined ? 'no change of one or two measures' : changeText(change, threshold));
    }
  }
  return out;
}

function changeText({ moves, probability }: LeastChange, threshold: number): string {
  const said = moves.map(({ feature, from, to }) => {
    const spec = CATALOGUE.get(feature);
    if (spec === undefined) throw new Error(`${feature} is not in the feature catalogue`);
    const unit = ['rate', 'log ratio', 'yes or no'].includes(spec.unit) ? '' : ` ${spec.unit}`;
    return `${spec.reason}: ${valueText(spec, from)} → ${valueText(spec, to)}${unit}`;
  });
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  return `${said.join(' and ')} (the model then says ${percent(probability)}; at risk from ${percent(threshold)})`;
}

/** The renewal model learnt decisions at most `lead_days` away and says nothing of later ones. */
const BOOK = `
  select f.*, s.name, s.csm, s.arr_amount as state_arr_amount, s.decision_date, s.decision_days as state_decision_days,
    s.seats as state_seats, s.status, h.health_score,
    case when f.churn_basis = 'leave' or s.decision_days between 1 and $lead then f.churn_basis end as scored_basis
  from account_features as f join account_state as s on s.account_id = f.account_id
  left join health_reading as h on h.account_id = f.account_id
  where s.status = 'active' order by f.account_id`;

/** Facts of each account in the order they count: red, not merely due, newest; a demoted kind is no longer red. */
async function readFacts(context: AgentContext, model: ChurnModel | undefined): Promise<FactsByAccount> {
  const rows = await context.rows(
    `select * from fact order by account_id, is_red desc, kind = 'decision_due', fact_on desc nulls last, kind, source_key`,
  );
  return groupFacts(rows, new Set((model?.facts ?? []).filter((fact) => fact.is_demoted).map((fact) => fact.kind)));
}

/** Median of each continuous feature among the account's segment: what "peers" means in a reason. */
async function readPeers(context: AgentContext, scored: readonly ScoredBasis[]): Promise<Map<string, CellRow>> {
  const names = new Set(
    scored.flatMap(({ columns }) => columns.filter(({ kind }) => kind === 'continuous').map(({ name }) => name)),
  );
  if (names.size === 0) return new Map();
  const medians = [...names].sort().map((name) => `quantile_cont(${name}, 0.5) as ${name}`);
  const rows = await context.rows(
    `select segment, ${medians.join(', ')} from account_features group by segment order by segment`,
  );
  return new Map(rows.map((row) => [String(row['segment'] ?? ''), row]));
}

async function writeTables(
  context: AgentContext,
  book: ColumnSet,
  risks: readonly ChurnRisk[],
  reasons: readonly ChurnReason[],
  scored: readonly ScoredBasis[],
  changes: ReadonlyMap<string, string>,
): Promise<void> {
  const numbers = (pick: (risk: ChurnRisk) => number | null) => ({
    type: 'DOUBLE' as const,
    values: Float64Array.from(risks, (risk) => pick(risk) ?? Number.NaN),
  });
  const texts = (pick: (risk: ChurnRisk) => string | null) => ({ type: 'VARCHAR' as const, values: risks.map(pick) });
  const main = new Map(
    reasons.filter(({ position }) => position === 1).map((reason) => [reason.account_id, reason.kind]),
  );
  await context.writeColumns('churn_score', {
    account_id: texts(({ account_id }) => account_id),
    basis: texts(({ basis }) => basis),
    churn_probability: numbers((risk) => risk.churn_probability),
    churn_probability_low: numbers(({ low }) => low),
    churn_probability_high: numbers(({ high }) => high),
    churn_probability_30d: numbers(({ probability_30d }) => probability_30d),
    churn_probability_180d: numbers(({ probability_180d }) => probability_180d),
    base_rate: numbers((risk) => risk.base_rate),
    expected_loss_amount: numbers((risk) => risk.expected_loss_amount),
    shrink_loss_amount: numbers((risk) => risk.shrink_loss_amount),
    may: texts(({ may }) => may),
    fact_count: numbers((risk) => risk.fact_count),
    red_fact_count: numbers((risk) => risk.red_fact_count),
    entered_by: texts(({ entered_by }) => (entered_by.length === 0 ? null : entered_by.join(', '))),
    main_reason: texts(({ account_id }) => main.get(account_id) ?? null),
    smallest_change: texts(({ account_id }) => changes.get(account_id) ?? null),
    rung: texts(({ model }) => model?.rung ?? null),
  });
  await context.write('churn_risk', RANKED);
  await writeReasons(context, reasons);
  await writeContributions(context, book, scored);
}

/** Expected loss first where a model serves; without one, red facts, nearest decision, number of facts, ARR. */
const RANKED = `
  select row_number() over (order by c.expected_loss_amount desc nulls last, c.red_fact_count > 0 desc,
      case when c.red_fact_count > 0 then s.decision_date end nulls last, c.fact_count desc,
      s.arr_amount desc nulls last, c.account_id) as rank,
    c.account_id, s.name, s.csm, s.segment, s.arr_amount, c.basis as churn_basis, s.decision_date,
    c.churn_probability, c.churn_probability_low, c.churn_probability_high, c.churn_probability_30d, c.churn_probability_180d, c.base_rate,
    round(c.expected_loss_amount, 2) as expected_loss_amount, round(c.shrink_loss_amount, 2) as shrink_loss_amount,
    case when c.churn_probability is not null then c.may end as may,
    cast(c.fact_count as integer) as fact_count, cast(c.red_fact_count as integer) as red_fact_count,
    c.entered_by is not null as is_at_risk, c.entered_by, c.main_reason,
    c.smallest_change
  from churn_score as c join account_state as s on s.account_id = c.account_id`;

async function writeReasons(context: AgentContext, reasons: readonly ChurnReason[]): Promise<void> {
  const text = (key: string) => ({ type: 'VARCHAR' as const, values: reasons.map((reason) => textOf(reason[key])) });
  const number = (key: string) => ({
    type: 'DOUBLE' as const,
    values: Float64Array.from(reasons, (reason) => (typeof reason[key] === 'number' ? reason[key] : Number.NaN)),
  });
  await context.writeColumns('churn_reason', {
    account_id: text('account_id'),
    position: { type: 'INTEGER', values: Int32Array.from(reasons, ({ position }) => position) },
    source: text('source'),
    kind: text('kind'),
    is_red: { type: 'BOOLEAN', values: reasons.map((reason) => reason['is_red'] === true) },
    contribution: number('contribution'),
    fact_on: { type: 'DATE', values: reasons.map((reason) => textOf(reason['fact_on'])) },
    now_value: number('now_value'),
    past_value: number('past_value'),
    peer_value: number('peer_value'),
    unit: text('unit'),
    detail: text('detail'),
    contact_id: text('contact_id'),
    sentence: text('sentence'),
  });
}

function textOf(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value);
}

/** Between the items of a list that is one text, as the ledger keeps it: no cell of an export needs it. */
const BETWEEN = '\u001f';

/** One row an account: its terms in log-odds, the intercept first; they add up to the printed probability's. */
async function writeContributions(
  context: AgentContext,
  book: ColumnSet,
  scored: readonly ScoredBasis[],
): Promise<void> {
  const accounts = book.text('account_id');
  const out = { account_id: [] as (string | null)[], terms: [] as string[], contributions: [] as string[] };
  const term_values: string[] = [];
  for (const { rows, columns, scores } of scored) {
    const { intercept, terms, contributions } = scores.explanation;
    const named = terms.map((term) => featuresOfTerm(term).map((name) => columns.find((item) => item.name === name)));
    const names = ['intercept', ...terms].join(BETWEEN);
    for (const [i, row] of rows.entries()) {
      out.account_id.push(accounts[row] ?? null);
      out.terms.push(names);
      out.contributions.push([intercept, ...contributions.map((values) => values[i] ?? 0)].join(BETWEEN));
      const values = named.map((factors) => factors.map((column) => termValue(column, i)).join(' × '));
      term_values.push(['', ...values].join(BETWEEN));
    }
  }
  // Three texts a row: three cells a term would enter the engine one by one.
  const text = { ...out, term_values };
  await context.writeColumns(
    'contribution',
    Object.fromEntries(Object.entries(text).map(([name, values]) => [name, { type: 'VARCHAR', values }])),
  );
  await context.write('contribution', CONTRIBUTION_LISTS);
}

const CONTRIBUTION_LISTS = `
  select account_id, terms, cast(string_split(contributions, chr(31)) as double[]) as contributions, term_values
  from contribution`;

/** The value behind a term, exact; a level by its name. */
function termValue(column: FeatureColumn | undefined, row: number): string {
  const value = column?.values[row];
  if (value === undefined || Number.isNaN(value)) return 'missing';
  if (column?.kind !== 'nominal') return String(value);
  return (column.categories?.[value] ?? 'unseen').replaceAll(BETWEEN, ' ');
}

function propose(
  context: AgentContext,
  risks: readonly ChurnRisk[],
  facts: FactsByAccount,
  reasons: readonly ChurnReason[],
  settings: ChurnSettings,
): RankedProposal[] {
  const first = new Map(reasons.filter(({ position }) => position === 1).map((reason) => [reason.account_id, reason]));
  const hasForecast = risks.some(({ churn_probability }) => churn_probability !== null);
  return risks
    .filter(({ entered_by }) => entered_by.length > 0)
    .map((risk): RankedProposal => {
      const reason = first.get(risk.account_id);
      const red = (facts.get(risk.account_id) ?? []).filter(isRed);
      const grounds = risk.entered_by.map(
        (kind): Ground =>
          kind === 'probability' ? { kind: 'forecast', feeds: ['usage'] } : { kind, feeds: FACT_FEEDS[kind] ?? [] },
      );
      return {
        agent: 'churn',
        account_id: risk.account_id,
        contact_id: null,
        kind: 'alert',
        reason: reason?.kind ?? risk.entered_by[0] ?? 'probability',
        evidence: JSON.stringify(
          red.map(({ kind, fact_on, source_table, source_key }) => ({ kind, fact_on, source_table, source_key })),
        ),
        value_amount: risk.expected_loss_amount,
        not_before: null,
        expires: addDays(context.asOf, settings.valid_days),
        rank_key: riskKey(risk, hasForecast),
        severity: risk.churn_probability ?? risk.red_fact_count,
        grounds,
      };
    });
}
function summarise(risks: readonly ChurnRisk[], model: ChurnModel | undefined): Finding {
  const entered = risks.filter(({ entered_by }) => entered_by.length > 0);
  const scored = risks.filter(({ churn_probability }) => churn_probability !== null).length;
  const table: FindingTable = {
    name: 'churn_risk',
    title: 'Churn',
    columns: scored > 0 ? COLUMNS : COLUMNS.filter(({ key }) => !FORECAST_COLUMNS.has(key)),
    order: ['rank'],
    notes: modelNotes(model, scored > 0),
  };
  const of = `of ${risks.length} active accounts`;
  return {
    headline:
      scored > 0
        ? `${entered.length} ${of} enter at-risk; ${scored} carry a probability`
        : `${factsHeading(model)}; ${entered.length} ${of} have a red fact`,
    tables: [table],
  };
}

const FORECAST_COLUMNS = new Set([
  'churn_probability',
  'churn_probability_low',
  'churn_probability_high',
  'churn_probability_30d',
  'churn_probability_180d',
  'base_rate',
  'expected_loss_amount',
  'shrink_loss_amount',
  'may',
  'smallest_change',
]);

/** Why a list holds facts alone: no basis with accounts in it earned a forecast. */
export function factsHeading(model: ChurnModel | undefined): string {
  const bases = model === undefined ? [] : [model.leave, model.renewal].filter(({ row_count }) => row_count > 0);
  if (bases.some(({ verdict }) => verdict === 'no_signal'))
    return 'no signal: no model beats the base rate out of time; facts, not a forecast';
  if (bases.length === 0) return 'facts, not a forecast: the exports hold no history long enough to learn from';
  const most = Math.max(0, ...bases.map(({ outcome_count }) => outcome_count));
  const needed = model?.min_outcomes;
  return `facts, not a forecast: ${most} ${most === 1 ? 'outcome' : 'outcomes'} here${needed === undefined ? '' : `, ${needed} needed`}`;
}

/** What stands above every list that rests on the model: each basis with its verdict. */
export function modelNotes(model: ChurnModel | undefined, hasForecast: boolean): string[] {
  if (model === undefined) return ['facts, not a forecast: no model has been fitted'];
  const notes = [model.leave, model.renewal]
    .filter((basis) => basis.row_count > 0)
    .map(
      (basis) =>
        `${basis.basis === 'leave' ? `leave within ${model.horizon_days} days` : 'not renewed at the next decision'}: ${basis.sentence}`,
    );
  for (const fact of model.facts.filter(({ is_demoted }) => is_demoted)) {
    notes.push(
      `the fact ${fact.kind} is no longer red: ${fact.holder_outcome_count} of the ${fact.holder_count} accounts that held it left, where ${fact.expected_outcome_count.toFixed(1)} would have at the rate of the rest`,
    );
  }
  if (hasForecast) notes.push('save probability is 1 for everyone until impact has been measured');
  return notes;
}
