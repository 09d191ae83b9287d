-- grain: one row an account and contract with such usage rows
-- key: account_id, contract_id
-- as-of: see usage_account
select account_id, negative_count as row_count
from quality.usage_account
where negative_count > 0
