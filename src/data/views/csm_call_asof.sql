-- grain: one row a judgement of a CSM
-- key: account_id, said_at, kind
-- as-of: judgements spoken by the end of that day
create or replace macro csm_call_asof(as_of) as table
select *
from csm_call
where known_on <= as_of and cast(said_at as date) <= as_of;
