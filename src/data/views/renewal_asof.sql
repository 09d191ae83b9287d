-- grain: one row a renewal decision
-- key: account_id, due_date
-- as-of: rows that were due or decided by the end of that day; the decision from its day on (without one: the due
-- date)
create or replace macro renewal_asof(as_of) as table
select
  * replace (
    case when cast(decided_at as date) <= as_of then decided_at end as decided_at,
    case when coalesce(cast(decided_at as date), due_date) <= as_of then outcome end as outcome,
    case when coalesce(cast(decided_at as date), due_date) <= as_of then amount end as amount,
    case when coalesce(cast(decided_at as date), due_date) <= as_of then reason_code end as reason_code,
    coalesce(cast(known_at as date), least(cast(decided_at as date), due_date)) as known_on
  )
from renewal
where coalesce(cast(known_at as date), least(cast(decided_at as date), due_date)) <= as_of;
