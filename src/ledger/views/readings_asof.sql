-- grain: one row a date and account: the current health reading of every date
-- key: as_of, account_id
-- as-of: readings of the day and before; a re-run of a date replaced its reading
create or replace macro readings_asof(as_of) as table
select r.* from state.health_reading as r
join state.run_date as d on d.run_id = r.run_id and d.as_of = r.as_of
where r.as_of <= as_of and d.superseded_by is null;
