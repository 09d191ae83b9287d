-- grain: one row a stated goal
-- key: goal_id
-- as-of: rows known by the end of that day (undated ones from the day retain first saw them); achievement, actual
-- value and value from its day on
create or replace macro goal_asof(as_of) as table
select
  * replace (
    case when achieved_date <= as_of then achieved_date end as achieved_date,
    case when achieved_date <= as_of then actual_value end as actual_value,
    case when achieved_date <= as_of then value_amount end as value_amount
  )
from goal
where (known_on <= as_of or (known_on is null and as_of >= (select first_seen_on from settings)));
