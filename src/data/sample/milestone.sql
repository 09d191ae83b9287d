-- grain: one row an onboarding milestone of an account that became a customer inside the window
-- key: i, number
-- as-of: completed_on may lie after the last day shown; a stuck onboarding never gets past `stuck_at`, or only after five months
create or replace table milestone as
with
  steps as (
    select c.*, n::integer as number, [7, 14, 28, 42, 60, 80][n + 1] as planned_days
    from company c, range(6) steps(n)
    where c.kind = 'customer' and c.start_on >= getvariable('first_day')::date
  ),
  paced as (
    select
      *,
      -- each step takes its planned share of time, stretched by the account's own pace
      round((planned_days - coalesce([7, 14, 28, 42, 60, 80][number], 0))
        * exp(0.35::double * normal('pace', i, number) + 0.25::double * normal('pace of account', i, 0) - 0.10::double))::integer
        + case when is_stuck and number = stuck_at then 150 + floor(uniform('unstuck', i, 0) * 120)::integer else 0 end as step_days
    from steps
  )
select
  i, number, start_on + planned_days as planned_on, number in (0, 2, 3, 5) as is_required,
  case when is_stuck and number >= stuck_at and uniform('unstuck', i, 1) < 0.6 then null
    else start_on + (sum(step_days) over (partition by i order by number rows unbounded preceding))::integer end as completed_on
from paced
order by i, number;
