-- grain: one row an account that has or had a contract, or has an account row and no payer above it
-- key: account_id
-- as-of: where the account stands at the end of that day, from contracts and the configured churn definition alone;
-- churned = its last churn is not followed by a return, lapsed = no contract left but not (yet) a churn
create or replace macro account_status(as_of) as table
with term as (
  select
    account_id,
    min(case when not is_trial and is_started then start_date end) as first_start_date,
    count(case when not is_trial and is_started then 1 end) as started_count,
    count(case when not is_trial and is_open then 1 end) as open_count,
    count(case when not is_trial and is_open and not is_notice_given then 1 end) as kept_count,
    count(case when not is_trial and not is_started and not is_notice_given then 1 end) as signed_count,
    count(case when is_trial and is_open then 1 end) as trial_count,
    max(case when not is_trial and is_started then end_on end) as last_end_on,
    max(case when not is_trial and is_started then cancel_on end) as last_cancel_on
  from contract_term(as_of)
  group by account_id
),
churn as (
  select account_id, decided_on, ended_on, returned_on, reason_code
  from (
    select
      *,
      row_number() over (partition by account_id order by decided_on desc, ended_on desc) as recency
    from outcome_asof(as_of)
    where decided_on <= as_of
  )
  where recency = 1 and (returned_on is null or returned_on > as_of)
),
-- A child of a payer, or an account merged into another, is not an account of its own: its rows were given to them.
payer as (
  select distinct account_id from contract_term(as_of)
),
own as (
  select account.*
  from account_asof(as_of) as account
  left join payer on payer.account_id = account.account_id
  left join payer as parent on parent.account_id = account.parent_account_id
  where payer.account_id is not null
    or (account.merged_into_account_id is null and parent.account_id is null)
),
everyone as (
  select account_id from own
  union
  select account_id from payer
)
select
  everyone.account_id,
  own.name,
  own.industry,
  own.country,
  own.csm,
  own.csm_since,
  own.motion,
  own.partner,
  own.parent_account_id,
  own.created_date,
  own.plan as account_plan,
  own.seats as account_seats,
  case
    when churn.account_id is not null and churn.ended_on <= as_of then 'churned'
    when churn.account_id is not null then 'notice_given'
    when term.kept_count > 0 then 'active'
    when term.open_count > 0 and term.signed_count > 0 then 'active'
    when term.open_count > 0 then 'notice_given'
    when term.started_count > 0 then 'lapsed'
    when term.trial_count > 0 or own.is_trial then 'trial'
    else 'prospect'
  end as status,
  coalesce(term.first_start_date, case when term.started_count > 0 then own.created_date end) as first_start_date,
  coalesce(churn.decided_on, case when term.kept_count = 0 then term.last_cancel_on end) as cancelled_on,
  coalesce(churn.ended_on, case when term.kept_count = 0 then term.last_end_on end) as ended_on,
  churn.reason_code,
  term.open_count,
  term.signed_count
from everyone
left join own on own.account_id = everyone.account_id
left join term on term.account_id = everyone.account_id
left join churn on churn.account_id = everyone.account_id;
