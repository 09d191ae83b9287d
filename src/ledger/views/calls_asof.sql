-- grain: one row a call said through the inbox
-- key: call_id
-- as-of: said on or before the day
create or replace macro calls_asof(as_of) as table
select * from state.csm_call as c where c.said_on <= as_of;
