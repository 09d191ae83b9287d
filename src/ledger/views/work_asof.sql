-- grain: one row an account and stretch of days through which a person acted on it
-- key: account_id, first_on, last_on
-- as-of: recorded on or before the day; an intervention that is not over by then runs to the day. Of decisions those that say
-- something was done (done, approve, edit); to snooze, reject or disagree is no work on the account
create or replace macro work_asof(as_of) as table
select d.account_id, d.decided_on as first_on, d.decided_on as last_on
from state.decision as d
where d.decided_on <= as_of and d.kind in ('done', 'approve', 'edit')
union
select i.account_id, i.started_on as first_on, least(coalesce(i.ended_on, as_of), as_of) as last_on
from state.intervention as i
where i.started_on <= as_of;
