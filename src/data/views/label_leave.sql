-- grain: one row an active account whose churn basis is leaving within the horizon
-- key: account_id
-- as-of: who is active that day, from knowledge of that day; the label from outcomes known by known_by, and null until
-- the horizon (for contract chains also the grace) has passed by then, or when the account had left unknown to us
create or replace macro label_leave(as_of, known_by) as table
with base as (
  select
    account_id,
    as_of + (select horizon_days from settings) as last_on,
    as_of + (select horizon_days from settings)
      + (select case when churn_definition = 'contract_chain' then grace_days else 0 end from settings) as closed_on
  from account_state(as_of)
  where status = 'active' and churn_basis = 'leave'
),
judged as (
  select
    base.account_id,
    base.closed_on,
    max(case when outcome.decided_on > as_of then 1 else 0 end) as has_left,
    max(case when outcome.decided_on <= as_of then 1 else 0 end) as had_left,
    max(case when outcome.decided_on > as_of and outcome.is_unavoidable then 1 else 0 end) as was_unavoidable
  from base
  left join outcome_asof(known_by) as outcome
    on outcome.account_id = base.account_id
    and outcome.decided_on <= base.last_on
    and (outcome.decided_on > as_of or outcome.returned_on is null or outcome.returned_on > as_of)
  group by base.account_id, base.closed_on
)
select
  account_id,
  case when closed_on > known_by or (had_left = 1 and has_left = 0) then null else has_left end as label,
  closed_on,
  was_unavoidable = 1 as is_unavoidable
from judged;
