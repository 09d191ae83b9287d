-- grain: what forecasts of amounts said, version 4
-- key: (run_id, as_of, forecast, account_id), account_id null in the one row of all accounts together
-- as-of: `as_of` is the day whose knowledge the forecast rests on

-- No run has ever written the table of version 1: it had no place for what is expected, nor for the level of a range.
drop table ledger.forecast;

-- One row a run, date, forecast and account whose amount is forecast, and one without account for all of them together, which
-- alone has a range. Amounts are in `currency`; `horizon_days` is how far the forecast looked, `level` what the range claims.
create table ledger.forecast (
  run_id varchar not null, as_of date not null, forecast varchar not null, account_id varchar,
  amount double, expected_amount double, amount_low double, amount_high double, source varchar,
  level double not null, horizon_days integer not null, currency varchar
);
