-- grain: one row an active account; the three measures of relationship
-- key: account_id
-- as-of: contacts and people known by then. Cadence: the account's segment, else its motion, else `default`; of
-- executives, who are not met as often, at least `executive`. With the last executive gone the ratio is 99, beyond any
-- cadence, so that it scores 0 by every method
create or replace macro relationship_measures(as_of) as table
with feed as (
  select count(*) > 0 as is_connected, count(responded_on) > 0 as has_responses
  from interaction_reading(as_of)
),
roles as (
  select count(role) > 0 as has_roles
  from contact_reading(as_of)
),
sent as (
  select
    account_id,
    sum(case when is_outreach then 1 else 0 end) as outbound_count,
    sum(case when is_outreach and responded_on is not null then 1 else 0 end) as answered_count
  from interaction_reading(as_of)
  cross join settings
  where as_of - occurred_on < long_window_days
  group by account_id
)
select
  account.account_id,
  feature.days_since_two_way_contact / coalesce(by_segment.cadence_days, by_motion.cadence_days, fallback.cadence_days)
    as csm_contact_ratio,
  case
    when feature.is_executive_gone and feature.days_since_two_way_contact is not null then 99
    else feature.days_since_executive_contact
      / greatest(
        coalesce(by_segment.cadence_days, by_motion.cadence_days, fallback.cadence_days),
        coalesce(of_executives.cadence_days, 0)
      )
  end as executive_contact_ratio,
  case when feature.days_since_two_way_contact is not null and feed.has_responses and sent.outbound_count >= 3
    then cast(sent.answered_count as double) / sent.outbound_count
  end as response_rate,
  coalesce(feature.is_executive_gone, false) as is_executive_gone,
  feed.is_connected as csm_contact_ratio_connected,
  feed.is_connected and roles.has_roles as executive_contact_ratio_connected,
  feed.has_responses as response_rate_connected
from account_state(as_of) as account
join relationship_features(as_of) as feature on feature.account_id = account.account_id
cross join feed
cross join roles
left join sent on sent.account_id = account.account_id
left join cadence as by_segment on by_segment.segment = account.segment
left join cadence as by_motion on by_motion.segment = account.motion
left join cadence as fallback on fallback.segment = 'default'
left join cadence as of_executives on of_executives.segment = 'executive';
