-- grain: one row an id of another system
-- key: system, external_id
-- as-of: every row: an id is a name, not an event
create or replace macro account_alias_asof(as_of) as table
select *
from account_alias
where as_of is not null;
