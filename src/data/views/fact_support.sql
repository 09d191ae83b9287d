-- grain: one row an active account with a priority-one ticket open past the team's own P90: priority_ticket
-- key: account_id, kind
-- as-of: tickets created and solved as known by then. The P90 is that of priority-one tickets solved in 365 days; below
-- ten of them that of priorities one and two, then of all; below ten again there is no yardstick and no fact
create or replace macro fact_support(as_of) as table
with solved as (
  select
    count(case when priority_rank = 1 then 1 end) as first_count,
    percentile_disc(0.9) within group (order by case when priority_rank = 1 then resolution_minutes end) as first_minutes,
    count(case when priority_rank <= 2 then 1 end) as second_count,
    percentile_disc(0.9) within group (order by case when priority_rank <= 2 then resolution_minutes end) as second_minutes,
    count(*) as all_count,
    percentile_disc(0.9) within group (order by resolution_minutes) as all_minutes
  from ticket_reading(as_of)
  where solved_on > as_of - 365 and resolution_minutes >= 0
),
yardstick as (
  select
    case
      when first_count >= 10 then first_minutes
      when second_count >= 10 then second_minutes
      when all_count >= 10 then all_minutes
    end as minutes
  from solved
),
own as (
  select account_id, percentile_disc(0.5) within group (order by resolution_minutes) as minutes
  from ticket_reading(as_of)
  where priority_rank = 1 and solved_on > as_of - 365 and resolution_minutes >= 0
  group by account_id
),
waiting as (
  select
    ticket.*,
    yardstick.minutes as yardstick_minutes,
    row_number() over (partition by ticket.account_id order by ticket.created_at, ticket.ticket_id) as position
  from ticket_reading(as_of) as ticket
  cross join yardstick
  where ticket.is_open
    and ticket.priority_rank = 1
    and ticket.days_since_update < 90
    and date_diff('minute', ticket.created_at, cast(as_of + 1 as timestamp)) > yardstick.minutes
)
select
  account.account_id,
  'priority_ticket' as kind,
  waiting.created_on as fact_on,
  cast(waiting.age_days as double) as now_value,
  cast(own.minutes as double) / 1440 as past_value,
  cast(waiting.yardstick_minutes as double) / 1440 as peer_value,
  'days open' as unit,
  waiting.ticket_id as detail,
  waiting.contact_id,
  'ticket' as source_table,
  waiting.row_key as source_key
from account_state(as_of) as account
join waiting on waiting.account_id = account.account_id and waiting.position = 1
left join own on own.account_id = account.account_id
where account.status = 'active';
