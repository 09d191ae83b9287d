-- grain: one row an active account; features of docs/metrics.md, group support
-- key: account_id
-- as-of: tickets and CSAT answers known by then. Counts are 0 for an account without tickets in a feed that exists;
-- rates, times and CSAT are null. Everything is null without the feed and for unmatched accounts
create or replace macro ticket_features(as_of) as table
with feed as (
  select count(*) > 0 as is_connected, min(created_on) as first_on, count(reopen_count) > 0 as has_reopens
  from ticket_reading(as_of)
),
book as (
  select
    account.account_id,
    feed.has_reopens,
    -- Whole 90-day blocks before the newest that lie inside both the account's life and the feed's.
    least(3, cast(floor(least(coalesce(account.tenure_days, as_of - feed.first_on + 1), as_of - feed.first_on + 1) / 90)
      as integer) - 1) as past_blocks,
    -- Whole windows of use among the three newest that it lived through, one at least.
    greatest(1, least(3, cast(floor(least(
      coalesce(account.tenure_days - (cast(as_of as date) - coalesce(usage.anchor_on, cast(as_of as date))), 84),
      usage.anchor_on - usage.first_on + 1
    ) / 28) as integer))) as user_windows
  from account_state(as_of) as account
  join feed on feed.is_connected
  cross join usage_anchor(as_of) as usage
  where account.status = 'active' and not coalesce(account.is_unmatched, false)
),
counted as (
  select
    account_id,
    sum(case when age_days < 90 then 1 else 0 end) as created_90d,
    sum(case when age_days < 90 then weight_halves else 0 end) as halves_90d,
    sum(case when age_days between 90 and 179 then weight_halves else 0 end) as halves_1,
    sum(case when age_days between 180 and 269 then weight_halves else 0 end) as halves_2,
    sum(case when age_days between 270 and 359 then weight_halves else 0 end) as halves_3,
    sum(case when is_open then 1 else 0 end) as open_count,
    sum(case when is_open and priority_rank = 1 then 1 else 0 end) as open_urgent_count,
    max(case when is_open and days_since_update < 90 then age_days end) as oldest_open_days,
    sum(case when as_of - solved_on < 90 then 1 else 0 end) as solved_90d,
    sum(case when as_of - solved_on < 90 and reopen_count > 0 then 1 else 0 end) as reopened_90d,
    sum(case when is_escalated and as_of - coalesce(cast(escalated_at as date), solved_on, created_on) < 90 then 1 else 0 end)
      as escalated_90d,
    percentile_disc(0.5) within group (order by case when age_days < 90 then first_response_minutes end) as response_minutes,
    percentile_disc(0.5) within group (order by case when as_of - solved_on < 90 then resolution_minutes end) as solve_minutes
  from ticket_reading(as_of)
  group by account_id
),
answered as (
  select
    account_id,
    count(*) as answer_count,
    sum(case when is_satisfied then 1 else 0 end) as satisfied_count
  from csat_answer(as_of)
  where answered_on > as_of - 180
  group by account_id
),
book_answers as (
  select cast(sum(satisfied_count) as double) / sum(answer_count) as satisfied_rate
  from answered
),
users as (
  select book.account_id, sum(usage.active_users) as active_users
  from book
  join usage_window(as_of) as usage on usage.account_id = book.account_id and usage.window_index < book.user_windows
  group by book.account_id
)
select
  book.account_id,
  cast(coalesce(created_90d, 0) as double) as ticket_count_90d,
  cast(coalesce(halves_90d, 0) as double) / 2 / greatest(1, cast(coalesce(users.active_users, 0) as double) / user_windows)
    as weighted_tickets_per_user_90d,
  case when past_blocks >= 1 then
    ln((cast(coalesce(halves_90d, 0) as double) / 2 + 1) / (
      cast(
        coalesce(halves_1, 0) + case when past_blocks >= 2 then coalesce(halves_2, 0) else 0 end
          + case when past_blocks >= 3 then coalesce(halves_3, 0) else 0 end
      as double) / 2 / past_blocks + 1))
  end as ticket_log_ratio_90d,
  cast(coalesce(open_count, 0) as double) as open_ticket_count,
  cast(coalesce(open_urgent_count, 0) as double) as open_urgent_ticket_count,
  cast(oldest_open_days as double) as oldest_open_ticket_days,
  cast(response_minutes as double) / 60 as first_response_hours_90d,
  cast(solve_minutes as double) / 60 as resolution_hours_90d,
  case when has_reopens and solved_90d > 0 then cast(reopened_90d as double) / solved_90d end as reopen_rate_90d,
  cast(coalesce(escalated_90d, 0) as double) as escalated_count_90d,
  case when answer_count > 0 then (satisfied_count + 5 * satisfied_rate) / (answer_count + 5) end as csat_rate_180d
from book
left join counted on counted.account_id = book.account_id
left join answered on answered.account_id = book.account_id
left join users on users.account_id = book.account_id
cross join book_answers;
