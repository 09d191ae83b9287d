-- grain: one row a ticket, as the help desk exports it on the last day
-- key: ticket_id
-- as-of: status, csat, reopen_count and updated_at are the values of the last day; what was solved later stands open
create or replace view desk_ticket as
select
  t.i,
  500000 + t.ticket_number as ticket_id,
  case when uniform('organisation', t.i, t.ticket_key) < 0.88 then c.helpdesk_id end as organization_id,
  p.email as requester_email,
  t.created_at,
  case when s.is_solved then t.solved_at when t.first_response_at < s.now then t.first_response_at else t.created_at end as updated_at,
  case when t.first_response_at < s.now then t.first_response_at end as first_response_at,
  case when s.is_solved then t.solved_at end as solved_at,
  case when t.escalated_at < s.now then t.escalated_at end as escalated_at,
  case when s.is_solved then 'solved' when t.first_response_at < s.now then 'open' else 'new' end as status,
  t.priority,
  t.category,
  case when t.is_outage then 'outage-' || strftime(t.created_at, '%Y-%m') end as problem_id,
  case when t.is_outage then 'Dashboards are down' when t.is_blocker then 'Blocked: nightly import fails'
    else ticket_subject(t.category, uniform('subject', t.i, t.ticket_key)) end as subject,
  case when t.is_outage then 'Nothing has loaded since this morning, for all of us.'
    when t.is_blocker then 'The nightly import has failed for a week and our rollout is blocked.'
    else ticket_detail(t.category, uniform('detail', t.i, t.ticket_key)) end
    || ' ' || mood_sentence(t.mood, uniform('mood words', t.i, t.ticket_key))
    || case when t.risk_kind is not null then ' ' || risk_sentence(t.risk_kind, uniform('risk words', t.i, t.ticket_key))
      when t.is_negated then ' ' || negated_sentence(uniform('risk words', t.i, t.ticket_key)) else '' end as body,
  case when s.is_solved then t.reopen_count else 0 end as reopen_count,
  case when s.is_solved then t.csat end as csat_score,
  case when s.is_solved and t.csat is not null and t.has_comment
    then csat_comment(t.mood, uniform('comment words', t.i, t.ticket_key)) end as csat_comment,
  pick(['Marta Nowak', 'Ian Doyle', 'Sunita Rao', 'Pavel Hruby'], uniform('agent', t.i, t.ticket_key)) as assignee
from ticket t
join company c using (i)
join (select ticket_number, solved_at < getvariable('last_day')::date + 1 as is_solved, (getvariable('last_day')::date + 1)::timestamp as now from ticket) s
  using (ticket_number)
join contact p on p.i = t.i
  and p.number = floor(uniform('requester', t.i, t.ticket_key) * 3)::integer % p.first_count
order by t.ticket_number;
