-- grain: one row an onboarding milestone
-- key: account_id, milestone
-- as-of: rows planned or completed by the end of that day; completion from its day on
create or replace macro milestone_asof(as_of) as table
select
  * replace (
    case when completed_date <= as_of then completed_date end as completed_date,
    coalesce(cast(known_at as date), least(planned_date, completed_date)) as known_on
  )
from milestone
where (
    coalesce(cast(known_at as date), least(planned_date, completed_date)) <= as_of
    or (coalesce(known_at, planned_date, completed_date) is null and as_of >= (select first_seen_on from settings))
  );
