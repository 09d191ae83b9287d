-- grain: one row an active account; features of docs/metrics.md, group relationship
-- key: account_id
-- as-of: contacts, people, answers and judgements known by then. Without a contact in a feed that exists, days since
-- the last one count from the later of the account's start and the feed's; partner-served accounts have no reading
-- there, their contacts are held elsewhere. Each feed's features are null where it does not exist
create or replace macro relationship_features(as_of) as table
with feed as (
  select count(*) > 0 as is_connected, min(occurred_on) as first_on, count(responded_on) > 0 as has_responses
  from interaction_reading(as_of)
),
roles as (
  select count(*) > 0 as is_connected, count(role) > 0 as has_roles
  from contact_reading(as_of)
),
answers as (
  select count(*) > 0 as is_connected
  from nps_answer(as_of)
),
person as (
  select
    account_id,
    sum(case when is_gone then 0 else 1 end) as contact_count,
    sum(case when role = 'executive' and not is_gone then 1 else 0 end) as executive_count,
    sum(case when role = 'executive' then 1 else 0 end) as executive_ever_count,
    sum(case when role = 'champion' and not is_gone then 1 else 0 end) as champion_count,
    sum(case when as_of - left_date < 90 then 1 else 0 end) as left_90d,
    count(role) as role_count,
    min(case when role = 'executive' and not is_gone then joined_date end) as executive_since
  from contact_reading(as_of)
  group by account_id
),
touched as (
  select
    touch.account_id,
    max(case when touch.is_two_way then touch.contact_on end) as last_two_way_on,
    max(case when touch.is_two_way and person.role = 'executive' and not person.is_gone then touch.contact_on end)
      as last_executive_on,
    sum(case when as_of - touch.occurred_on < 90 then 1 else 0 end) as contact_count_90d,
    sum(case when as_of - touch.occurred_on < 90 and touch.is_outreach then 1 else 0 end) as outbound_90d,
    sum(case when as_of - touch.occurred_on < 90 and touch.is_outreach and touch.responded_on is not null then 1 else 0 end)
      as answered_90d
  from interaction_reading(as_of) as touch
  left join contact_reading(as_of) as person
    on person.account_id = touch.account_id and person.contact_id = touch.contact_id
  group by touch.account_id
),
scored as (
  select
    account_id,
    sum(nps_answer) as answer_sum,
    count(*) as answer_count
  from nps_answer(as_of)
  where answered_on > as_of - 365
  group by account_id
),
called as (
  select account_id, max(try_cast(value as integer)) as sentiment_value
  from (
    select
      account_id,
      value,
      dense_rank() over (partition by account_id order by said_at desc) as recency
    from csm_call_asof(as_of)
    where account_id is not null and lower(kind) = 'sentiment' and as_of - cast(said_at as date) < 90
      and try_cast(value as integer) is not null
  )
  where recency = 1
  group by account_id
),
book as (
  select
    account_id,
    case when feed.is_connected and not coalesce(is_unmatched, false) and coalesce(lower(motion), '') <> 'partner'
      then as_of - greatest(coalesce(first_start_date, first_on), first_on)
    end as silent_days,
    first_start_date,
    csm_since,
    feed.first_on,
    feed.is_connected and not coalesce(is_unmatched, false) and coalesce(lower(motion), '') <> 'partner' as has_contacts,
    feed.has_responses,
    roles.is_connected as has_people,
    roles.has_roles,
    answers.is_connected as has_answers
  from account_state(as_of)
  cross join feed
  cross join roles
  cross join answers
  where status = 'active'
)
select
  book.account_id,
  cast(case when has_contacts then coalesce(as_of - last_two_way_on, silent_days) end as double)
    as days_since_two_way_contact,
  cast(case
    when has_contacts and executive_count > 0 then coalesce(
      as_of - last_executive_on,
      as_of - greatest(coalesce(executive_since, first_start_date, first_on), coalesce(first_start_date, first_on), first_on)
    )
  end as double) as days_since_executive_contact,
  cast(case when has_contacts then coalesce(contact_count_90d, 0) end as double) as contact_count_90d,
  cast(case when has_contacts then coalesce(outbound_90d, 0) end as double) as outbound_count_90d,
  cast(case when has_contacts and has_responses then coalesce(outbound_90d - answered_90d, 0) end as double)
    as unanswered_outbound_count_90d,
  case when has_contacts and has_responses and outbound_90d >= 3 then cast(answered_90d as double) / outbound_90d end
    as response_rate_90d,
  cast(case when has_people then coalesce(contact_count, 0) end as double) as known_contact_count,
  cast(case when has_roles and role_count > 0 then executive_count end as double) as executive_count,
  cast(case when has_roles and role_count > 0 then champion_count end as double) as champion_count,
  cast(case when has_people then coalesce(left_90d, 0) end as double) as contacts_left_90d,
  case when has_roles and executive_ever_count > 0 then executive_count = 0 end as is_executive_gone,
  cast(as_of - csm_since as double) as days_since_csm_change,
  case when has_answers and answer_count > 0 then cast(answer_sum as double) / answer_count end as nps_answer_365d,
  cast(sentiment_value as double) as csm_sentiment_value
from book
left join person on person.account_id = book.account_id
left join touched on touched.account_id = book.account_id
left join scored on scored.account_id = book.account_id
left join called on called.account_id = book.account_id;
