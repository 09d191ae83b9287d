-- grain: one row an account and month of the window in which it could decide to leave
-- key: i, month_index
-- as-of: health moves first; the decision hangs on the health one to four months before it
-- the day by which term `k` of an annual contract is decided: up to 25 days before the notice deadline (or its last days)
create or replace macro annual_decision_on(i, start_on, notice_days, k) as
  case when k >= 0 then
    (start_on + to_years(greatest(k, 0)::integer + 1))::date - 1 - coalesce(notice_days, 3)
      - floor(uniform('annual decision', i, greatest(k, 0)) * 25)::integer end;

create or replace table decision as
with
  shifted as (
    select
      c.*,
      l.month_index,
      (getvariable('first_day')::date + to_months(l.month_index))::date as month_start,
      c.baseline_health + l.path
        - case when c.is_stuck and l.month_index - c.first_month between 0 and 8 then 0.9 else 0.0 end::double
        - case when date_diff('month', c.champion_left_on, (getvariable('first_day')::date + to_months(l.month_index))::date)
            between 0 and 4 then 0.4 else 0.0 end::double
        + case
            when c.expansion_class = 'ready' and l.month_index >= getvariable('month_count') - 8 then 0.9
            when c.expansion_class = 'unready' and l.month_index >= getvariable('month_count') - 4 then -1.3
            else 0.0
          end::double as health
    from latent l join company c using (i)
  ),
  lagged as (
    select
      *,
      0.20::double * lag(health, 1) over past + 0.35::double * lag(health, 2) over past
        + 0.30::double * lag(health, 3) over past + 0.15::double * lag(health, 4) over past as past_health,
      lag(health, 1) over past as previous_health
    from shifted
    window past as (partition by i order by month_index)
  ),
  saved as (
    select
      *,
      -- a CSM who sees trouble (through noise) reaches out on the toss of a coin, which is what makes the effect measurable;
      -- who answers to it is planted in company.sql, so that more or less outreach meets the same company
      motion in ('high_touch', 'pooled') and month_index > first_month
        and previous_health + 0.5::double * normal('csm sees', i, month_index + 6) < -0.8
        and uniform('csm acts', i, month_index + 6) < getvariable('outreach_percent') / 100.0::double as is_save_play
    from lagged
    where month_index >= 0 and kind in ('customer', 'merged', 'child')
  ),
  worked as (
    select
      *,
      bool_or(is_save_play) over (partition by i order by month_index rows between 2 preceding and current row) as is_worked,
      champion_left_on is not null
        and date_diff('month', champion_left_on, month_start) between 1 and 5
        and not (is_champion_replaced and date_diff('month', champion_left_on, month_start) > 2) as is_champion_gone
    from saved
    where month_index >= first_month
  ),
  dated as (
    select
      *,
      case
        when term_months = 1 then
          case when month_index >= first_month + case when start_on < getvariable('first_day')::date then 0 else 2 end
            then month_start + floor(uniform('decision day', i, month_index + 6) * 28)::integer end
        when date_trunc('month', annual_decision_on(i, start_on, notice_days, year(month_start) - year(start_on) - 1)) = month_start
          then annual_decision_on(i, start_on, notice_days, year(month_start) - year(start_on) - 1)
        when date_trunc('month', annual_decision_on(i, start_on, notice_days, year(month_start) - year(start_on))) = month_start
          then annual_decision_on(i, start_on, notice_days, year(month_start) - year(start_on))
      end as decision_on
    from worked
  ),
  odds as (
    select
      *,
      case plan when 'Starter' then -6.0 when 'Team' then -6.2 when 'Business' then -6.35 else -6.45 end::double
        + case when term_months = 12 then 2.35 else 0.0 end::double
        - 2.5::double * past_health
        + case when is_champion_gone then 1.1 else 0.0 end::double as untreated_log_odds
    from dated
  )
select
  i, month_index, month_start, health, past_health, is_save_play, is_worked, is_champion_gone, decision_on,
  case
    when decision_on is null or kind <> 'customer' or (is_merge_target and month_start < merged_on) then 0.0
    when not has_signal then case when term_months = 12 then 0.16 else 0.017 end
    else logistic(untreated_log_odds)
  end::double as probability_untreated,
  case
    when decision_on is null or kind <> 'customer' or (is_merge_target and month_start < merged_on) then 0.0
    when not has_signal then case when term_months = 12 then 0.16 else 0.017 end
    else logistic(untreated_log_odds - case when is_persuadable and getvariable('outreach_works') then 2.0 else 0.0 end::double)
  end::double as probability_treated
from odds
order by month_index, i;
