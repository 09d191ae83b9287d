-- grain: one row a survey sent to one person
-- key: response_id
-- as-of: score and comment are filled once the person has answered
select
  'R' || lpad(s.survey_number::varchar, 7, '0') as response_id,
  c.crm_id as account_id,
  contact_id(s.i, s.contact_number) as contact_id,
  'nps' as survey_type,
  s.sent_on as sent_date,
  case when s.responded_on <= getvariable('last_day')::date then s.responded_on end as responded_date,
  case when s.responded_on <= getvariable('last_day')::date then s.score end as score,
  case when s.responded_on <= getvariable('last_day')::date and s.has_comment
    then survey_comment(case when s.score >= 9 then 'positive' when s.score <= 6 then 'negative' else 'neutral' end, s.words_draw) end as comment
from survey s join company c using (i)
where s.sent_on <= getvariable('last_day')::date
order by s.survey_number
