-- grain: one row a day of usage and day on which its rows became known
-- key: occurred_on, known_on
-- as-of: none here; usage_calendar_asof hides what was not known
select
  occurred_on,
  known_on,
  cast(count(*) as bigint) as row_count,
  cast(count(account_id) as bigint) as joined_row_count,
  cast(count(case when occurred_at > occurred_on then 1 end) as bigint) as timed_row_count,
  -- The rest speaks of rows that join to an account.
  min(case when account_id is not null then coalesce(period_start, occurred_on) end) as begun_on,
  cast(count(case when account_id is not null and (user_id is not null or active_users is not null) then 1 end) as bigint)
    as user_row_count,
  -- Users told apart over weeks: a count stated for a single day misses all who came on other days.
  cast(count(case
    when account_id is not null and (user_id is not null or (active_users is not null and period in ('week', 'month'))) then 1
  end) as bigint) as whole_user_row_count,
  cast(count(case when account_id is not null then feature end) as bigint) as feature_row_count,
  cast(count(case when account_id is not null then error_count end) as bigint) as error_row_count,
  cast(count(case when account_id is not null then duration_seconds end) as bigint) as duration_row_count,
  cast(count(case when account_id is not null and period in ('week', 'month') then 1 end) as bigint) as long_period_row_count
from usage
group by occurred_on, known_on
