-- grain: one row an event in the product
-- key: none; rows come month by month
-- as-of: as in the full export; people are known by e-mail, one in thirty by a private address
select
  e.occurred_at, e.workspace_id,
  case when uniform('private mail', e.i * 1024 + e.person, 0) < 0.03 then private_email(e.i, e.person)
    else person_email(e.i, e.person, coalesce(p.domain, c.domain)) end as user_email,
  e.feature, e.event_count, e.duration_seconds, e.error_count, e.loaded_at
from usage_event e
join company c on c.i = e.i
left join company p on p.i = case when c.kind = 'child' then c.parent_i end
