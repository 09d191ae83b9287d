-- grain: one row a contact with the customer
-- key: interaction_id
-- as-of: rows that occurred and were known by the end of that day; a reply from its day on
create or replace macro interaction_asof(as_of) as table
select
  * replace (
    case when cast(responded_at as date) <= as_of then responded_at end as responded_at
  )
from interaction
where known_on <= as_of and cast(occurred_at as date) <= as_of;
