-- grain: one row a date, account and term: what it adds to the current score of every date, in log-odds
-- key: as_of, account_id, term
-- as-of: scores of the day and before; a re-run of a date replaced its score; the intercept is a term
create or replace macro contributions_asof(as_of) as table
select
  c.as_of,
  c.account_id,
  unnest(string_split(c.terms, chr(31))) as term,
  unnest(c.contributions) as contribution,
  nullif(unnest(string_split(c.term_values, chr(31))), '') as value
from state.contribution as c
join state.run_date as d on d.run_id = c.run_id and d.as_of = c.as_of
where c.as_of <= as_of and d.superseded_by is null;
