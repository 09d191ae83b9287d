-- grain: one row a contact person
-- key: i, number
-- as-of: left_on is the day a person left; a replacement joins five weeks later at half of the accounts
create or replace table contact as
with
  people as (
    select i, start_on, unnest(range(person_count))::integer as number, person_count::integer as first_count, domain,
      champion_left_on, executive_left_on
    from (
      select *, case when plan in ('Starter', 'Community') then 3 else 4 + least(4, start_seats // 12) end as person_count
      from company
    )
    union all
    select i, start_on, 50, 0, domain, champion_left_on, null from company where is_champion_replaced
  )
select
  i, number,
  case when first_count = 0 then 1 else first_count end as first_count,
  case number when 0 then 'executive' when 1 then 'champion' when 2 then 'admin' when 3 then 'billing' when 50 then 'champion' else 'user' end
    as role,
  person_first_name(i, number) as first_name,
  person_last_name(i, number) as last_name,
  person_email(i, number, domain) as email,
  case
    when number = 50 then champion_left_on + 35
    when number >= 3 then start_on + floor(uniform('joined', i, number) * 90)::integer
    else start_on
  end as joined_on,
  case
    when number = 1 then champion_left_on
    when number = 0 then executive_left_on
  end as left_on,
  uniform('opt out', i, number) < 0.04 as is_opted_out
from people
order by i, number;
