-- grain: one row a CSAT answer, given on a ticket or in a survey of kind csat
-- key: source_table, source_key
-- as-of: answers known by then; the scale of ticket scores is read from the largest score known by then
-- (above 10: 0–100, above 5: 0–10, above 1: 1–5, else 0–1), surveys state theirs in scale_max
create or replace macro csat_answer(as_of) as table
with ticket_scale as (
  select
    case when max(csat_score) > 10 then 100 when max(csat_score) > 5 then 10 when max(csat_score) > 1 then 5 else 1 end as top,
    case when max(csat_score) > 1 and max(csat_score) <= 5 and min(csat_score) >= 1 then 1 else 0 end as bottom
  from ticket_reading(as_of)
),
survey_scale as (
  select
    case when max(score) > 10 then 100 when max(score) > 5 then 10 when max(score) > 1 then 5 else 1 end as top,
    min(score) as lowest
  from survey_asof(as_of)
  where lower(kind) = 'csat'
),
answered as (
  select
    account_id,
    coalesce(solved_on, created_on) as answered_on,
    csat_score as score,
    top,
    bottom,
    csat_comment as comment,
    'ticket' as source_table,
    ticket_id as source_key
  from ticket_reading(as_of)
  cross join ticket_scale
  where csat_score is not null
  union all
  select
    account_id,
    coalesce(cast(responded_at as date), cast(sent_at as date), known_on),
    score,
    coalesce(scale_max, top),
    case when coalesce(scale_max, top) in (5, 7) and lowest >= 1 then 1 else 0 end,
    comment,
    'survey',
    row_key
  from survey_asof(as_of)
  cross join survey_scale
  where lower(kind) = 'csat' and score is not null and account_id is not null
)
select
  account_id,
  answered_on,
  -- 0 is the worst answer of the scale, 1 the best.
  cast(least(1, greatest(0, cast(score - bottom as double) / (top - bottom))) as decimal(9, 6)) as share,
  cast(score - bottom as double) / (top - bottom) >= 0.75 as is_satisfied,
  comment,
  source_table,
  source_key
from answered
where top > bottom;
