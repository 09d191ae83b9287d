-- What the work costs with nothing around it: load the exports of `retain sample` once into a DuckDB file, keeping what
-- could not be read (store_rejects), then compute the feature columns of docs/metrics.md in one statement.
-- Variables: directory (of the exports), as_of. No joins of identities beyond the alias file, no checks, no history.

-- load
create table account as from read_csv(getvariable('directory') || '/accounts.csv', header = true, store_rejects = true);
create table account_alias as from read_csv(getvariable('directory') || '/account_alias.csv', header = true, all_varchar = true, store_rejects = true);
create table contact as from read_csv(getvariable('directory') || '/contacts.csv', header = true, store_rejects = true);
create table contract as from read_csv(getvariable('directory') || '/subscriptions.csv', header = true, store_rejects = true);
create table invoice as from read_csv(getvariable('directory') || '/invoices.csv', header = true, store_rejects = true);
create table fx as from read_csv(getvariable('directory') || '/fx.csv', header = true, store_rejects = true);
create table interaction as from read_csv(getvariable('directory') || '/interactions.csv', header = true, store_rejects = true);
create table survey as from read_csv(getvariable('directory') || '/surveys.csv', header = true, store_rejects = true);
create table goal as from read_csv(getvariable('directory') || '/goals.csv', header = true, store_rejects = true);
create table milestone as from read_csv(getvariable('directory') || '/milestones.csv', header = true, store_rejects = true);
create table opportunity as from read_csv(getvariable('directory') || '/opportunities.csv', header = true, store_rejects = true);
create table advocacy as from read_csv(getvariable('directory') || '/advocacy.csv', header = true, store_rejects = true);
create table ticket as from read_csv(getvariable('directory') || '/tickets.csv', header = true, store_rejects = true);
create table usage as from read_csv(getvariable('directory') || '/usage.csv', header = true, store_rejects = true);
checkpoint;

