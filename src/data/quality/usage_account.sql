-- grain: one row an account and contract with usage; the only pass of the checks over usage
-- key: account_id, contract_id
-- as-of: all rows of the export; those dated after the day are counted apart
with bound as (
  select
    span.account_id,
    span.contract_id,
    account.created_date,
    contract.start_date,
    coalesce(contract.ended_date, account.churn_date) as ended_on,
    cast($as_of as date) as last_day,
    span.first_on,
    span.last_on
  from usage_span as span
  left join account on account.account_id = span.account_id
  left join (
    select contract_id, min(start_date) as start_date, case when count(*) = count(ended_date) then max(ended_date) end as ended_date
    from contract
    where contract_id is not null
    group by contract_id
  ) as contract on contract.contract_id = span.contract_id
),
-- Rows are read again only where the first or last of them says that some lie outside.
doubtful as (
  select *
  from bound
  where first_on < created_date or first_on < start_date or last_on > ended_on or last_on > last_day
),
counted as (
  select
    doubtful.account_id,
    doubtful.contract_id,
    count(case when usage.occurred_on < doubtful.created_date then 1 end) as before_account_count,
    count(case when usage.occurred_on < doubtful.start_date then 1 end) as before_contract_count,
    count(case when usage.occurred_on > doubtful.ended_on then 1 end) as after_end_count,
    count(case when usage.occurred_on > doubtful.last_day then 1 end) as future_count
  from usage
  join doubtful
    on doubtful.account_id is not distinct from usage.account_id
    and doubtful.contract_id is not distinct from usage.contract_id
  group by doubtful.account_id, doubtful.contract_id
)
select
  span.account_id,
  span.contract_id,
  span.row_count,
  coalesce(counted.before_account_count, 0) as before_account_count,
  coalesce(counted.before_contract_count, 0) as before_contract_count,
  coalesce(counted.after_end_count, 0) as after_end_count,
  span.negative_row_count as negative_count,
  coalesce(counted.future_count, 0) as future_count
from usage_span as span
left join counted
  on counted.account_id is not distinct from span.account_id
  and counted.contract_id is not distinct from span.contract_id
