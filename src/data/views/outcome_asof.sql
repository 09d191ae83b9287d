-- grain: one row an account and churn under the configured definition
-- key: account_id, ended_on, decided_on
-- as-of: churns known by the end of that day; the reason is that of the nearest recorded churn or renewal decision
-- within 60 days of the end, known by then
create or replace macro outcome_asof(as_of) as table
with chosen as (
  -- The one of the six definitions that the configuration names; settings.ts makes this macro, so that the other five
  -- are not computed.
  select * from outcome_chosen(as_of)
),
reason as (
  select account_id, churn_date as given_on, reason_code, row_key
  from churn_event_asof(as_of)
  where reason_code is not null
  union all
  select account_id, due_date, reason_code, row_key
  from renewal_asof(as_of)
  where reason_code is not null
),
matched as (
  select
    chosen.account_id,
    chosen.decided_on,
    chosen.ended_on,
    chosen.returned_on,
    reason.reason_code,
    row_number() over (
      partition by chosen.account_id, chosen.decided_on, chosen.ended_on
      order by abs(reason.given_on - chosen.ended_on), reason.given_on, reason.row_key
    ) as nearness
  from chosen
  left join reason
    on reason.account_id = chosen.account_id
    and reason.given_on between chosen.decided_on - 60 and chosen.ended_on + 60
)
select
  account_id,
  decided_on,
  ended_on,
  returned_on,
  reason_code,
  coalesce(lower(reason_code) in (select reason_code from unavoidable_reason), false) as is_unavoidable
from matched
where nearness = 1;