-- features
create table feature as
with
  usage_window as (
    select
      a.account_id,
      (getvariable('as_of')::date - occurred_at::date) // 28 as window_index,
      sum(event_count) as events,
      count(distinct user_id) as users,
      count(distinct case when occurred_at::date > getvariable('as_of')::date - 112 then feature end) as features,
      bit_or(1::bigint << ((getvariable('as_of')::date - occurred_at::date) % 28)::integer) as day_bits,
      sum(error_count) as errors,
      sum(duration_seconds) as seconds,
      max(occurred_at)::date as last_on
    from usage u
    join account_alias a on a.system = 'product' and a.external_id = u.workspace_id
    where occurred_at < getvariable('as_of')::date + 1 and loaded_at < getvariable('as_of')::date + 1
      and occurred_at >= getvariable('as_of')::date - 391
    group by all
  ),
  usage_feature as (
    select
      account_id,
      getvariable('as_of')::date - max(last_on) as days_since_last_use,
      coalesce(sum(events) filter (window_index = 0), 0) as event_count_28d,
      coalesce(sum(users) filter (window_index = 0), 0) as active_users_28d,
      coalesce(max(users) filter (window_index <= 2), 0) as peak_active_users_84d,
      coalesce(sum(features) filter (window_index = 0), 0) as feature_count_28d,
      coalesce(sum(bit_count(day_bits)) filter (window_index = 0), 0) as active_days_28d,
      sum((day_bits & 127 > 0)::integer + (day_bits & 16256 > 0)::integer + (day_bits & 2080768 > 0)::integer
        + (day_bits & 266338304 > 0)::integer) filter (window_index <= 2) as active_weeks_12w,
      sum(users) filter (window_index <= 2) / 3.0 as monthly_users,
      ln((coalesce(sum(events) filter (window_index = 0), 0) + 1)
        / (coalesce(sum(events) filter (window_index between 1 and 3), 0) / 3.0 + 1)) as event_log_ratio_28d,
      ln((coalesce(sum(users) filter (window_index = 0), 0) + 1)
        / (coalesce(sum(users) filter (window_index between 1 and 3), 0) / 3.0 + 1)) as user_log_ratio_28d,
      ln((coalesce(sum(features) filter (window_index = 0), 0) + 1)
        / (coalesce(sum(features) filter (window_index between 1 and 3), 0) / 3.0 + 1)) as feature_log_ratio_28d,
      ln((coalesce(sum(events) filter (window_index <= 2), 0) + 1)
        / (coalesce(sum(events) filter (window_index between 3 and 5), 0) + 1.0)) as event_log_ratio_84d,
      sum(errors) filter (window_index = 0) / nullif(sum(events) filter (window_index = 0), 0) as error_rate_28d,
      sum(seconds) filter (window_index = 0) / 3600.0 / nullif(sum(users) filter (window_index = 0), 0) as hours_per_user_28d
    from usage_window group by account_id
  ),
  ticket_known as (
    select
      coalesce(a.account_id, c.account_id) as account_id,
      getvariable('as_of')::date - t.created_at::date as age_days,
      case when t.solved_at < getvariable('as_of')::date + 1 then t.solved_at end as solved_at,
      case when t.escalated_at < getvariable('as_of')::date + 1 then t.escalated_at end as escalated_at,
      t.created_at, t.first_response_at, t.priority, t.reopen_count, t.csat_score,
      case t.priority when 'urgent' then 4 when 'high' then 2 when 'normal' then 1 else 0.5 end as weight
    from ticket t
    left join account_alias a on a.system = 'helpdesk' and a.external_id = t.organization_id::varchar
    left join (select email, min(account_id) as account_id from contact group by email) c on c.email = t.requester_email
    where t.created_at < getvariable('as_of')::date + 1
  ),
  ticket_feature as (
    select
      account_id,
      count(*) filter (age_days < 90) as ticket_count_90d,
      sum(weight) filter (age_days < 90) as weighted_tickets_90d,
      ln((coalesce(sum(weight) filter (age_days < 90), 0) + 1)
        / (coalesce(sum(weight) filter (age_days between 90 and 359), 0) / 3 + 1)) as ticket_log_ratio_90d,
      count(*) filter (solved_at is null) as open_ticket_count,
      count(*) filter (solved_at is null and priority = 'urgent') as open_urgent_ticket_count,
      max(age_days) filter (solved_at is null) as oldest_open_ticket_days,
      median(epoch(first_response_at - created_at) / 3600) filter (age_days < 90) as first_response_hours_90d,
      median(epoch(solved_at - created_at) / 3600) filter (getvariable('as_of')::date - solved_at::date < 90) as resolution_hours_90d,
      avg((reopen_count > 0)::integer) filter (getvariable('as_of')::date - solved_at::date < 90) as reopen_rate_90d,
      count(*) filter (getvariable('as_of')::date - escalated_at::date < 90) as escalated_count_90d,
      avg((csat_score >= 4)::integer) filter (solved_at is not null and age_days < 180) as csat_rate_180d
    from ticket_known group by account_id
  ),
  contact_feature as (
    select
      account_id,
      count(*) filter (left_date is null or left_date > getvariable('as_of')::date) as known_contact_count,
      count(*) filter (role = 'executive' and (left_date is null or left_date > getvariable('as_of')::date)) as executive_count,
      count(*) filter (role = 'champion' and (left_date is null or left_date > getvariable('as_of')::date)) as champion_count,
      bool_or(role = 'executive') and not bool_or(role = 'executive' and (left_date is null or left_date > getvariable('as_of')::date))
        as is_executive_gone,
      count(*) filter (getvariable('as_of')::date - left_date between 0 and 89) as contacts_left_90d
    from contact where joined_date <= getvariable('as_of')::date group by account_id
  ),
  interaction_feature as (
    select
      i.account_id,
      getvariable('as_of')::date - max(coalesce(i.responded_at, case when i.direction = 'inbound' then i.occurred_at end))::date
        as days_since_two_way_contact,
      getvariable('as_of')::date - max(coalesce(i.responded_at, case when i.direction = 'inbound' then i.occurred_at end))
        filter (c.role = 'executive')::date as days_since_executive_contact,
      count(*) filter (i.occurred_at > getvariable('as_of')::date - 89) as contact_count_90d,
      count(*) filter (i.occurred_at > getvariable('as_of')::date - 89 and i.direction = 'outbound') as outbound_count_90d,
      count(*) filter (i.occurred_at > getvariable('as_of')::date - 89 and i.direction = 'outbound' and i.responded_at is null)
        as unanswered_outbound_count_90d,
      avg((i.responded_at is not null)::integer) filter (i.occurred_at > getvariable('as_of')::date - 89 and i.direction = 'outbound')
        as response_rate_90d
    from interaction i left join contact c on c.contact_id = i.contact_id
    where i.occurred_at < getvariable('as_of')::date + 1 group by i.account_id
  ),
  survey_feature as (
    select account_id, avg(score) as nps_answer_365d
    from survey where responded_date between getvariable('as_of')::date - 364 and getvariable('as_of')::date group by account_id
  ),
  goal_feature as (
    select account_id, avg((achieved_date <= getvariable('as_of')::date)::integer) as goal_achieved_rate,
      count(*) filter (achieved_date is null or achieved_date > getvariable('as_of')::date) as overdue_goal_count
    from goal where due_date <= getvariable('as_of')::date group by account_id
  ),
  milestone_feature as (
    select account_id, avg((completed_date is not null and completed_date <= getvariable('as_of')::date)::integer) as milestone_completed_rate,
      count(*) filter (planned_date < getvariable('as_of')::date and (completed_date is null or completed_date > getvariable('as_of')::date))
        as overdue_milestone_count
    from milestone where required group by account_id
  ),
  invoice_feature as (
    select a.account_id,
      avg(greatest(0, coalesce(paid_date, getvariable('as_of')::date) - due_date)) as invoice_days_late_365d,
      count(*) filter (paid_date is null or paid_date > getvariable('as_of')::date) as overdue_invoice_count,
      max(getvariable('as_of')::date - due_date) filter (paid_date is null or paid_date > getvariable('as_of')::date) as overdue_invoice_days
    from invoice v join account_alias a on a.system = 'billing' and a.external_id = v.customer_id
    where due_date between getvariable('as_of')::date - 364 and getvariable('as_of')::date group by a.account_id
  ),
  opportunity_feature as (
    select account_id,
      count(*) filter (is_won and closed_date between getvariable('as_of')::date - 364 and getvariable('as_of')::date) as expansion_won_count_365d,
      count(*) filter (closed_date is null or closed_date > getvariable('as_of')::date) as open_expansion_count
    from opportunity where type <> 'renewal' and created_date <= getvariable('as_of')::date group by account_id
  ),
  contract_feature as (
    select a.account_id,
      min(c.term_end - coalesce(c.notice_days, 0)::integer) filter (c.ended_at is null) - getvariable('as_of')::date as decision_days,
      max(c.discount_percent) filter (c.ended_at is null) / 100.0 as discount_rate,
      getvariable('as_of')::date - min(c.term_start) filter (not c.is_trial) as tenure_days,
      sum(c.mrr * 12 * x.rate) filter (c.ended_at is null) as arr_amount,
      sum(c.seats) filter (c.ended_at is null) as seats,
      count(*) filter (c.ended_at is null) as line_count,
      max(c.term_end - c.term_start + 1) filter (c.ended_at is null) as term_days,
      getvariable('as_of')::date - max(c.term_start) as days_since_last_contract,
      count(*) filter (c.ended_at is not null) as ended_contract_count,
      bool_and(c.auto_renew) filter (c.ended_at is null) as is_auto_renew,
      max(c.plan) filter (c.ended_at is null) as plan
    from contract c
    join account_alias a on a.system = 'billing' and a.external_id = c.customer_id
    left join fx x on x.currency = c.currency and x.month = date_trunc('month', getvariable('as_of')::date)
    where c.term_start <= getvariable('as_of')::date group by a.account_id
  )
