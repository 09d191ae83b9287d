-- grain: one row a ticket
-- key: ticket_id
-- as-of: the mood and the risk its text was written with
select 500000 + ticket_number as ticket_id, mood, risk_kind, is_negated, is_outage, is_blocker
from ticket
order by ticket_number
