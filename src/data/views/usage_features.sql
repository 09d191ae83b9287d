-- grain: one row an active account; features of docs/metrics.md, group usage
-- key: account_id
-- as-of: usage_window and usage_anchor of that day. In a feed that exists no rows are zero use; without a feed, or for
-- an account that joins to none, every feature is null
create or replace macro usage_features(as_of) as table
with book as (
  select
    account.account_id,
    account.seats,
    least(coalesce(account.tenure_days, 392), 392) as tenure_days,
    least(anchor.anchor_on - anchor.first_on + 1, 392) as feed_days,
    -- Days of the account's life and the feed's up to the day windows end on, which a stopped feed leaves behind as_of.
    least(
      coalesce(account.tenure_days - (cast(as_of as date) - anchor.anchor_on), 392),
      anchor.anchor_on - anchor.first_on + 1,
      392
    ) as known_days,
    anchor.has_users,
    anchor.has_whole_users,
    anchor.has_features,
    anchor.has_errors,
    anchor.has_durations,
    anchor.has_long_periods
  from account_state(as_of) as account
  join usage_anchor(as_of) as anchor on anchor.is_connected
  where account.status = 'active' and not coalesce(account.is_unmatched, false)
),
pivoted as (
  select
    account_id,
    min(last_use_days_ago) as last_use_days_ago,
    max(last_use_on) as last_use_on,
    sum(case when window_index = 0 then event_count else 0 end) as events_0,
    sum(case when window_index = 1 then event_count else 0 end) as events_1,
    sum(case when window_index = 2 then event_count else 0 end) as events_2,
    sum(case when window_index = 3 then event_count else 0 end) as events_3,
    sum(case when window_index <= 2 then event_count else 0 end) as events_0_2,
    sum(case when window_index between 3 and 5 then event_count else 0 end) as events_3_5,
    sum(case when window_index = 0 then active_users else 0 end) as users_0,
    sum(case when window_index = 1 then active_users else 0 end) as users_1,
    sum(case when window_index = 2 then active_users else 0 end) as users_2,
    sum(case when window_index = 3 then active_users else 0 end) as users_3,
    max(case when window_index <= 2 then active_users else 0 end) as peak_users_0_2,
    sum(case when window_index = 0 then feature_count else 0 end) as features_0,
    sum(case when window_index = 1 then feature_count else 0 end) as features_1,
    sum(case when window_index = 2 then feature_count else 0 end) as features_2,
    sum(case when window_index = 3 then feature_count else 0 end) as features_3,
    sum(case when window_index = 0 then active_days else 0 end) as days_0,
    sum(case when window_index <= 2 then active_weeks else 0 end) as weeks_0_2,
    sum(case when window_index = 0 then error_count else 0 end) as errors_0,
    sum(case when window_index = 0 then duration_seconds else 0 end) as seconds_0
  from usage_window(as_of)
  group by account_id
),
spanned as (
  select
    *,
    -- Whole windows before the newest that lie inside both the account's life and the feed's.
    least(3, cast(floor(known_days / 28) as integer) - 1) as past_windows,
    known_days >= 168 as has_half_year
  from book
),
read as (
  select
    book.*,
    pivoted.last_use_days_ago,
    coalesce(pivoted.events_0, 0) as events_0,
    -- Summed over those windows alone: users and features of part of a window are not its share in days of a whole one's,
    -- and rows from before the account's first contract belong to no window of its life.
    coalesce(pivoted.events_1, 0) + case when past_windows >= 2 then coalesce(pivoted.events_2, 0) else 0 end
      + case when past_windows >= 3 then coalesce(pivoted.events_3, 0) else 0 end as past_events,
    coalesce(pivoted.events_0_2, 0) as events_0_2,
    coalesce(pivoted.events_3_5, 0) as events_3_5,
    coalesce(pivoted.users_0, 0) as users_0,
    coalesce(pivoted.users_1, 0) + case when past_windows >= 2 then coalesce(pivoted.users_2, 0) else 0 end
      + case when past_windows >= 3 then coalesce(pivoted.users_3, 0) else 0 end as past_users,
    coalesce(pivoted.peak_users_0_2, 0) as peak_users_0_2,
    coalesce(pivoted.features_0, 0) as features_0,
    coalesce(pivoted.features_1, 0) + case when past_windows >= 2 then coalesce(pivoted.features_2, 0) else 0 end
      + case when past_windows >= 3 then coalesce(pivoted.features_3, 0) else 0 end as past_features,
    coalesce(pivoted.days_0, 0) as days_0,
    coalesce(pivoted.weeks_0_2, 0) as weeks_0_2,
    coalesce(pivoted.errors_0, 0) as errors_0,
    coalesce(pivoted.seconds_0, 0) as seconds_0
  from spanned as book
  left join pivoted on pivoted.account_id = book.account_id
)
select
  account_id,
  cast(coalesce(last_use_days_ago, least(greatest(tenure_days, 0), feed_days)) as double) as days_since_last_use,
  cast(events_0 as double) as event_count_28d,
  case when has_users then cast(users_0 as double) end as active_users_28d,
  case when has_whole_users then cast(peak_users_0_2 as double) end as peak_active_users_84d,
  case when has_features then cast(features_0 as double) end as feature_count_28d,
  case when not has_long_periods then cast(days_0 as double) end as active_days_28d,
  cast(weeks_0_2 as double) as active_weeks_12w,
  case when users_0 > 0 then cast(events_0 as double) / users_0 end as events_per_user_28d,
  case when seats > 0 then cast(events_0 as double) / seats end as events_per_seat_28d,
  case when seats > 0 and has_whole_users then cast(users_0 as double) / seats end as seat_use_rate_28d,
  case when past_windows >= 1 then ln((events_0 + 1) / (cast(past_events as double) / past_windows + 1)) end
    as event_log_ratio_28d,
  case when past_windows >= 1 and has_users then ln((users_0 + 1) / (cast(past_users as double) / past_windows + 1)) end
    as user_log_ratio_28d,
  case when past_windows >= 1 and has_features
    then ln((features_0 + 1) / (cast(past_features as double) / past_windows + 1))
  end as feature_log_ratio_28d,
  case when has_half_year then ln((events_0_2 + 1) / (cast(events_3_5 as double) + 1)) end as event_log_ratio_84d,
  case when has_errors and events_0 > 0 then cast(errors_0 as double) / events_0 end as error_rate_28d,
  case when has_durations and users_0 > 0 then cast(seconds_0 as double) / 3600 / users_0 end as hours_per_user_28d
from read;
