-- grain: one row a table and day with recorded actions (a start, a change, a cancel request, an event, a ticket
-- update; never an end, a due or a planned date, which run past the end of an export)
-- key: table_name, acted_on
-- as-of: actions of that day or before, known that day; timed_count counts those that carry a time of day
create or replace macro feed_activity(as_of) as table
with action as (
  select 'account' as table_name, created_date as acted_on, false as is_timed from account_asof(as_of)
  union all
  select 'contact', joined_date, false from contact_asof(as_of)
  union all
  select 'contract', start_date, false from contract_asof(as_of)
  union all
  select 'contract', cast(cancelled_at as date), cancelled_at > cast(cancelled_at as date) from contract_asof(as_of)
  union all
  select 'invoice', issued_date, false from invoice_asof(as_of)
  union all
  select 'invoice', paid_date, false from invoice_asof(as_of)
  union all
  -- A month's revenue is told when the month is over, as a period of usage is.
  select 'mrr_month', known_on, false from mrr_month_asof(as_of)
  union all
  select 'renewal', cast(decided_at as date), decided_at > cast(decided_at as date) from renewal_asof(as_of)
  union all
  select 'ticket', cast(created_at as date), created_at > cast(created_at as date) from ticket_asof(as_of)
  union all
  select 'ticket', cast(updated_at as date), updated_at > cast(updated_at as date) from ticket_asof(as_of)
  union all
  select 'ticket', cast(solved_at as date), solved_at > cast(solved_at as date) from ticket_asof(as_of)
  union all
  select 'interaction', cast(occurred_at as date), occurred_at > cast(occurred_at as date) from interaction_asof(as_of)
  union all
  select 'csm_call', cast(said_at as date), said_at > cast(said_at as date) from csm_call_asof(as_of)
  union all
  select 'survey', cast(sent_at as date), sent_at > cast(sent_at as date) from survey_asof(as_of)
  union all
  select 'survey', cast(responded_at as date), responded_at > cast(responded_at as date) from survey_asof(as_of)
  union all
  select 'goal', achieved_date, false from goal_asof(as_of)
  union all
  select 'milestone', completed_date, false from milestone_asof(as_of)
  union all
  select 'opportunity', created_date, false from opportunity_asof(as_of)
  union all
  select 'churn_event', churn_date, false from churn_event_asof(as_of)
  union all
  select 'advocacy', cast(requested_at as date), requested_at > cast(requested_at as date) from advocacy_asof(as_of)
)
select table_name, acted_on, count(*) as action_count, count(case when is_timed then 1 end) as timed_count
from action
where acted_on <= as_of
group by table_name, acted_on
union all
select
  'usage' as table_name,
  occurred_on as acted_on,
  cast(sum(row_count) as bigint) as action_count,
  cast(sum(timed_row_count) as bigint) as timed_count
from usage_calendar_asof(as_of)
group by occurred_on;
