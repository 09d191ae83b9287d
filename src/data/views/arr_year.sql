-- grain: one row an account and contract line (product, else plan) open on that day or 365 days before
-- key: account_id, line_key
-- as-of: both days as known at the end of as_of. List ARR in the reporting currency, both at today's rate, so that a
-- moved rate is no growth; the newest start of a line supersedes older ones unless overlapping lines are summed
create or replace macro arr_year(as_of) as table
with term as (
  select
    account_id,
    line_key,
    start_date,
    end_on,
    coalesce(quantity, seats) as quantity,
    upper(coalesce(term.currency, settings.currency)) as currency,
    settings.overlap,
    case
      when arr_amount is not null then arr_amount
      when mrr_amount is not null then cast(mrr_amount * 12 as decimal(18, 4))
      else cast(
        cast(cast(quantity as decimal(28, 6)) * unit_price as decimal(28, 4)) * (1 - coalesce(discount_rate, 0))
        * case
          when lower(billing_period) in ('day', 'daily') then 365
          when lower(billing_period) in ('week', 'weekly') then 52
          when lower(billing_period) in ('quarter', 'quarterly') then 4
          when lower(billing_period) in ('half_year', 'semiannual', 'semi-annual', 'biannual', 'half-yearly') then 2
          when lower(billing_period) in ('year', 'yearly', 'annual', 'annually') then 1
          else 12
        end as decimal(18, 4))
    end as arr_amount
  from contract_term(as_of) as term
  cross join settings
  where not is_trial and coalesce(lower(pricing), 'fixed') <> 'usage'
),
dated as (
  select
    *,
    dense_rank() over (partition by account_id, line_key, moment order by start_date desc nulls last) as age_rank
  from (
    select *, 'now' as moment from term
    where (start_date is null or start_date <= as_of) and (end_on is null or end_on > as_of)
    union all
    select *, 'then' as moment from term
    where (start_date is null or start_date <= as_of - 365) and (end_on is null or end_on > as_of - 365)
  )
),
priced as (
  select
    account_id,
    line_key,
    moment,
    quantity,
    cast(case
      when dated.currency is not distinct from (select upper(currency) from settings) then arr_amount
      else cast(arr_amount as decimal(28, 4)) * fx.rate
    end as decimal(18, 4)) as arr_amount
  from dated
  left join fx_rate(as_of) as fx on fx.currency = dated.currency
  where age_rank = 1 or overlap = 'sum'
)
select
  account_id,
  line_key,
  sum(case when moment = 'now' then arr_amount end) as arr_amount,
  sum(case when moment = 'then' then arr_amount end) as past_arr_amount,
  sum(case when moment = 'now' then quantity end) as quantity,
  sum(case when moment = 'then' then quantity end) as past_quantity
from priced
group by account_id, line_key;
