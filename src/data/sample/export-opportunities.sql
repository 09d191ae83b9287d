-- grain: one row a sales opportunity
-- key: opportunity_id
-- as-of: stage, closed_date and is_won are those of the last day
select
  'O' || lpad(o.opportunity_number::varchar, 7, '0') as opportunity_id,
  c.crm_id as account_id,
  o.kind as type,
  o.product,
  o.amount,
  c.currency,
  o.created_on as created_date,
  case when o.closed_on > getvariable('last_day')::date then 'negotiation' when o.is_won then 'closed_won' else 'closed_lost' end as stage,
  case when o.closed_on <= getvariable('last_day')::date then o.closed_on end as closed_date,
  case when o.closed_on <= getvariable('last_day')::date then o.is_won end as is_won
from opportunity o join company c using (i)
order by o.opportunity_number
