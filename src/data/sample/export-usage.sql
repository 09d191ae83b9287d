-- grain: one row a product event
-- key: none; rows stand month by month, in each by account
-- as-of: occurred_at is when it happened, loaded_at when the warehouse had it: at once, one in twenty-five days later
select
  occurred_at, workspace_id, user_id, feature, event_count, duration_seconds, error_count, loaded_at
from (
  select
    e.workspace_id,
    'u' || format('{:08x}', scramble('user id', e.i * 1024 + e.person)) as user_id,
    e.person,
    e.champion_left_on,
    feature_name(floor(e.feature_breadth * pow(uniform('feature', e.i, e.event_key), 1.7::double))) as feature,
    (1 + floor(-ln(uniform('events', e.i, e.event_key)) * 4 * e.intensity))::integer as event_count,
    (20 + floor(-ln(uniform('seconds', e.i, e.event_key)) * 300))::integer as duration_seconds,
    case when uniform('errors', e.i, e.event_key) < case when is_outage(e.day) then 0.6 else 0.015 end
      then 1 + floor(uniform('seconds', e.i, e.event_key) * 3) else 0 end::integer as error_count,
    e.day::timestamp + to_seconds(25200 + floor(43200 * uniform('second', e.i, e.event_key))) as occurred_at,
    e.day::timestamp + to_seconds(25200 + floor(43200 * uniform('second', e.i, e.event_key)))
      + case when uniform('late', e.i, e.event_key) < 0.04
          then to_seconds(86400 + floor(uniform('lateness', e.i, e.event_key) * 777600)) else to_seconds(120) end as loaded_at,
    e.day, e.event_key, e.i, e.start_on, e.ended_on
  from (
    select
      *,
      (case when number < active_people then number
        else floor(active_people * pow(uniform('person', i, event_key), 1.4::double)) end)::integer as person,
      month_start + floor(uniform('day', i, event_key) * days_in_month)::integer as day
    from (
      select
        *, unnest(range(row_count))::integer as number,
        month_index::bigint * 65536 + unnest(range(row_count)) as event_key
      from usage_month
    )
  ) e
)
where uniform('kept', i, event_key) < day_weight(day)
  and loaded_at < getvariable('last_day')::date + 1
  and day >= start_on and (ended_on is null or day <= ended_on)
  and not (person = 1 and champion_left_on <= day)
