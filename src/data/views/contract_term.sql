-- grain: one row a recurring contract known that day, ended and future ones included; monthly revenue counts as contracts
-- key: contract_id
-- as-of: end_on is the end as far as known: the real end, else the end of the term in which it was cancelled, else
-- the scheduled end; a contract that renews by itself rolls on term by term; null = open-ended
create or replace macro contract_term(as_of) as table
with known as (
  select
    contract_id, account_id, product, plan, start_date, term_end_date, ended_date,
    cast(cancelled_at as date) as cancel_on, mrr_amount, arr_amount, currency, quantity, unit, unit_price,
    list_amount, discount_rate, pricing,
    -- A quantity sold by the head is the number of seats, whether or not the export has a column of that name.
    coalesce(seats, case
      when lower(trim(unit)) in (
        'user', 'users', 'seat', 'seats', 'license', 'licenses', 'licence', 'licences', 'member', 'members', 'agent',
        'agents', 'employee', 'employees', 'named user', 'named users'
      ) then cast(quantity as bigint)
    end) as seats,
    billing_period, is_auto_renew, notice_days,
    coalesce(is_trial, false) as is_trial
  from contract_asof(as_of)
  where account_id is not null and coalesce(is_recurring, true)
  union all
  select
    contract_id, account_id, product, plan, start_date, null, ended_date,
    null, mrr_amount, null, currency, null, null, null,
    null, null, null, null, 'month', null, null,
    false
  from mrr_run(as_of)
),
-- A contract that renews by itself and was not ended lives on in its next term: the first one to end after the day
-- that counts (the cancel request, else the as-of date).
rolling as (
  select
    *,
    greatest(1, cast(round((term_end_date - start_date) / 30.4375) as integer)) as term_months,
    coalesce(cancel_on, as_of) as roll_day,
    coalesce(is_auto_renew, false)
      and ended_date is null
      and start_date < term_end_date
      and term_end_date - start_date >= 28
      and term_end_date <= coalesce(cancel_on, as_of)
      and (select has_recorded_ends from settings) as is_rolled
  from known
),
stepped as (
  select
    *,
    cast(floor(date_diff('month', term_end_date, roll_day) / term_months) as integer) as whole_terms
  from rolling
),
rolled as (
  select
    * exclude (start_date, term_end_date),
    start_date,
    case
      when not is_rolled then term_end_date
      when cast(term_end_date + to_months(whole_terms * term_months) as date) > roll_day
        then cast(term_end_date + to_months(whole_terms * term_months) as date)
      else cast(term_end_date + to_months((whole_terms + 1) * term_months) as date)
    end as term_end_date
  from stepped
),
ended as (
  select
    * exclude (roll_day, whole_terms),
    case when is_rolled then cast(term_end_date - to_months(term_months) as date) else start_date end as term_start_date,
    case
      when coalesce(ended_date, term_end_date, cancel_on) < start_date then start_date
      else coalesce(ended_date, term_end_date, cancel_on)
    end as end_on
  from rolled
)
select
  *,
  coalesce(product, plan, '') as line_key,
  term_end_date - term_start_date as term_days,
  (start_date is null or start_date <= as_of) as is_started,
  (start_date is null or start_date <= as_of) and (end_on is null or end_on > as_of) as is_open,
  cancel_on is not null or (ended_date is not null and ended_date > as_of) as is_notice_given
from ended;
