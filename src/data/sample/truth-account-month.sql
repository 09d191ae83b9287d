-- grain: one row a customer and month, up to the month in which it decides to leave
-- key: account_id, month
-- as-of: true chances. hazard_probability is that of deciding to leave in the month, given health up to then and the outreach that
-- took place; churn_probability that of deciding in this month or the two after it (empty for the last two months)
select
  c.crm_id as account_id,
  a.month_start as month,
  round(a.health, 6) as health,
  d.decision_on as decision_date,
  round(d.probability_untreated, 9) as hazard_probability_untreated,
  round(d.probability_treated, 9) as hazard_probability_treated,
  round(d.probability, 9) as hazard_probability,
  round(case when d.month_index + 2 < getvariable('month_count') then d.churn_probability end, 9) as churn_probability,
  d.is_save_play,
  d.is_worked,
  a.seats,
  a.active_people
from activity a
join (
  select *,
    1.0::double - exp(sum(round(ln(1.0::double - probability) * 1000000000.0::double)::bigint) over (
      partition by i order by month_index rows between current row and 2 following) / 1000000000.0::double) as churn_probability
  from (select *, case when is_worked then probability_treated else probability_untreated end as probability from decision)
) d on d.i = a.i and d.month_index = a.month_index
join company c on c.i = a.i
where a.kind = 'customer' and (a.decided_on is null or a.month_start <= a.decided_on)
order by c.i, a.month_start
