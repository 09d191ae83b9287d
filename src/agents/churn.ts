import type { Agent, AgentContext, CellRow, ColumnSet, Finding, FindingTable, TableColumn } from '../contract/agent.ts';
import type { BasisModel, ChurnBasis, ChurnModel } from '../contract/churn-model.ts';
import type { FeatureColumn } from '../contract/model.ts';
import type { Ground, RankedProposal } from '../contract/supervisor.ts';
import { FEATURES, type Feature } from '../data/features.ts';
import { addDays } from '../lib/dates.ts';
import { type ChurnScores, scoreBasis } from '../models/churn-model.ts';

/** Thresholds of entry into at-risk, and how many reasons a row carries. */
export interface ChurnSettings {
  /** An account enters at this multiple of its basis's and segment's base rate. */
  readonly entry_factor: number;
  readonly reasons: number;
  /** Days an alert's proposal stays valid. */
  readonly valid_days: number;
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
  { key: 'base_rate', label: 'base rate', kind: 'rate' },
  { key: 'expected_loss_amount', label: 'expected loss', kind: 'money' },
  { key: 'shrink_loss_amount', label: 'may shrink by', kind: 'money', terminal: false },
  { key: 'may', label: 'may', kind: 'text' },
  { key: 'fact_count', label: 'facts', kind: 'integer' },
  { key: 'red_fact_count', label: 'red', kind: 'integer' },
  { key: 'is_at_risk', label: 'at risk', kind: 'boolean' },
  { key: 'entered_by', label: 'entered by', kind: 'text', terminal: false },
  { key: 'main_reason', label: 'main reason', kind: 'text' },
];

/** Who will leave or not renew: a calibrated probability where a model earned it, else the facts alone. */
export const churn: Agent<ChurnSettings> = {
  id: 'churn',
  title: 'Churn prediction',
  question: 'Who will leave, why, and whom first?',
  reads: ['account_state', 'account_features', 'fact'],
  writes: ['churn_risk', 'churn_reason', 'churn_score', 'contribution'],
  needsModel: true,
  defaults: { entry_factor: 2, reasons: 3, valid_days: 14 },
  async run(context, settings): Promise<Finding> {
    const model = context.model as ChurnModel | undefined;
    const book = await context.columns(BOOK);
    const scored = scoreBook(book, model);
    const risks = assess(book, scored, model, settings);
    const facts = await readFacts(context, model);
    const reasons = collectReasons(book, scored, risks, facts, await readPeers(context, scored), settings);
    enter(risks, facts, model, settings);
    await writeTables(context, book, risks, reasons, scored);
    await context.propose(propose(context, book, risks, facts, reasons, settings));
    return summarise(risks, model);
  },
};

const BOOK = `
  select f.*, s.name, s.csm, s.arr_amount as state_arr_amount, s.decision_date, s.decision_days as state_decision_days,
    s.seats as state_seats, s.status
  from account_features as f join account_state as s on s.account_id = f.account_id
  where s.status = 'active' order by f.account_id`;

/** Per basis: which rows of the book it serves, and what it says of them. */
interface ScoredBasis {
  readonly basis: BasisModel;
  readonly rows: Int32Array;
  readonly columns: readonly FeatureColumn[];
  readonly scores: ChurnScores;
}

function scoreBook(book: ColumnSet, model: ChurnModel | undefined): ScoredBasis[] {
  if (model === undefined) return [];
  const basisOf = book.text('churn_basis');
  return (['leave', 'renewal'] as const)
    .map((name) => model[name])
    .filter((basis) => basis.served !== null)
    .map((basis) => {
      const rows = Int32Array.from(basisOf.flatMap((name, i) => (name === basis.basis ? [i] : [])));
      const names = basis.served?.feature_names ?? [];
      const columns = names.map((name) => featureColumn(book, name, rows));
      return { basis, rows, columns, scores: scoreBasis(basis, columns) };
    });
}

