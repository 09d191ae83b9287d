-- grain: one row; what the usage feed is as a whole
-- key: none (always exactly one row)
-- as-of: first day covered and last day of use known by then; anchor_on is the day windows end on: as_of, but the feed's last day
-- once the feed has been silent for longer than its own usual pause (99th percentile of its gaps, at least 7 days)
create or replace macro usage_anchor(as_of) as table
with daily as (
  select
    occurred_on,
    min(coalesce(period_start, occurred_on)) as begun_on,
    count(*) as row_count,
    max(case when user_id is not null or active_users is not null then 1 else 0 end) as has_users,
    -- Users told apart over weeks: a count stated for a single day misses all who came on other days.
    max(case when user_id is not null or (active_users is not null and period in ('week', 'month')) then 1 else 0 end)
      as has_whole_users,
    max(case when feature is not null then 1 else 0 end) as has_features,
    max(case when error_count is not null then 1 else 0 end) as has_errors,
    max(case when duration_seconds is not null then 1 else 0 end) as has_durations,
    max(case when period in ('week', 'month') then 1 else 0 end) as has_long_periods
  from usage_asof(as_of)
  where account_id is not null
  group by occurred_on
),
spaced as (
  select *, occurred_on - lag(occurred_on) over (order by occurred_on) as gap_days
  from daily
),
summary as (
  select
    cast(coalesce(sum(row_count), 0) as bigint) as row_count,
    min(begun_on) as first_on,
    max(occurred_on) as last_on,
    greatest(7, coalesce(percentile_disc(0.99) within group (order by gap_days), 7)) as usual_pause_days,
    coalesce(max(has_users), 0) = 1 as has_users,
    coalesce(max(has_whole_users), 0) = 1 as has_whole_users,
    coalesce(max(has_features), 0) = 1 as has_features,
    coalesce(max(has_errors), 0) = 1 as has_errors,
    coalesce(max(has_durations), 0) = 1 as has_durations,
    coalesce(max(has_long_periods), 0) = 1 as has_long_periods
  from spaced
)
select
  row_count > 0 as is_connected,
  row_count,
  first_on,
  last_on,
  usual_pause_days,
  coalesce(as_of - last_on > usual_pause_days, false) as is_stopped,
  case when as_of - last_on > usual_pause_days then last_on else cast(as_of as date) end as anchor_on,
  has_users,
  has_whole_users,
  has_features,
  has_errors,
  has_durations,
  has_long_periods
from summary;
