-- grain: one row an account and overridden field: the override in force, the last one said
-- key: account_id, field
-- as-of: said on or before the day, not withdrawn by it, and the day lies before expires_on
create or replace macro overrides_asof(as_of) as table
select override_id, account_id, said_on, expires_on, author, reason, field, value
from (
  select *, row_number() over (partition by account_id, field order by said_on desc, override_id desc) as newness
  from state.override_record as o
  where o.said_on <= as_of and (o.withdrawn_on is null or o.withdrawn_on > as_of)
) as said
where newness = 1 and expires_on > as_of;
