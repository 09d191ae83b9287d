-- grain: one row a currency
-- key: currency
-- as-of: units of the reporting currency for one unit, at the newest month that has begun
create or replace macro fx_rate(as_of) as table
with newest as (
  select upper(currency) as currency, max(month) as month
  from fx_asof(as_of)
  where rate > 0
  group by upper(currency)
),
stated as (
  select newest.currency, max(fx.rate) as rate
  from newest
  join fx_asof(as_of) as fx on upper(fx.currency) = newest.currency and fx.month = newest.month
  group by newest.currency
),
base as (
  select coalesce(max(stated.rate), 1) as rate
  from stated
  join settings on upper(settings.currency) = stated.currency
)
select stated.currency, cast(stated.rate / base.rate as decimal(18, 8)) as rate
from stated
cross join base;
