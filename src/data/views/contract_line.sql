-- grain: one row an open paid contract line after supersession
-- key: contract_id
-- as-of: lines open at the end of that day; money in the reporting currency at the rate of that day's month,
-- null where no rate is known; arr_sum_amount is the ARR before supersession, carried by the line that superseded
create or replace macro contract_line(as_of) as table
with priced as (
  select
    *,
    dense_rank() over (partition by account_id, line_key, is_run_rate order by start_date desc nulls last) as age_rank
  from contract_value(as_of)
  where is_open
),
invoiced as (
  select
    account_id,
    cast(sum(case when issued_on > as_of - 90 then amount else 0 end) as decimal(18, 4)) as quarter_amount,
    cast(sum(case when issued_on > as_of - 365 then amount else 0 end) as decimal(18, 4)) as year_amount
  from (
    select account_id, coalesce(issued_date, due_date) as issued_on, amount
    from invoice_asof(as_of)
    where account_id is not null and coalesce(lower(status), 'open') not in ('void', 'uncollectible', 'draft', 'deleted')
  )
  where issued_on <= as_of
  group by account_id
),
-- Run-rate of what is priced by use: invoices of 90 days on a year, less the account's fixed lines.
fixed as (
  select
    account_id,
    sum(list_arr_amount) as all_amount,
    sum(case when age_rank = 1 then list_arr_amount else 0 end) as newest_amount
  from priced
  group by account_id
),
confirmed as (
  select
    fixed.account_id,
    greatest(0, cast(coalesce(invoiced.quarter_amount, 0) * 365 / 90 as decimal(18, 4)) - coalesce(fixed.newest_amount, 0))
      as run_rate_amount,
    coalesce(
      greatest(cast(invoiced.quarter_amount * 365 / 90 as decimal(18, 4)), invoiced.year_amount) >= fixed.all_amount * 0.9,
      false
    ) as is_sum_confirmed
  from fixed
  left join invoiced on invoiced.account_id = fixed.account_id
),
settled as (
  select
    priced.*,
    confirmed.is_sum_confirmed,
    priced.age_rank = 1 or priced.is_run_rate or confirmed.is_sum_confirmed
      or (select overlap from settings) = 'sum' as is_kept,
    cast(case
      when not priced.is_run_rate then priced.list_arr_amount
      when row_number() over (
        partition by priced.account_id, priced.is_run_rate order by priced.contract_id) = 1
        then confirmed.run_rate_amount
      else 0
    end as decimal(18, 4)) as native_arr_amount
  from priced
  join confirmed on confirmed.account_id = priced.account_id
),
converted as (
  select *, cast(cast(native_arr_amount as decimal(28, 4)) * fx_rate as decimal(18, 4)) as reported_arr_amount
  from settled
),
summed as (
  select
    *,
    sum(case when is_kept then 0 else reported_arr_amount end) over (partition by account_id, line_key) as replaced_amount,
    count(case when is_kept then null else 1 end) over (partition by account_id, line_key) as replaced_count,
    row_number() over (partition by account_id, line_key, is_kept order by contract_id) as kept_number
  from converted
)
select
  account_id, contract_id, product, plan, line_key, start_date, term_start_date, term_end_date, term_days, end_on,
  cancel_on, is_notice_given,
  native_currency as currency,
  native_arr_amount,
  reported_arr_amount as arr_amount,
  cast(reported_arr_amount / 12 as decimal(18, 4)) as mrr_amount,
  cast(reported_arr_amount + case when kept_number = 1 then coalesce(replaced_amount, 0) else 0 end as decimal(18, 4))
    as arr_sum_amount,
  case when kept_number = 1 then replaced_count else 0 end as superseded_count,
  is_sum_confirmed, is_run_rate, pricing, seats, unit, quantity, unit_price, list_amount, discount_rate, billing_period,
  term_end_date is null as is_open_ended,
  coalesce(term_days < (select month_to_month_days from settings), false) as is_month_to_month,
  is_auto_renew,
  case when is_auto_renew then coalesce(notice_days, (select default_notice_days from settings)) end as notice_days,
  coalesce(is_auto_renew, false) and notice_days is null as is_notice_assumed,
  case
    when is_auto_renew and term_days >= (select month_to_month_days from settings)
      then term_end_date - cast(coalesce(notice_days, (select default_notice_days from settings)) as integer)
  end as notice_deadline_date,
  case
    when is_auto_renew and term_days >= (select month_to_month_days from settings)
      then term_end_date - cast(coalesce(notice_days, (select default_notice_days from settings)) as integer)
    else term_end_date
  end as decision_date
from summed
where is_kept;
