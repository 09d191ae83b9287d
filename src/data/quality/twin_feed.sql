-- grain: one row a pair of usage files whose totals agree within 1 % for at least 95 % of the accounts both have
-- key: file, other_file
-- as-of: all rows
with total as (
  select source_file, account_id, sum(event_count) as event_count, count(*) as row_count
  from usage
  where account_id is not null and period <> 'event'
  group by source_file, account_id
),
pair as (
  select
    a.source_file as file,
    b.source_file as other_file,
    count(*) as account_count,
    count(case when abs(a.event_count - b.event_count) * 100 <= greatest(a.event_count, b.event_count) then 1 end) as equal_count,
    sum(a.row_count) as row_count
  from total as a
  join total as b on a.account_id = b.account_id and a.source_file < b.source_file
  group by a.source_file, b.source_file
)
select file, other_file, cast(row_count as bigint) as row_count
from pair
where account_count >= 5 and equal_count * 20 >= account_count * 19
order by file, other_file
