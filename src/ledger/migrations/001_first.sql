-- grain: every table of the ledger, version 1; `ledger.` is the attached file (or schema `state`, which has the same tables)
-- key: named table by table below; history is append-only, only `run_date.superseded_by` is ever set later
-- as-of: `as_of` is the day whose knowledge a row uses; `*_on` the day something was said, done or seen

-- One row a committed run. `run_number` is the order of commits.
create table ledger.run (
  run_id varchar not null, run_number integer not null, as_of date not null, as_of_reason varchar,
  started_at timestamp, version varchar, seed bigint, config_hash varchar, config json, inputs json,
  status varchar not null, summary varchar, report json
);

-- One row a run and as-of date it took readings at. A re-run of a date supersedes the earlier run's readings of it.
create table ledger.run_date (
  run_id varchar not null, run_number integer not null, as_of date not null, is_replayed boolean not null,
  superseded_by varchar
);

-- One row a run and list kept of it: the rows stand in table list_<name>, `columns` in the order they were found.
create table ledger.run_list (
  run_id varchar not null, name varchar not null, row_count bigint not null, columns json not null, is_kept_always boolean
);

-- One row an overwritten value and change of it; key (table_name, row_key, column_name, seen_on, run_number).
create table ledger.value_copy (
  run_id varchar, run_number integer, table_name varchar not null, row_key varchar not null,
  column_name varchar not null, value varchar, seen_on date not null
);

-- One row a run, date and account. Raw measures and their 0-100 scores; configured measures add columns.
create table ledger.health_reading (
  run_id varchar not null, as_of date not null, account_id varchar not null, segment varchar,
  health_score double, band varchar, computed_band varchar, band_since date, coverage_rate double, feed_coverage_rate double,
  override_id varchar, config_hash varchar, calibration_id varchar,
  feature_adoption_rate double, feature_adoption_rate_score double,
  engagement_rate double, engagement_rate_score double,
  usage_trend double, usage_trend_score double,
  ticket_load double, ticket_load_score double,
  sentiment double, sentiment_score double,
  resolution_rate double, resolution_rate_score double,
  csm_contact_ratio double, csm_contact_ratio_score double,
  executive_contact_ratio double, executive_contact_ratio_score double,
  response_rate double, response_rate_score double,
  goal_rate double, goal_rate_score double,
  roi_rate double, roi_rate_score double,
  expansion_rate double, expansion_rate_score double
);

-- Peer norms and cut points frozen at a calibration; key calibration_id.
create table ledger.calibration (calibration_id varchar not null, as_of date not null, calibration json not null);

-- One row a run, date and account.
create table ledger.churn_score (
  run_id varchar not null, as_of date not null, account_id varchar not null, basis varchar,
  churn_probability double, churn_probability_low double, churn_probability_high double, base_rate double,
  expected_loss_amount double, rung varchar, model_id varchar
);

-- One row a run, date, account and term, in log-odds; kept for the last run, month ends and listed accounts.
create table ledger.contribution (
  run_id varchar not null, as_of date not null, account_id varchar not null, term varchar not null,
  contribution double not null, value varchar
);

-- One row a run, date, account, fact kind and fact_on.
create table ledger.fact_reading (
  run_id varchar not null, as_of date not null, account_id varchar not null, kind varchar not null,
  is_red boolean, fact_on date, now_value double, past_value double, peer_value double, unit varchar,
  detail varchar, contact_id varchar, source_table varchar, source_key varchar
);

-- One row a version of an alert: the alert as it stood after date `as_of`, written when it changed.
create table ledger.alert (
  run_id varchar not null, as_of date not null, alert_id varchar not null, account_id varchar not null,
  kind varchar not null, csm varchar, opened_csm varchar, reason varchar, state varchar not null,
  opened_on date not null, shown_on date, listed_on date, entered_on date, worked_on date,
  is_worked_assumed boolean, snoozed_until date, closed_on date, close_reason varchar,
  quiet_readings integer, quiet_on date,
  severity double, worse_on date, grounds json, feeds json, rank_key json, value_amount double
);

-- One row a run, date, alert and event: opened, shown, worked, snoozed, worse, quiet, resolved.
create table ledger.alert_event (
  run_id varchar not null, as_of date not null, alert_id varchar not null, account_id varchar not null,
  csm varchar, event varchar not null, event_on date not null, detail varchar
);

-- One row a run, date and proposal: what became of it (planned, suppressed, in_hand) and why.
create table ledger.plan_action (
  run_id varchar not null, as_of date not null, account_id varchar not null, contact_id varchar, csm varchar,
  agent varchar not null, kind varchar not null, reason varchar not null, outcome varchar not null, why varchar,
  detail varchar, until date, planned_on date, alert_id varchar, value_amount double, evidence json
);

-- One row a draft and version of it; approval is a decision record, not an update.
create table ledger.draft (
  run_id varchar, as_of date not null, draft_id varchar not null, account_id varchar not null, contact_id varchar,
  csm varchar, agent varchar, play varchar, channel varchar, subject varchar, body varchar, citations json,
  expires_on date
);

-- What a person did with an alert, an action or a draft; key decision_id.
create table ledger.decision (
  decision_id varchar not null, decided_on date not null, decided_at timestamp, author varchar, csm varchar,
  account_id varchar not null, alert_id varchar, draft_id varchar, kind varchar not null, action_kind varchar,
  action_reason varchar, until date, reason varchar, detail json
);

-- A person's overriding of a band or score, never without an end; key override_id.
create table ledger.override_record (
  override_id varchar not null, account_id varchar not null, said_on date not null, expires_on date not null,
  author varchar not null, reason varchar not null, field varchar not null, value varchar, withdrawn_on date
);

-- A CSM's call said through the inbox, like a row of the csm_call export; key call_id.
create table ledger.csm_call (
  call_id varchar not null, account_id varchar not null, said_on date not null, csm varchar, kind varchar not null,
  value varchar, amount double, reason_code varchar, note varchar
);

-- One row an account and episode: the arm it was drawn into before anything was shown.
create table ledger.holdout (
  account_id varchar not null, episode_id varchar not null, drawn_on date not null, arm varchar not null,
  block varchar, released_on date, release_reason varchar
);

-- What was done for an account, planned or not; key intervention_id.
create table ledger.intervention (
  intervention_id varchar not null, account_id varchar not null, contact_id varchar, started_on date not null,
  ended_on date, play varchar, alert_id varchar, csm varchar, basis varchar, cost_amount double
);

-- What happened: churned, renewed, contracted, expanded; key (account_id, kind, decided_on, seen_on).
create table ledger.outcome (
  run_id varchar, account_id varchar not null, kind varchar not null, decided_on date not null, seen_on date not null,
  ended_on date, amount double, reason_code varchar, is_unavoidable boolean
);

-- One row a run, date and forecast line.
create table ledger.forecast (
  run_id varchar not null, as_of date not null, scope varchar not null, account_id varchar, csm varchar,
  due_date date, source varchar not null, category varchar, amount double, amount_low double, amount_high double,
  probability double
);

-- A fitted model, frozen; key model_id.
create table ledger.model (
  model_id varchar not null, as_of date not null, basis varchar not null, kind varchar not null, verdict varchar,
  seed bigint, config_hash varchar, model json, card json
);

-- A list as printed for a CSM, so that the next one can say what changed; key (csm, as_of, printed_on).
create table ledger.printed_list (
  printed_on date not null, as_of date not null, run_id varchar, csm varchar, list varchar not null, rows json not null
);
