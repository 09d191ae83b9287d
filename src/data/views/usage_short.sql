-- grain: one row an account with rows in the short window (settings.short_window_days)
-- key: account_id
-- as-of: the window ends on usage_anchor.anchor_on; rows known by then. active_users as in usage_window
create or replace macro usage_short(as_of) as table
select
  account_id,
  cast(sum(event_count) as bigint) as event_count,
  case
    when count(user_id) > 0 or count(active_users) > 0
      then greatest(count(distinct user_id) filter (where is_use), coalesce(max(active_users), 0))
  end as active_users
from usage_recent(as_of)
group by account_id;
