-- grain: one row a date column all of whose days of the month are 1 to 12, as a column read in the wrong order has
-- key: table_name, column_name
-- as-of: all rows
with day_of as (
  select 'account' as table_name, 'created_date' as column_name, created_date as on_date from account
  union all
  select 'contract', 'start_date', start_date from contract
  union all
  select 'contract', 'ended_date', ended_date from contract
  union all
  select 'ticket', 'created_at', cast(created_at as date) from ticket
  union all
  select 'invoice', 'due_date', due_date from invoice
  union all
  select 'churn_event', 'churn_date', churn_date from churn_event
)
select table_name, column_name, count(*) as row_count
from day_of
where on_date is not null
group by table_name, column_name
having count(distinct on_date) >= 40 and max(day(on_date)) <= 12 and count(distinct day(on_date)) >= 8 and count(distinct month(on_date)) >= 4
order by table_name, column_name
