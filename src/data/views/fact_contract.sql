-- grain: one row an account and fact about its terms and money: decision_due, term_ended_in_use, invoice_overdue
-- key: account_id, kind
-- as-of: contracts and invoices known by then, paid only as far as known then; no invoice is overdue where the export
-- holds no payment of the last 30 days: then it is the payments that are missing
create or replace macro fact_contract(as_of) as table
with book as (
  select *
  from account_state(as_of)
),
paying as (
  select coalesce(max(paid_date) > as_of - 30, false) as is_current
  from invoice_reading(as_of)
),
open_invoice as (
  select
    *,
    row_number() over (partition by account_id order by due_date, invoice_id, row_key) as position
  from invoice_reading(as_of)
  join paying on is_current
  where paid_date is null and due_date <= as_of - 30 and due_date > as_of - 365
),
late as (
  select account_id, sum(greatest(0, paid_date - due_date)) as late_days, count(*) as paid_count
  from invoice_reading(as_of)
  where paid_date > as_of - 365
  group by account_id
),
late_peers as (
  select book.segment, cast(sum(late.late_days) as double) / sum(late.paid_count) as late_days
  from late
  join book on book.account_id = late.account_id
  group by book.segment
),
decision_peers as (
  select segment, percentile_disc(0.5) within group (order by decision_days) as decision_days
  from book
  where status = 'active' and not is_month_to_month and decision_days >= 0
  group by segment
)
select
  book.account_id,
  'decision_due' as kind,
  book.decision_date as fact_on,
  cast(book.decision_days as double) as now_value,
  cast(null as double) as past_value,
  cast(decision_peers.decision_days as double) as peer_value,
  'days' as unit,
  cast(null as varchar) as detail,
  cast(null as varchar) as contact_id,
  'contract' as source_table,
  book.contract_id as source_key
from book
left join decision_peers on decision_peers.segment = book.segment
where book.status = 'active' and not book.is_month_to_month and book.decision_days between 0 and 90
union all
select
  account_id,
  'term_ended_in_use',
  ended_on,
  cast(as_of - ended_on as double),
  null,
  null,
  'days',
  null,
  null,
  'contract',
  coalesce(contract_id, account_id)
from book
where status = 'lapsed' and is_still_in_use
union all
select
  book.account_id,
  'invoice_overdue',
  open_invoice.due_date,
  cast(as_of - open_invoice.due_date as double),
  cast(late.late_days as double) / late.paid_count,
  late_peers.late_days,
  'days',
  open_invoice.invoice_id,
  null,
  'invoice',
  open_invoice.row_key
from book
join open_invoice on open_invoice.account_id = book.account_id and open_invoice.position = 1
left join late on late.account_id = book.account_id
left join late_peers on late_peers.segment = book.segment
where book.status = 'active';
