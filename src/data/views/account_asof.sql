-- grain: one row an account
-- key: account_id
-- as-of: rows known by the end of that day (undated ones from the day retain first saw them), their attributes as the
-- last copy up to that day has them (account_version); churn_date from its day on; plan, seats, trial and churn flag,
-- which exports overwrite, only from the day retain first saw them
create or replace macro account_asof(as_of) as table
select
  * exclude (valid_from, valid_to, seen_since)
  replace (
    case when as_of >= coalesce(seen_since, (select first_seen_on from settings)) then plan end as plan,
    case when as_of >= coalesce(seen_since, (select first_seen_on from settings)) then seats end as seats,
    case when as_of >= coalesce(seen_since, (select first_seen_on from settings)) then is_trial end as is_trial,
    case when as_of >= coalesce(seen_since, (select first_seen_on from settings)) then is_churned_flag end
      as is_churned_flag,
    case when churn_date <= as_of then churn_date end as churn_date
  )
from account_version
where as_of >= valid_from
  and as_of < valid_to
  and (
    known_on <= as_of
    or (known_on is null and as_of >= coalesce(seen_since, (select first_seen_on from settings)))
  );
