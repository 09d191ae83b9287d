-- grain: one row an event in the product
-- key: i, event_key; rows come month by month, in each by account
-- as-of: occurred_at is when it happened, loaded_at when the warehouse had it: at once, or for one in twenty-five 1 to 10 days later
create or replace view usage_event as
with
  numbered as (
    select *, unnest(range(row_count))::integer as number from usage_month
  ),
  drawn as (
    -- two 16-bit numbers from each draw: four draws an event instead of eight
    select
      *,
      month_index::bigint * 65536 + number as event_key,
      draw_bits('event day', i, month_index::bigint * 65536 + number) as day_bits,
      draw_bits('event who', i, month_index::bigint * 65536 + number) as who_bits,
      draw_bits('event size', i, month_index::bigint * 65536 + number) as size_bits,
      draw_bits('event time', i, month_index::bigint * 65536 + number) as time_bits
    from numbered
  ),
  placed as (
    select
      i, event_key, workspace_id, start_on, ended_on, champion_left_on,
      -- everyone who is active appears twice before the busy ones take the rest
      (case when number < 2 * active_people then number % active_people
        else floor(active_people * pow(low_part(who_bits), 1.4::double)) end)::integer as person,
      feature_name(floor(feature_breadth * pow(high_part(who_bits), 1.7::double))) as feature,
      (1 + floor(-4.0::double * intensity * ln(low_part(size_bits))))::integer as event_count,
      (20 + floor(-300.0::double * ln(high_part(size_bits))))::integer as duration_seconds,
      high_part(size_bits) as error_draw,
      low_part(day_bits) as kept_draw,
      month_start + floor(high_part(day_bits) * days_in_month)::integer as day,
      25200 + floor(43200 * low_part(time_bits))::integer as second_of_day,
      case when high_part(time_bits) < 0.04 then 86400 + floor(high_part(time_bits) * 19440000)::integer else 120 end as delay_seconds
    from drawn
  )
select
  p.i, p.event_key, p.person, k.day,
  k.day::timestamp + to_seconds(p.second_of_day) as occurred_at,
  p.workspace_id,
  user_id(p.i, p.person) as user_id,
  p.feature, p.event_count, p.duration_seconds,
  case when p.error_draw < k.error_rate then 1 + p.event_key % 3 else 0 end::integer as error_count,
  k.day::timestamp + to_seconds(p.second_of_day + p.delay_seconds) as loaded_at
-- the calendar stands on the right and every condition names it: so nothing is drawn twice, and rows keep their order
from placed p join calendar k on k.day = p.day
where p.kept_draw < k.activity_weight
  and k.day::timestamp + to_seconds(p.second_of_day + p.delay_seconds) < getvariable('last_day')::date + 1
  and k.day >= p.start_on
  and (p.ended_on is null or k.day <= p.ended_on)
  and not (p.person = 1 and p.champion_left_on is not null and k.day > p.champion_left_on);
