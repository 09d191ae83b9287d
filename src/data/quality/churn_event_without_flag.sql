-- grain: one row an account with a churn event whose account row says it did not churn
-- key: account_id
-- as-of: all events; the flag is today's
select account_id, 1 as row_count
from account
where is_churned_flag = false and account_id in (select account_id from churn_event where account_id is not null)
