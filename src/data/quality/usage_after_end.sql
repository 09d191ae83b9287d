-- grain: one row an account and contract with such usage rows
-- key: account_id, contract_id
-- as-of: see usage_account
select account_id, after_end_count as row_count
from quality.usage_account
where after_end_count > 0
