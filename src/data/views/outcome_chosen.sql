-- grain: one row an account and churn under the configured definition
-- key: account_id, ended_on, decided_on
-- as-of: as in the definition's own view; createViews puts the configured one here, so that the other five are not computed
create or replace macro outcome_chosen(as_of) as table
select * from outcome_contract_chain(as_of);
