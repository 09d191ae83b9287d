-- grain: one row an account and kind of fact that holds
-- key: account_id, kind
-- as-of: as in the fact views it joins. Red as configured (fact_setting); decision_due is red only beside another fact.
-- A kind read from text has the same columns and is one more `union all`
create or replace macro fact(as_of) as table
with found as (
  select * from fact_usage(as_of)
  union all
  select * from fact_contract(as_of)
  union all
  select * from fact_people(as_of)
  union all
  select * from fact_support(as_of)
),
enabled as (
  select
    found.*,
    coalesce(setting.is_red, true) as can_be_red,
    count(*) over (partition by found.account_id) as fact_count
  from found
  left join fact_setting as setting on setting.kind = found.kind
  where coalesce(setting.is_enabled, true)
)
select
  account_id,
  kind,
  can_be_red and (kind <> 'decision_due' or fact_count > 1) as is_red,
  fact_on,
  now_value,
  past_value,
  peer_value,
  unit,
  detail,
  contact_id,
  source_table,
  source_key
from enabled;
