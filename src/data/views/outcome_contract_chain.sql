-- grain: one row an account and churn: the end of an unbroken chain of contracts (gaps up to churn.grace_days)
-- key: account_id, ended_on
-- as-of: known once the grace has passed, once a later chain began, or once every open contract is cancelled;
-- decided_on is the day from which no contract was left uncancelled; returned_on the start of the next chain
create or replace macro outcome_contract_chain(as_of) as table
with term as (
  select
    account_id,
    contract_id,
    coalesce(start_date, date '1900-01-01') as start_on,
    coalesce(end_on, date '9999-12-31') as end_on,
    least(coalesce(cancel_on, end_on, date '9999-12-31'), coalesce(end_on, date '9999-12-31')) as settled_on,
    is_notice_given
  from contract_term(as_of)
  where not is_trial or (select include_trials from settings)
),
reached as (
  select
    *,
    max(end_on) over (
      partition by account_id
      order by start_on, contract_id
      rows between unbounded preceding and 1 preceding
    ) as earlier_end_on
  from term
),
numbered as (
  select
    *,
    sum(case when start_on - earlier_end_on <= (select grace_days from settings) then 0 else 1 end) over (
      partition by account_id
      order by start_on, contract_id
      rows between unbounded preceding and current row
    ) as chain_number
  from reached
),
chain as (
  select
    account_id,
    chain_number,
    min(start_on) as start_on,
    max(end_on) as ended_on,
    max(settled_on) as decided_on,
    sum(case when end_on > as_of and not is_notice_given then 1 else 0 end) as running_count
  from numbered
  group by account_id, chain_number
),
linked as (
  select
    *,
    lead(start_on) over (partition by account_id order by chain_number) as returned_on
  from chain
)
select account_id, decided_on, ended_on, returned_on
from linked
where ended_on < date '9999-12-31'
  and (
    returned_on is not null
    or as_of - ended_on >= (select grace_days from settings)
    or (running_count = 0 and decided_on <= as_of and decided_on < ended_on)
  );
