-- grain: one row an interaction before its account was created
-- key: interaction row_key
-- as-of: all interactions
select interaction.account_id, 1 as row_count
from interaction
join account on account.account_id = interaction.account_id
where cast(interaction.occurred_at as date) < account.created_date
