-- grain: one row a sales opportunity
-- key: opportunity_id
-- as-of: rows known by the end of that day (undated ones from the day retain first saw them); close, stage and result
-- from the close on; the amount, which exports overwrite, from the close or from the day retain first saw it
create or replace macro opportunity_asof(as_of) as table
select
  * replace (
    case when closed_date <= as_of then closed_date end as closed_date,
    case when closed_date <= as_of then stage end as stage,
    case when closed_date <= as_of then is_won end as is_won,
    case when closed_date <= as_of or as_of >= (select first_seen_on from settings) then amount end as amount
  )
from opportunity
where (known_on <= as_of or (known_on is null and as_of >= (select first_seen_on from settings)));
