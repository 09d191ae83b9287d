-- grain: one row a recorded churn
-- key: account_id, churn_date
-- as-of: rows known by the end of that day (undated ones from the day retain first saw them); an announced churn is
-- known before its date
create or replace macro churn_event_asof(as_of) as table
select *
from churn_event
where (known_on <= as_of or (known_on is null and as_of >= (select first_seen_on from settings)));
