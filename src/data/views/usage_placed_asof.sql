-- grain: one row a usage row of the last 14 windows of 28 days, with its age; never materialised, it is as long as usage
-- key: none (rows of usage)
-- as-of: rows known by then; days_ago counts back from usage_anchor.anchor_on. A weekly sum stands on its last day. A
-- monthly sum stands for one whole window: the last closed month has days_ago 0, the month before 28, and so on
create or replace macro usage_placed_asof(as_of) as table
with dated as (
  select
    account_id,
    user_id,
    feature,
    active_users,
    error_count,
    duration_seconds,
    occurred_at,
    occurred_on,
    period,
    case
      when event_count is not null then event_count
      when period = 'event' then 1
      else coalesce(active_users, 0)
    end as event_count,
    case
      when period = 'month' then 28 * (
        (year(anchor_on + 1) * 12 + month(anchor_on + 1)) - (year(occurred_on + 1) * 12 + month(occurred_on + 1))
        - case when day(anchor_on + 1) < day(occurred_on + 1) then 1 else 0 end
      )
      else anchor_on - occurred_on
    end as days_ago
  from usage_asof(as_of)
  cross join (select anchor_on from usage_anchor(as_of)) as clock
  where account_id is not null
    and occurred_on > anchor_on - 424
    -- The same as a constant, where the date's own was told (standing.ts): older stretches of the files are passed over.
    and (
      occurred_at is null
      or occurred_at >= case
        when cast(getvariable('usage_bounds_day') as date) = as_of then cast(getvariable('usage_since') as timestamp)
        else timestamp '0001-01-01'
      end
    )
)
select
  *,
  event_count > 0 or coalesce(active_users, 0) > 0 or coalesce(duration_seconds, 0) > 0 as is_use
from dated
where days_ago between 0 and 391;