/** A feature of some rows of the book, as a model reads it. */
function featureColumn(book: ColumnSet, name: string, rows: Int32Array): FeatureColumn {
  const feature = FEATURES.find((item) => item.name === name);
  if (feature?.kind === 'nominal') {
    const all = book.text(name);
    const texts = [...rows].map((row) => all[row] ?? null);
    const categories = [...new Set(texts.filter((value) => value !== null))].sort();
    const place = new Map(categories.map((category, index) => [category, index]));
    const values = Float64Array.from(texts, (value) =>
      value === null ? Number.NaN : (place.get(value) ?? Number.NaN),
    );
    return { name, kind: 'nominal', values, categories };
  }
  const all = book.number(name);
  return { name, kind: 'continuous', values: Float64Array.from(rows, (row) => all[row] as number) };
}

interface Risk {
  readonly row: number;
  readonly account_id: string;
  readonly arr_amount: number | null;
  readonly decision_days: number | null;
  readonly basis: ChurnBasis;
  readonly model: BasisModel | undefined;
  readonly churn_probability: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly base_rate: number | null;
  readonly shrink_loss_amount: number | null;
  readonly expected_loss_amount: number | null;
  readonly may: 'leave' | 'shrink';
  entered_by: string[];
  fact_count: number;
  red_fact_count: number;
}

function assess(
  book: ColumnSet,
  scored: readonly ScoredBasis[],
  model: ChurnModel | undefined,
  settings: ChurnSettings,
): Risk[] {
  const accounts = book.text('account_id');
  const segments = book.text('segment');
  const bases = book.text('churn_basis');
  const arr = book.number('state_arr_amount');
  const days = book.number('state_decision_days');
  const seats = book.number('state_seats');
  const peak = book.number('peak_active_users_84d');
  const place = new Map<number, { from: ScoredBasis; at: number }>();
  for (const from of scored) from.rows.forEach((row, at) => place.set(row, { from, at }));
  return accounts.map((account, row): Risk => {
    const basis = (bases[row] ?? 'leave') as ChurnBasis;
    const hit = place.get(row);
    const money = known(arr[row]);
    const probability = hit === undefined ? null : known(hit.from.scores.churn_probability[hit.at]);
    const base = hit === undefined ? null : baseRate(hit.from.basis, segments[row] ?? '');
    const low = hit === undefined ? null : known(hit.from.scores.low[hit.at]);
    const shrink = shrinkLoss(money, known(seats[row]), known(peak[row]));
    const leaving = probability === null || money === null ? null : probability * money;
    const entered =
      probability !== null &&
      base !== null &&
      low !== null &&
      probability >= settings.entry_factor * base &&
      low > base;
    return {
      row,
      account_id: account ?? '',
      arr_amount: money,
      decision_days: known(days[row]),
      basis,
      model: model?.[basis],
      churn_probability: probability,
      low,
      high: hit === undefined ? null : known(hit.from.scores.high[hit.at]),
      base_rate: base,
      shrink_loss_amount: shrink,
      // Without an earned probability of leaving, nothing is multiplied.
      expected_loss_amount: leaving === null ? null : leaving + (1 - (probability ?? 0)) * (shrink ?? 0),
      may: leaving !== null && shrink !== null && shrink * (1 - (probability ?? 0)) > leaving ? 'shrink' : 'leave',
      entered_by: entered ? ['probability'] : [],
      fact_count: 0,
      red_fact_count: 0,
    };
  });
}

function known(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : value;
}

function baseRate(basis: BasisModel, segment: string): number {
  return basis.segment_base_rates[segment] ?? basis.base_rate;
}

/** ARR of seats beyond peak use of twelve weeks plus a fifth, at the account's own price a seat. */
function shrinkLoss(arr: number | null, seats: number | null, peak: number | null): number | null {
  if (arr === null || seats === null || peak === null || seats <= 0) return null;
  const unused = seats - Math.ceil(peak * 1.2);
  return unused > 0 ? (arr * unused) / seats : null;
}

