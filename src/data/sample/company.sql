-- grain: one row an account of the synthetic company
-- key: i (0 … accounts − 1)
-- as-of: fixed traits and planted traits; what happens to an account stands in life.sql
create or replace table company as
with
  kinds as (
    select
      n::integer as i,
      case
        when n % 50 = 17 then 'child'
        when n % 60 = 23 then 'trial'
        when n % 70 = 31 then 'prospect'
        when n % 120 = 41 then 'merged'
        else 'customer'
      end as kind,
      -- odd accounts that hang on an even neighbour, which is always a plain customer
      case when n % 50 = 17 or n % 40 = 11 then (n - 1)::integer end as parent_i,
      (n + 1) % 120 = 41 and n + 1 < getvariable('account_count') as is_merge_target,
      n % 120 = 23 as is_trial_open,
      (n + 1) % 50 = 17 and n + 1 < getvariable('account_count') as is_payer_of_child
    from range(getvariable('account_count')) numbers(n)
  ),
  traits as (
    select
      *,
      case
        when is_payer_of_child or is_merge_target then 'Business'
        when uniform('plan', i, 0) < 0.24 then 'Starter'
        when uniform('plan', i, 0) < 0.50 then 'Team'
        when uniform('plan', i, 0) < 0.72 then 'Business'
        when uniform('plan', i, 0) < 0.84 then 'Enterprise'
        else 'Community'
      end as plan,
      -- 45 % were customers before the window starts, the rest arrive through it
      case
        -- every other trial is still running on the last day
        when is_trial_open then getvariable('last_day')::date - 3 - floor(uniform('start', i, 1) * 20)::integer
        when kind in ('child', 'merged') or is_merge_target or is_payer_of_child or uniform('start', i, 0) < 0.45
          then getvariable('first_day')::date - floor(uniform('start', i, 1) * 1100)::integer - 1
        else getvariable('first_day')::date
          + floor(uniform('start', i, 1) * (getvariable('last_day')::date - getvariable('first_day')::date - 20))::integer
      end as start_on,
      (i * 5003 + stream_key('company name')::bigint % 8132) % 8132 as name_index
    from kinds
  ),
  sized as (
    select
      *,
      case plan
        when 'Starter' then 3 + floor(uniform('seats', i, 0) * 6)
        when 'Team' then 8 + floor(uniform('seats', i, 0) * 18)
        when 'Business' then 18 + floor(uniform('seats', i, 0) * 34)
        when 'Enterprise' then 40 + floor(uniform('seats', i, 0) * 80)
        else 5 + floor(uniform('seats', i, 0) * 14)
      end::integer as start_seats,
      case
        when plan = 'Enterprise' then 12
        when uniform('term', i, 0) < case plan when 'Business' then 0.75 when 'Team' then 0.45 when 'Community' then 0.35 else 0.18 end
          then 12
        else 1
      end as term_months,
      case
        when plan = 'Enterprise' then 'high_touch'
        when plan = 'Business' then
          case when uniform('motion', i, 0) < 0.50 then 'high_touch' when uniform('motion', i, 0) < 0.85 then 'pooled' else 'partner' end
        when plan = 'Team' then
          case when uniform('motion', i, 0) < 0.60 then 'pooled' when uniform('motion', i, 0) < 0.80 then 'digital' else 'partner' end
        when plan = 'Starter' and uniform('motion', i, 0) < 0.25 then 'pooled'
        else 'digital'
      end as motion,
      pick(['US', 'US', 'US', 'US', 'CA', 'GB', 'GB', 'DE', 'DE', 'FR', 'NL', 'ES', 'SE', 'AU'], uniform('country', i, 0)) as country
    from traits
  ),
  planted as (
    select
      *,
      plan <> 'Community' as has_signal,
      uniform('persuadable', i, 0) < 0.5 as is_persuadable,
      kind = 'customer' and start_on >= getvariable('first_day')::date and uniform('stuck', i, 0) < 0.20 as is_stuck,
      case
        when plan in ('Starter', 'Community') or kind <> 'customer' then null
        when uniform('champion', i, 0) < 0.26
          then greatest(start_on + 60, getvariable('first_day')::date + 60)
            + floor(uniform('champion', i, 1)
              * greatest(getvariable('last_day')::date - greatest(start_on + 60, getvariable('first_day')::date + 60), 1))::integer
      end as champion_left_on,
      case
        when kind = 'customer' and plan in ('Business', 'Enterprise') and uniform('executive', i, 0) < 0.12
          then greatest(start_on, getvariable('first_day')::date)
            + floor(uniform('executive', i, 1)
              * greatest(getvariable('last_day')::date - greatest(start_on, getvariable('first_day')::date), 1))::integer
      end as executive_left_on,
      case
        when kind <> 'customer' or start_on > getvariable('last_day')::date - 400 or plan in ('Community', 'Starter') then 'none'
        when uniform('expansion', i, 0) < 0.10 then 'ready'
        when uniform('expansion', i, 0) < 0.17 then 'spiking'
        when uniform('expansion', i, 0) < 0.24 then 'unready'
        else 'none'
      end as expansion_class,
      kind = 'customer' and plan in ('Team', 'Business', 'Enterprise') and uniform('shrink', i, 0) < 0.10 as is_shrinker
    from sized
  )
