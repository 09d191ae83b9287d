import type { Cell, CellRow, Day, TableColumn } from '../contract/agent.ts';
import type { CardCells, CardReason } from '../contract/report.ts';
import type { ShownAlert, StepResult } from '../contract/supervisor.ts';
import { FEATURES } from '../data/features.ts';
import type { Engine } from '../engine/engine.ts';
import { addDays, longDay } from '../lib/dates.ts';
import { FACT_KINDS, factText } from '../outreach/fact-text.ts';
import { nextStep } from '../outreach/next-step.ts';
import { unmendedFacts } from './alert-endings.ts';

/** Columns of the at-risk list in CSV and JSON; the terminal prints cards. */
export const AT_RISK_COLUMNS: readonly TableColumn[] = [
  { key: 'rank', label: '#', kind: 'integer' },
  { key: 'account_id', label: 'account', kind: 'id' },
  { key: 'name', label: 'name', kind: 'text' },
  { key: 'csm', label: 'CSM', kind: 'text' },
  { key: 'segment', label: 'segment', kind: 'text' },
  { key: 'may', label: 'may', kind: 'text' },
  { key: 'arr_amount', label: 'ARR', kind: 'money' },
  { key: 'decision_date', label: 'decides by', kind: 'date' },
  { key: 'decision_days', label: 'days left', kind: 'integer' },
  { key: 'churn_basis', label: 'basis', kind: 'text' },
  { key: 'churn_probability', label: 'churn', kind: 'probability' },
  { key: 'churn_probability_low', label: 'low', kind: 'probability' },
  { key: 'churn_probability_high', label: 'high', kind: 'probability' },
  { key: 'churn_probability_30d', label: 'in 30 days', kind: 'probability' },
  { key: 'churn_probability_180d', label: 'in 180 days', kind: 'probability' },
  { key: 'base_rate', label: 'base rate', kind: 'rate' },
  { key: 'expected_loss_amount', label: 'expected loss', kind: 'money' },
  { key: 'on_list_since', label: 'on the list since', kind: 'date' },
  { key: 'is_new', label: 'new', kind: 'boolean' },
  { key: 'is_worse', label: 'worse', kind: 'boolean' },
  { key: 'change', label: 'change', kind: 'text' },
  { key: 'reasons', label: 'reasons', kind: 'list' },
  { key: 'last_contact', label: 'last two-way contact', kind: 'date' },
  { key: 'whom_to_call', label: 'call', kind: 'text' },
  { key: 'next_step', label: 'next step', kind: 'text' },
  { key: 'next_step_owner', label: 'owner', kind: 'text' },
  { key: 'next_step_due', label: 'due', kind: 'date' },
  { key: 'under_way', label: 'under way', kind: 'text' },
  { key: 'profile', label: 'profile', kind: 'text' },
  { key: 'alert_id', label: 'alert', kind: 'id' },
];

/** Days back to the score that a row's change is told from, where no earlier list was printed. */
export const LOOK_BACK_DAYS = 7;

/** The accounts on the list, bound as a JSON array: a book has many more. */
const SHOWN = 'select unnest(cast($shown::json as varchar[]))';

const ACCOUNTS = `
  select s.account_id, s.name, s.csm, s.segment, s.plan, s.industry, s.country, s.seats, s.tenure_days, s.arr_amount,
    s.decision_date, s.decision_days, c.basis as churn_basis, c.churn_probability, c.churn_probability_low,
    c.churn_probability_high, c.churn_probability_30d, c.churn_probability_180d, c.base_rate, c.expected_loss_amount, c.may, t.last_two_way_on, p.name as contact_name,
    p.role as contact_role
  from account_state as s
  left join finding.churn_score as c on c.account_id = s.account_id
  left join (
    select account_id, max(contact_on) as last_two_way_on from interaction_reading($as_of::date)
    where is_two_way group by account_id
  ) as t on t.account_id = s.account_id
  left join (
    select account_id, name, role from (
      select account_id, coalesce(name, contact_id) as name, lower(role) as role, row_number() over (
        partition by account_id
        order by case lower(role) when 'champion' then 0 when 'admin' then 1 when 'executive' then 2 else 3 end, contact_id
      ) as position
      from contact_asof($as_of::date) where left_date is null and not coalesce(is_opted_out, false)
    ) where position = 1
  ) as p on p.account_id = s.account_id
  where s.account_id in (${SHOWN})`;

