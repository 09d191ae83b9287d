-- grain: one row an account and month from six months before the window
-- key: i, month_index (0 = first month of the window)
-- as-of: the latent health that nobody sees; a first-order autoregression (0.85 a month) of unit variance
create or replace table latent as
select
  i,
  month_index,
  -- exact integer sum, so that no order of addition can show; divided back by the same power
  (pow(0.85::double, month_index + 6) * sum(scaled_innovation) over path / 1000000.0::double) as path
from (
  select
    i,
    n::integer as month_index,
    round(normal('latent', i, n + 6) * case when n = -6 then 1.0 else 0.526783 end::double
      / pow(0.85::double, n + 6) * 1000000.0::double)::bigint as scaled_innovation
  from company, range(-6, getvariable('month_count')) months(n)
)
window path as (partition by i order by month_index rows unbounded preceding);
