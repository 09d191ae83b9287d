import {
  BACKTEST_SCHEMA,
  type BacktestFigure,
  type BacktestResult,
  type BacktestVerdict,
} from '../../src/contract/backtest.ts';

/** A figure of what is served for churn: AUC .78 on all rows, 120 accounts with the outcome. */
export function figure(over: Partial<BacktestFigure> = {}): BacktestFigure {
  return {
    prediction: 'churn',
    candidate: 'served',
    basis: 'all',
    rows: 'all',
    slice: 'all',
    metric: 'roc_auc',
    value: 0.78,
    low: 0.74,
    high: 0.82,
    standard_error: 0.025,
    cap: null,
    row_count: 2400,
    outcome_count: 120,
    ...over,
  };
}

/** A verdict on churn, over all rows. */
export function verdict(over: Partial<BacktestVerdict> = {}): BacktestVerdict {
  return {
    prediction: 'churn',
    basis: 'all',
    verdict: 'signal',
    sentence: 'the glass box beats the base rate out of time (p 0.001).',
    outcome_count: 120,
    ...over,
  };
}

/** A small backtest: churn and health with a signal, each on all and on unworked rows. */
export function backtestResult(over: Partial<BacktestResult> = {}): BacktestResult {
  return {
    schema_version: BACKTEST_SCHEMA,
    version: '0.1.0',
    as_of: '2026-06-30',
    from: '2025-04-01',
    to: '2026-03-01',
    origins: ['2025-04-01', '2025-07-01', '2025-10-01', '2026-01-01'],
    horizon_days: 90,
    churn_definition: 'cancel_request',
    capacity: 10,
    seed: 1,
    config_hash: 'abc',
    verdicts: [verdict(), verdict({ prediction: 'health', sentence: 'health ranks better than chance.' })],
    figures: [
      figure(),
      figure({ rows: 'unworked', value: 0.8, low: 0.75, high: 0.85, row_count: 2000, outcome_count: 90 }),
      figure({ candidate: 'base_rate', value: 0.5, low: 0.5, high: 0.5, standard_error: 0 }),
      figure({
        candidate: 'base_rate',
        rows: 'unworked',
        value: 0.5,
        low: 0.5,
        high: 0.5,
        standard_error: 0,
        row_count: 2000,
        outcome_count: 90,
      }),
      figure({
        rows: 'unworked',
        metric: 'precision_at_capacity',
        value: 0.42,
        low: 0.35,
        high: 0.5,
        standard_error: 0.045,
        row_count: 2000,
        outcome_count: 90,
      }),
      figure({
        rows: 'unworked',
        metric: 'calibration_error',
        value: 0.031,
        low: 0.02,
        high: 0.055,
        standard_error: 0.01,
        row_count: 2000,
        outcome_count: 90,
      }),
      figure({
        rows: 'unworked',
        metric: 'calibration_in_the_large',
        value: -0.02,
        low: -0.03,
        high: -0.01,
        standard_error: 0.006,
        row_count: 2000,
        outcome_count: 90,
      }),
      figure({ slice: 'term:monthly', value: 0.65, low: 0.58, high: 0.71, outcome_count: 70 }),
      figure({ slice: 'term:long', value: 0.9, low: 0.8, high: 0.95, outcome_count: 12 }),
      figure({ prediction: 'health', value: 0.66, low: 0.61, high: 0.71 }),
      figure({ prediction: 'renewal', basis: 'renewal', value: 0.7, low: 0.6, high: 0.8 }),
    ],
    ...over,
  };
}
