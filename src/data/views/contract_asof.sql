-- grain: one row a contract
-- key: contract_id
-- as-of: rows known by the end of that day (undated ones from the day retain first saw them); a term end is known
-- from the start; a cancel request from its day on; a real end from the earliest of cancel request, known_at
-- and its own day on
create or replace macro contract_asof(as_of) as table
select
  * replace (
    case when cast(cancelled_at as date) <= as_of then cancelled_at end as cancelled_at,
    case
      when least(ended_date, cast(cancelled_at as date), cast(known_at as date)) <= as_of
        then ended_date
    end as ended_date,
    case when as_of >= (select first_seen_on from settings) then is_churned_flag end as is_churned_flag
  )
from contract
where (known_on <= as_of or (known_on is null and as_of >= (select first_seen_on from settings)));
