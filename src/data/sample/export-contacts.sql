-- grain: one row a contact person
-- key: contact_id
-- as-of: left_date is filled once the person has left
select
  c.crm_id as account_id,
  contact_id(p.i, p.number) as contact_id,
  p.first_name || ' ' || p.last_name as full_name,
  p.email,
  p.role,
  p.joined_on as joined_date,
  case when p.left_on <= getvariable('last_day')::date then p.left_on end as left_date,
  p.is_opted_out as opted_out,
  user_id(p.i, p.number) as product_user_id
from contact p join company c using (i)
where p.joined_on <= getvariable('last_day')::date
order by p.i, p.number
