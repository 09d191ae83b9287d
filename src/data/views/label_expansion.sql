-- grain: one row an active account
-- key: account_id
-- as-of: who is active that day, from knowledge of that day; what it paid for then and at the horizon as known by known_by.
-- The label is null until horizon and grace have passed by then, and for accounts that are not asked: an upsell or cross-sell
-- is open that day, left unknown to us, gone for an unavoidable reason, no fixed price then, or a line whose amount or
-- exchange rate is unknown
create or replace macro label_expansion(as_of, known_by) as table
with rule as (
  select
    expansion_definition as definition,
    as_of + expansion_horizon_days as last_on,
    as_of + expansion_horizon_days + grace_days as waited_on,
    expansion_min_growth_rate as min_growth_rate,
    overlap,
    upper(currency) as currency
  from settings
),
-- Accounts read from a table of monthly revenue: a month is told at its end, and later ones are not told yet.
monthly as (
  select account_id, (select last_day(max(month)) from mrr_month_asof(known_by)) as told_to
  from mrr_month_asof(known_by)
  where account_id is not null
  group by account_id
),
moment as (
  select 'then' as moment, as_of as day
  union all
  select 'now', last_on from rule
),
open_span as (
  select
    moment.moment,
    span.*,
    dense_rank() over (
      partition by span.account_id, span.line_key, moment.moment order by span.start_on desc
    ) as age_rank
  from arr_span(known_by) as span
  join moment on span.start_on <= moment.day and span.end_on > moment.day
),
kept as (
  select open_span.*
  from open_span
  cross join rule
  where age_rank = 1 or rule.overlap = 'sum'
),
purse as (
  select account_id, count(distinct currency) as currency_count
  from kept
  group by account_id
),
-- Both days at the rate of the as-of date, and at none where the account pays in one currency: a moved rate is no growth.
priced as (
  select
    kept.account_id,
    kept.line_key,
    kept.moment,
    kept.plan,
    kept.quantity,
    cast(case
      when purse.currency_count = 1 or kept.currency is not distinct from rule.currency then kept.arr_amount
      else cast(kept.arr_amount as decimal(28, 4)) * fx.rate
    end as decimal(18, 4)) as arr_amount
  from kept
  cross join rule
  join purse on purse.account_id = kept.account_id
  left join fx_rate(as_of) as fx on fx.currency = kept.currency
),
line as (
  select
    account_id,
    line_key,
    sum(case when moment = 'then' then arr_amount end) as past_amount,
    sum(case when moment = 'now' then arr_amount end) as amount,
    sum(case when moment = 'then' then quantity end) as past_quantity,
    sum(case when moment = 'now' then quantity end) as quantity,
    min(case when moment = 'then' then plan end) as past_plan,
    min(case when moment = 'now' then plan end) as plan,
    count(case when arr_amount is null then 1 end) as unknown_count
  from priced
  group by account_id, line_key
),
grown as (
  select
    account_id,
    sum(past_amount) as past_amount,
    sum(unknown_count) as unknown_count,
    -- A kept line of one plan counts its quantity at the old price, and never more than its money grew: a price rise is no
    -- growth, a discount no growth given away. With no quantity on both days the two cannot be told apart.
    sum(cast(case
      when past_amount is null then amount
      when amount is null then -past_amount
      when past_quantity > 0 and quantity is not null and plan is not distinct from past_plan
        then least(
          amount - past_amount,
          cast(cast(past_amount as decimal(28, 4)) * quantity / past_quantity as decimal(18, 4)) - past_amount
        )
      else amount - past_amount
    end as decimal(18, 4))) as growth_amount
  from line
  group by account_id
),
-- Being sold to already, as far as known that day; what has been open for a year is forgotten.
selling as (
  select distinct account_id
  from opportunity_asof(as_of)
  where closed_date is null and created_date > as_of - 365 and lower(coalesce(kind, 'upsell')) <> 'renewal'
),
won as (
  select distinct account_id
  from opportunity_asof(known_by)
  cross join rule
  where is_won
    and lower(coalesce(kind, 'upsell')) <> 'renewal'
    and closed_date > as_of
    and closed_date <= rule.last_on
),
leaving as (
  select
    outcome.account_id,
    max(case when decided_on > as_of then 1 else 0 end) as has_left,
    max(case when decided_on <= as_of then 1 else 0 end) as had_left,
    max(case when decided_on > as_of and is_unavoidable then 1 else 0 end) as was_unavoidable
  from outcome_asof(known_by) as outcome
  cross join rule
  where decided_on <= rule.last_on and (decided_on > as_of or returned_on is null or returned_on > as_of)
  group by outcome.account_id
),
judged as (
  select
    state.account_id,
    greatest(rule.waited_on, case when monthly.account_id is not null then last_day(rule.last_on) end) as closed_on,
    rule.last_on <= coalesce(monthly.told_to, rule.last_on) as is_covered,
    coalesce(leaving.had_left, 0) = 1 and coalesce(leaving.has_left, 0) = 0 as had_left,
    coalesce(leaving.has_left, 0) = 1 as has_left,
    coalesce(leaving.was_unavoidable, 0) = 1 as was_unavoidable,
    selling.account_id is not null as is_in_hand,
    case rule.definition
      when 'won_opportunity' then won.account_id is not null
      when 'arr_growth' then
        case
          when grown.past_amount > 0 and grown.unknown_count = 0
            then grown.growth_amount > 0
              and cast(grown.growth_amount as decimal(28, 4)) >= grown.past_amount * rule.min_growth_rate
        end
    end as has_grown
  from account_state(as_of) as state
  cross join rule
  left join grown on grown.account_id = state.account_id
  left join won on won.account_id = state.account_id
  left join monthly on monthly.account_id = state.account_id
  left join selling on selling.account_id = state.account_id
  left join leaving on leaving.account_id = state.account_id
  where state.status = 'active'
)
select
  account_id,
  case
    when closed_on > known_by or not is_covered or is_in_hand or had_left or was_unavoidable or has_grown is null
      then null
    when has_grown and not has_left then 1
    else 0
  end as label,
  closed_on
from judged;