/** Facts of each account; a demoted kind is shown, not red. */
async function readFacts(context: AgentContext, model: ChurnModel | undefined): Promise<Map<string, CellRow[]>> {
  const demoted = new Set((model?.facts ?? []).filter((fact) => fact.is_demoted).map((fact) => fact.kind));
  const rows = await context.rows(
    `select * from fact order by account_id, is_red desc, kind = 'decision_due', fact_on desc nulls last, kind, source_key`,
  );
  const byAccount = new Map<string, CellRow[]>();
  for (const row of rows) {
    const account = String(row['account_id']);
    const fact = demoted.has(String(row['kind'])) ? { ...row, is_red: false } : row;
    const list = byAccount.get(account);
    if (list === undefined) byAccount.set(account, [fact]);
    else list.push(fact);
  }
  return byAccount;
}

function enter(
  risks: readonly Risk[],
  facts: ReadonlyMap<string, CellRow[]>,
  _model: ChurnModel | undefined,
  _settings: ChurnSettings,
): void {
  for (const risk of risks) {
    const own = facts.get(risk.account_id) ?? [];
    risk.fact_count = new Set(own.map((fact) => fact['kind'])).size;
    const red = new Set(own.filter((fact) => fact['is_red'] === true).map((fact) => String(fact['kind'])));
    risk.red_fact_count = red.size;
    risk.entered_by.push(...[...red].sort());
  }
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

interface Reason extends CellRow {
  readonly account_id: string;
  readonly position: number;
  readonly source: 'fact' | 'model';
  readonly kind: string;
}

/** Up to `settings.reasons` reasons for each account with anything to say: red facts, other facts, then the model's terms. */
function collectReasons(
  book: ColumnSet,
  scored: readonly ScoredBasis[],
  risks: readonly Risk[],
  facts: ReadonlyMap<string, CellRow[]>,
  peers: ReadonlyMap<string, CellRow>,
  settings: ChurnSettings,
): Reason[] {
  const segments = book.text('segment');
  const terms = new Map<number, Reason[]>();
  for (const from of scored) {
    from.rows.forEach((row, at) => {
      const risk = risks[row];
      if (risk === undefined || !hasEntered(risk)) return;
      terms.set(row, modelReasons(from, at, risk.account_id, peers.get(segments[row] ?? ''), settings.reasons));
    });
  }
  const out: Reason[] = [];
  for (const risk of risks) {
    const own = (facts.get(risk.account_id) ?? []).map(factReason);
    const distinct = own.filter((reason, i) => own.findIndex(({ kind }) => kind === reason.kind) === i);
    const covered = new Set(distinct.flatMap(({ kind }) => FACT_COVERS[kind] ?? []));
    const model = (terms.get(risk.row) ?? []).filter(({ kind }) => !covered.has(kind));
    [...distinct, ...model].slice(0, settings.reasons).forEach((reason, i) => out.push({ ...reason, position: i + 1 }));
  }
  return out;
}

/** Features that say in numbers what a fact says in words; the fact stands for them. */
const FACT_COVERS: Readonly<Record<string, readonly string[]>> = {
  no_use: [
    'days_since_last_use',
    'event_count_28d',
    'active_users_28d',
    'active_days_28d',
    'event_log_ratio_28d',
    'user_log_ratio_28d',
  ],
  usage_drop: ['event_log_ratio_28d', 'event_count_28d', 'event_log_ratio_84d'],
  users_drop: ['user_log_ratio_28d', 'active_users_28d', 'seat_use_rate_28d'],
  decision_due: ['decision_days', 'term_days'],
  champion_left: ['contacts_left_90d', 'champion_count'],
  executive_left: ['is_executive_gone', 'executive_count'],
  priority_ticket: ['open_urgent_ticket_count', 'oldest_open_ticket_days', 'open_ticket_count'],
  invoice_overdue: ['overdue_invoice_count', 'overdue_invoice_days'],
  csm_call_red: ['csm_sentiment_value'],
};

function hasEntered(risk: Risk): boolean {
  return risk.entered_by.length > 0 || risk.churn_probability !== null;
}

function factReason(fact: CellRow): Reason {
  return {
    account_id: String(fact['account_id']),
    position: 0,
    source: 'fact',
    kind: String(fact['kind']),
    is_red: fact['is_red'] ?? false,
    contribution: null,
    fact_on: fact['fact_on'] ?? null,
    now_value: fact['now_value'] ?? null,
    past_value: fact['past_value'] ?? null,
    peer_value: fact['peer_value'] ?? null,
    unit: fact['unit'] ?? null,
    detail: fact['detail'] ?? null,
    contact_id: fact['contact_id'] ?? null,
  };
}

/** Terms that raise the risk of a row, strongest first; traits no one can act on are never a reason. */
function modelReasons(
  from: ScoredBasis,
  at: number,
  account: string,
  peers: CellRow | undefined,
  count: number,
): Reason[] {
  const { explanation } = from.scores;
  return explanation.terms
    .map((name, j) => ({ name, contribution: explanation.contributions[j]?.[at] ?? 0, feature: featureOf(name) }))
    .filter(({ contribution, feature }) => contribution > 0.05 && feature?.actionable === true)
    .sort((a, b) => b.contribution - a.contribution || (a.name < b.name ? -1 : 1))
    .slice(0, count)
    .map(({ name, contribution, feature }) => ({
      account_id: account,
      position: 0,
      source: 'model',
      kind: name,
      is_red: false,
      contribution,
      fact_on: null,
      now_value: known(from.columns.find((column) => column.name === name)?.values[at]),
      past_value: null,
      peer_value: typeof peers?.[name] === 'number' ? peers[name] : null,
      unit: feature?.unit ?? null,
      detail: null,
      contact_id: null,
    }));
}

function featureOf(name: string): Feature | undefined {
  return FEATURES.find((feature) => feature.name === name);
}

async function writeTables(
  context: AgentContext,
  book: ColumnSet,
  risks: readonly Risk[],
  reasons: readonly Reason[],
  scored: readonly ScoredBasis[],
): Promise<void> {
  const numbers = (pick: (risk: Risk) => number | null) => ({
    type: 'DOUBLE' as const,
    values: Float64Array.from(risks, (risk) => pick(risk) ?? Number.NaN),
  });
  const texts = (pick: (risk: Risk) => string | null) => ({ type: 'VARCHAR' as const, values: risks.map(pick) });
  const main = new Map(
    reasons.filter(({ position }) => position === 1).map((reason) => [reason.account_id, reason.kind]),
  );
  await context.writeColumns('churn_score', {
    account_id: texts(({ account_id }) => account_id),
    basis: texts(({ basis }) => basis),
    churn_probability: numbers((risk) => risk.churn_probability),
    churn_probability_low: numbers(({ low }) => low),
    churn_probability_high: numbers(({ high }) => high),
    base_rate: numbers((risk) => risk.base_rate),
    expected_loss_amount: numbers((risk) => risk.expected_loss_amount),
    shrink_loss_amount: numbers((risk) => risk.shrink_loss_amount),
    may: texts(({ may }) => may),
    fact_count: numbers((risk) => risk.fact_count),
    red_fact_count: numbers((risk) => risk.red_fact_count),
    entered_by: texts(({ entered_by }) => (entered_by.length === 0 ? null : entered_by.join(', '))),
    main_reason: texts(({ account_id }) => main.get(account_id) ?? null),
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
    c.churn_probability, c.churn_probability_low, c.churn_probability_high, c.base_rate,
    round(c.expected_loss_amount, 2) as expected_loss_amount, round(c.shrink_loss_amount, 2) as shrink_loss_amount,
    case when c.churn_probability is not null then c.may end as may,
    cast(c.fact_count as integer) as fact_count, cast(c.red_fact_count as integer) as red_fact_count,
    c.entered_by is not null as is_at_risk, c.entered_by, c.main_reason
  from churn_score as c join account_state as s on s.account_id = c.account_id`;

async function writeReasons(context: AgentContext, reasons: readonly Reason[]): Promise<void> {
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
  });
}

function textOf(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value);
}

/** One row an account and term, in log-odds, the intercept among them: they add up to the printed probability's. */
async function writeContributions(
  context: AgentContext,
  book: ColumnSet,
  scored: readonly ScoredBasis[],
): Promise<void> {
  const accounts = book.text('account_id');
  const out = { account_id: [] as (string | null)[], term: [] as string[], contribution: [] as number[] };
  for (const { rows, scores } of scored) {
    const parts = [{ term: 'intercept', at: () => scores.explanation.intercept }].concat(
      scores.explanation.terms.map((term, j) => ({
        term,
        at: (i?: number) => scores.explanation.contributions[j]?.[i ?? 0] ?? 0,
      })),
    ) as { term: string; at: (i: number) => number }[];
    rows.forEach((row, i) => {
      for (const { term, at } of parts) {
        out.account_id.push(accounts[row] ?? null);
        out.term.push(term);
        out.contribution.push(at(i));
      }
    });
  }
  await context.writeColumns('contribution', {
    account_id: { type: 'VARCHAR', values: out.account_id },
    term: { type: 'VARCHAR', values: out.term },
    contribution: { type: 'DOUBLE', values: Float64Array.from(out.contribution) },
  });
}

/** Feed that each fact was read from; a stale feed's facts open nothing. */
const FACT_FEEDS: Readonly<Record<string, readonly string[]>> = {
  no_use: ['usage'],
  usage_drop: ['usage'],
  users_drop: ['usage'],
  decision_due: ['contract'],
  term_ended_in_use: ['contract', 'usage'],
  champion_left: ['contact'],
  executive_left: ['contact'],
  priority_ticket: ['ticket'],
  invoice_overdue: ['invoice'],
  csm_call_red: ['csm_call'],
  risk_phrase: ['ticket', 'interaction', 'survey'],
};

function propose(
  context: AgentContext,
  _book: ColumnSet,
  risks: readonly Risk[],
  facts: ReadonlyMap<string, CellRow[]>,
  reasons: readonly Reason[],
  settings: ChurnSettings,
): RankedProposal[] {
  const first = new Map(reasons.filter(({ position }) => position === 1).map((reason) => [reason.account_id, reason]));
  const forecast = risks.some(({ churn_probability }) => churn_probability !== null);
  return risks
    .filter(({ entered_by }) => entered_by.length > 0)
    .map((risk): RankedProposal => {
      const reason = first.get(risk.account_id);
      const red = (facts.get(risk.account_id) ?? []).filter((fact) => fact['is_red'] === true);
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
        rank_key: forecast ? lossKey(risk) : factsKey(risk),
        severity: risk.churn_probability ?? risk.red_fact_count,
        grounds,
      };
    });
}

/** Greatest expected loss first; accounts whose basis has no model follow, by their facts. */
function lossKey(risk: Risk): number[] {
  if (risk.expected_loss_amount === null) return [0, ...factsKey(risk)];
  return [-risk.expected_loss_amount, -(risk.churn_probability ?? 0)];
}

/** Decision date, number of independent facts, ARR. */
function factsKey(risk: Risk): number[] {
  return [risk.decision_days ?? Number.MAX_VALUE, -risk.fact_count, -(risk.arr_amount ?? 0)];
}

function summarise(risks: readonly Risk[], model: ChurnModel | undefined): Finding {
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
        : `facts, not a forecast: ${entered.length} ${of} have a red fact`,
    tables: [table],
  };
}

const FORECAST_COLUMNS = new Set([
  'churn_probability',
  'churn_probability_low',
  'churn_probability_high',
  'base_rate',
  'expected_loss_amount',
  'shrink_loss_amount',
  'may',
]);

/** What stands above every list that rests on the model: each basis with its verdict. */
export function modelNotes(model: ChurnModel | undefined, hasForecast: boolean): string[] {
  if (model === undefined) return ['facts, not a forecast: no model has been fitted'];
  const notes = [model.leave, model.renewal]
    .filter((basis) => basis.row_count > 0)
    .map(
      (basis) =>
        `${basis.basis === 'leave' ? 'leave within 90 days' : 'not renewed at the next decision'}: ${basis.sentence}`,
    );
  const demoted = model.facts.filter((fact) => fact.is_demoted).map((fact) => fact.kind);
  if (demoted.length > 0)
    notes.push(`no longer red, its holders did not churn more than the rest: ${demoted.join(', ')}`);
  if (hasForecast) notes.push('save probability is 1 for everyone until impact has been measured');
  return notes;
}
