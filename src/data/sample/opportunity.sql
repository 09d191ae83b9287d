-- grain: one row a sales opportunity
-- key: i, kind, number
-- as-of: closed_on may lie after the last day shown, the export then shows it open
create or replace table opportunity as
with
  grown as (
    select i, number, from_day, product,
      (seats - lag(seats) over (partition by i order by number)) * list_price * (100 - discount_percent) * 12 / 100.0 as amount
    from subscription where line = 'core'
  ),
  deals as (
    select i, 'upsell' as kind, number, 'Core' as product, from_day - 20 - floor(uniform('deal days', i, number) * 50)::integer as created_on,
      from_day as closed_on, true as is_won, amount
    from grown where amount > 0
    union all
    select i, 'cross_sell', 0, product, from_day - 25 - floor(uniform('deal days', i, 63) * 50)::integer, from_day, true,
      seats * list_price * 12.0
    from subscription where line = 'add-on'
    union all
    -- pitches that nobody had earned: most are lost, and those to a spike all are
    select a.i, case when uniform('pitch kind', a.i, a.month_index) < 0.5 then 'upsell' else 'cross_sell' end, 100 + a.month_index,
      case when uniform('pitch kind', a.i, a.month_index) < 0.5 then 'Core' else 'Forecasting' end,
      a.month_start + 5, a.month_start + 35 + floor(uniform('pitch days', a.i, a.month_index) * 60)::integer,
      false, round(0.2 * a.seats * c.list_price) * 12.0
    from activity a join company c using (i)
    where a.kind = 'customer' and a.plan not in ('Starter', 'Community') and (a.ended_on is null or a.decided_on > a.month_start)
      and uniform('pitch', a.i, a.month_index) < case when c.expansion_class = 'spiking'
        and a.month_index = getvariable('month_count') - 2 then 0.5 else 0.012 end
    union all
    select s.i, 'renewal', 200 + s.number, 'Core', s.term_end - 90,
      coalesce(h.decided_on, s.term_end - floor(uniform('signed early', s.i, s.number) * 25)::integer),
      h.i is null, s.seats * s.list_price * (100 - s.discount_percent) * 12 / 100.0
    from subscription s left join churn h on h.i = s.i and h.term_end_date = s.term_end
    where s.line = 'core' and s.term_months = 12 and s.term_end >= getvariable('first_day')::date + 90
      and s.plan not in ('Starter', 'Community') and (s.ended_on is null or s.ended_on = s.term_end or h.i is not null)
  )
select
  row_number() over (order by created_on, i, kind, number)::integer as opportunity_number,
  i, kind, number, product, created_on, greatest(closed_on, created_on + 1) as closed_on, is_won, amount::decimal(18, 2) as amount
from deals
where created_on between getvariable('first_day')::date and getvariable('last_day')::date
order by opportunity_number;
