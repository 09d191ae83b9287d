-- grain: one row a recurring paid contract known that day, ended and future ones included
-- key: contract_id
-- as-of: contract_term with its yearly value: list_arr_amount in its own currency (null where it is priced by use),
-- list_arr_reported in the reporting currency at the rate of that day's month, null where no rate is known
create or replace macro contract_value(as_of) as table
with priced as (
  select
    *,
    lower(coalesce(pricing, 'fixed')) = 'usage' as is_run_rate,
    upper(coalesce(currency, (select currency from settings))) as native_currency,
    case
      when lower(pricing) = 'usage' then null
      when arr_amount is not null then arr_amount
      when mrr_amount is not null then cast(mrr_amount * 12 as decimal(18, 4))
      else cast(
        cast(cast(cast(quantity as decimal(28, 6)) * unit_price as decimal(28, 4)) * (1 - coalesce(discount_rate, 0)) as decimal(18, 4))
        * case
          when lower(billing_period) in ('day', 'daily') then 365
          when lower(billing_period) in ('week', 'weekly') then 52
          when lower(billing_period) in ('quarter', 'quarterly') then 4
          when lower(billing_period) in ('half_year', 'half-yearly', 'semiannual', 'semi-annual') then 2
          when lower(billing_period) in ('year', 'yearly', 'annual', 'annually') then 1
          else 12
        end as decimal(18, 4))
    end as list_arr_amount
  from contract_term(as_of)
  where not is_trial
)
select
  priced.*,
  case
    when priced.native_currency is not distinct from (select upper(currency) from settings) then 1
    else fx.rate
  end as fx_rate,
  cast(case
    when priced.native_currency is not distinct from (select upper(currency) from settings) then priced.list_arr_amount
    else cast(priced.list_arr_amount as decimal(28, 4)) * fx.rate
  end as decimal(18, 4)) as list_arr_reported
from priced
left join fx_rate(as_of) as fx on fx.currency = priced.native_currency;
