import type { AmountForecast, Prediction } from '../contract/agent.ts';
import type { HealthSettings } from '../contract/config.ts';

/** What the churn agent claims: the probability of its own basis; nothing where no rung earned one. */
export const CHURN_PREDICTION: Prediction = {
  name: 'churn',
  title: 'churn probability',
  table: 'churn_score',
  column: 'churn_probability',
  direction: 'risk',
  outcome: 'churn',
  kind: 'probability',
};

/** What the health agent claims: the lower the score, the sooner the account leaves; and each component by itself. */
export const HEALTH_PREDICTION: Prediction<{ readonly health: HealthSettings }> = {
  name: 'health',
  title: 'health score',
  table: 'health_reading',
  column: 'health_score',
  parts: ({ health }) => Object.keys(health.components),
  direction: 'safety',
  outcome: 'churn',
  kind: 'ranking',
};

/** What the renewal agent claims of each decision that lies ahead. */
export const RENEWAL_PREDICTION: Prediction = {
  name: 'renewal',
  title: 'renewal likelihood',
  table: 'renewal_timeline',
  column: 'renewal_probability',
  direction: 'safety',
  outcome: 'not_renewed',
  kind: 'probability',
};

/**
 * What the expansion model claims: that the account pays for more at the horizon. No agent shows it yet, so `retain backtest`
 * scores what the model of each date says; an agent that declares it is scored by its own table instead.
 */
export const EXPANSION_PREDICTION: Prediction = {
  name: 'expansion',
  title: 'expansion readiness',
  table: 'expansion_score',
  column: 'expansion_probability',
  direction: 'risk',
  outcome: 'expansion',
  kind: 'probability',
};

/** What the renewal agent claims of the ARR that decides within the horizon. */
export const RENEWAL_FORECAST: AmountForecast = {
  name: 'renewal_arr',
  title: 'forecast of renewed ARR',
  table: 'renewal_forecast',
  amount: 'arr_amount',
  expected: 'expected_arr_amount',
  low: 'arr_amount_low',
  high: 'arr_amount_high',
  source: 'source',
  level: 0.8,
  outcome: 'not_renewed',
  comes: 'without',
};
