-- grain: one row a contact between the company and a customer
-- key: i, interaction_key
-- as-of: responded_at may lie after the last day shown; partner-served accounts have no rows, digital ones hardly any
create or replace table interaction as
with
  planned as (
    select
      a.i, a.month_index, a.month_start, a.health, a.ended_on, c.start_on, c.csm, c.first_month, a.plan,
      d.is_save_play, c.has_signal,
      geometric(case a.motion when 'high_touch' then 1.3 when 'pooled' then 0.45 when 'digital' then 0.04 else 0.0 end::double,
        uniform('contacts', a.i, a.month_index)) as ordinary_count
    from activity a
    join company c using (i)
    join decision d on d.i = a.i and d.month_index = a.month_index
    where a.kind = 'customer' and a.motion <> 'partner'
  ),
  numbered as (
    select *, unnest(range(least(9, ordinary_count)))::integer as number from planned
    union all
    select *, unnest([20, 21]) from planned where is_save_play
    union all
    select *, unnest([30, 31]) from planned where start_on >= getvariable('first_day')::date and month_index = first_month and csm is not null
  ),
  placed as (
    select
      *,
      month_index * 100 + number as interaction_key,
      case when number >= 30 then start_on + 2 + (number - 30) * 9
        else month_start + floor(uniform('contact day', i, month_index * 100 + number) * 27)::integer end as rough_day,
      case
        when number >= 30 then 'onboarding'
        when number >= 20 then 'save'
        else pick(['check_in', 'check_in', 'check_in', 'training', 'business_review', 'renewal', 'support_follow_up'],
          uniform('purpose', i, month_index * 100 + number))
      end as purpose,
      case when number >= 20 or uniform('direction', i, month_index * 100 + number) < 0.90 - 0.08 * least(2.0, greatest(-2.0, health))
        then 'outbound' else 'inbound' end as direction,
      pick(['email', 'email', 'email', 'call', 'meeting'], uniform('channel', i, month_index * 100 + number)) as channel,
      case
        when logistic(1.2::double * health + normal('tone', i, month_index * 100 + number)) > 0.70 then 'positive'
        when logistic(1.2::double * health + normal('tone', i, month_index * 100 + number)) < 0.30 then 'negative'
        else 'neutral'
      end as mood
    from numbered
  ),
  weekday as (
    select *, rough_day - greatest(0, isodow(rough_day) - 5)::integer as day from placed
  )
select
  row_number() over (order by day, i, interaction_key)::integer as interaction_number,
  i, interaction_key, purpose, direction, channel, mood, csm, has_signal,
  day::timestamp + to_seconds(30600 + floor(28800 * uniform('contact second', i, interaction_key))) as occurred_at,
  -- a call or meeting that took place is an answer by itself
  case
    when direction = 'inbound' then null
    when channel <> 'email' and uniform('answer', i, interaction_key) < logistic(0.9::double + 0.8::double * health)
      then day::timestamp + to_seconds(30600 + floor(28800 * uniform('contact second', i, interaction_key)))
    when channel = 'email' and uniform('answer', i, interaction_key) < logistic(0.1::double + 0.8::double * health)
      then day::timestamp + to_seconds(30600 + floor(28800 * uniform('contact second', i, interaction_key)))
        + to_minutes((60 + 1400 * exp(0.8::double * normal('answer time', i, interaction_key)))::integer)
  end as responded_at,
  case when has_signal and uniform('note risk', i, interaction_key) < logistic(-3.4::double - 1.3::double * health)
    then pick(['competitor', 'budget', 'downgrade', 'price', 'champion', 'merger'], uniform('note risk kind', i, interaction_key)) end as risk_kind,
  uniform('note negated', i, interaction_key) < 0.03 as is_negated,
  -- executives are met in reviews and renewals, others by and large the champion or admin
  case when purpose in ('business_review', 'renewal') and uniform('with', i, interaction_key) < 0.5 then 0
    else 1 + floor(uniform('with', i, interaction_key) * 2) end::integer as contact_number
from weekday
where day >= start_on and (ended_on is null or day <= ended_on) and day <= getvariable('last_day')::date
  and not is_year_end(day)
order by interaction_number;
