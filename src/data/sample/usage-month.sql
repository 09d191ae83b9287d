-- grain: one row an account and month with usage
-- key: i, month_index
-- as-of: how many rows the usage export tries to write for that month; holidays, gaps and weekends thin them out later
create or replace table usage_month as
with
  wanted as (
    select i, month_index, month_start, active_people, intensity, feature_breadth, ended_on,
      (active_people * intensity)::double as weight
    from activity
    union all
    -- trials and free workspaces use a little, too
    select i, n::integer, (getvariable('first_day')::date + to_months(n::integer))::date, 2, 1.0, 4, null, 2.0
    from company, range(getvariable('month_count')) months(n)
    where kind in ('trial', 'prospect') and n between first_month and first_month + 1
  ),
  scaled as (
    select *,
      getvariable('usage_rows')::double
        / (sum(round(weight * 1000.0::double)::bigint) over ()::double / 1000.0::double) / 0.66::double as rows_per_weight
    from wanted
  )
select
  s.i, s.month_index, s.month_start, s.active_people, s.intensity, s.feature_breadth, s.ended_on, c.workspace_id, c.start_on,
  c.champion_left_on,
  day(last_day(s.month_start))::integer as days_in_month,
  least(65000, whole(s.weight * s.rows_per_weight, uniform('rows', s.i, s.month_index))) as row_count
from scaled s join company c using (i)
where s.active_people > 0
order by s.month_index, s.i;