/**
 * The at-risk list of a date as the supervisor filled it: by CSM, then rank, each row with its dated reasons, what
 * changed, whom to call and what to do by when. Reads `dated`, `finding` and, for changes, the scores of earlier dates.
 */
export async function composeAtRisk(engine: Engine, asOf: Day, result: StepResult): Promise<(CardCells & CellRow)[]> {
  if (result.shown.length === 0) return [];
  const shown = JSON.stringify(result.shown.map(({ alert }) => alert.account_id));
  const accounts = new Map(
    (await engine.rows(ACCOUNTS, { as_of: asOf, shown })).map((row) => [String(row['account_id']), row]),
  );
  const reasons = groupRows(
    await engine.rows(
      `select * from finding.churn_reason where account_id in (${SHOWN}) order by account_id, position`,
      { shown },
    ),
  );
  const earlier = groupRows(
    await engine.rows(
      `select account_id, as_of, churn_probability from scores_asof($as_of::date) where as_of <= $back::date
         and account_id in (${SHOWN})
       order by account_id, as_of`,
      { as_of: asOf, back: addDays(asOf, -LOOK_BACK_DAYS), shown },
    ),
  );
  const quiet = result.shown.filter(({ proposal }) => proposal === null).map(({ alert }) => alert);
  const unmended = await unmendedFacts(engine, quiet, new Set(), asOf);
  return result.shown.map((item, index) => {
    const account = accounts.get(item.alert.account_id) ?? {};
    const own = reasons.get(item.alert.account_id) ?? [];
    const [aged] = unmended.get(item.alert.account_id) ?? [];
    return rowOf(item, index + 1, account, own, earlier.get(item.alert.account_id)?.at(-1), aged, asOf);
  });
}

