-- grain: one row an advocacy ask
-- key: account_id, requested_at, kind
-- as-of: rows known by the end of that day (undated ones from the day retain first saw them); the result from its day
-- on
create or replace macro advocacy_asof(as_of) as table
select
  * replace (
    case when cast(completed_at as date) <= as_of then completed_at end as completed_at,
    case when cast(completed_at as date) <= as_of then outcome end as outcome,
    case when cast(completed_at as date) <= as_of then value_amount end as value_amount
  )
from advocacy
where (known_on <= as_of or (known_on is null and as_of >= (select first_seen_on from settings)))
  and cast(requested_at as date) <= as_of;
