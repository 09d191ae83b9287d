-- grain: one row an invoice line: a subscription and the month or year it is billed for
-- key: i, line, number, issued_on
-- as-of: paid_on may lie after the last day shown; accounts in poor health pay late
create or replace table invoice as
with
  billed as (
    select s.*, s.from_day as issued_on, 12 as months
    from subscription s
    where s.term_months = 12 and s.from_day >= getvariable('first_day')::date - 31
    union all
    select * exclude (k), (from_day + to_months(k::integer))::date, 1
    from (
      select *, unnest(range(greatest(0, date_diff('month', from_day, getvariable('first_day')::date - 31)),
        1 + date_diff('month', from_day, least(coalesce(ended_on, getvariable('last_day')::date), getvariable('last_day')::date)))) as k
      from subscription
      where term_months = 1 and not is_trial
    )
    where (from_day + to_months(k::integer))::date <= least(coalesce(ended_on, getvariable('last_day')::date), getvariable('last_day')::date)
  )
select
  b.i, b.line, b.number, b.issued_on, b.issued_on + 30 as due_on,
  b.issued_on - getvariable('first_day')::date + 100 as day_key,
  (b.seats * b.list_price * (100 - b.discount_percent) * b.months / 100.0)::decimal(18, 2) as amount,
  b.currency,
  -- an account that has gone does not pay its last bill in one case of four
  case
    when b.is_final and b.issued_on > b.ended_on - 62 and uniform('unpaid', b.i, 0) < 0.25 then null
    else b.issued_on + greatest(1, 24 + round(9 * normal('pays', b.i, (b.issued_on - getvariable('first_day')::date + 100) * 64 + b.number))::integer
      + case when a.health < -0.8 then 12 when a.health < -1.6 then 30 else 0 end
      + case when a.health < -0.5 and uniform('overdue', b.i, a.month_index) < 0.10 then 45 else 0 end)
  end as paid_on
from billed b
left join activity a on a.i = b.i and a.month_start = date_trunc('month', b.issued_on)
order by b.issued_on, b.i, b.line, b.number;
