-- grain: one row a contract, or a month of monthly revenue, and the days on which it was paid for
-- key: span_id
-- as-of: fixed recurring money known that day, yearly, in its own currency, so that no exchange rate moves it; end_on is
-- the first day without it. Trials, one-off lines and what is priced by use are left out; a line that is taken up again
-- within churn.grace_days was held through the gap. Which of several open spans of a line counts is for the reader
create or replace macro arr_span(as_of) as table
with span as (
  select
    value.contract_id as span_id,
    value.account_id,
    value.line_key,
    value.plan,
    coalesce(value.start_date, date '1900-01-01') as start_on,
    coalesce(value.end_on, date '9999-12-31') as stop_on,
    value.list_arr_amount as arr_amount,
    cast(coalesce(value.quantity, value.seats) as decimal(18, 6)) as quantity,
    value.native_currency as currency
  from contract_value(as_of) as value
  left join mrr_run(as_of) as run on run.contract_id = value.contract_id
  where value.is_started and not value.is_run_rate and run.contract_id is null
  union all
  -- A run of months is one contract elsewhere; here every month counts with its own amount.
  select
    concat_ws(':', account_id, coalesce(product, ''), month),
    account_id,
    coalesce(product, plan, ''),
    plan,
    month,
    cast(month + to_months(1) as date),
    cast(mrr_amount * 12 as decimal(18, 4)),
    null,
    upper(coalesce(currency, (select currency from settings)))
  from mrr_month_asof(as_of)
  where account_id is not null and mrr_amount > 0
),
followed as (
  select
    *,
    min(start_on) over (
      partition by account_id, line_key
      order by start_on
      range between interval 1 day following and unbounded following
    ) as next_start_on
  from span
)
select
  * exclude (stop_on, next_start_on),
  case
    when next_start_on > stop_on and next_start_on - stop_on <= (select grace_days from settings) then next_start_on
    else stop_on
  end as end_on
from followed;
