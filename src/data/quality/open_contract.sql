-- grain: one row a recurring contract open that day
-- key: row_key
-- as-of: started, and neither ended nor past its scheduled end at the end of that day; amounts as the export has them,
-- in the reporting currency at that day's rate, null where there is none
select
  account_id,
  contract_id,
  row_key,
  coalesce(product, '') as product,
  start_date,
  cast(
    case when upper(contract.currency) is distinct from (select upper(currency) from settings) and contract.currency is not null
      then cast(coalesce(arr_amount, mrr_amount * 12) as decimal(28, 4)) * fx.rate
      else coalesce(arr_amount, mrr_amount * 12)
    end
  as decimal(18, 4)) as arr_amount
from contract
left join fx_rate(cast($as_of as date)) as fx on fx.currency = upper(contract.currency)
where account_id is not null
  and not coalesce(is_trial, false)
  and coalesce(is_recurring, true)
  and coalesce(start_date <= cast($as_of as date), true)
  and coalesce(ended_date > cast($as_of as date), true)
  and (term_end_date is null or is_auto_renew or term_end_date > cast($as_of as date))
