-- grain: one row an account that decided to leave inside the window
-- key: i
-- as-of: decided_on is the day of the decision, ended_on the last day of the contract; both may lie after the last day shown
create or replace table churn as
with
  chosen as (
    select
      i, month_index, decision_on,
      case when is_worked then probability_treated else probability_untreated end as probability
    from decision
    where decision_on <= getvariable('last_day')::date
      and uniform('decide', i, month_index)
        < case when is_worked then probability_treated else probability_untreated end
    qualify row_number() over (partition by i order by month_index) = 1
  ),
  ends as (
    select
      chosen.*, c.term_months, c.start_on, c.notice_days, c.champion_left_on,
      uniform('early', i, 0) < 0.12 as is_early,
      case
        when c.term_months = 1 then
          case
            when (c.start_on + to_months(date_diff('month', c.start_on, decision_on)::integer))::date > decision_on
              then (c.start_on + to_months(date_diff('month', c.start_on, decision_on)::integer))::date - 1
            else (c.start_on + to_months(date_diff('month', c.start_on, decision_on)::integer + 1))::date - 1
          end
        when (c.start_on + to_years(date_diff('year', c.start_on, decision_on)::integer))::date > decision_on
          then (c.start_on + to_years(date_diff('year', c.start_on, decision_on)::integer))::date - 1
        else (c.start_on + to_years(date_diff('year', c.start_on, decision_on)::integer + 1))::date - 1
      end as term_end_date
    from chosen join company c using (i)
  )
select
  i,
  month_index,
  probability,
  decision_on as decided_on,
  term_end_date,
  -- one annual leaver in eight is let go before the term is over
  case when is_early and term_months = 12 and term_end_date > decision_on + 20 then decision_on + 20 else term_end_date end as ended_on,
  -- a contract that does not renew by itself may simply run out: no request is on record
  case when notice_days is null and term_months = 12 and uniform('silent', i, 0) < 0.4 then null else decision_on end as requested_on,
  case
    when uniform('reason', i, 0) < 0.05 then 'acquired'
    when uniform('reason', i, 0) < 0.08 then 'closed_down'
    when champion_left_on between decision_on - 150 and decision_on then 'champion_left'
    else pick(['price', 'price', 'competitor', 'competitor', 'missing_feature', 'low_usage', 'low_usage', 'budget', 'budget'],
      uniform('reason', i, 1))
  end as reason_code
from ends
order by i;
