-- grain: one row a ticket, as the help desk exports it on the last day
-- key: ticket_id
-- as-of: status, csat, reopen_count and updated_at are the values of the last day; what was solved later stands open
select * exclude (i) from desk_ticket
