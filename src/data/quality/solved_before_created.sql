-- grain: one row a ticket solved or answered before it was created
-- key: ticket row_key
-- as-of: all tickets
select account_id, 1 as row_count
from ticket
where least(solved_at, first_response_at) < created_at
