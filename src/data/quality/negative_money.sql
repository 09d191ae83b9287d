-- grain: one row a contract or month with a negative amount or number of seats
-- key: row_key
-- as-of: all rows
select account_id, 1 as row_count
from contract
where least(mrr_amount, arr_amount, unit_price, quantity, seats) < 0
union all
select account_id, 1
from mrr_month
where mrr_amount < 0
