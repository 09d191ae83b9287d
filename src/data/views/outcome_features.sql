-- grain: one row an active account; features of docs/metrics.md, group outcomes
-- key: account_id
-- as-of: goals, milestones, invoices and opportunities known by then; achieved, completed, paid and closed only as far
-- as known then. Each feed's counts are 0 for an account without rows where the feed exists, its rates null
create or replace macro outcome_features(as_of) as table
with feed as (
  select
    (select count(*) > 0 from goal_asof(as_of) where account_id is not null) as has_goals,
    (select count(*) > 0 from milestone_asof(as_of) where account_id is not null) as has_milestones,
    (select count(*) > 0 from opportunity_asof(as_of) where account_id is not null) as has_opportunities,
    -- Without any payment date every invoice would look overdue: then nothing is known about lateness.
    (select count(paid_date) > 0 from invoice_asof(as_of) where account_id is not null) as has_payments
),
goals as (
  select
    account_id,
    sum(case when due_date <= as_of then coalesce(weight, 1) else 0 end) as due_weight,
    sum(case when due_date <= as_of and achieved_date is not null then coalesce(weight, 1) else 0 end) as achieved_weight,
    sum(case when due_date <= as_of and achieved_date is null then 1 else 0 end) as overdue_count
  from goal_asof(as_of)
  where account_id is not null
  group by account_id
),
milestones as (
  select
    account_id,
    sum(case when coalesce(is_required, true) then 1 else 0 end) as required_count,
    sum(case when coalesce(is_required, true) and completed_date is not null then 1 else 0 end) as completed_count,
    sum(case when planned_date < as_of and completed_date is null and coalesce(is_required, true) then 1 else 0 end) as overdue_count
  from milestone_asof(as_of)
  where account_id is not null
  group by account_id
),
invoices as (
  select
    account_id,
    sum(greatest(0, coalesce(paid_date, as_of) - due_date)) as late_days,
    count(*) as due_count,
    sum(case when paid_date is null then 1 else 0 end) as open_count,
    max(case when paid_date is null then as_of - due_date end) as longest_open_days
  from invoice_reading(as_of)
  where due_date <= as_of and due_date > as_of - 365
  group by account_id
),
opportunities as (
  select
    account_id,
    sum(case when is_won and closed_date > as_of - 365 then 1 else 0 end) as won_365d,
    sum(case when closed_date is null and created_date > as_of - 365 then 1 else 0 end) as open_count
  from opportunity_asof(as_of)
  where account_id is not null and lower(coalesce(kind, 'upsell')) <> 'renewal'
  group by account_id
)
select
  book.account_id,
  case when due_weight > 0 then cast(achieved_weight as double) / cast(due_weight as double) end as goal_achieved_rate,
  cast(case when has_goals then coalesce(goals.overdue_count, 0) end as double) as overdue_goal_count,
  case when required_count > 0 then cast(completed_count as double) / required_count end as milestone_completed_rate,
  cast(case when has_milestones then coalesce(milestones.overdue_count, 0) end as double) as overdue_milestone_count,
  case when has_payments and due_count > 0 then cast(late_days as double) / due_count end as invoice_days_late_365d,
  cast(case when has_payments then coalesce(invoices.open_count, 0) end as double) as overdue_invoice_count,
  cast(case when has_payments then coalesce(longest_open_days, 0) end as double) as overdue_invoice_days,
  cast(case when has_opportunities then coalesce(won_365d, 0) end as double) as expansion_won_count_365d,
  cast(case when has_opportunities then coalesce(opportunities.open_count, 0) end as double) as open_expansion_count
from account_state(as_of) as book
cross join feed
left join goals on goals.account_id = book.account_id
left join milestones on milestones.account_id = book.account_id
left join invoices on invoices.account_id = book.account_id
left join opportunities on opportunities.account_id = book.account_id
where book.status = 'active' and not coalesce(book.is_unmatched, false);
