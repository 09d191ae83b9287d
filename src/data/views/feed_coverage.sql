-- grain: one row a table that feeds the health measures and has rows by then
-- key: table_name
-- as-of: rows known by then; a feed is stopped when it is silent for longer than its own usual pause (99th percentile
-- of the gaps between its days, at least 7)
create or replace macro feed_coverage(as_of) as table
with daily as (
  select table_name, acted_on, sum(action_count) as action_count
  from feed_activity(as_of)
  where table_name in ('usage', 'ticket', 'interaction', 'survey', 'contact', 'goal', 'opportunity', 'invoice', 'milestone')
  group by table_name, acted_on
),
spaced as (
  select *, acted_on - lag(acted_on) over (partition by table_name order by acted_on) as gap_days
  from daily
),
summary as (
  select
    table_name,
    cast(sum(action_count) as bigint) as action_count,
    min(acted_on) as first_on,
    max(acted_on) as last_on,
    greatest(7, coalesce(percentile_disc(0.99) within group (order by gap_days), 7)) as usual_pause_days
  from spaced
  group by table_name
),
joined as (
  select 'usage' as table_name, account_id from usage_window(as_of)
  union all
  select 'ticket', account_id from ticket_reading(as_of)
  union all
  select 'interaction', account_id from interaction_reading(as_of)
  union all
  select 'survey', account_id from survey_asof(as_of)
  union all
  select 'contact', account_id from contact_reading(as_of)
  union all
  select 'goal', account_id from goal_asof(as_of)
  union all
  select 'opportunity', account_id from opportunity_asof(as_of)
  union all
  select 'invoice', account_id from invoice_asof(as_of)
  union all
  select 'milestone', account_id from milestone_asof(as_of)
),
reached as (
  select joined.table_name, count(distinct joined.account_id) as account_count
  from joined
  join account_state(as_of) as account on account.account_id = joined.account_id and account.status = 'active'
  group by joined.table_name
),
book as (
  select count(*) as account_count
  from account_state(as_of)
  where status = 'active'
)
select
  summary.table_name,
  summary.action_count,
  summary.first_on,
  summary.last_on,
  summary.usual_pause_days,
  as_of - summary.last_on > summary.usual_pause_days as is_stopped,
  coalesce(reached.account_count, 0) as account_count,
  case when book.account_count > 0 then cast(coalesce(reached.account_count, 0) as double) / book.account_count end
    as account_rate
from summary
cross join book
left join reached on reached.table_name = summary.table_name;
