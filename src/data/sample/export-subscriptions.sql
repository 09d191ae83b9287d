-- grain: one row a stretch of a subscription, as billing exports it on the last day
-- key: subscription_id
-- as-of: rows start on term_start; ended_at and cancel_requested_at are filled once they are past
select * from billing_line
