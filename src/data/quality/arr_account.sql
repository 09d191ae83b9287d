-- grain: one row an account with open contract lines
-- key: account_id
-- as-of: ARR known at the end of that day in the reporting currency, as the views take it
select account_id, cast(coalesce(arr_amount, 0) as decimal(18, 4)) as arr_amount
from account_line(cast($as_of as date))
where account_id is not null
