-- grain: one row an account with a churn date in the account export
-- key: account_id
-- as-of: known from the churn date on; returned_on is the first paid contract start after it
create or replace macro outcome_account_churn_date(as_of) as table
select
  account.account_id,
  account.churn_date as decided_on,
  account.churn_date as ended_on,
  min(term.start_date) as returned_on
from account_asof(as_of) as account
left join contract_term(as_of) as term
  on term.account_id = account.account_id
  and term.start_date > account.churn_date
  and term.is_started
  and not term.is_trial
where account.churn_date is not null
group by account.account_id, account.churn_date;
