-- grain: one row a recurring contract whose yearly value has no rate to the reporting currency
-- key: contract_id
-- as-of: contracts and rates known by then, ended and future contracts included
select account_id, 1 as row_count
from contract_value(cast($as_of as date))
where list_arr_amount is not null and fx_rate is null
