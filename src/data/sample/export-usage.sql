-- grain: one row an event in the product
-- key: none; rows come month by month
-- as-of: loaded_at is when the row was known; what had not arrived by the last day is not in the file
select occurred_at, workspace_id, user_id, feature, event_count, duration_seconds, error_count, loaded_at
from usage_event
