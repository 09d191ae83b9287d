-- grain: one row an account of account_status
-- key: account_id
-- as-of: the configured rules over dated contract columns and the account row; without rules the plan of the
-- principal contract where there are 2 to 6 plans, else thirds of ARR; groups under the minimum fall to 'all'
create or replace macro account_segment(as_of) as table
with state as (
  select
    status.account_id,
    status.status,
    line.plan,
    line.arr_amount,
    coalesce(line.seats, status.account_seats) as seats,
    line.term_days,
    line.is_month_to_month,
    as_of - status.first_start_date as tenure_days
  from account_status(as_of) as status
  left join account_line(as_of) as line on line.account_id = status.account_id
),
-- Rule columns by name: the dated ones computed here win over those of the account row.
wanted as (
  select distinct column_name from segment_rule
),
stated as (
  select
    account.account_id,
    wanted.column_name,
    coalesce(
      json_extract_string(to_json(account), '$.' || wanted.column_name),
      json_extract_string(to_json(account), '$.custom_' || wanted.column_name)
    ) as value
  from account_asof(as_of) as account
  cross join wanted
  where wanted.column_name not in ('plan', 'arr_amount', 'seats', 'term_days', 'tenure_days', 'is_month_to_month')
  union all
  select
    state.account_id,
    wanted.column_name,
    case wanted.column_name
      when 'plan' then state.plan
      when 'arr_amount' then cast(state.arr_amount as varchar)
      when 'seats' then cast(state.seats as varchar)
      when 'term_days' then cast(state.term_days as varchar)
      when 'tenure_days' then cast(state.tenure_days as varchar)
      when 'is_month_to_month' then cast(state.is_month_to_month as varchar)
    end as value
  from state
  cross join wanted
  where wanted.column_name in ('plan', 'arr_amount', 'seats', 'term_days', 'tenure_days', 'is_month_to_month')
),
held as (
  select stated.account_id, rule.rule_index, rule.segment, count(distinct rule.column_name) as held_count
  from segment_rule as rule
  join stated on stated.column_name = rule.column_name
  where case
    when rule.value is not null then lower(stated.value) = lower(rule.value)
    else try_cast(stated.value as double) >= coalesce(rule.min_value, try_cast(stated.value as double))
      and try_cast(stated.value as double) <= coalesce(rule.max_value, try_cast(stated.value as double))
  end
  group by stated.account_id, rule.rule_index, rule.segment
),
rule_size as (
  select rule_index, count(distinct column_name) as column_count
  from segment_rule
  group by rule_index
),
matched as (
  select
    held.account_id,
    held.segment,
    row_number() over (partition by held.account_id order by held.rule_index) as position
  from held
  join rule_size on rule_size.rule_index = held.rule_index and rule_size.column_count = held.held_count
),
-- Thirds by rank, cut at the ARR of the account that closes the first and the second third.
ranked as (
  select
    plan,
    arr_amount,
    row_number() over (order by arr_amount, account_id) as position,
    count(*) over () as account_count
  from state
  where status in ('active', 'notice_given') and arr_amount is not null
),
scheme as (
  select
    (select count(*) from segment_rule) > 0 as has_rules,
    (select count(distinct plan) from state where status in ('active', 'notice_given')) between 2 and 6 as has_plans,
    max(case when position * 3 <= account_count then arr_amount end) as low_amount,
    max(case when position * 3 <= account_count * 2 then arr_amount end) as high_amount
  from ranked
),
proposed as (
  select
    state.account_id,
    state.status,
    case
      when scheme.has_rules then matched.segment
      when scheme.has_plans then state.plan
      when state.arr_amount <= scheme.low_amount then 'arr_low'
      when state.arr_amount <= scheme.high_amount then 'arr_mid'
      when state.arr_amount > scheme.high_amount then 'arr_high'
    end as segment
  from state
  cross join scheme
  left join matched on matched.account_id = state.account_id and matched.position = 1
),
sized as (
  select
    account_id,
    segment,
    sum(case when status in ('active', 'notice_given') then 1 else 0 end) over (partition by segment) as account_count
  from proposed
)
select
  account_id,
  case
    when segment is null or account_count < (select segment_min_accounts from settings) then 'all'
    else segment
  end as segment
from sized;
