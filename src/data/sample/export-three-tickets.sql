-- grain: one row a ticket, as the help desk exports it on the last day
-- key: ticket_id
-- as-of: as in the full export; the organisation carries the name someone typed
select
  d.ticket_id, d.organization_id,
  case when d.organization_id is not null then
    case when uniform('typed name', c.i, 0) < 0.3 then upper(c.name) when uniform('typed name', c.i, 0) < 0.5 then lower(c.name) else c.name end
  end as organization_name,
  d.* exclude (ticket_id, organization_id, i)
from desk_ticket d join company c using (i)
order by d.ticket_id
