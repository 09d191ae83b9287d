-- grain: one row
-- key: none
-- as-of: ARR of the contracts open that day: all added, and the newest alone of each account (and product, where the export
-- names products: those are held side by side)
select
  cast(coalesce(sum(arr_amount), 0) as decimal(18, 4)) as summed_amount,
  cast(coalesce(sum(case when age = 1 then arr_amount end), 0) as decimal(18, 4)) as newest_amount
from (
  select arr_amount, row_number() over (partition by account_id, product order by start_date desc nulls last, arr_amount desc nulls last, contract_id) as age
  from quality.open_contract
)
