-- grain: one row an account and contract with usage rows; one more for rows that join to no account
-- key: account_id, contract_id
-- as-of: all rows of the export; joined_from is the first day on which one of them was known
select
  account_id,
  contract_id,
  cast(count(*) as bigint) as row_count,
  cast(count(case when event_count < 0 or duration_seconds < 0 then 1 end) as bigint) as negative_row_count,
  min(occurred_on) as first_on,
  max(occurred_on) as last_on,
  min(greatest(occurred_on, known_on)) as joined_from
from usage
group by account_id, contract_id
