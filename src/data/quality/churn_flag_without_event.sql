-- grain: one row an account whose row says churned, without a churn event
-- key: account_id
-- as-of: all events; the flag is today's
select account_id, 1 as row_count
from account
where is_churned_flag
  and account_id not in (select account_id from churn_event where account_id is not null)
  and exists (select 1 from churn_event)
