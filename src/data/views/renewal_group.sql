-- grain: one row an account and renewal: contract lines whose terms end within renewal.merge_days of the one before
-- key: renewal_id
-- as-of: open lines with a term end and a term of contract.month_to_month_days or more; overdue = the account lapsed and
-- its lines, of any term, ended unrenewed less than renewal.grace_days ago (on that day a chain counts as churned), or it
-- is still in use; is_month_to_month = every line's term is shorter than that; money in the reporting currency
create or replace macro renewal_group(as_of) as table
with line as (
  select
    account_id, contract_id, term_end_date as due_on, arr_amount, seats, decision_date, notice_deadline_date,
    is_auto_renew, is_notice_assumed, is_notice_given, term_days, false as is_overdue
  from contract_line(as_of)
  where term_end_date is not null and not is_month_to_month
  union all
  select
    value.account_id, value.contract_id, value.end_on, value.list_arr_reported, value.seats, value.end_on, null,
    value.is_auto_renew, false, value.is_notice_given, value.term_days, true
  from contract_value(as_of) as value
  join account_state(as_of) as state on state.account_id = value.account_id
  where state.status in ('lapsed', 'churned')
    and value.is_started
    and value.end_on <= as_of
    and value.end_on > state.ended_on - (select merge_days from settings)
    and (state.is_still_in_use or as_of - value.end_on < (select renewal_grace_days from settings))
    and value.cancel_on is null
),
spaced as (
  select
    *,
    lag(due_on) over (partition by account_id, is_overdue order by due_on, contract_id) as earlier_due_on
  from line
),
grouped as (
  select
    *,
    sum(case when due_on - earlier_due_on <= (select merge_days from settings) then 0 else 1 end) over (
      partition by account_id, is_overdue
      order by due_on, contract_id
      rows between unbounded preceding and current row
    ) as group_number
  from spaced
)
select
  concat(account_id, ':', min(due_on)) as renewal_id,
  account_id,
  min(due_on) as due_date,
  max(due_on) as last_due_date,
  min(decision_date) as decision_date,
  min(decision_date) - as_of as decision_days,
  min(notice_deadline_date) as notice_deadline_date,
  count(*) as line_count,
  cast(sum(arr_amount) as decimal(18, 4)) as arr_amount,
  count(case when arr_amount is null then 1 end) as unpriced_line_count,
  max(seats) as seats,
  max(term_days) as term_days,
  min(case when term_days < (select month_to_month_days from settings) then 1 else 0 end) = 1 as is_month_to_month,
  min(case when is_auto_renew then 1 when not is_auto_renew then 0 end) = 1 as is_auto_renew,
  count(case when is_auto_renew is null then 1 end) > 0 as is_auto_renew_unknown,
  max(case when is_notice_assumed then 1 else 0 end) = 1 as is_notice_assumed,
  min(case when is_notice_given then 1 else 0 end) = 1 as is_notice_given,
  is_overdue
from grouped
group by account_id, is_overdue, group_number;
