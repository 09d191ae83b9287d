-- grain: one row a usage row of the short window (settings.short_window_days)
-- key: none (rows of usage)
-- as-of: the window ends on usage_anchor.anchor_on; rows known by then
create or replace macro usage_recent(as_of) as table
select account_id, user_id, feature, active_users, event_count, is_use
from usage_placed_asof(as_of)
where days_ago < (select short_window_days from settings);
