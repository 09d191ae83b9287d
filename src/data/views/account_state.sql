-- grain: one row an account that has or had a contract, or has an account row and no payer above it
-- key: account_id
-- as-of: everything as known at the end of that day; money in the reporting currency; attributes of the account row
-- are names for lists, only plan, seats, segment, money and dates come from dated columns
create or replace macro account_state(as_of) as table
with status as (
  select * from account_status(as_of)
),
used as (
  select account_id, max(last_use_on) as last_used_on
  from usage_window(as_of)
  group by account_id
),
-- What an account that has left was worth: the newest line of each product among those of its last 30 days.
left_line as (
  select account_id, cast(sum(list_arr_reported) as decimal(18, 4)) as last_arr_amount
  from (
    select
      value.account_id,
      value.list_arr_reported,
      dense_rank() over (partition by value.account_id, value.line_key order by value.start_date desc nulls last) as age_rank
    from contract_value(as_of) as value
    join status on status.account_id = value.account_id
    where status.status in ('lapsed', 'churned')
      and value.is_started
      and (value.end_on is null or value.end_on > status.ended_on - 30)
  )
  where age_rank = 1
  group by account_id
),
joined as (
  select account_id from usage_joined_asof(as_of)
  union
  select account_id from ticket_asof(as_of) where account_id is not null
  union
  select account_id from interaction_asof(as_of) where account_id is not null
  union
  select account_id from survey_asof(as_of) where account_id is not null
)
select
  status.account_id,
  coalesce(status.name, status.account_id) as name,
  coalesce(line.plan, status.account_plan) as plan,
  status.industry,
  status.country,
  status.csm,
  status.csm_since,
  status.motion,
  status.partner,
  segment.segment,
  status.parent_account_id,
  status.status,
  line.arr_amount,
  line.arr_sum_amount,
  coalesce(left_line.last_arr_amount, line.arr_amount) as last_arr_amount,
  line.mrr_amount,
  (select currency from settings) as currency,
  coalesce(line.line_count, 0) as line_count,
  coalesce(line.unpriced_line_count, 0) as unpriced_line_count,
  coalesce(line.is_run_rate, false) as is_run_rate,
  coalesce(line.seats, status.account_seats) as seats,
  status.first_start_date,
  status.created_date,
  as_of - status.first_start_date as tenure_days,
  line.contract_id,
  line.term_start_date,
  line.term_end_date,
  line.term_days,
  coalesce(line.is_open_ended, false) as is_open_ended,
  coalesce(line.is_month_to_month, false) as is_month_to_month,
  line.is_auto_renew,
  line.notice_days,
  coalesce(line.is_notice_assumed, false) as is_notice_assumed,
  line.notice_deadline_date,
  line.decision_date,
  line.decision_date - as_of as decision_days,
  case
    when line.term_days > (select horizon_days from settings) then 'renewal'
    else 'leave'
  end as churn_basis,
  status.cancelled_on,
  status.ended_on,
  status.reason_code,
  coalesce(line.arr_amount >= (select strategic_min_arr from settings), false)
    or status.account_id in (select account_id from strategic_account) as is_strategic,
  status.status in ('active', 'notice_given', 'lapsed', 'churned') and joined.account_id is null as is_unmatched,
  used.last_used_on,
  status.status in ('lapsed', 'churned') and coalesce(used.last_used_on > status.ended_on, false)
    and used.last_used_on > as_of - 28 as is_still_in_use
from status
left join account_line(as_of) as line on line.account_id = status.account_id
left join account_segment(as_of) as segment on segment.account_id = status.account_id
left join left_line on left_line.account_id = status.account_id
left join used on used.account_id = status.account_id
left join joined on joined.account_id = status.account_id;
