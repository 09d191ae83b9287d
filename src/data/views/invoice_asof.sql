-- grain: one row an invoice
-- key: invoice_id
-- as-of: rows known by the end of that day (undated ones from the day retain first saw them); a payment from its day
-- on, until then the status is open (void and its like, which carry no date, from the day retain first saw
-- them)
create or replace macro invoice_asof(as_of) as table
select
  * replace (
    case when paid_date <= as_of then paid_date end as paid_date,
    case
      when paid_date <= as_of then status
      when paid_date is null and lower(status) in ('void', 'voided', 'uncollectible', 'draft', 'deleted')
        and as_of >= (select first_seen_on from settings) then status
      else 'open'
    end as status
  )
from invoice
where (known_on <= as_of or (known_on is null and as_of >= (select first_seen_on from settings)));
