-- grain: one row an account and day on which its yearly revenue fell by churn.contraction_rate or more for good
-- key: account_id, decided_on
-- as-of: known once churn.grace_days have passed without recovery; native amounts, so that exchange rates move nothing;
-- returned_on is the day itself while some revenue stays, else the next contract start
create or replace macro outcome_contraction(as_of) as table
with term as (
  select
    account_id,
    contract_id,
    line_key,
    coalesce(start_date, date '1900-01-01') as start_on,
    coalesce(end_on, date '9999-12-31') as end_on,
    coalesce(arr_amount, mrr_amount * 12, 0) as arr_amount
  from contract_term(as_of)
  where is_started and not is_trial
),
-- A later contract of the same product takes the place of the earlier one from its start on.
held as (
  select
    account_id,
    contract_id,
    start_on,
    case
      when (select overlap from settings) = 'sum' then end_on
      else least(end_on, coalesce(min(start_on) over (
        partition by account_id, line_key
        order by start_on
        range between interval 1 day following and unbounded following
      ), end_on))
    end as end_on,
    arr_amount
  from term
),
fall as (
  select distinct account_id, end_on as fell_on
  from held
  where end_on <= as_of - (select grace_days from settings)
),
compared as (
  select
    fall.account_id,
    fall.fell_on,
    sum(case when held.start_on < fall.fell_on and held.end_on >= fall.fell_on then held.arr_amount else 0 end) as before_amount,
    sum(case
      when held.start_on <= fall.fell_on + (select grace_days from settings)
        and held.end_on > fall.fell_on + (select grace_days from settings) then held.arr_amount
      else 0
    end) as after_amount,
    min(case when held.start_on > fall.fell_on then held.start_on end) as next_start_on
  from fall
  join held on held.account_id = fall.account_id
  group by fall.account_id, fall.fell_on
)
select
  account_id,
  fell_on as decided_on,
  fell_on as ended_on,
  case when after_amount > 0 then fell_on else next_start_on end as returned_on
from compared
where before_amount > 0
  and after_amount <= cast(before_amount as decimal(28, 4)) * (1 - (select contraction_rate from settings));
