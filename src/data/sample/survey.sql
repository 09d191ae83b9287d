-- grain: one row a survey sent to one person
-- key: i, contact_number, sent_on
-- as-of: responded_on may lie after the last day shown; answers follow the health of their month
create or replace table survey as
select
  row_number() over (order by a.month_start, a.i, p.number)::integer as survey_number,
  a.i, p.number as contact_number,
  a.month_start + 9 as sent_on,
  case when uniform('survey answer', a.i, a.month_index * 64 + p.number) < logistic(-0.9::double + 0.45::double * a.health)
    then a.month_start + 9 + floor(uniform('survey delay', a.i, a.month_index * 64 + p.number) * 12)::integer end as responded_on,
  greatest(0, least(10, round(7.6::double + 1.3::double * a.health + 1.2::double * normal('nps', a.i, a.month_index * 64 + p.number))))::integer
    as score,
  uniform('survey comment', a.i, a.month_index * 64 + p.number) < 0.5 as has_comment,
  uniform('survey words', a.i, a.month_index * 64 + p.number) as words_draw
from activity a
join contact p on p.i = a.i and p.number < 3 and not p.is_opted_out
  and p.joined_on <= a.month_start and (p.left_on is null or p.left_on > a.month_start + 9)
where a.kind = 'customer' and month(a.month_start) in (3, 9)
  and (a.ended_on is null or a.ended_on > a.month_start + 9)
order by survey_number;
