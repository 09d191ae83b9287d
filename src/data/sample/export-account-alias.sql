-- grain: one row an id of another system that belongs to an account
-- key: system, external_id
-- as-of: current; ids never change
select account_id, system, external_id
from (
  select crm_id as account_id, 'billing' as system, billing_id as external_id from company where kind in ('customer', 'merged', 'trial')
  union all
  select crm_id, 'helpdesk', helpdesk_id from company where kind <> 'prospect'
  union all
  select crm_id, 'product', workspace_id from company
)
order by account_id, system
