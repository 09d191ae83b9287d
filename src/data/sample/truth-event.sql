-- grain: one row a stretch of days, or a column, with something planted
-- key: kind, first_day, subject
-- as-of: the whole window
select kind, first_day, last_day, subject
from (
  select 'outage' as kind, outage_day(0) as first_day, outage_day(0) + 1 as last_day, 'usage, tickets' as subject
    where is_outage(outage_day(0))
  union all select 'outage', outage_day(1), outage_day(1), 'usage, tickets' where is_outage(outage_day(1))
  union all select 'missing_feed', feed_gap_start(), feed_gap_start() + 5, 'usage' where is_feed_gap(feed_gap_start())
  union all select case when is_year_end(day) then 'year_end' else 'summer' end, min(day), max(day), 'usage'
    from calendar where is_year_end(day) or is_summer(day)
    group by is_year_end(day), year(day + 11)
  union all select 'late_rows', getvariable('first_day')::date, getvariable('last_day')::date, 'usage'
  union all select 'leaking_column', getvariable('first_day')::date, getvariable('last_day')::date, 'accounts.offboarding_score'
  union all select 'leaking_column', getvariable('first_day')::date, getvariable('last_day')::date, 'subscriptions.final_invoice_sent'
)
order by kind, first_day, subject
