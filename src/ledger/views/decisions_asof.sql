-- grain: one row a decision record
-- key: decision_id
-- as-of: decided on or before the day
create or replace macro decisions_asof(as_of) as table
select * from state.decision as d where d.decided_on <= as_of;
