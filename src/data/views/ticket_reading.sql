-- grain: one row a ticket that joins to an account, with its priority as a weight and its times in days and minutes
-- key: ticket_id
-- as-of: tickets created by then; solved, answered and reopened only as far as known then (ticket_asof)
create or replace macro ticket_reading(as_of) as table
with named as (
  select
    *,
    replace(replace(replace(lower(trim(priority)), ' ', ''), '_', ''), '-', '') as priority_key,
    cast(created_at as date) as created_on,
    coalesce(first_response_at, created_at + to_minutes(cast(first_response_minutes as bigint))) as answered_at
  from ticket_asof(as_of)
  where account_id is not null
),
ranked as (
  select
    *,
    case
      when priority_key in ('urgent', 'critical', 'blocker', 'p0', 'p1', 'sev0', 'sev1', 's1', '1', 'priority1', '1critical', '1urgent')
        then 1
      when priority_key in ('high', 'major', 'p2', 'sev2', 's2', '2', 'priority2', '2high') then 2
      when priority_key in ('low', 'minor', 'trivial', 'p4', 'p5', 'sev4', 'sev5', 's4', '4', '5', 'priority4', '4low') then 4
      else 3
    end as priority_rank
  from named
)
select
  ticket_id,
  row_key,
  account_id,
  contact_id,
  owner,
  category,
  product,
  subject,
  priority_rank,
  -- In halves, so that sums stay whole: urgent counts four tickets, high two, normal one, low half of one.
  case priority_rank when 1 then 8 when 2 then 4 when 3 then 2 else 1 end as weight_halves,
  created_on,
  created_at,
  cast(solved_at as date) as solved_on,
  date_diff('minute', created_at, solved_at) as resolution_minutes,
  coalesce(first_response_minutes, date_diff('minute', created_at, answered_at)) as first_response_minutes,
  solved_at is null and coalesce(lower(status), 'open') not in ('solved', 'closed', 'resolved', 'done', 'cancelled', 'canceled')
    as is_open,
  as_of - created_on as age_days,
  as_of - cast(greatest(created_at, updated_at, answered_at, last_customer_reply_at, last_agent_reply_at) as date)
    as days_since_update,
  reopen_count,
  -- The moment alone says it as well: not every desk exports a flag beside it.
  coalesce(is_escalated, false) or escalated_at is not null as is_escalated,
  escalated_at,
  csat_score,
  csat_comment
from ranked;
