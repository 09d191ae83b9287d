-- grain: one row an account with an open contract line: its lines summed, and the terms of its principal line (most
-- ARR, then latest term end)
-- key: account_id
-- as-of: lines open at the end of that day
create or replace macro account_line(as_of) as table
with ranked as (
  select
    *,
    row_number() over (
      partition by account_id
      order by coalesce(arr_amount, 0) desc, term_end_date desc nulls last, contract_id
    ) as position
  from contract_line(as_of)
),
seat as (
  select account_id, max(seats) as seats
  from (
    select account_id, line_key, sum(seats) as seats
    from ranked
    group by account_id, line_key
  )
  group by account_id
),
summed as (
  select
    account_id,
    sum(arr_amount) as arr_amount,
    sum(arr_sum_amount) as arr_sum_amount,
    sum(mrr_amount) as mrr_amount,
    count(*) as line_count,
    count(case when arr_amount is null then 1 end) as unpriced_line_count,
    max(case when is_run_rate then 1 else 0 end) = 1 as is_run_rate
  from ranked
  group by account_id
)
select
  ranked.account_id,
  cast(summed.arr_amount as decimal(18, 4)) as arr_amount,
  cast(summed.arr_sum_amount as decimal(18, 4)) as arr_sum_amount,
  cast(summed.mrr_amount as decimal(18, 4)) as mrr_amount,
  summed.line_count,
  summed.unpriced_line_count,
  summed.is_run_rate,
  cast(seat.seats as bigint) as seats,
  ranked.contract_id,
  ranked.plan,
  ranked.start_date,
  ranked.term_start_date,
  ranked.term_end_date,
  ranked.term_days,
  ranked.is_open_ended,
  ranked.is_month_to_month,
  ranked.is_auto_renew,
  ranked.notice_days,
  ranked.is_notice_assumed,
  ranked.notice_deadline_date,
  ranked.decision_date
from ranked
join summed on summed.account_id = ranked.account_id
join seat on seat.account_id = ranked.account_id
where ranked.position = 1;
