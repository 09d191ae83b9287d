-- grain: one row a day on which the whole usage feed rested (a holiday, an outage, rows that did not arrive): fewer than
-- half as many accounts with use as is usual for that weekday
-- key: rest_on
-- as-of: use known by then. Usual is the median of the same weekday over the twelve weeks before the day, of which the
-- feed must have lived through eight; below 20 accounts half of it would be chance, and no such day is a rest day.
-- Accounts are counted, not rows, so that one large account alone rests nobody
create or replace macro usage_rest_day(as_of) as table
with day_of_window as (
  select 7 * week.n + weekday.n as bit
  from (values (0), (1), (2), (3)) as week(n)
  cross join (values (0), (1), (2), (3), (4), (5), (6)) as weekday(n)
),
active as (
  select usage.window_index * 28 + day_of_window.bit as days_ago, count(*) as account_count
  from usage_window(as_of) as usage
  join day_of_window on usage.day_bits & (cast(1 as bigint) << day_of_window.bit) > 0
  group by usage.window_index * 28 + day_of_window.bit
),
-- Days without any use have no row above and are the ones looked for.
daily as (
  select
    28 * past.n + day_of_window.bit as days_ago,
    anchor.anchor_on - (28 * past.n + day_of_window.bit) as day_on,
    coalesce(active.account_count, 0) as account_count
  from usage_anchor(as_of) as anchor
  cross join (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11), (12), (13)) as past(n)
  cross join day_of_window
  left join active on active.days_ago = 28 * past.n + day_of_window.bit
  where 28 * past.n + day_of_window.bit <= anchor.anchor_on - anchor.first_on
),
judged as (
  select
    daily.day_on,
    daily.account_count,
    count(*) as week_count,
    percentile_disc(0.5) within group (order by earlier.account_count) as usual_count
  from daily
  join daily as earlier
    on earlier.days_ago - daily.days_ago between 7 and 84 and (earlier.days_ago - daily.days_ago) % 7 = 0
  group by daily.day_on, daily.account_count
)
select day_on as rest_on, cast(account_count as bigint) as account_count, cast(usual_count as bigint) as usual_count
from judged
where week_count >= 8 and usual_count >= 20 and account_count * 2 < usual_count;
