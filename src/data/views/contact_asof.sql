-- grain: one row a person at an account
-- key: account_id, contact_id
-- as-of: people known by the end of that day (undated ones from the day retain first saw them), their name, address and
-- role as the last copy up to that day has them (contact_version); left_date from its day on
create or replace macro contact_asof(as_of) as table
select
  * exclude (valid_from, valid_to, seen_since)
  replace (
    case when left_date <= as_of then left_date end as left_date
  )
from contact_version
where as_of >= valid_from
  and as_of < valid_to
  and (
    known_on <= as_of
    or (known_on is null and as_of >= coalesce(seen_since, (select first_seen_on from settings)))
  );
