-- grain: one row an account and feature it used in the short window (settings.short_window_days)
-- key: account_id, feature
-- as-of: the window ends on usage_anchor.anchor_on; rows known by then
create or replace macro usage_feature(as_of) as table
select account_id, feature, cast(sum(event_count) as bigint) as event_count
from usage_recent(as_of)
where is_use and feature is not null
group by account_id, feature;
