-- grain: one row an active account with a question: of the basis `leave`, whether it leaves within the horizon; of the basis
-- `renewal`, where its next decision lies within renewal.lead_days, whether it does not renew
-- key: account_id
-- as-of: who is active that day, from knowledge of that day; the label (1 = left, not renewed) from outcomes known by known_by,
-- null until it has closed by then, or when the account had left unknown to us. Leaving closes when the horizon (for contract
-- chains also the grace) has passed, a renewal when term and grace have
create or replace macro label_churn(as_of, known_by) as table
with base as (
  select
    state.account_id,
    as_of as asked_on,
    case
      when state.churn_basis = 'leave' then as_of + settings.horizon_days
      else state.term_end_date + settings.grace_days
    end as last_on,
    case
      when state.churn_basis = 'renewal' then state.term_end_date + settings.grace_days
      when settings.churn_definition = 'contract_chain' then as_of + settings.horizon_days + settings.grace_days
      else as_of + settings.horizon_days
    end as closed_on
  from account_state(as_of) as state
  cross join settings
  where state.status = 'active'
    and (state.churn_basis = 'leave'
      or state.churn_basis = 'renewal' and state.decision_days between 1 and settings.lead_days)
),
judged as (
  select
    base.account_id,
    base.closed_on,
    max(case when outcome.decided_on > base.asked_on then 1 else 0 end) as has_left,
    max(case when outcome.decided_on <= base.asked_on then 1 else 0 end) as had_left,
    max(case when outcome.decided_on > base.asked_on and outcome.is_unavoidable then 1 else 0 end) as was_unavoidable
  from base
  left join outcome_asof(known_by) as outcome
    on outcome.account_id = base.account_id
    and outcome.decided_on <= base.last_on
    and (outcome.decided_on > base.asked_on or outcome.returned_on is null or outcome.returned_on > base.asked_on)
  group by base.account_id, base.closed_on
)
select
  account_id,
  case when closed_on > known_by or (had_left = 1 and has_left = 0) then null else has_left end as label,
  closed_on,
  was_unavoidable = 1 as is_unavoidable
from judged;
