-- grain: one row an overwritten value: what the export said on the day
-- key: table_name, row_key, column_name
-- as-of: the last copy seen on or before the day
create or replace macro values_asof(as_of) as table
select table_name, row_key, column_name, value, seen_on from (
  select *, row_number() over (
    partition by table_name, row_key, column_name order by seen_on desc, run_number desc) as newness
  from state.value_copy as v
  where v.seen_on <= as_of
) as copies
where newness = 1;
