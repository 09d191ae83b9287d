-- grain: one row a contract row that repeats the id and start of another
-- key: contract row_key
-- as-of: all contracts
select account_id, 1 as row_count
from (
  select account_id, row_number() over (partition by contract_id, start_date order by row_key) as copy
  from contract
)
where copy > 1
