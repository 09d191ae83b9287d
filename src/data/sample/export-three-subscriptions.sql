-- grain: one row a stretch of a subscription, as billing exports it on the last day
-- key: subscription_id
-- as-of: as in the full export; the payer stands under its legal name, with its billing contact and often the workspace
select
  b.subscription_id, b.customer_id,
  c.name || pick([', Inc.', ' LLC', ' Ltd.', ' GmbH', ' B.V.', ''], uniform('legal form', c.i, 0)) as customer_name,
  case when uniform('private billing', c.i, 0) < case when uniform('metadata', c.i, 0) < 0.6 then 0.08 else 0.02 end
    then private_email(c.i, 3) else 'billing@' || c.domain end as customer_email,
  case when uniform('metadata', c.i, 0) < 0.6 then c.workspace_id end as metadata_workspace_id,
  b.* exclude (subscription_id, customer_id)
from billing_line b join company c on c.billing_id = b.customer_id
order by b.term_start, b.customer_id, b.subscription_id
