-- grain: one row a stretch of a subscription with the same term, seats and price
-- key: i, line, number
-- as-of: a change is a new row from its first day; the end and the request are filled on the row that was cut short
create or replace macro whole_years(from_day, to_day) as
  date_diff('year', from_day, to_day)::integer
    - case when (from_day + to_years(date_diff('year', from_day, to_day)::integer))::date > to_day then 1 else 0 end;

create or replace table subscription as
with
  payers as (
    select c.*, h.decided_on, h.requested_on, h.reason_code,
      case when c.kind = 'merged' then c.merged_on - 1 else h.ended_on end as stop_on
    from company c left join churn h using (i)
    where c.kind in ('customer', 'merged') and c.start_on <= getvariable('last_day')::date
  ),
  term_starts as (
    select i, (start_on + to_months(term_months * k::integer))::date as from_day
    from (
      select i, start_on, term_months, stop_on,
        unnest(range(case when term_months = 1 then 1 else 1 + date_diff('year', start_on, getvariable('last_day')::date) end)) as k
      from payers
    )
    where (start_on + to_months(term_months * k::integer))::date <= least(coalesce(stop_on, getvariable('last_day')::date), getvariable('last_day')::date)
  ),
  seat_changes as (
    select i, from_day
    from (
      select a.i, (c.start_on + to_months(date_diff('month', c.start_on, a.month_start)::integer))::date as from_day,
        a.seats, lag(a.seats) over (partition by a.i order by a.month_index) as before_seats, c.stop_on
      from activity a join payers c using (i)
    )
    where seats <> before_seats and from_day <= least(coalesce(stop_on, getvariable('last_day')::date), getvariable('last_day')::date)
  ),
  boundaries as (
    select i, from_day from term_starts union select i, from_day from seat_changes
  ),
  stretches as (
    select
      p.*, b.from_day,
      row_number() over (partition by b.i order by b.from_day)::integer as number,
      lead(b.from_day) over (partition by b.i order by b.from_day) as next_day,
      coalesce(a.seats, p.start_seats) as seats,
      case when p.term_months = 12
        then (p.start_on + to_years(whole_years(p.start_on, b.from_day) + 1))::date - 1 end as term_end
    from boundaries b
    join payers p using (i)
    left join activity a on a.i = b.i and a.month_start = date_trunc('month', b.from_day)
  )
select
  i, 'core' as line, number,
  'sub_' || upper(format('{:08x}', scramble('subscription id', i * 64 + number))) as subscription_id,
  from_day, term_end, false as is_trial, seats, plan, 'Core' as product, term_months, currency, list_price,
  discount_percent, is_auto_renew, notice_days,
  case when next_day is not null then next_day - 1 when stop_on <= getvariable('last_day')::date then stop_on end as ended_on,
  case when next_day is null then requested_on end as requested_on,
  case when next_day is null and requested_on is not null then reason_code end as reason_code,
  next_day is null and decided_on is not null and stop_on <= getvariable('last_day')::date as is_final
from stretches
union all
-- an add-on of its own product, bought later, that runs on until the account leaves
select
  i, 'add-on', 1, 'sub_' || upper(format('{:08x}', scramble('subscription id', i * 64 + 63))),
  bought_on, null, false, greatest(2, start_seats // 2), plan, 'Forecasting', 1, currency, 9, 0, true, null,
  case when stop_on <= getvariable('last_day')::date then stop_on end,
  requested_on, case when requested_on is not null then reason_code end,
  decided_on is not null and stop_on <= getvariable('last_day')::date
from (
  select *, greatest(start_on, getvariable('first_day')::date - 300) + 150 + floor(uniform('add-on', i, 1) * 500)::integer as bought_on
  from payers
  where kind = 'customer' and plan in ('Business', 'Enterprise') and uniform('add-on', i, 0) < 0.35
)
where bought_on <= getvariable('last_day')::date and (decided_on is null or bought_on < decided_on - 60)
union all
-- trials: before the first contract of some customers, and alone where nothing came of it
select
  i, 'trial', 0, 'sub_' || upper(format('{:08x}', scramble('subscription id', i * 64))),
  trial_start, trial_start + trial_length - 1, true, least(start_seats, 5), plan, 'Core', 1, currency, 0, 0, false, null,
  case when trial_start + trial_length - 1 <= getvariable('last_day')::date then trial_start + trial_length - 1 end,
  null, null, false
from (
  select *, coalesce(trial_days, 30) as trial_length, case when trial_days is null then start_on else start_on - trial_days end as trial_start
  from company
  where trial_days is not null or kind = 'trial'
)
where trial_start <= getvariable('last_day')::date
order by i, line, number;
