-- grain: one row an active account
-- key: account_id
-- as-of: contracts known at the end of that day; only dated columns, doubles and text
create or replace macro contract_features(as_of) as table
with history as (
  select
    account_id,
    count(*) as contract_count,
    count(case when end_on <= as_of then 1 end) as ended_count,
    max(start_date) as last_start_date
  from contract_term(as_of)
  where is_started and not is_trial
  group by account_id
)
select
  status.account_id,
  cast(as_of - status.first_start_date as double) as tenure_days,
  cast(line.arr_amount as double) as arr_amount,
  cast(line.seats as double) as seats,
  cast(line.line_count as double) as line_count,
  cast(line.term_days as double) as term_days,
  case when line.term_end_date is not null then cast(line.decision_date - as_of as double) end as decision_days,
  cast(as_of - history.last_start_date as double) as days_since_last_contract,
  cast(history.ended_count as double) as ended_contract_count,
  cast(case when line.is_auto_renew then 1 when not line.is_auto_renew then 0 end as double) as is_auto_renew,
  cast(price.discount_rate as double) as discount_rate,
  line.plan
from account_status(as_of) as status
left join account_line(as_of) as line on line.account_id = status.account_id
left join history on history.account_id = status.account_id
left join (
  select account_id, max(discount_rate) as discount_rate
  from contract_line(as_of)
  group by account_id
) as price on price.account_id = status.account_id
where status.status = 'active';
