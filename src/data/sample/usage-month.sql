-- grain: one row an account and month with usage
-- key: i, month_index
-- as-of: how many rows the usage export tries to write for that month; weekends, holidays and gaps thin them out later
create or replace table usage_month as
with
  wanted as (
    select i, month_index, month_start, active_people, intensity, feature_breadth, ended_on,
      (pow(active_people::double, 0.85::double) * intensity)::double as weight
    from activity
    where active_people > 0
    union all
    -- trials and free workspaces try the product for two months
    select i, n::integer, (getvariable('first_day')::date + to_months(n::integer))::date, 2, 1.0, 4, null, 1.8
    from company, range(getvariable('month_count')) months(n)
    where kind in ('trial', 'prospect') and n between first_month and first_month + 1
  ),
  total as (
    select sum(round(weight * 1000.0::double)::bigint)::double / 1000.0::double as weight from wanted
  )
select
  w.i, w.month_index, w.month_start, w.active_people, w.intensity, w.feature_breadth, w.ended_on, c.workspace_id, c.start_on,
  c.champion_left_on,
  day(last_day(w.month_start))::integer as days_in_month,
  -- 0.66 of the rows survive the thinning
  least(65000, whole(w.weight * getvariable('usage_rows')::double / t.weight / 0.66::double, uniform('rows', w.i, w.month_index)))
    as row_count
from wanted w join company c using (i) cross join total t
order by w.month_index, w.i;
