-- grain: one row an active account; every feature of data/features.ts, doubles or text, and nothing else
-- key: account_id
-- as-of: as in the five feature views it joins
create or replace macro account_features(as_of) as table
select
  account.account_id,
  account.segment,
  account.churn_basis,
  contract.* exclude (account_id),
  usage.* exclude (account_id),
  ticket.* exclude (account_id),
  cast(case when relationship.is_executive_gone then 1 when not relationship.is_executive_gone then 0 end as double)
    as is_executive_gone,
  relationship.* exclude (account_id, is_executive_gone),
  outcome.* exclude (account_id)
from account_state(as_of) as account
left join contract_features(as_of) as contract on contract.account_id = account.account_id
left join usage_features(as_of) as usage on usage.account_id = account.account_id
left join ticket_features(as_of) as ticket on ticket.account_id = account.account_id
left join relationship_features(as_of) as relationship on relationship.account_id = account.account_id
left join outcome_features(as_of) as outcome on outcome.account_id = account.account_id
where account.status = 'active';
