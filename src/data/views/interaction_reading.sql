-- grain: one row a contact with the customer that joins to an account
-- key: row_key
-- as-of: contacts that happened by then, replies only as far as known then. Two-way: the customer wrote or called, or
-- answered, or both met; a no-show is not
create or replace macro interaction_reading(as_of) as table
with named as (
  select
    account_id,
    contact_id,
    csm,
    row_key,
    cast(occurred_at as date) as occurred_on,
    cast(responded_at as date) as responded_on,
    lower(coalesce(direction, '')) as direction,
    replace(replace(lower(coalesce(channel, '')), ' ', '_'), '-', '_') as channel,
    replace(replace(lower(coalesce(purpose, '')), ' ', '_'), '-', '_') as purpose
  from interaction_asof(as_of)
  where account_id is not null
),
marked as (
  select
    *,
    direction in ('outbound', 'out', 'outgoing', 'sent') as is_outbound,
    direction in ('inbound', 'in', 'incoming', 'received') as is_inbound,
    channel in ('meeting', 'video', 'video_call', 'onsite', 'on_site', 'visit', 'workshop', 'training', 'webinar', 'qbr', 'ebr', 'zoom', 'demo')
      or purpose in ('qbr', 'ebr') as is_meeting,
    purpose like '%no_show%' or channel like '%no_show%' as is_no_show
  from named
)
select
  *,
  -- A meeting is not a message that waits for an answer.
  is_outbound and not is_meeting as is_outreach,
  not is_no_show and (
    is_inbound
    or responded_on is not null
    or is_meeting
    or (channel in ('call', 'phone') and not is_outbound)
  ) as is_two_way,
  coalesce(responded_on, occurred_on) as contact_on
from marked;
