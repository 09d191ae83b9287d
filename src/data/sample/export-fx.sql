-- grain: one row a month and currency
-- key: month, currency
-- as-of: the rate of the month, US dollars for one unit
select
  (getvariable('first_day')::date + to_months(n::integer))::date as month,
  currency,
  (base + swing * sin(n * 0.45::double))::decimal(18, 4) as rate
from range(getvariable('month_count')) months(n),
  (values ('EUR', 1.085::double, 0.035::double), ('GBP', 1.265::double, 0.040::double), ('USD', 1.0::double, 0.0::double)) rates(currency, base, swing)
order by month, currency
