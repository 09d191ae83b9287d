-- grain: one row an active account; the three measures of business outcomes
-- key: account_id
-- as-of: goals, contracts and opportunities known by then; a goal counts once it is due, its value once achieved.
-- ARR to date is today's ARR times the years since the first contract; growth counts quantity at the old price
create or replace macro outcome_measures(as_of) as table
with feed as (
  select count(*) > 0 as has_goals, count(value_amount) > 0 as has_values
  from goal_asof(as_of)
  where account_id is not null
),
pitching as (
  select count(*) > 0 as has_opportunities
  from opportunity_asof(as_of)
  where account_id is not null
),
goals as (
  select
    account_id,
    sum(case when due_date <= as_of then coalesce(weight, 1) else 0 end) as due_weight,
    sum(case when due_date <= as_of and achieved_date is not null then coalesce(weight, 1) else 0 end) as achieved_weight,
    sum(case when achieved_date is not null then 1 else 0 end) as achieved_count,
    count(case when achieved_date is not null then value_amount end) as valued_count,
    sum(case when achieved_date is not null then value_amount else 0 end) as value_amount
  from goal_asof(as_of)
  where account_id is not null
  group by account_id
),
pitched as (
  select account_id, count(*) as opportunity_count
  from opportunity_asof(as_of)
  where account_id is not null and lower(coalesce(kind, 'upsell')) <> 'renewal' and created_date > as_of - 365
  group by account_id
),
growth as (
  select
    account_id,
    sum(past_arr_amount) as past_amount,
    -- A line held then and now counts its quantity at the old price; with no quantity on both days a price rise
    -- cannot be told from growth and the whole change counts.
    sum(cast(case
      when past_arr_amount is null then arr_amount
      when arr_amount is null then -past_arr_amount
      when past_quantity > 0 and quantity is not null
        then cast(cast(past_arr_amount as decimal(28, 4)) * quantity / past_quantity as decimal(18, 4)) - past_arr_amount
      else arr_amount - past_arr_amount
    end as decimal(18, 4))) as change_amount
  from arr_year(as_of)
  group by account_id
)
select
  account.account_id,
  case when due_weight > 0 then cast(achieved_weight as double) / cast(due_weight as double) end as goal_rate,
  case
    when goals.account_id is null or not feed.has_values then null
    when achieved_count > 0 and valued_count = 0 then null
    when account.arr_amount > 0 and account.tenure_days > 0
      then cast(goals.value_amount as double) * 365 / (cast(account.arr_amount as double) * account.tenure_days)
  end as roi_rate,
  case when growth.past_amount > 0 and (coalesce(pitched.opportunity_count, 0) > 0 or growth.change_amount <> 0)
    then cast(growth.change_amount as double) / cast(growth.past_amount as double)
  end as expansion_rate,
  feed.has_goals as goal_rate_connected,
  feed.has_values as roi_rate_connected,
  -- Contracts alone show growth and shrinking; they are always there.
  true as expansion_rate_connected,
  pitching.has_opportunities
from account_state(as_of) as account
cross join feed
cross join pitching
left join goals on goals.account_id = account.account_id
left join pitched on pitched.account_id = account.account_id
left join growth on growth.account_id = account.account_id
where account.status = 'active';
