-- grain: one row an alert, as it stood after the last current date on or before the day
-- key: alert_id
-- as-of: versions of the day and before; a re-run of a date replaced its versions
create or replace macro alerts_asof(as_of) as table
select * exclude (newness) from (
  select a.*, row_number() over (partition by a.alert_id order by a.as_of desc) as newness
  from state.alert as a
  join state.run_date as d on d.run_id = a.run_id and d.as_of = a.as_of
  where a.as_of <= as_of and d.superseded_by is null
) as versions
where newness = 1;
