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
  select account_id, tenure_days, as_of - first_on + 1 as feed_days, has_reopens
  from account_state(as_of)
  join feed on is_connected
  where status = 'active' and not coalesce(is_unmatched, false)
),
counted as (
  select
    account_id,
    sum(case when age_days < 90 then 1 else 0 end) as created_90d,
    sum(case when age_days < 90 then weight_halves else 0 end) as halves_90d,
    sum(case when age_days between 90 and 359 then weight_halves else 0 end) as halves_past,
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
  select account_id, sum(active_users) as active_users
  from usage_window(as_of)
  where window_index <= 2
  group by account_id
)
select
  book.account_id,
  cast(coalesce(created_90d, 0) as double) as ticket_count_90d,
  cast(coalesce(halves_90d, 0) as double) / 2 / greatest(1, cast(coalesce(users.active_users, 0) as double) / 3)
    as weighted_tickets_per_user_90d,
  -- The past holds as many 90-day blocks as lie inside the account's life and the feed's, three at most.
  case when least(coalesce(tenure_days, feed_days), feed_days) >= 180 then
    ln((cast(coalesce(halves_90d, 0) as double) / 2 + 1) / (
      cast(coalesce(halves_past, 0) as double) / 2
        / least(3, floor(least(coalesce(tenure_days, feed_days), feed_days) / 90) - 1) + 1))
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
