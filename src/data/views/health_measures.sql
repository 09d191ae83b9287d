-- grain: one row an active account; the raw values of the twelve health measures, null = no reading
-- key: account_id
-- as-of: as in usage_measures, ticket_measures, relationship_measures and outcome_measures; <measure>_connected says
-- whether the company's exports hold what the measure needs by then
create or replace macro health_measures(as_of) as table
select
  account.account_id,
  account.segment,
  cast(account.tenure_days as double) as tenure_days,
  usage.feature_adoption_rate,
  usage.engagement_rate,
  usage.usage_trend,
  ticket.ticket_load,
  ticket.sentiment,
  ticket.resolution_rate,
  relationship.csm_contact_ratio,
  relationship.executive_contact_ratio,
  relationship.response_rate,
  outcome.goal_rate,
  outcome.roi_rate,
  outcome.expansion_rate,
  usage.feature_adoption_rate_connected,
  usage.engagement_rate_connected,
  usage.usage_trend_connected,
  ticket.ticket_load_connected,
  ticket.sentiment_connected,
  ticket.resolution_rate_connected,
  relationship.csm_contact_ratio_connected,
  relationship.executive_contact_ratio_connected,
  relationship.response_rate_connected,
  outcome.goal_rate_connected,
  outcome.roi_rate_connected,
  outcome.expansion_rate_connected,
  relationship.is_executive_gone
from account_state(as_of) as account
join usage_measures(as_of) as usage on usage.account_id = account.account_id
join ticket_measures(as_of) as ticket on ticket.account_id = account.account_id
join relationship_measures(as_of) as relationship on relationship.account_id = account.account_id
join outcome_measures(as_of) as outcome on outcome.account_id = account.account_id;
