-- grain: one row a contract in a currency that has no rate to the reporting currency
-- key: contract row_key
-- as-of: all contracts and rates
select account_id, 1 as row_count
from contract
where currency is not null
  and upper(currency) is distinct from (select upper(currency) from settings)
  and upper(currency) not in (select upper(currency) from fx where currency is not null)
