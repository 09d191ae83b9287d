-- grain: one row an active account and fact about people: champion_left, executive_left, csm_call_red
-- key: account_id, kind
-- as-of: departures and judgements of the last 90 days known by then
create or replace macro fact_people(as_of) as table
with book as (
  select account_id
  from account_state(as_of)
  where status = 'active'
),
role_count as (
  select
    account_id,
    role,
    sum(case when is_gone then 0 else 1 end) as now_count,
    sum(case when is_gone and left_date <= as_of - 90 then 0 else 1 end) as past_count
  from contact_reading(as_of)
  where role in ('champion', 'executive')
  group by account_id, role
),
departed as (
  select
    *,
    row_number() over (partition by account_id, role order by left_date desc, contact_id) as position
  from contact_reading(as_of)
  where role in ('champion', 'executive') and left_date > as_of - 90
),
called as (
  select
    *,
    case
      when lower(kind) = 'sentiment' then try_cast(value as integer)
      when lower(value) = 'lost' then -2
      when lower(value) in ('at_risk', 'at risk') then -1
      else 0
    end as call_value
  from csm_call_asof(as_of)
  where account_id is not null and lower(kind) in ('sentiment', 'renewal_forecast')
),
ordered as (
  select
    *,
    lead(call_value) over (partition by account_id, lower(kind) order by said_at desc, row_key) as before_value,
    row_number() over (partition by account_id, lower(kind) order by said_at desc, row_key) as recency
  from called
),
red_call as (
  select
    *,
    row_number() over (partition by account_id order by call_value, said_at desc, row_key) as position
  from ordered
  where recency = 1 and call_value <= -1 and cast(said_at as date) > as_of - 90
)
select
  book.account_id,
  departed.role || '_left' as kind,
  departed.left_date as fact_on,
  cast(role_count.now_count as double) as now_value,
  cast(role_count.past_count as double) as past_value,
  cast(null as double) as peer_value,
  departed.role || 's' as unit,
  coalesce(departed.name, departed.contact_id) as detail,
  departed.contact_id,
  'contact' as source_table,
  departed.row_key as source_key
from book
join departed on departed.account_id = book.account_id and departed.position = 1
join role_count on role_count.account_id = departed.account_id and role_count.role = departed.role
union all
select
  book.account_id,
  'csm_call_red',
  cast(red_call.said_at as date),
  cast(red_call.call_value as double),
  cast(red_call.before_value as double),
  null,
  'on the scale from -2 to 2',
  red_call.csm,
  null,
  'csm_call',
  red_call.row_key
from book
join red_call on red_call.account_id = book.account_id and red_call.position = 1;
