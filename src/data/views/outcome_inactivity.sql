-- grain: one row an account and stretch of churn.inactivity_days without use
-- key: account_id, decided_on
-- as-of: dated at the day that completes the stretch, known then; returned_on is the next day with use
create or replace macro outcome_inactivity(as_of) as table
select account_id, decided_on, ended_on, returned_on
from inactivity_stretch(as_of, true);
