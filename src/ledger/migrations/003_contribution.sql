-- grain: how contributions are kept, version 3
-- key: as written at the table
-- as-of: as_of is the day whose account is explained

-- One row a run, date and account; its terms in log-odds in lists of equal order, the intercept first. A row for each term
-- was forty times as many, and writing and dropping them took longer than all else a night writes.
alter table ledger.contribution rename to contribution_by_term;
create table ledger.contribution (
  run_id varchar not null, as_of date not null, account_id varchar not null,
  terms varchar[] not null, contributions double[] not null, term_values varchar[] not null
);
insert into ledger.contribution
select
  run_id, as_of, account_id,
  list(term order by term <> 'intercept', term),
  list(contribution order by term <> 'intercept', term),
  list(value order by term <> 'intercept', term)
from ledger.contribution_by_term
group by run_id, as_of, account_id
order by run_id, as_of, account_id;
drop table ledger.contribution_by_term;
