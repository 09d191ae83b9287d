-- grain: one row an account, month and product
-- key: account_id, month, product
-- as-of: months that have ended; status, which exports overwrite, only from first sight
create or replace macro mrr_month_asof(as_of) as table
select
  * replace (
    case when as_of >= (select first_seen_on from settings) then status end as status
  )
from mrr_month
where (known_on <= as_of or (known_on is null and as_of >= (select first_seen_on from settings)));