select
  i, kind, parent_i,
  case when kind = 'merged' then i - 1 end as merged_into_i,
  case
    when kind = 'merged' or is_merge_target
      then (date_trunc('month', getvariable('last_day')::date) - interval 7 month)::date
  end as merged_on,
  is_merge_target, plan, start_on, start_seats, term_months::integer as term_months, motion, country,
  case country when 'GB' then 'GBP' when 'DE' then 'EUR' when 'FR' then 'EUR' when 'NL' then 'EUR' when 'ES' then 'EUR' else 'USD' end
    as currency,
  industry_name(uniform('industry', i, 0)) as industry,
  case
    when motion = 'digital' then null
    when motion = 'partner' then csm_name(5)
    when motion = 'pooled' then csm_name(3 + floor(uniform('csm', i, 0) * 2))
    else csm_name(floor(uniform('csm', i, 0) * 4))
  end as csm,
  case when motion = 'partner' then partner_name(floor(uniform('partner', i, 0) * 3)) end as partner,
  company_first(name_index % 107) || ' ' || company_second(name_index // 107)
    || case when i < 8132 then '' else ' ' || (i // 8132 + 1)::varchar end as name,
  lower(company_first(name_index % 107)) || '-' || lower(company_second(name_index // 107))
    || case when i < 8132 then '' else (i // 8132 + 1)::varchar end || '.example' as domain,
  'A' || lpad((100000 + i)::varchar, 7, '0') as crm_id,
  'ws_' || format('{:08x}', scramble('workspace id', i)) as workspace_id,
  (360000000000 + scramble('helpdesk id', i)::bigint)::varchar as helpdesk_id,
  'cus_' || upper(format('{:08x}', scramble('billing id', i))) as billing_id,
  (term_months = 1 or uniform('auto renew', i, 0) < 0.65) as is_auto_renew,
  case when term_months = 12 and uniform('auto renew', i, 0) < 0.65 then pick([30, 30, 60, 90], uniform('notice', i, 0)) end::integer
    as notice_days,
  case plan when 'Starter' then 12 when 'Team' then 18 when 'Business' then 28 when 'Enterprise' then 42 else 6 end as list_price,
  case when plan in ('Business', 'Enterprise') then pick([0, 0, 5, 10, 15, 20], uniform('discount', i, 0))
    else pick([0, 0, 0, 0, 10], uniform('discount', i, 0)) end::integer as discount_percent,
  has_signal, is_persuadable, is_stuck,
  case when is_stuck then case when uniform('stuck', i, 1) < 0.6 then 2 else 1 end end::integer as stuck_at,
  champion_left_on,
  champion_left_on is not null and uniform('champion', i, 2) < 0.5 as is_champion_replaced,
  executive_left_on, expansion_class, is_shrinker,
  0.6::double * normal('baseline', i, 0) as baseline_health,
  greatest(0, date_diff('month', getvariable('first_day')::date, start_on))::integer as first_month,
  case when start_on >= getvariable('first_day')::date and kind = 'customer' and uniform('trial', i, 0) < 0.3 then 14 end::integer as trial_days
from planted
order by i;
