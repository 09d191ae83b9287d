-- grain: one row a usage row of the short window (settings.short_window_days)
-- key: none (rows of usage)
-- as-of: the window ends on usage_anchor.anchor_on; rows known by then
create or replace macro usage_recent(as_of) as table
select account_id, user_id, feature, active_users, event_count, is_use
from usage_placed_asof(as_of)
where days_ago < (select short_window_days from settings)
  -- As in usage_placed_asof.
  and (
    occurred_at is null
    or occurred_at >= case
      when cast(getvariable('usage_bounds_day') as date) = as_of then cast(getvariable('usage_recent_since') as timestamp)
      else timestamp '0001-01-01'
    end
  );
