-- grain: one row a contract whose churn flag and end date contradict each other
-- key: account_id, row_key
-- as-of: ends up to that day; the flag is today's
select account_id, 1 as row_count
from contract
where (is_churned_flag and ended_date is null and cancelled_at is null)
  or (is_churned_flag = false and ended_date <= cast($as_of as date))
