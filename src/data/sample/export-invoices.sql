-- grain: one row an invoice
-- key: invoice_id
-- as-of: paid_date and status are those of the last day
select
  'inv_' || upper(format('{:08x}', scramble('invoice id', row_number() over (order by v.issued_on, v.i, v.line, v.number)))) as invoice_id,
  c.billing_id as customer_id,
  v.issued_on as issued_date,
  v.due_on as due_date,
  case when v.paid_on <= getvariable('last_day')::date then v.paid_on end as paid_date,
  v.amount,
  v.currency,
  case when v.paid_on <= getvariable('last_day')::date then 'paid' else 'open' end as status
from invoice v join company c using (i)
order by v.issued_on, v.i, v.line, v.number
