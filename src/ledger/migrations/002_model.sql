-- grain: the tables that say which model serves, version 2
-- key: named table by table below
-- as-of: `as_of` is the day whose knowledge the model was fitted on

-- One row a training: the model it gave, the one that served before, and which serves since; key (as_of, challenge_number).
create table ledger.model_challenge (
  model_id varchar not null, as_of date not null, challenge_number integer not null, champion_id varchar,
  is_champion boolean not null, reason varchar not null, compared_rows varchar, comparison json
);

-- One row a model, basis, observation date and account that the ladder predicted out of time (whole accounts drawn where
-- there are very many); key (model_id, basis, origin, account_id).
create table ledger.model_prediction (
  model_id varchar not null, as_of date not null, basis varchar not null, origin date not null, closed_on date not null,
  account_id varchar not null, label integer not null, churn_probability double not null
);
