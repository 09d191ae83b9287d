-- grain: one row an account
-- key: account_id
-- as-of: what was planted, the future of open contracts included; never an input of anything
select
  c.crm_id as account_id, c.workspace_id, c.helpdesk_id as organization_id, c.billing_id as customer_id, c.kind, c.plan, c.has_signal,
  c.is_persuadable, c.baseline_health, c.is_stuck as is_onboarding_stuck,
  case when c.is_stuck then milestone_name(c.stuck_at) end as stuck_milestone,
  c.champion_left_on as champion_left_date, c.is_champion_replaced, c.executive_left_on as executive_left_date,
  c.expansion_class, c.is_shrinker, c.merged_on as merged_date,
  h.decided_on as churn_decided_date, h.requested_on as churn_requested_date, h.ended_on as churn_ended_date, h.reason_code as churn_reason
from company c left join churn h using (i)
order by c.i
