-- grain: one row an account that has ever had a usage row
-- key: account_id
-- as-of: a row that had occurred and was known by the end of that day
create or replace macro usage_joined_asof(as_of) as table
select account_id
from usage_span
where account_id is not null and joined_from <= as_of
group by account_id;
