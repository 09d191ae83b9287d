-- grain: one row an onboarding milestone
-- key: account_id, milestone
-- as-of: completed_date is filled once the step is done
select
  c.crm_id as account_id,
  milestone_name(m.number) as milestone,
  m.planned_on as planned_date,
  case when m.completed_on <= least(getvariable('last_day')::date, coalesce(h.ended_on, getvariable('last_day')::date)) then m.completed_on end
    as completed_date,
  m.is_required as required
from milestone m join company c using (i) left join churn h using (i)
order by m.i, m.number
