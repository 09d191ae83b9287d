-- grain: one row a person at an account
-- key: account_id, contact_id
-- as-of: rows known by the end of that day (undated ones from the day retain first saw them); left_date from its day
-- on
create or replace macro contact_asof(as_of) as table
select
  * replace (
    case when left_date <= as_of then left_date end as left_date
  )
from contact
where (known_on <= as_of or (known_on is null and as_of >= (select first_seen_on from settings)));
