-- grain: one row a request to speak for the company
-- key: i, month_index
-- as-of: completed_on may lie after the last day shown; happy accounts are asked more and say yes more
create or replace table ask as
select
  row_number() over (order by a.month_start, a.i)::integer as ask_number,
  a.i, a.month_index,
  a.month_start + floor(uniform('ask day', a.i, a.month_index) * 25)::integer as requested_on,
  pick(['review', 'review', 'testimonial', 'reference', 'referral', 'case_study'], uniform('ask kind', a.i, a.month_index)) as kind,
  case when uniform('ask contact', a.i, a.month_index) < 0.7 and (c.champion_left_on is null or c.champion_left_on > a.month_start) then 1 else 2 end
    as contact_number,
  uniform('ask yes', a.i, a.month_index) < logistic(-0.3::double + 0.7::double * a.health) as is_yes,
  10 + floor(uniform('ask days', a.i, a.month_index) * 45)::integer as days,
  round(a.seats * c.list_price * 12 * uniform('ask value', a.i, a.month_index))::integer as value_amount
from activity a join company c using (i)
where a.kind = 'customer' and a.decided_on is null and a.month_index > c.first_month + 3 and a.month_start + 25 <= getvariable('last_day')::date
  and uniform('ask', a.i, a.month_index) < case when a.health > 0.8 then 0.05 when a.health > 0 then 0.015 else 0.002 end
order by ask_number;
