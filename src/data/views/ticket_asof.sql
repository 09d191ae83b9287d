-- grain: one row a ticket
-- key: ticket_id
-- as-of: rows known by the end of that day (undated ones from the day retain first saw them); what happens to a
-- ticket shows from its day on, so that a ticket solved later reads as open
create or replace macro ticket_asof(as_of) as table
select
  * replace (
    case when cast(updated_at as date) <= as_of then updated_at end as updated_at,
    case when cast(solved_at as date) <= as_of then solved_at end as solved_at,
    case when cast(escalated_at as date) <= as_of then escalated_at end as escalated_at,
    case when cast(first_response_at as date) <= as_of then first_response_at end as first_response_at,
    case when cast(last_customer_reply_at as date) <= as_of then last_customer_reply_at end as last_customer_reply_at,
    case when cast(last_agent_reply_at as date) <= as_of then last_agent_reply_at end as last_agent_reply_at,
    case
      when cast(coalesce(first_response_at, created_at + to_minutes(first_response_minutes)) as date) <= as_of
        then first_response_minutes
    end as first_response_minutes,
    case when cast(solved_at as date) <= as_of then status else 'open' end as status,
    case when cast(solved_at as date) <= as_of then csat_score end as csat_score,
    case when cast(solved_at as date) <= as_of then csat_comment end as csat_comment,
    case when cast(coalesce(updated_at, solved_at) as date) <= as_of then reopen_count end as reopen_count,
    case
      when cast(coalesce(escalated_at, solved_at) as date) <= as_of
        then is_escalated
      else false
    end as is_escalated
  )
from ticket
where (known_on <= as_of or (known_on is null and as_of >= (select first_seen_on from settings)))
  and cast(created_at as date) <= as_of;