select
  n.*, u.* exclude (account_id, monthly_users), u.event_count_28d / nullif(u.active_users_28d, 0) as events_per_user_28d,
  u.event_count_28d / nullif(n.seats, 0) as events_per_seat_28d, u.active_users_28d / nullif(n.seats, 0) as seat_use_rate_28d,
  t.* exclude (account_id, weighted_tickets_90d), t.weighted_tickets_90d / greatest(u.monthly_users, 1) as weighted_tickets_per_user_90d,
  k.* exclude (account_id), i.* exclude (account_id), s.nps_answer_365d, g.* exclude (account_id), m.* exclude (account_id),
  v.* exclude (account_id), o.* exclude (account_id), getvariable('as_of')::date - a.csm_since as days_since_csm_change
from contract_feature n
join account a on a.account_id = n.account_id
left join usage_feature u on u.account_id = n.account_id
left join ticket_feature t on t.account_id = n.account_id
left join contact_feature k on k.account_id = n.account_id
left join interaction_feature i on i.account_id = n.account_id
left join survey_feature s on s.account_id = n.account_id
left join goal_feature g on g.account_id = n.account_id
left join milestone_feature m on m.account_id = n.account_id
left join invoice_feature v on v.account_id = n.account_id
left join opportunity_feature o on o.account_id = n.account_id
where n.line_count > 0;
checkpoint;
