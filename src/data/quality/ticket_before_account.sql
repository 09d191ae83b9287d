-- grain: one row a ticket created before its account was
-- key: ticket row_key
-- as-of: all tickets
select ticket.account_id, 1 as row_count
from ticket
join account on account.account_id = ticket.account_id
where cast(ticket.created_at as date) < account.created_date
