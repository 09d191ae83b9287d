-- grain: one row a contact with a customer, as the CRM exports it
-- key: activity_id
-- as-of: responded_at is filled once the customer has answered
select
  'ACT' || lpad(t.interaction_number::varchar, 7, '0') as activity_id,
  c.crm_id as account_id,
  contact_id(t.i, t.contact_number) as contact_id,
  coalesce(t.csm, 'Digital team') as csm_name,
  t.occurred_at,
  t.channel,
  t.direction,
  t.purpose,
  case when t.responded_at < getvariable('last_day')::date + 1 then t.responded_at end as responded_at,
  case
    when t.risk_kind is not null then risk_sentence(t.risk_kind, uniform('note words', t.i, t.interaction_key))
    when t.is_negated then negated_sentence(uniform('note words', t.i, t.interaction_key))
    when t.channel <> 'email' and t.responded_at is null and t.direction = 'outbound' then 'No show.'
    when t.channel <> 'email' and uniform('note', t.i, t.interaction_key) < 0.5
      then note_sentence(t.mood, uniform('note words', t.i, t.interaction_key))
  end as notes
from interaction t join company c using (i)
order by t.interaction_number
