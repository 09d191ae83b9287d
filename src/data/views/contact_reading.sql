-- grain: one row a person at an account, with the role in one spelling
-- key: account_id, contact_id
-- as-of: people known by then; gone only when known then (contact_asof)
create or replace macro contact_reading(as_of) as table
select
  account_id,
  contact_id,
  name,
  case
    when lower(role) in ('executive', 'exec', 'executive sponsor', 'sponsor', 'economic buyer', 'decision maker', 'c-level', 'vp', 'ceo', 'cfo', 'cto', 'coo')
      then 'executive'
    when lower(role) in ('champion', 'advocate', 'power user') then 'champion'
    else lower(role)
  end as role,
  joined_date,
  left_date,
  left_date is not null as is_gone,
  coalesce(is_opted_out, false) as is_opted_out,
  row_key
from contact_asof(as_of)
where account_id is not null;
