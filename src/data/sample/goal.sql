-- grain: one row a goal agreed with a customer
-- key: i, number
-- as-of: achieved_on may lie after the last day shown; whether it is reached hangs on the health of the month it is due
create or replace table goal as
with
  agreed as (
    select i, start_on, start_seats, list_price, plan, unnest(range(1 + floor(uniform('goals', i, 0) * 3)::integer))::integer as number
    from company
    where kind = 'customer' and motion <> 'digital' and uniform('has goals', i, 0) < 0.8
  ),
  dated as (
    select
      *,
      greatest(start_on, getvariable('first_day')::date) + 20 + number * 190 + floor(uniform('goal created', i, number) * 40)::integer as created_on,
      120 + floor(uniform('goal due', i, number) * 150)::integer as days
    from agreed
  )
select
  g.i, g.number, g.created_on, g.created_on + g.days as due_on,
  pick(['Cut reporting time by half', 'Move all teams to one dashboard', 'Automate the weekly report', 'Reduce manual data entry',
    'Forecast within 5 percent', 'Roll out to the whole department', 'Replace the old reporting tool'], uniform('goal title', g.i, g.number)) as title,
  100 as target_value,
  case when uniform('goal reached', g.i, g.number) < logistic(0.3::double + 1.0::double * coalesce(a.health, 0.0))
    then g.created_on + g.days - floor(uniform('goal early', g.i, g.number) * 40)::integer end as achieved_on,
  floor(20 + 75 * uniform('goal actual', g.i, g.number))::integer as short_of_target,
  round(g.start_seats * g.list_price * (1.0 + 4.0 * uniform('goal value', g.i, g.number)))::integer as value_amount
from dated g
left join activity a on a.i = g.i and a.month_start = date_trunc('month', g.created_on + g.days)
left join churn h on h.i = g.i
where g.created_on <= getvariable('last_day')::date and (h.decided_on is null or g.created_on < h.decided_on)
order by g.i, g.number;
