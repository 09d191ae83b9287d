-- grain: one row a month and currency
-- key: month, currency
-- as-of: rates of months that have begun
create or replace macro fx_asof(as_of) as table
select *
from fx
where (known_on <= as_of or (known_on is null and as_of >= (select first_seen_on from settings)));
