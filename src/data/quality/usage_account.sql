-- grain: one row an account and contract with usage; the only pass of the checks over usage
-- key: account_id, contract_id
-- as-of: all rows of the export; those dated after the day are counted apart
select
  usage.account_id,
  usage.contract_id,
  count(*) as row_count,
  count(case when usage.occurred_on < account.created_date then 1 end) as before_account_count,
  count(case when usage.occurred_on < contract.start_date then 1 end) as before_contract_count,
  count(case when usage.occurred_on > coalesce(contract.ended_date, account.churn_date) then 1 end) as after_end_count,
  count(case when usage.event_count < 0 or usage.duration_seconds < 0 then 1 end) as negative_count,
  count(case when usage.occurred_on > cast($as_of as date) then 1 end) as future_count
from usage
left join account on account.account_id = usage.account_id
left join (
  select contract_id, min(start_date) as start_date, case when count(*) = count(ended_date) then max(ended_date) end as ended_date
  from contract
  where contract_id is not null
  group by contract_id
) as contract on contract.contract_id = usage.contract_id
group by usage.account_id, usage.contract_id
