-- grain: how contributions are kept, version 3
-- key: as written at the table
-- as-of: as_of is the day whose account is explained

-- One row a run, date and account: what each term adds in log-odds, the intercept first; the terms and the values behind
-- them in the same order, as one text each with the control character 31 between (a list of texts is ten times as slow to
-- store). A row for each term was forty times as many, and writing and dropping them the longest part of a commit.
alter table ledger.contribution rename to contribution_by_term;
create table ledger.contribution (
  run_id varchar not null, as_of date not null, account_id varchar not null,
  terms varchar not null, contributions double[] not null, term_values varchar not null
);
insert into ledger.contribution
select
  run_id, as_of, account_id,
  string_agg(term, chr(31) order by term <> 'intercept', term),
  list(contribution order by term <> 'intercept', term),
  string_agg(coalesce(value, ''), chr(31) order by term <> 'intercept', term)
from ledger.contribution_by_term
group by run_id, as_of, account_id
order by run_id, as_of, account_id;
drop table ledger.contribution_by_term;
