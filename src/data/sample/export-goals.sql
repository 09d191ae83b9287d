-- grain: one row a goal agreed with a customer
-- key: goal_id
-- as-of: actual_value, achieved_date and value_amount are filled once the goal is reached; a missed one shows how far it came
select
  'G' || lpad((g.i * 4 + g.number)::varchar, 7, '0') as goal_id,
  c.crm_id as account_id,
  g.title,
  g.created_on as created_date,
  g.due_on as due_date,
  g.target_value,
  case
    when g.achieved_on <= getvariable('last_day')::date then g.target_value
    when g.due_on <= getvariable('last_day')::date then g.short_of_target
  end as actual_value,
  case when g.achieved_on <= getvariable('last_day')::date then g.achieved_on end as achieved_date,
  case when g.achieved_on <= getvariable('last_day')::date then g.value_amount end as value_amount
from goal g join company c using (i)
order by g.i, g.number
