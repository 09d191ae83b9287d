-- grain: one row an id of another system
-- key: system, external_id
-- as-of: rows known by the end of that day, and all undated ones: an id is a name, not an event
create or replace macro account_alias_asof(as_of) as table
select *
from account_alias
where known_on <= as_of or known_on is null;
