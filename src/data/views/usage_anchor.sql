-- grain: one row; what the usage feed is as a whole
-- key: none (always exactly one row)
-- as-of: first day covered and last day of use known by then; anchor_on is the day windows end on: as_of, but the feed's last day
-- once the feed has been silent for longer than its own usual pause (99th percentile of its gaps, at least 7 days)
create or replace macro usage_anchor(as_of) as table
with daily as (
  select
    occurred_on,
    min(begun_on) as begun_on,
    sum(joined_row_count) as row_count,
    sum(user_row_count) > 0 as has_users,
    sum(whole_user_row_count) > 0 as has_whole_users,
    sum(feature_row_count) > 0 as has_features,
    sum(error_row_count) > 0 as has_errors,
    sum(duration_row_count) > 0 as has_durations,
    sum(long_period_row_count) > 0 as has_long_periods
  from usage_calendar_asof(as_of)
  where joined_row_count > 0
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
    coalesce(bool_or(has_users), false) as has_users,
    coalesce(bool_or(has_whole_users), false) as has_whole_users,
    coalesce(bool_or(has_features), false) as has_features,
    coalesce(bool_or(has_errors), false) as has_errors,
    coalesce(bool_or(has_durations), false) as has_durations,
    coalesce(bool_or(has_long_periods), false) as has_long_periods
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
