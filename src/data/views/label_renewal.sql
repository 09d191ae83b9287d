-- grain: one row an active account whose churn basis is the next decision, that decision within renewal.lead_days
-- key: account_id
-- as-of: who is active that day, from knowledge of that day; the label (1 = not renewed) from outcomes known by
-- known_by, null until the term and the grace have ended by then, or when the account had left unknown to us
create or replace macro label_renewal(as_of, known_by) as table
with base as (
  select
    account_id,
    term_end_date + (select grace_days from settings) as closed_on
  from account_state(as_of)
  where status = 'active'
    and churn_basis = 'renewal'
    and decision_days between 1 and (select lead_days from settings)
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
    and outcome.decided_on <= base.closed_on
    and (outcome.decided_on > as_of or outcome.returned_on is null or outcome.returned_on > as_of)
  group by base.account_id, base.closed_on
)
select
  account_id,
  case when closed_on > known_by or (had_left = 1 and has_left = 0) then null else has_left end as label,
  closed_on,
  was_unavoidable = 1 as is_unavoidable
from judged;
