import type { Agent, AgentContext, CellRow, Finding, FindingTable, TableColumn } from '../contract/agent.ts';
import type { ChurnModel } from '../contract/churn-model.ts';
import type { Config } from '../contract/config.ts';
import { type MoneyStyle, moneyWords, PLAIN_MONEY } from '../lib/money.ts';
import { forecastRenewals, type RenewalForecast } from '../models/renewal-forecast.ts';
import { RENEWAL_FORECAST, RENEWAL_PREDICTION } from './predictions.ts';

/** The configured rules, and how amounts are written in its sentences. */
export interface RenewalSettings extends Readonly<Config['renewal']> {
  readonly money: MoneyStyle;
}

const COLUMNS: readonly TableColumn[] = [
  { key: 'rank', label: '#', kind: 'integer' },
  { key: 'account_id', label: 'account', kind: 'id' },
  { key: 'name', label: 'name', kind: 'text' },
  { key: 'csm', label: 'CSM', kind: 'text' },
  { key: 'segment', label: 'segment', kind: 'text', terminal: false },
  { key: 'stage', label: 'stage', kind: 'text' },
  { key: 'decision_date', label: 'decides by', kind: 'date' },
  { key: 'decision_days', label: 'days left', kind: 'integer' },
  { key: 'arr_amount', label: 'ARR', kind: 'money' },
  { key: 'task', label: 'do now', kind: 'text' },
  { key: 'band', label: 'health', kind: 'text' },
  { key: 'renewal_probability', label: 'renews', kind: 'probability' },
  { key: 'decision_kind', label: 'how', kind: 'text' },
  { key: 'renewal_date', label: 'term ends', kind: 'date' },
  { key: 'line_count', label: 'lines', kind: 'integer' },
  { key: 'is_notice_assumed', label: 'notice assumed', kind: 'boolean', terminal: false },
  { key: 'owner', label: 'owner', kind: 'text', terminal: false },
];

/** What renews when, and what is to be done about it now. */
export const renewal: Agent<RenewalSettings> = {
  id: 'renewal',
  title: 'Renewal timeline',
  question: 'What renews when, will it, and what do we do about it?',
  reads: ['account_state', 'renewal_group', 'churn_score', 'health_reading', 'churn_event_asof'],
  writes: ['renewal_timeline', 'month_to_month', 'renewal_forecast'],
  needsModel: true,
  predicts: [RENEWAL_PREDICTION],
  forecasts: [RENEWAL_FORECAST],
  defaults: {
    lead_days: 180,
    default_notice_days: 30,
    merge_days: 30,
    stages: [180, 120, 90, 60, 30],
    grace_days: 30,
    money: PLAIN_MONEY,
  },
  async run(context, settings): Promise<Finding> {
    await context.write('renewal_timeline', renewalSql(settings), { lead: settings.lead_days });
    await context.write('month_to_month', MONTH_TO_MONTH);
    const forecast = await writeForecast(context);
    const [counts] = await context.rows(COUNTS);
    const [rolling] = await context.rows('select * from month_to_month');
    const [beyond] = await context.rows(BEYOND, { lead: settings.lead_days });
    return summarise(settings, counts ?? {}, rolling ?? {}, beyond ?? {}, forecast);
  },
};

/** Tasks by stage: what is done in it, and who does it. The last stage at or above the days left is the one in hand. */
const TASKS: readonly { readonly from: number; readonly task: string; readonly owner: string }[] = [
  { from: 150, task: 'review value delivered and set the renewal goal', owner: 'csm' },
  { from: 105, task: 'confirm decision maker, budget and process', owner: 'csm' },
  { from: 75, task: 'hold the executive review and agree the scope', owner: 'csm' },
  { from: 45, task: 'send the offer', owner: 'account manager' },
  { from: 0, task: 'get the signature, or the notice decision in writing', owner: 'account manager' },
  { from: Number.NEGATIVE_INFINITY, task: 'settle today: sign, bridge or switch off', owner: 'team lead' },
];

