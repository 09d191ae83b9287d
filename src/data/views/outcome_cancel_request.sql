-- grain: one row an account and day on which its last uncancelled contract was cancelled
-- key: account_id, decided_on
-- as-of: known from the request on; returned_on is the start of the next contract after it
create or replace macro outcome_cancel_request(as_of) as table
with term as (
  select account_id, contract_id, coalesce(start_date, date '1900-01-01') as start_on, end_on, cancel_on
  from contract_term(as_of)
  where not is_trial or (select include_trials from settings)
),
request as (
  select account_id, cancel_on, max(end_on) as ended_on
  from term
  where cancel_on <= as_of
  group by account_id, cancel_on
),
judged as (
  select
    request.account_id,
    request.cancel_on as decided_on,
    greatest(request.ended_on, request.cancel_on) as ended_on,
    sum(case
      when other.start_on <= request.cancel_on
        and (other.end_on is null or other.end_on > request.cancel_on)
        and (other.cancel_on is null or other.cancel_on > request.cancel_on) then 1
      else 0
    end) as running_count,
    min(case when other.start_on > request.cancel_on then other.start_on end) as returned_on
  from request
  join term as other on other.account_id = request.account_id
  group by request.account_id, request.cancel_on, request.ended_on
)
select account_id, decided_on, ended_on, returned_on
from judged
where running_count = 0;
