-- grain: one row an account with an open contract line: its lines summed, and the terms of its principal line (most
-- ARR, then latest term end)
-- key: account_id
-- as-of: lines open at the end of that day
create or replace macro account_line(as_of) as table
with line as (
  select *, sum(seats) over (partition by account_id, line_key) as line_seats
  from contract_line(as_of)
),
ranked as (
  select
    *,
    row_number() over (
      partition by account_id
      order by coalesce(arr_amount, 0) desc, term_end_date desc nulls last, contract_id
    ) as position,
    sum(arr_amount) over own as own_arr_amount,
    sum(arr_sum_amount) over own as own_arr_sum_amount,
    sum(mrr_amount) over own as own_mrr_amount,
    count(*) over own as line_count,
    count(case when arr_amount is null then 1 end) over own as unpriced_line_count,
    max(case when is_run_rate then 1 else 0 end) over own = 1 as has_run_rate,
    max(line_seats) over own as own_seats
  from line
  window own as (partition by account_id)
)
select
  account_id,
  cast(own_arr_amount as decimal(18, 4)) as arr_amount,
  cast(own_arr_sum_amount as decimal(18, 4)) as arr_sum_amount,
  cast(own_mrr_amount as decimal(18, 4)) as mrr_amount,
  line_count,
  unpriced_line_count,
  has_run_rate as is_run_rate,
  cast(own_seats as bigint) as seats,
  contract_id,
  plan,
  start_date,
  term_start_date,
  term_end_date,
  term_days,
  is_open_ended,
  is_month_to_month,
  is_auto_renew,
  notice_days,
  is_notice_assumed,
  notice_deadline_date,
  decision_date
from ranked
where position = 1;
