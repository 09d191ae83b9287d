-- grain: one row an account and month of the window in which it is a customer
-- key: i, month_index
-- as-of: what the latent health of that month shows to the outside: seats, people, usage
create or replace table activity as
with
  alive as (
    select
      d.*, c.kind, c.start_on, c.start_seats, c.term_months, c.motion, c.plan, c.has_signal, c.is_stuck, c.is_shrinker,
      c.expansion_class, c.first_month, c.is_merge_target, c.merged_on,
      coalesce(h.ended_on, parent.ended_on) as ended_on,
      coalesce(h.decided_on, parent.decided_on) as decided_on,
      getvariable('month_count') - 1 - d.month_index as months_left
    from decision d
    join company c using (i)
    left join churn h on h.i = d.i
    left join churn parent on parent.i = case when c.kind = 'child' then c.parent_i end
    where (c.kind <> 'merged' or d.month_start < c.merged_on)
      and (coalesce(h.ended_on, parent.ended_on) is null or d.month_start <= coalesce(h.ended_on, parent.ended_on))
  ),
  changes as (
    select
      *,
      -- a seat change happens when a term begins, or on a whim of a monthly customer
      month_index > first_month and expansion_class = 'none' and (decided_on is null or month_start <= decided_on)
        and case when term_months = 12 then month(month_start) = month(start_on) else uniform('seat change', i, month_index) < 0.04 end
        as is_change_month
    from alive
  ),
  steps as (
    select
      *,
      case
        when is_merge_target and month_start = merged_on then 1.4
        when not is_change_month then 1.0
        when is_shrinker then 0.65
        when past_health < -0.7 and uniform('seat step', i, month_index) < 0.4 then 0.8
        when past_health > 0.5 and uniform('seat step', i, month_index) < 0.5 then 1.25
        else 1.0
      end::double as seat_step
    from changes
  ),
  seated as (
    select
      *,
      greatest(2, round(start_seats * exp(sum(round(ln(seat_step) * 1000000.0::double)::bigint) over (
        partition by i order by month_index rows unbounded preceding) / 1000000.0::double)))::integer as seats
    from steps
  ),
  shown as (
    select
      *,
      case
        when expansion_class = 'ready' and months_left < 7 then least(1.0, 0.99 - 0.035 * months_left)
        when expansion_class = 'unready' and months_left < 7 then 0.96
        when expansion_class = 'spiking' and months_left = 1 then 1.0
        when expansion_class = 'spiking' then least(0.62, logistic(0.3 + 0.7 * health))
        else logistic(0.35::double + 1.25::double * health + 0.22::double * normal('usage noise', i, month_index))
      end::double
      -- people arrive over the first two months
      * case when start_on >= getvariable('first_day')::date then least(1.0, 0.35 + 0.33 * (month_index - first_month)) else 1.0 end
      * case when is_stuck and month_index - first_month between 1 and 8 then 0.55 else 1.0 end
      -- once the notice is given people drift away
      * case when decided_on < month_start then 0.5 else 1.0 end as utilisation
    from seated
  )
select
  i, month_index, month_start, kind, seats, health, past_health, decided_on, ended_on, motion, plan,
  least(seats, whole(seats * utilisation, uniform('people', i, month_index))) as active_people,
  exp(0.45::double * greatest(-3.0, least(3.0, health)))::double as intensity,
  2 + floor(10 * logistic(0.7::double * health + case plan when 'Starter' then -0.6 when 'Enterprise' then 0.6 else 0.0 end::double))::integer
    as feature_breadth
from shown
order by month_index, i;
