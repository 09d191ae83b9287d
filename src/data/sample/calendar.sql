-- grain: one row a day of the window
-- key: day
-- as-of: what was planted on which day; all of it hangs on the first and last day alone
create or replace table calendar as
select
  (getvariable('first_day')::date + n::integer) as day,
  date_diff('month', getvariable('first_day')::date, getvariable('first_day')::date + n::integer)::integer as month_index,
  day_weight(getvariable('first_day')::date + n::integer) as activity_weight,
  is_outage(getvariable('first_day')::date + n::integer) as is_outage,
  case when is_outage(getvariable('first_day')::date + n::integer) then 0.6 else 0.015 end::double as error_rate,
  is_feed_gap(getvariable('first_day')::date + n::integer) as is_feed_gap
from range(getvariable('last_day')::date - getvariable('first_day')::date + 1) days(n)
order by day;
