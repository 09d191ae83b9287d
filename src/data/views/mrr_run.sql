-- grain: one row an account, product and unbroken run of months with revenue: mrr_month read as contracts
-- key: contract_id
-- as-of: months that have ended; a run that stops before the newest month of the table has ended
create or replace macro mrr_run(as_of) as table
with paid as (
  select
    account_id,
    product,
    month,
    mrr_amount,
    currency,
    plan,
    year(month) * 12 + month(month)
      - row_number() over (partition by account_id, product order by month) as run
  from mrr_month_asof(as_of)
  where account_id is not null and mrr_amount > 0
),
newest as (
  select max(month) as month from mrr_month_asof(as_of)
),
runs as (
  select account_id, product, run, min(month) as first_month, max(month) as last_month
  from paid
  group by account_id, product, run
)
select
  concat_ws(':', runs.account_id, coalesce(runs.product, ''), runs.first_month) as contract_id,
  runs.account_id,
  runs.product,
  paid.plan,
  runs.first_month as start_date,
  case when runs.last_month < newest.month then last_day(runs.last_month) end as ended_date,
  paid.mrr_amount,
  paid.currency
from runs
join paid
  on paid.account_id = runs.account_id
  and paid.product is not distinct from runs.product
  and paid.run = runs.run
  and paid.month = runs.last_month
cross join newest;
