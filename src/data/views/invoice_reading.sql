-- grain: one row an invoice that asks for money
-- key: row_key
-- as-of: invoices known by then, paid only when known then; void, draft and written-off ones and credits are left out
create or replace macro invoice_reading(as_of) as table
select account_id, invoice_id, due_date, paid_date, amount, currency, row_key
from invoice_asof(as_of)
where account_id is not null
  and due_date is not null
  and coalesce(amount, 1) > 0
  and (paid_date is not null or coalesce(lower(status), 'open') not in
    ('void', 'voided', 'uncollectible', 'draft', 'deleted', 'not_paid_void', 'written_off', 'cancelled', 'canceled', 'paid'));
