-- grain: one row an active account and fact about its use: no_use, usage_drop, users_drop
-- key: account_id, kind
-- as-of: usage known by then; usage_change must hold the rows of the same day. None while the feed as a whole is silent:
-- then the fault is the feed's. Days on which the whole feed rested (usage_rest_day) say nothing about one account and
-- do not count among the 30 of no_use
create or replace macro fact_usage(as_of) as table
with book as (
  select
    account.account_id,
    account.segment,
    least(coalesce(account.tenure_days, 392), anchor.anchor_on - anchor.first_on + 1) as known_days
  from account_state(as_of) as account
  join usage_anchor(as_of) as anchor on anchor.is_connected and not anchor.is_stopped
  where account.status = 'active' and not coalesce(account.is_unmatched, false)
),
last_use as (
  select
    account_id,
    min(window_index) as last_window,
    min(last_use_days_ago) as quiet_days,
    max(last_use_on) as last_use_on
  from usage_window(as_of)
  where last_use_on is not null
  group by account_id
),
-- Few are quiet for long and few days are rest days, so every pair of them is looked at.
rested as (
  select last_use.account_id, count(*) as day_count
  from last_use
  join usage_rest_day(as_of) as rest on rest.rest_on > last_use.last_use_on
  where last_use.quiet_days >= 30
  group by last_use.account_id
),
-- Weekly use: use in three weeks of four over the (up to three) whole windows before that of the last use.
before as (
  select
    book.account_id,
    max(last_use.quiet_days) as quiet_days,
    max(last_use.last_use_on) as last_use_on,
    least(3, cast(floor(max(book.known_days) / 28) as integer) - 1 - max(last_use.last_window)) as window_count,
    coalesce(sum(usage.active_weeks), 0) as week_count
  from book
  join last_use on last_use.account_id = book.account_id
  left join usage_window(as_of) as usage
    on usage.account_id = book.account_id
    and usage.window_index between last_use.last_window + 1 and last_use.last_window + 3
    and (usage.window_index + 1) * 28 <= book.known_days
  group by book.account_id
),
quiet_peers as (
  select book.segment, percentile_disc(0.5) within group (order by feature.days_since_last_use) as days
  from usage_features(as_of) as feature
  join book on book.account_id = feature.account_id
  group by book.segment
),
change_peers as (
  select book.segment, change.metric, percentile_disc(0.5) within group (order by change.now_value) as value
  from usage_change as change
  join book on book.account_id = change.account_id
  where change.as_of = as_of and change.now_value is not null
  group by book.segment, change.metric
)
select
  before.account_id,
  'no_use' as kind,
  before.last_use_on as fact_on,
  cast(before.quiet_days as double) as now_value,
  28.0 * before.window_count / before.week_count as past_value,
  quiet_peers.days as peer_value,
  'days' as unit,
  cast(rested.day_count as varchar) as detail,
  cast(null as varchar) as contact_id,
  'usage' as source_table,
  before.account_id as source_key
from before
join book on book.account_id = before.account_id
left join rested on rested.account_id = before.account_id
left join quiet_peers on quiet_peers.segment = book.segment
where before.quiet_days - coalesce(rested.day_count, 0) >= 30
  and before.window_count >= 1
  and before.week_count >= 3 * before.window_count
union all
select
  change.account_id,
  case change.metric when 'active_users' then 'users_drop' else 'usage_drop' end as kind,
  cast(as_of as date) as fact_on,
  change.now_value,
  change.expected_value,
  change_peers.value,
  case change.metric when 'active_users' then 'users in 28 days' else 'events in 28 days' end,
  null,
  null,
  'usage',
  change.account_id
from usage_change as change
join book on book.account_id = change.account_id
left join change_peers on change_peers.segment = book.segment and change_peers.metric = change.metric
where change.as_of = as_of and change.is_fact and change.effect < 0;
