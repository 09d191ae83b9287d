-- grain: one row an account and stretch of churn.inactivity_days without use
-- key: account_id, decided_on
-- as-of: dated at the day that completes the stretch, known then; returned_on is the next day with use
create or replace macro outcome_inactivity(as_of) as table
with used_day as (
  select account_id, occurred_on
  from usage_asof(as_of)
  where account_id is not null
    and (period = 'event' or coalesce(event_count, 0) > 0 or coalesce(active_users, 0) > 0)
  group by account_id, occurred_on
),
stretch as (
  select
    account_id,
    occurred_on,
    lead(occurred_on) over (partition by account_id order by occurred_on) as returned_on
  from used_day
)
select
  account_id,
  occurred_on + (select inactivity_days from settings) as decided_on,
  occurred_on + (select inactivity_days from settings) as ended_on,
  returned_on
from stretch
where coalesce(returned_on, as_of + 1) - occurred_on > (select inactivity_days from settings);
