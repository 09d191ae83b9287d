-- grain: one row a contract that starts before its account was created
-- key: contract row_key
-- as-of: all contracts
select contract.account_id, 1 as row_count
from contract
join account on account.account_id = contract.account_id
where contract.start_date < account.created_date
