-- grain: one row an account with a term of at least month_to_month_days: its nearest renewal, or the one it missed
-- key: account_id
-- as-of: lines open at the end of that day; lines whose terms end within merge_days of each other are one decision. Ended,
-- unrenewed and within grace or still in use = overdue
create or replace macro renewal_group(as_of) as table
with termed as (
  select
    account_id, contract_id, term_end_date, decision_date, is_auto_renew, is_notice_assumed, arr_amount,
    lag(term_end_date) over (partition by account_id order by term_end_date, contract_id) as before_on
  from contract_line(as_of)
  where term_end_date is not null and not is_month_to_month and not is_notice_given
),
grouped as (
  select
    *,
    sum(case when before_on is null or term_end_date - before_on > (select merge_days from settings) then 1 else 0 end)
      over (partition by account_id order by term_end_date, contract_id) as group_number
  from termed
),
nearest as (
  select
    line.account_id,
    max(line.term_end_date) as term_end_date,
    min(line.decision_date) as decision_date,
    min(case when line.is_auto_renew then 1 when not line.is_auto_renew then 0 end) as auto_renew,
    max(case when line.is_notice_assumed then 1 else 0 end) as notice_assumed,
    count(*) as line_count,
    sum(line.arr_amount) as arr_amount
  from grouped as line
  join account_state(as_of) as state on state.account_id = line.account_id
  where line.group_number = 1 and state.status = 'active'
  group by line.account_id
),
missed as (
  select account_id, ended_on
  from account_state(as_of)
  where status = 'lapsed' and (ended_on > as_of - (select renewal_grace_days from settings) or is_still_in_use)
),
-- ARR of the missed renewal: the lines that were open on its last day.
lapsed as (
  select
    missed.account_id,
    missed.ended_on,
    count(*) as line_count,
    sum(coalesce(term.arr_amount, term.mrr_amount * 12)) as arr_amount,
    max(term.term_days) as term_days
  from missed
  join contract_term(as_of) as term on term.account_id = missed.account_id and term.end_on = missed.ended_on
  where not term.is_trial and term.is_started
  group by missed.account_id, missed.ended_on
)
select
  account_id,
  term_end_date,
  decision_date,
  decision_date - as_of as decision_days,
  case when auto_renew = 1 then true when auto_renew = 0 then false end as is_auto_renew,
  notice_assumed = 1 as is_notice_assumed,
  line_count,
  cast(arr_amount as decimal(18, 4)) as arr_amount,
  false as is_overdue
from nearest
union all
select
  account_id,
  ended_on,
  ended_on,
  ended_on - as_of,
  null,
  false,
  line_count,
  cast(arr_amount as decimal(18, 4)),
  true
from lapsed
where coalesce(term_days, 0) >= (select month_to_month_days from settings);
