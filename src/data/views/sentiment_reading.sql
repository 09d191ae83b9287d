-- grain: one row a statement by a customer with a sentiment from −1 (bad) to 1 (good)
-- key: source_table, source_key
-- as-of: statements known by then; the CSAT answer itself, 0–1 stretched to −1 … 1
create or replace macro sentiment_reading(as_of) as table
select
  account_id,
  answered_on as said_on,
  cast(2 * share - 1 as decimal(9, 6)) as sentiment_value,
  comment,
  source_table,
  source_key
from csat_answer(as_of);
