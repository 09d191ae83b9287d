-- grain: one row a contract that ends before it starts
-- key: contract row_key
-- as-of: all contracts
select account_id, 1 as row_count
from contract
where least(term_end_date, ended_date) < start_date
