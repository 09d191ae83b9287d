-- grain: one row an account, as the CRM exports it on the last day
-- key: account_id
-- as-of: current values only; offboarding_score is filled when an account leaves and is a trap for careless models
select
  c.crm_id as account_id,
  c.name as account_name,
  c.plan,
  c.industry,
  c.country,
  c.csm as csm_name,
  case when c.csm is not null then least(getvariable('last_day')::date, greatest(c.start_on, getvariable('first_day')::date - 400)
    + floor(uniform('csm since', c.i, 0) * 60)::integer) end as csm_since,
  c.motion as service_model,
  c.partner as partner_name,
  coalesce(a.seats, c.start_seats) as seats,
  c.start_on - 10 - floor(uniform('created', c.i, 0) * 50)::integer as created_date,
  'A' || lpad((100000 + c.parent_i)::varchar, 7, '0') as parent_account_id,
  'A' || lpad((100000 + c.merged_into_i)::varchar, 7, '0') as merged_into_account_id,
  c.kind = 'trial' as is_trial,
  c.domain as website,
  case when h.ended_on <= getvariable('last_day')::date then 40 + floor(uniform('offboarding', c.i, 0) * 60)::integer end as offboarding_score
from company c
left join churn h using (i)
left join (select i, arg_max(seats, month_index) as seats from activity group by i) a using (i)
where c.start_on - 10 - floor(uniform('created', c.i, 0) * 50)::integer <= getvariable('last_day')::date
order by c.i
