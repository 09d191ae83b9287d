-- grain: one row a support ticket
-- key: ticket_number
-- as-of: written from the health of its month; solved_at may lie after the last day shown, the export then shows an open ticket
create or replace table ticket as
with
  ordinary as (
    select i, month_index, unnest(range(least(40, ticket_count)))::integer as number, month_start, health, ended_on, seats, plan,
      expansion_class
    from (
      select a.*, c.expansion_class,
        geometric((0.10 + 0.055 * pow(a.seats, 0.6::double)) * exp(-0.35::double * greatest(-2.5, least(2.5, a.health)))
          * case when c.is_stuck and a.month_index - c.first_month < 6 then 1.8 else 1.0 end,
          uniform('tickets', a.i, a.month_index)) as ticket_count
      from activity a join company c using (i)
    )
  ),
  burst as (
    select a.i, a.month_index, 900 + (o.day - getvariable('first_day')::date)::integer % 7 as number, a.month_start, a.health,
      a.ended_on, a.seats, a.plan, 'none' as expansion_class, o.day
    from activity a
    join (select day, month_index from calendar where is_outage) o using (month_index)
    where uniform('outage ticket', a.i, (o.day - getvariable('first_day')::date)::integer) < 0.30
      and (a.ended_on is null or o.day <= a.ended_on)
  ),
  numbered as (
    select i, month_index * 1000 + number as ticket_key, month_start, health, seats, plan, false as is_outage, ended_on,
      month_start + floor(uniform('ticket day', i, month_index * 1000 + number) * 28)::integer as day
    from ordinary
    union all
    select i, month_index * 1000 + number, month_start, health, seats, plan, true, ended_on, day from burst
    union all
    -- an account that is not ready to buy more has a blocker open at the end
    select i, month_index * 1000 + 800, month_start, health, seats, plan, false, ended_on, getvariable('last_day')::date - 9
    from ordinary where expansion_class = 'unready' and month_index = getvariable('month_count') - 1 and number = 0
  ),
  opened as (
    select
      n.*, c.workspace_id, c.start_on,
      n.ticket_key % 1000 = 800 as is_blocker,
      case when n.ticket_key % 1000 = 800 then 'bug' when n.is_outage then 'performance'
        else ticket_category(uniform('category', n.i, ticket_key)) end as category,
      case
        when n.ticket_key % 1000 = 800 then 'negative'
        when logistic(1.3::double * n.health + 1.1::double * normal('mood', n.i, ticket_key)) > 0.72 then 'positive'
        when logistic(1.3::double * n.health + 1.1::double * normal('mood', n.i, ticket_key)) < 0.30 or n.is_outage then 'negative'
        else 'neutral'
      end as mood,
      n.day::timestamp + to_seconds(28800 + floor(36000 * uniform('ticket second', n.i, ticket_key))) as created_at,
      case
        when n.ticket_key % 1000 = 800 then 'urgent'
        when n.is_outage then 'high'
        else pick(['low', 'low', 'normal', 'normal', 'normal', 'normal', 'normal', 'high', 'high', 'urgent'], uniform('priority', n.i, ticket_key))
      end as priority,
      case
        when not c.has_signal then null
        when uniform('risk', n.i, ticket_key) < logistic(-3.6::double - 1.3::double * n.health)
          then pick(['competitor', 'competitor', 'budget', 'downgrade', 'price', 'champion', 'merger'], uniform('risk kind', n.i, ticket_key))
      end as risk_kind,
      uniform('negated', n.i, ticket_key) < 0.03 as is_negated
    from numbered n join company c using (i)
    where n.day >= c.start_on and (n.ended_on is null or n.day <= n.ended_on)
      and n.day <= getvariable('last_day')::date
  )
select
  row_number() over (order by created_at, i, ticket_key)::integer as ticket_number,
  i, ticket_key, month_start, health, category, mood, created_at, priority, is_outage, is_blocker,
  risk_kind, is_negated and risk_kind is null as is_negated,
  created_at + to_minutes((6 + 55 * exp(0.9::double * normal('first response', i, ticket_key)))::integer
    * case priority when 'urgent' then 1 when 'high' then 2 else 4 end) as first_response_at,
  created_at + to_minutes((60 + 900 * exp(1.0::double * normal('solve', i, ticket_key)))::integer
    * case when is_blocker then 400 else 1 end
    * case priority when 'urgent' then 1 when 'high' then 2 else 3 end) as solved_at,
  case when priority in ('urgent', 'high') and uniform('escalate', i, ticket_key) < 0.15 or is_blocker
    then created_at + to_minutes(300 + floor(uniform('escalate', i, ticket_key) * 2000)::integer) end as escalated_at,
  geometric(case when mood = 'negative' then 0.25 else 0.06 end, uniform('reopen', i, ticket_key)) as reopen_count,
  case when uniform('rated', i, ticket_key) < 0.38 then
    case mood
      when 'positive' then pick([5, 5, 5, 4], uniform('csat', i, ticket_key))
      when 'negative' then pick([1, 1, 2, 2, 3, 4], uniform('csat', i, ticket_key))
      else pick([5, 4, 4, 3, 3, 2], uniform('csat', i, ticket_key))
    end
  end as csat,
  uniform('comment', i, ticket_key) < 0.5 as has_comment
from opened
order by ticket_number;
