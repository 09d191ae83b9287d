-- grain: one row a day, user and feature
-- key: usage_date, workspace_id, user_id, feature
-- as-of: loaded_date is the day on which the row was complete; what had not arrived by the last day is not in the file
select
  day as usage_date, workspace_id, user_id, feature,
  sum(event_count) as event_count, sum(error_count) as error_count, max(loaded_at)::date as loaded_date
from usage_event
group by day, workspace_id, user_id, feature
order by usage_date, workspace_id, user_id, feature
