-- grain: one row an NPS answer on the scale 0–10
-- key: row_key
-- as-of: answers given by then
create or replace macro nps_answer(as_of) as table
select
  account_id,
  contact_id,
  coalesce(cast(responded_at as date), cast(sent_at as date), known_on) as answered_on,
  cast(score * 10 / coalesce(scale_max, 10) as decimal(9, 4)) as nps_answer,
  comment,
  row_key
from survey_asof(as_of)
where account_id is not null and score is not null and lower(coalesce(kind, 'nps')) = 'nps' and coalesce(scale_max, 10) > 0;