/** A notice deadline that passed in silence: the contract renews by itself. */
const SILENT = { task: 'no notice came: confirm the renewal and its invoice', owner: 'csm' } as const;

/** Recorded as left and used all the same: either the record is wrong or the access. */
const CONTRADICTED = {
  task: 'recorded as left, yet in use: switch off or correct the record',
  owner: 'team lead',
} as const;

/** Text of the program's own constants, as SQL. */
function cases(days: string, pick: (task: (typeof TASKS)[number]) => string): string {
  const branches = TASKS.filter(({ from }) => Number.isFinite(from)).map(
    (task) => `when ${days} >= ${task.from} then '${pick(task)}'`,
  );
  const last = TASKS.at(-1);
  return `case ${branches.join(' ')} else '${last === undefined ? '' : pick(last)}' end`;
}

function stageSql(days: string, stages: readonly number[]): string {
  const rising = [...stages].sort((a, b) => a - b);
  const branches = rising.map((stage) => `when ${days} <= ${Math.trunc(stage)} then '${Math.trunc(stage)}'`);
  return `case when ${days} < 0 then 'silent' ${branches.join(' ')} else 'later' end`;
}

const IS_CONTRADICTED = `d.is_overdue and s.status = 'churned' and e.left_on is not null and s.is_still_in_use`;

function renewalSql(settings: RenewalSettings): string {
  return `
  with due as (
    select *, row_number() over (partition by account_id order by is_overdue desc, decision_days, renewal_id) as position
    from renewal_group where not is_month_to_month and not is_notice_given and (is_overdue or decision_days <= $lead)
  ),
  left_by_record as (
    select account_id, max(churn_date) as left_on from churn_event_asof where not coalesce(is_reactivation, false) group by account_id
  )
  select row_number() over (order by d.is_overdue desc, d.decision_days < 0, d.decision_days, d.arr_amount desc nulls last, d.account_id) as rank,
    d.account_id, s.name, s.csm, s.segment,
    case when d.is_overdue then 'overdue' else ${stageSql('d.decision_days', settings.stages)} end as stage,
    d.last_due_date as renewal_date, d.decision_date, d.decision_days,
    case
      when ${IS_CONTRADICTED}
        then 'recorded as left on ' || e.left_on || ', yet still in use'
      when d.is_overdue and s.status = 'churned' and e.left_on is not null then 'recorded as left on ' || e.left_on
      when d.is_overdue and s.is_still_in_use then 'ended, unrenewed, still in use'
      when d.is_overdue then 'ended, unrenewed'
      when d.is_auto_renew_unknown then 'unknown whether it renews by itself'
      when d.is_auto_renew then 'notice deadline' else 'signature' end as decision_kind,
    d.is_notice_assumed, d.line_count, d.arr_amount,
    case when c.basis = 'renewal' and not d.is_overdue then 1 - c.churn_probability end as renewal_probability, h.band,
    case when ${IS_CONTRADICTED} then '${CONTRADICTED.task}' when d.is_overdue then '${TASKS.at(-1)?.task}' when d.decision_days < 0 then '${SILENT.task}'
      else ${cases('d.decision_days', ({ task }) => task)} end as task,
    case when ${IS_CONTRADICTED} then '${CONTRADICTED.owner}' when d.is_overdue then '${TASKS.at(-1)?.owner}' when d.decision_days < 0 then '${SILENT.owner}'
      else ${cases('d.decision_days', ({ owner }) => owner)} end as owner
  from due as d join account_state as s on s.account_id = d.account_id
  left join left_by_record as e on e.account_id = d.account_id
  left join churn_score as c on c.account_id = d.account_id
  left join health_reading as h on h.account_id = d.account_id
  where d.position = 1`;
}

/** Month-to-month accounts that ended unrenewed are named up to this many, most ARR first; the rest are counted. */
const NAMED_ENDS = 10;