function groupRows(rows: readonly CellRow[]): Map<string, CellRow[]> {
  const groups = new Map<string, CellRow[]>();
  for (const row of rows) {
    const key = String(row['account_id']);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return groups;
}

function rowOf(
  shown: ShownAlert,
  rank: number,
  account: CellRow,
  reasons: readonly CellRow[],
  before: CellRow | undefined,
  aged: string | undefined,
  asOf: Day,
): CardCells & CellRow {
  const { alert } = shown;
  const may = account['may'] === 'shrink' ? 'shrink' : 'leave';
  // A red fact is acted on first, whatever the larger loss would be.
  const isShrink = may === 'shrink' && !reasons.some((row) => row['is_red'] === true);
  const isQuiet = shown.proposal === null;
  // What has only grown old still asks for what it asked for.
  const reason = isQuiet ? (aged ?? 'quiet') : isShrink ? 'shrink' : stepReason(reasons[0], alert.reason);
  const step = nextStep(reason, asOf);
  const number = (key: string) => (typeof account[key] === 'number' ? (account[key] as number) : null);
  const text = (key: string) => (typeof account[key] === 'string' ? (account[key] as string) : null);
  return {
    rank,
    account_id: alert.account_id,
    name: text('name'),
    csm: alert.csm,
    segment: text('segment'),
    may: number('churn_probability') === null ? null : may,
    arr_amount: number('arr_amount'),
    decision_date: text('decision_date'),
    decision_days: number('decision_days'),
    churn_basis: text('churn_basis'),
    churn_probability: number('churn_probability'),
    churn_probability_low: number('churn_probability_low'),
    churn_probability_high: number('churn_probability_high'),
    churn_probability_30d: number('churn_probability_30d'),
    churn_probability_180d: number('churn_probability_180d'),
    base_rate: number('base_rate'),
    expected_loss_amount: number('expected_loss_amount'),
    on_list_since: alert.opened_on,
    is_new: shown.is_new,
    is_worse: shown.is_worse,
    change: isQuiet ? quietText(alert, aged) : changeText(shown, account, before),
    reasons: reasons.map(reasonOf) as unknown as Cell & readonly CardReason[],
    last_contact: account['last_two_way_on'] ?? 'none recorded',
    whom_to_call:
      text('contact_name') === null ? null : `${text('contact_name')} (${text('contact_role') ?? 'role unknown'})`,
    next_step: step.action,
    next_step_owner: step.owner,
    next_step_due: step.due,
    under_way: alert.worked_on === null ? null : `worked since ${longDay(alert.worked_on)}`,
    profile: profileOf(account),
    alert_id: alert.alert_id,
  };
}

/** The reason a step is looked up by: the fact itself, or the group of the feature that speaks loudest. */
function stepReason(first: CellRow | undefined, fallback: string): string {
  const kind = String(first?.['kind'] ?? fallback);
  if (FACT_KINDS.includes(kind)) return kind;
  return FEATURES.find(({ name }) => name === kind)?.group ?? 'relationship';
}

function reasonOf(row: CellRow): CellRow {
  const isFact = row['source'] === 'fact';
  const feature = FEATURES.find(({ name }) => name === row['kind']);
  const text = isFact
    ? factText({ kind: String(row['kind']), detail: typeof row['detail'] === 'string' ? row['detail'] : null })
    : (feature?.reason ?? String(row['kind']));
  return {
    text,
    kind: row['kind'] ?? null,
    source: row['source'] ?? null,
    is_red: row['is_red'] ?? false,
    contribution: row['contribution'] ?? null,
    fact_on: row['fact_on'] ?? null,
    now: row['now_value'] ?? null,
    past: row['past_value'] ?? null,
    peer: row['peer_value'] ?? null,
    unit: row['unit'] ?? null,
    sentence: row['sentence'] ?? null,
  };
}

/**
 * A row without reasons says why it stands there: its alert waits for the reading that closes it.
 * @param aged kind of fact that it entered by, counts no more and was never put right
 */
function quietText({ reason, quiet_on }: ShownAlert['alert'], aged: string | undefined): string {
  const kind = aged ?? reason;
  const what = FACT_KINDS.includes(kind) ? `“${factText({ kind, detail: null })}”` : 'its risk';
  const since = quiet_on === null ? '' : ` since ${longDay(quiet_on)}`;
  const isOld = aged !== undefined;
  const how = isOld ? `counts no more${since}: it has grown old, nothing put it right` : `holds no more${since}`;
  return `quiet: ${what} ${how}; it leaves the list if the next weekly reading agrees`;
}

function changeText(shown: ShownAlert, account: CellRow, before: CellRow | undefined): string | null {
  if (shown.is_new) return 'new on the list';
  const now = account['churn_probability'];
  const then = before?.['churn_probability'];
  if (typeof now === 'number' && typeof then === 'number' && Math.abs(now - then) >= 0.01) {
    return `${now > then ? 'up' : 'down'} from ${Math.round(then * 100)} % to ${Math.round(now * 100)} % since ${longDay(String(before?.['as_of']))}`;
  }
  return shown.is_worse ? 'worse: a new fact since the last list' : 'unchanged';
}

function profileOf(account: CellRow): string | null {
  const parts: string[] = [];
  for (const key of ['plan', 'industry', 'country']) if (typeof account[key] === 'string') parts.push(account[key]);
  if (typeof account['seats'] === 'number') parts.push(`${account['seats']} seats`);
  if (typeof account['tenure_days'] === 'number') parts.push(tenure(account['tenure_days']));
  return parts.length === 0 ? null : parts.join(' · ');
}

function tenure(days: number): string {
  return days < 365
    ? `customer for ${Math.max(1, Math.round(days / 30.4))} months`
    : `customer for ${(days / 365.25).toFixed(1)} years`;
}
