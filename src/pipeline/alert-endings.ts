import type { Day } from '../contract/agent.ts';
import type { Alert } from '../contract/supervisor.ts';
import type { Engine } from '../engine/engine.ts';

/** Ledger table that must stand in `state` for `unmendedFacts`. */
export const ENDING_TABLE = 'fact_reading';

/** How far back facts are read: alerts close weeks after their last entry, unless a feed stands still for longer. */
export const ENDING_DAYS = 120;

/**
 * Red facts of each account's last day at risk that no later row puts right: they have only grown old. Nobody came
 * back, paid, judged anew, closed the ticket or used the product again.
 */
const UNMENDED = `
  select q.account_id, f.kind, f.as_of is not null as is_remembered
  from state.ending_alert as q
  left join state.fact_reading as f on f.account_id = q.account_id and f.as_of = q.entered_on and f.is_red
  left join account_state as s on s.account_id = q.account_id
  where case f.kind
    when 'no_use' then s.last_used_on is null or s.last_used_on <= f.fact_on
    when 'usage_drop' then q.account_id not in (
      select account_id from usage_change where metric = 'event_count' and now_value >= 0.75 * f.past_value)
    when 'users_drop' then q.account_id not in (
      select account_id from usage_change where metric = 'active_users' and now_value >= 0.75 * f.past_value)
    when 'champion_left' then f.contact_id in (
      select contact_id from contact_asof($as_of::date) where account_id = q.account_id and left_date is not null)
    when 'executive_left' then f.contact_id in (
      select contact_id from contact_asof($as_of::date) where account_id = q.account_id and left_date is not null)
    when 'csm_call_red' then q.account_id not in (
      select account_id from csm_call_asof($as_of::date) where cast(said_at as date) > f.fact_on and account_id is not null)
    when 'priority_ticket' then f.detail in (select ticket_id from ticket_asof($as_of::date) where solved_at is null)
    when 'invoice_overdue' then q.account_id in (
      select account_id from invoice_asof($as_of::date) where due_date = f.fact_on and paid_date is null)
    else f.kind is null
  end
  order by q.account_id, f.kind`;

/**
 * For each live alert whose account did not enter at-risk on the day: the kinds of red facts it last entered by that
 * nothing since has put right. An account missing from the answer has recovered, as far as its facts go.
 *
 * Reads the relations that stand for the day and `state.fact_reading`. Where the facts of the last entry are no longer
 * at hand, every kind it ever entered by counts: recovery is said only where it was seen.
 */
export async function unmendedFacts(
  engine: Engine,
  alerts: readonly Alert[],
  entered: ReadonlySet<string>,
  asOf: Day,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const quiet = alerts.filter(
    ({ state, account_id, grounds }) =>
      state !== 'resolved' && !entered.has(account_id) && grounds.some((kind) => kind !== 'forecast'),
  );
  const unmended = new Map<string, string[]>();
  if (quiet.length === 0) return unmended;
  await engine.execute('create or replace table state.ending_alert (account_id varchar, entered_on date)');
  await engine.append('state.ending_alert', {
    account_id: quiet.map(({ account_id }) => account_id),
    entered_on: quiet.map(({ entered_on }) => entered_on),
  });
  const grounds = new Map(quiet.map((alert) => [alert.account_id, alert.grounds]));
  for (const row of await engine.rows(UNMENDED, { as_of: asOf })) {
    const account = String(row['account_id']);
    // A demoted kind stands as red in the reading, but nobody entered by it.
    const kinds = (grounds.get(account) ?? []).filter((kind) =>
      row['is_remembered'] === true ? kind === row['kind'] : kind !== 'forecast',
    );
    if (kinds.length > 0) unmended.set(account, [...(unmended.get(account) ?? []), ...kinds]);
  }
  return unmended;
}
