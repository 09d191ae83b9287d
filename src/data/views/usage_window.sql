-- grain: one row an account and 28-day window in which it has rows; windows 0 (newest) to 13, so 13 months
-- key: account_id, window_index
-- as-of: windows end on usage_anchor.anchor_on; rows known by then. active_users is the greater of the distinct users
-- and the largest stated active_users, never a sum over periods or features; null where the rows name no users. Bit n of
-- day_bits says use on the n-th day before the window's last; null where a week or month is known only as a whole
create or replace macro usage_window(as_of) as table
with summed as (
  select
    account_id,
    cast((days_ago - days_ago % 28) / 28 as integer) as window_index,
    cast(sum(event_count) as bigint) as event_count,
    count(distinct user_id) filter (where is_use) as user_count,
    max(active_users) as stated_users,
    max(case when user_id is not null then 1 else 0 end) as has_users,
    -- One bit a day; a week or month is known only as a whole and fills the days it stands for.
    bit_or(case
      when not is_use then 0
      when period = 'month' then 268435455
      else cast(1 as bigint) << cast(days_ago % 28 as integer)
    end) as day_bits,
    max(case when period in ('week', 'month') then 1 else 0 end) as has_long_periods,
    count(distinct feature) filter (where is_use and days_ago < 112) as recent_feature_count,
    cast(sum(error_count) as bigint) as error_count,
    cast(sum(duration_seconds) as bigint) as duration_seconds,
    max(case when is_use then occurred_on end) as last_use_on,
    -- A month without use is thirty days without use, whatever the calendar.
    min(case when is_use then case when period = 'month' then cast(days_ago / 28 as integer) * 30 else days_ago end end) as last_use_days_ago
  from usage_placed_asof(as_of)
  group by account_id, cast((days_ago - days_ago % 28) / 28 as integer)
)
select
  account_id,
  window_index,
  event_count,
  case
    when has_users = 1 or stated_users is not null then greatest(user_count, coalesce(stated_users, 0))
  end as active_users,
  case when has_long_periods = 0 then bit_count(day_bits) end as active_days,
  case when has_long_periods = 0 then day_bits end as day_bits,
  cast(
    case when day_bits & 127 > 0 then 1 else 0 end
    + case when day_bits & 16256 > 0 then 1 else 0 end
    + case when day_bits & 2080768 > 0 then 1 else 0 end
    + case when day_bits & 266338304 > 0 then 1 else 0 end
  as integer) as active_weeks,
  -- Counted for windows 0 to 3 alone: nothing reads older ones, and distinct counts cost most.
  case when window_index <= 3 then recent_feature_count end as feature_count,
  error_count,
  duration_seconds,
  last_use_on,
  last_use_days_ago
from summed;
