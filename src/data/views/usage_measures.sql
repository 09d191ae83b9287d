-- grain: one row an active account; the three measures of product usage
-- key: account_id
-- as-of: usage known by then, windows as configured; usage_change must hold the rows of the same day
create or replace macro usage_measures(as_of) as table
with book as (
  select
    account.account_id,
    account.segment,
    account.seats,
    not coalesce(account.is_unmatched, false) as is_read,
    -- Days up to the day windows end on, which a stopped feed leaves behind as_of.
    least(
      coalesce(account.tenure_days - (cast(as_of as date) - anchor.anchor_on), 392),
      anchor.anchor_on - anchor.first_on + 1
    ) as known_days,
    anchor.is_connected,
    anchor.has_users,
    anchor.has_whole_users,
    anchor.has_features
  from account_state(as_of) as account
  cross join usage_anchor(as_of) as anchor
  where account.status = 'active'
),
-- Features that at least a tenth of the segment's active accounts used.
common as (
  select segment, count(*) as feature_count
  from (
    select book.segment, used.feature, count(*) as user_count
    from usage_feature(as_of) as used
    join book on book.account_id = used.account_id
    group by book.segment, used.feature
  ) as spread
  join (select segment as size_segment, count(*) as account_count from book where is_read group by segment) as size
    on size.size_segment = spread.segment
  where spread.user_count * 10 >= size.account_count
  group by segment
),
adopted as (
  select account_id, count(*) as feature_count
  from usage_feature(as_of)
  group by account_id
),
-- Whole windows of its life alone: part of one would pass for a quiet one.
past as (
  select usage.account_id, sum(usage.active_users) as active_users
  from usage_window(as_of) as usage
  join book on book.account_id = usage.account_id
  where usage.window_index between 1 and 3 and (usage.window_index + 1) * 28 <= book.known_days
  group by usage.account_id
),
change as (
  select account_id, effect, is_fact, p_value
  from usage_change
  where metric = 'event_count' and usage_change.as_of = as_of
),
read as (
  select
    book.*,
    coalesce(adopted.feature_count, 0) as own_features,
    common.feature_count as segment_features,
    coalesce(short.active_users, 0) as active_users,
    coalesce(past.active_users, 0) as past_users,
    least(3, cast(floor(known_days / 28) as integer) - 1) as past_windows,
    change.effect,
    change.is_fact,
    change.p_value
  from book
  left join common on common.segment = book.segment
  left join adopted on adopted.account_id = book.account_id
  left join usage_short(as_of) as short on short.account_id = book.account_id
  left join past on past.account_id = book.account_id
  left join change on change.account_id = book.account_id
)
select
  account_id,
  case when is_read and has_features and segment_features > 0
    then least(1, cast(own_features as double) / segment_features)
  end as feature_adoption_rate,
  case
    when not (is_read and has_users) then null
    when seats > 0 and has_whole_users then cast(active_users as double) / seats
    when past_users > 0 and past_windows >= 1 then cast(active_users as double) * past_windows / past_users
    when active_users = 0 then 0
  end as engagement_rate,
  case when is_read and is_connected then case when is_fact then effect when p_value is not null then 0 end end as usage_trend,
  has_features as feature_adoption_rate_connected,
  has_users as engagement_rate_connected,
  is_connected as usage_trend_connected
from read;
