-- grain: one row an event, or one period of one account, person and feature
-- key: row_key
-- as-of: rows that occurred and were known by the end of that day; a period is known when it ends
create or replace macro usage_asof(as_of) as table
select *
from usage
where known_on <= as_of and occurred_on <= as_of;
