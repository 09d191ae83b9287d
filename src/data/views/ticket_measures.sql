-- grain: one row an active account; the three measures of support health
-- key: account_id
-- as-of: tickets and CSAT answers known by then, windows and half-life as configured. An account without tickets, or
-- without answers, has no reading: null, never good
create or replace macro ticket_measures(as_of) as table
with feed as (
  select count(*) > 0 as is_connected, min(created_on) as first_on, count(reopen_count) > 0 as has_reopens
  from ticket_reading(as_of)
),
asked as (
  select count(*) > 0 as is_connected
  from csat_answer(as_of)
),
book as (
  select
    account.account_id,
    account.segment,
    account.seats,
    not coalesce(account.is_unmatched, false) as is_read,
    feed.is_connected,
    feed.has_reopens,
    asked.is_connected as has_answers,
    settings.long_window_days as window_days,
    -- Whole windows of use that the account lived through, among the three newest (one at least) and the ten before.
    greatest(1, least(3, cast(floor(span.use_days / 28) as integer))) as now_windows,
    least(10, cast(floor(span.use_days / 28) as integer) - 3) as user_windows,
    least(
      3,
      cast(floor(least(coalesce(account.tenure_days, as_of - feed.first_on + 1), as_of - feed.first_on + 1)
        / settings.long_window_days) as integer) - 1
    ) as past_windows
  from account_state(as_of) as account
  cross join settings
  cross join feed
  cross join asked
  cross join usage_anchor(as_of) as usage
  cross join lateral (
    select least(
      coalesce(account.tenure_days - (cast(as_of as date) - coalesce(usage.anchor_on, cast(as_of as date))), 392),
      usage.anchor_on - usage.first_on + 1
    ) as use_days
  ) as span
  where account.status = 'active'
),
users as (
  select
    book.account_id,
    sum(case when window_index < now_windows then active_users else 0 end) as users_now,
    sum(case when window_index between 3 and 2 + user_windows then active_users else 0 end) as users_past
  from book
  join usage_window(as_of) as usage on usage.account_id = book.account_id
  group by book.account_id
),
loaded as (
  select
    book.account_id,
    sum(case when ticket.age_days < window_days then 1 else 0 end) as ticket_count,
    sum(case when ticket.age_days < window_days then weight_halves else 0 end) as halves_now,
    sum(case when ticket.age_days >= window_days and ticket.age_days < window_days * (1 + past_windows) then weight_halves else 0 end)
      as halves_past,
    sum(case when as_of - ticket.solved_on < window_days then 1 else 0 end) as solved_count,
    sum(case when as_of - ticket.solved_on < window_days and ticket.reopen_count > 0 then 1 else 0 end) as reopened_count
  from book
  join ticket_reading(as_of) as ticket on ticket.account_id = book.account_id
  group by book.account_id
),
rated as (
  select
    book.*,
    coalesce(loaded.ticket_count, 0) as ticket_count,
    coalesce(loaded.solved_count, 0) as solved_count,
    coalesce(loaded.reopened_count, 0) as reopened_count,
    coalesce(loaded.halves_now, 0) as halves_now,
    coalesce(loaded.halves_past, 0) as halves_past,
    -- Monthly active users, six times the mean of the 28-day windows (whole whatever their number); at least one.
    greatest(6, cast(coalesce(users.users_now, 0) as bigint) * case now_windows when 1 then 6 when 2 then 3 else 2 end)
      as users_sixfold,
    case when user_windows >= 1 then greatest(user_windows, coalesce(users.users_past, 0)) end as users_past
  from book
  left join loaded on loaded.account_id = book.account_id
  left join users on users.account_id = book.account_id
),
segment_load as (
  select segment, sum(halves_now) as halves, sum(users_sixfold) as users_sixfold
  from rated
  where is_read
  group by segment
),
answered as (
  select
    answer.account_id,
    book.segment,
    sum(case when as_of - answered_on < window_days then 1 else 0 end) as answer_count,
    sum(case when as_of - answered_on < window_days and is_satisfied then 1 else 0 end) as satisfied_count
  from csat_answer(as_of) as answer
  join book on book.account_id = answer.account_id
  group by answer.account_id, book.segment
),
book_share as (
  select sum(satisfied_count) as satisfied_count, sum(answer_count) as answer_count
  from answered
),
-- The segment's share, itself shrunk to the book's with the weight of five answers.
segment_share as (
  select
    segment,
    (sum(answered.satisfied_count) + 5 * cast(max(book_share.satisfied_count) as double) / max(book_share.answer_count))
      / (sum(answered.answer_count) + 5) as satisfied_rate
  from answered
  cross join book_share
  where book_share.answer_count > 0
  group by segment
),
felt as (
  select
    account_id,
    count(*) as reading_count,
    sum(weight) as weight_sum,
    sum(cast(weight * sentiment_value as decimal(18, 9))) as weighted_sum
  from (
    select
      account_id,
      sentiment_value,
      cast(pow(0.5, cast(as_of - said_on as double) / half_life_days) as decimal(10, 9)) as weight
    from sentiment_reading(as_of)
    cross join settings
    where as_of - said_on < 6 * half_life_days
  )
  group by account_id
),
normed as (
  select
    rated.*,
    cast(rated.halves_now as double) * 3 / rated.users_sixfold as load,
    -- Without a usage history the users of today stand for those of then.
    case
      when past_windows < 1 then null
      when users_past is not null then cast(rated.halves_past as double) / past_windows * user_windows / users_past / 2
      else cast(rated.halves_past as double) / past_windows * 3 / rated.users_sixfold
    end as own_norm,
    cast(segment_load.halves as double) * 3 / segment_load.users_sixfold as segment_norm
  from rated
  left join segment_load on segment_load.segment = rated.segment
)
select
  normed.account_id,
  case when is_read and ticket_count > 0
    then greatest(0, load / greatest(coalesce(own_norm, 0), segment_norm) - 1)
  end as ticket_load,
  case when is_read and reading_count >= 3 then cast(weighted_sum as double) / cast(weight_sum as double) end as sentiment,
  case when is_read and answered.answer_count > 0 then
    (satisfied_count + 5 * segment_share.satisfied_rate) / (answered.answer_count + 5)
    - case when has_reopens and solved_count > 0 then cast(reopened_count as double) / solved_count else 0 end
  end as resolution_rate,
  is_connected as ticket_load_connected,
  has_answers as sentiment_connected,
  has_answers as resolution_rate_connected
from normed
left join felt on felt.account_id = normed.account_id
left join answered on answered.account_id = normed.account_id
left join segment_share on segment_share.segment = normed.segment;
