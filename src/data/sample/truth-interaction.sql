-- grain: one row a contact with a customer
-- key: activity_id
-- as-of: the mood and the risk its note was written with
select 'ACT' || lpad(interaction_number::varchar, 7, '0') as activity_id, mood, risk_kind, is_negated
from interaction
order by interaction_number