/** Terms under 90 days and contracts without an end: counted, never staged; those that ended unrenewed are named. */
const MONTH_TO_MONTH = `
  with ended as (
    select d.account_id, coalesce(s.name, d.account_id) as name, sum(d.arr_amount) as arr_amount
    from renewal_group as d join account_state as s on s.account_id = d.account_id
    where d.is_month_to_month and d.is_overdue and not d.is_notice_given
    group by d.account_id, s.name
  ),
  total as (
    select count(*) as ended_count, cast(coalesce(sum(arr_amount), 0) as double) as ended_arr_amount,
      string_agg(name, ', ' order by place) filter (where place <= ${NAMED_ENDS}) as ended_names
    from (select *, row_number() over (order by arr_amount desc nulls last, account_id) as place from ended)
  )
  select 1 as rank, count(*) filter (where is_month_to_month) as month_to_month_count,
    cast(coalesce(sum(case when is_month_to_month then arr_amount end), 0) as double) as month_to_month_arr_amount,
    count(*) filter (where is_open_ended and not is_month_to_month) as open_ended_count,
    cast(coalesce(sum(case when is_open_ended and not is_month_to_month then arr_amount end), 0) as double)
      as open_ended_arr_amount,
    max(total.ended_count) as ended_count, max(total.ended_arr_amount) as ended_arr_amount, max(total.ended_names) as ended_names
  from total left join account_state on status = 'active'
    and account_id not in (select account_id from renewal_group)`;

const COUNTS = `
  select count(*) as renewal_count, count(*) filter (where stage = 'overdue') as overdue_count,
    count(*) filter (where stage = 'silent') as silent_count,
    count(*) filter (where decision_kind like 'recorded as left%still in use') as contradicted_count,
    count(*) filter (where stage <> 'overdue' and decision_days between 0 and 90) as quarter_count,
    cast(sum(case when stage <> 'overdue' and decision_days between 0 and 90 then arr_amount end) as double) as quarter_arr_amount,
    count(*) filter (where decision_kind like 'unknown%') as unknown_count,
    count(*) filter (where is_notice_assumed) as assumed_count,
    count(renewal_probability) as forecast_count
  from renewal_timeline`;

const BEYOND = `
  select count(distinct account_id) as n from renewal_group
  where not is_overdue and not is_notice_given and decision_days > $lead
    and account_id not in (select account_id from renewal_timeline)`;

/** Decisions that lie ahead within the horizon and that the renewal model speaks of. */
const DUE = `
  select t.account_id, t.segment, cast(t.arr_amount as double) as arr_amount,
    c.churn_probability, c.churn_probability_low, c.churn_probability_high
  from renewal_timeline as t join churn_score as c on c.account_id = t.account_id and c.basis = 'renewal'
  where t.stage <> 'overdue' and t.decision_days between 1 and $horizon order by t.account_id`;

/** Writes what is expected of each of them, and first the row of all together; no row without a forecast. */
async function writeForecast(context: AgentContext): Promise<RenewalForecast | undefined> {
  const model = context.model as ChurnModel | undefined;
  const rows = model === undefined ? [] : await context.rows(DUE, { horizon: model.horizon_days });
  const forecast = rows.length === 0 ? undefined : forecastRenewals(rows, model?.renewal, RENEWAL_FORECAST.level);
  const lines = forecast?.lines ?? [];
  const column = (book: (of: RenewalForecast) => number, line: (of: (typeof lines)[number]) => number) => ({
    type: 'DOUBLE' as const,
    values: Float64Array.from([...(forecast === undefined ? [] : [book(forecast)]), ...lines.map(line)]),
  });
  const text = (book: string | null, line: (of: (typeof lines)[number]) => string) => ({
    type: 'VARCHAR' as const,
    values: [...(forecast === undefined ? [] : [book]), ...lines.map(line)],
  });
  const none = () => Number.NaN;
  await context.writeColumns('renewal_forecast', {
    account_id: text(null, ({ account_id }) => account_id),
    arr_amount: column(
      ({ due }) => due,
      ({ amount }) => amount,
    ),
    renewal_probability: column(none, ({ probability }) => probability),
    expected_arr_amount: column(
      ({ range }) => range.expected,
      ({ amount, probability }) => amount * probability,
    ),
    arr_amount_low: column(({ range }) => range.low, none),
    arr_amount_high: column(({ range }) => range.high, none),
    source: text(null, ({ source }) => source),
  });
  return forecast;
}

