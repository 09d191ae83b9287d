-- grain: one row a stretch of a subscription, as billing exports it on the last day
-- key: subscription_id
-- as-of: rows start on term_start; ended_at and cancel_requested_at are filled once they are past
create or replace view billing_line as
select
  s.subscription_id,
  c.billing_id as customer_id,
  s.product,
  s.plan,
  s.from_day as term_start,
  s.term_end,
  case when s.ended_on <= getvariable('last_day')::date then s.ended_on end as ended_at,
  case when s.requested_on <= getvariable('last_day')::date
    then s.requested_on::timestamp + to_seconds(30600 + floor(28800 * uniform('request second', s.i, 0))) end as cancel_requested_at,
  s.reason_code as cancel_reason,
  case when s.term_months = 12 then 'annual' else 'monthly' end as billing_period,
  s.is_auto_renew as auto_renew,
  s.notice_days,
  s.seats,
  s.list_price::decimal(18, 2) as list_price_per_seat,
  s.discount_percent,
  (s.seats * s.list_price * (100 - s.discount_percent) / 100)::decimal(18, 2) as mrr,
  s.currency,
  s.is_trial,
  s.is_final as final_invoice_sent
from subscription s join company c using (i)
order by s.from_day, s.i, s.line, s.number;
