-- grain: one row a survey sent or answered
-- key: response_id
-- as-of: surveys sent by the end of that day (known_on is the answer's day, which would hide those answered later and
-- so tell the future); answer and comment from their day on
create or replace macro survey_asof(as_of) as table
select
  * replace (
    case when cast(responded_at as date) <= as_of then responded_at end as responded_at,
    case when cast(responded_at as date) <= as_of then score end as score,
    case when cast(responded_at as date) <= as_of then comment end as comment,
    coalesce(cast(known_at as date), cast(sent_at as date), cast(responded_at as date)) as known_on
  )
from survey
where (
    coalesce(cast(known_at as date), cast(sent_at as date), cast(responded_at as date)) <= as_of
    or (coalesce(known_at, sent_at, responded_at) is null and as_of >= (select first_seen_on from settings))
  );