/** The forecast as it stands above the list. */
function forecastNote({ lines, due, range, level, unpriced }: RenewalForecast, style: MoneyStyle): string {
  const money = (amount: number) => moneyWords(amount, style);
  const own = lines.filter(({ source }) => source === 'model').length;
  const basis =
    own === lines.length
      ? 'by the likelihood of each'
      : own === 0
        ? 'by the base rate, because no model earned better'
        : `${own} by their own likelihood, ${lines.length - own} by the base rate`;
  const missing = unpriced === 0 ? '' : `; ${unpriced} without an amount are not in it`;
  return (
    `of ${money(due)} ARR that decides within the horizon ${money(range.expected)} is expected to renew, ` +
    `with ${100 * level} % probability ${money(range.low)} to ${money(range.high)} (${basis}; at today's amounts)${missing}`
  );
}

function summarise(
  settings: RenewalSettings,
  counts: CellRow,
  rolling: CellRow,
  beyond: CellRow,
  forecast: RenewalForecast | undefined,
): Finding {
  const number = (row: CellRow, key: string) => Number(row[key] ?? 0);
  const money = (amount: number) => moneyWords(amount, settings.money);
  const notes: string[] = forecast === undefined ? [] : [forecastNote(forecast, settings.money)];
  if (number(rolling, 'month_to_month_count') > 0) {
    notes.push(
      `month-to-month (terms under 90 days): ${number(rolling, 'month_to_month_count')} accounts, ${money(number(rolling, 'month_to_month_arr_amount'))} ARR; no stages`,
    );
  }
  const ended = number(rolling, 'ended_count');
  if (ended > 0) {
    const more = ended > NAMED_ENDS ? ` and ${ended - NAMED_ENDS} more` : '';
    notes.push(
      `month-to-month accounts that ended and are not back: ${ended}, ${money(number(rolling, 'ended_arr_amount'))} ARR (${String(rolling['ended_names'])}${more})`,
    );
  }
  if (number(rolling, 'open_ended_count') > 0) {
    notes.push(
      `open-ended (no end recorded): ${number(rolling, 'open_ended_count')} accounts, ${money(number(rolling, 'open_ended_arr_amount'))} ARR; they never "renew on" a day`,
    );
  }
  if (number(beyond, 'n') > 0)
    notes.push(`${number(beyond, 'n')} more decide later than ${settings.lead_days} days from now`);
  if (number(counts, 'silent_count') > 0) {
    notes.push(
      `stage silent: the notice deadline passed without notice for ${number(counts, 'silent_count')}, they renew by themselves`,
    );
  }
  const contradicted = number(counts, 'contradicted_count');
  if (contradicted > 0) {
    notes.push(
      `${contradicted} ${contradicted === 1 ? 'is' : 'are'} recorded as left and still in use: the record or the access is wrong, and until that is settled they stand here as overdue`,
    );
  }
  if (number(counts, 'assumed_count') > 0) {
    notes.push(
      `notice of ${settings.default_notice_days} days assumed for ${number(counts, 'assumed_count')} that renew by themselves`,
    );
  }
  if (number(counts, 'unknown_count') > 0) {
    notes.push(
      `${number(counts, 'unknown_count')} do not say whether they renew by themselves: their deadline is the term end`,
    );
  }
  const table: FindingTable = {
    name: 'renewal_timeline',
    title: 'Renewals',
    columns:
      number(counts, 'forecast_count') > 0 ? COLUMNS : COLUMNS.filter(({ key }) => key !== 'renewal_probability'),
    order: ['rank'],
    notes,
  };
  return {
    headline: `${number(counts, 'quarter_count')} decisions in 90 days worth ${money(number(counts, 'quarter_arr_amount'))} ARR, ${number(counts, 'overdue_count')} overdue`,
    tables: [table],
  };
}
