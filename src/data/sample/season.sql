-- grain: scalar macros, no rows
-- key: a day
-- as-of: no time beyond the day asked about; holidays fall on the same days every year, and with plain_calendar on none
create or replace macro is_summer(day) as not getvariable('plain_calendar')
  and strftime(day, '%m%d') between '0718' and '0825';
create or replace macro is_year_end(day) as not getvariable('plain_calendar')
  and (strftime(day, '%m%d') >= '1221' or strftime(day, '%m%d') <= '0102');

-- two working days, about five and about fourteen months before the end
create or replace macro outage_day(n) as
  (date_trunc('week', getvariable('last_day')::date - (case when n = 0 then 430 else 145 end)) + interval 1 day)::date;
create or replace macro is_outage(day) as not getvariable('plain_calendar')
  and day in (outage_day(0), outage_day(0) + 1, outage_day(1));

-- the usage feed has no rows from Thursday to Tuesday, about eight months before the end
create or replace macro feed_gap_start() as
  (date_trunc('week', getvariable('last_day')::date - 235) + interval 3 day)::date;
create or replace macro is_feed_gap(day) as not getvariable('plain_calendar')
  and day between feed_gap_start() and feed_gap_start() + 5;

-- how busy a day is against a plain Monday, 0 to 1
create or replace macro day_weight(day) as
  (case isodow(day) when 6 then 0.10 when 7 then 0.08 when 5 then 0.85 else 1.0 end
    * case when is_year_end(day) then 0.25 when is_summer(day) then 0.72 else 1.0 end
    * case when is_outage(day) then 0.45 else 1.0 end
    * case when is_feed_gap(day) then 0.0 else 1.0 end)::double;
