-- grain: one row an open contract beside a newer open one of the same account (and product, where the export names it)
-- key: contract row_key
-- as-of: contracts open at the end of that day
select account_id, 1 as row_count
from (
  select account_id, row_number() over (partition by account_id, product order by start_date desc nulls last, arr_amount desc nulls last, contract_id) as age
  from quality.open_contract
)
where age > 1
