-- grain: one row a date, account and basis: the current churn score of every date
-- key: as_of, account_id, basis
-- as-of: scores of the day and before; a re-run of a date replaced its score
create or replace macro scores_asof(as_of) as table
select s.* from state.churn_score as s
join state.run_date as d on d.run_id = s.run_id and d.as_of = s.as_of
where s.as_of <= as_of and d.superseded_by is null;
