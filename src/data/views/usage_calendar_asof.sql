-- grain: one row a day of usage and day on which its rows became known
-- key: occurred_on, known_on
-- as-of: days that had come, rows known by the end of that day
create or replace macro usage_calendar_asof(as_of) as table
select *
from usage_calendar
where known_on <= as_of and occurred_on <= as_of;
