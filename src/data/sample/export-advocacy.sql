-- grain: one row a request to speak for the company
-- key: request_id
-- as-of: completed_date, outcome and influenced_amount are filled once it is done
select
  'ADV' || lpad(a.ask_number::varchar, 6, '0') as request_id,
  c.crm_id as account_id,
  contact_id(a.i, a.contact_number) as contact_id,
  a.kind,
  a.requested_on as requested_date,
  case when a.requested_on + a.days <= getvariable('last_day')::date then a.requested_on + a.days end as completed_date,
  case when a.requested_on + a.days <= getvariable('last_day')::date then case when a.is_yes then 'completed' else 'declined' end end as outcome,
  case when a.is_yes and a.requested_on + a.days <= getvariable('last_day')::date and a.kind in ('reference', 'referral', 'case_study')
    then a.value_amount end as influenced_amount
from ask a join company c using (i)
order by a.ask_number
