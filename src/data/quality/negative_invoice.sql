-- grain: one row an invoice with a negative amount
-- key: invoice row_key
-- as-of: all invoices
select account_id, 1 as row_count
from invoice
where amount < 0
