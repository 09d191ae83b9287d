-- grain: one row an account and recorded churn; a reactivation row with a reason is the churn of a returned account,
-- one without a reason is the return itself
-- key: account_id, decided_on
-- as-of: events known that day; returned_on is the first paid contract start or reactivation after the churn. Use
-- after the churn is no return: access often runs on, and a contradiction must not hide a churn
create or replace macro outcome_churn_event(as_of) as table
with event as (
  select
    account_id,
    churn_date,
    least(min(cast(known_at as date)), churn_date) as decided_on
  from churn_event_asof(as_of)
  where account_id is not null and not (coalesce(is_reactivation, false) and reason_code is null)
  group by account_id, churn_date
),
comeback as (
  select account_id, start_date as returned_on
  from contract_term(as_of)
  where not is_trial and is_started and start_date is not null
  union all
  select account_id, churn_date
  from churn_event_asof(as_of)
  where is_reactivation and reason_code is null
)
select
  event.account_id,
  event.decided_on,
  event.churn_date as ended_on,
  min(comeback.returned_on) as returned_on
from event
left join comeback on comeback.account_id = event.account_id and comeback.returned_on > event.churn_date
group by event.account_id, event.decided_on, event.churn_date;
