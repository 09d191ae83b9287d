import type { ComponentSetting, Config, FactSetting, HealthSettings, MeasureSetting } from '../contract/config.ts';

/** The kinds of facts retain can find, in the order in which they are documented. */
export const FACT_KINDS = [
  'no_use',
  'usage_drop',
  'users_drop',
  'decision_due',
  'term_ended_in_use',
  'champion_left',
  'executive_left',
  'priority_ticket',
  'invoice_overdue',
  'csm_call_red',
  'risk_phrase',
] as const;

/** Every fact is looked for and is red; `decision_due` turns red only beside another fact, which the view decides. */
export const DEFAULT_FACTS: Readonly<Record<string, FactSetting>> = Object.fromEntries(
  FACT_KINDS.map((kind) => [kind, { enabled: true, red: true }]),
);

function threshold(weight: number, worst: number, best: number): MeasureSetting {
  return { weight, method: 'threshold', worst, best };
}

/**
 * The default scorecard: four components and their twelve measures (columns of the view `health_measures`), every one
 * scored by thresholds so that a score can be checked by hand on day one. `worst` scores 0, `best` 100, linear between.
 * Weights of components are percent, weights of measures count within their component.
 */
export const DEFAULT_COMPONENTS: Readonly<Record<string, ComponentSetting>> = {
  product_usage: {
    weight: 30,
    combine: 'mean',
    measures: {
      // Share of the features that a tenth of the segment uses. Six of ten is wide use; a new account grows into it.
      feature_adoption_rate: {
        weight: 1,
        method: 'tenure_threshold',
        worst: 0,
        best: 0.6,
        ramp_start: 0.5,
        ramp_days: 180,
      },
      // Active users of the last 28 days per seat (or per own 12-week mean): seven of ten seats in use is full marks.
      engagement_rate: threshold(1, 0, 0.7),
      // Log ratio of the 28-day value to its expectation, 0 unless beyond chance: half the use scores 0, steady use 78.
      usage_trend: threshold(1, -0.7, 0.2),
    },
  },
  support_health: {
    weight: 25,
    combine: 'mean',
    measures: {
      // Load above own and segment norm, in norms: at the norm or below (0) it is neutral, 67 and never 100; three times
      // the norm (2) scores 0.
      ticket_load: threshold(1, 2, -1),
      // Mean sentiment −1 … 1, half-life weighted.
      sentiment: threshold(1, -0.5, 0.5),
      // Shrunk share of satisfied answers less the reopen rate, below 1 by construction.
      resolution_rate: threshold(1, 0.4, 0.95),
    },
  },
  relationship: {
    weight: 25,
    combine: 'mean',
    measures: {
      // Days since the last two-way contact ÷ the segment's cadence: on cadence 100, three cadences of silence 0.
      csm_contact_ratio: threshold(1, 3, 1),
      executive_contact_ratio: threshold(1, 3, 1),
      // Answered ÷ outbound of the last 90 days.
      response_rate: threshold(1, 0, 0.6),
    },
  },
  business_outcomes: {
    weight: 20,
    combine: 'mean',
    measures: {
      // Due goals achieved, by weight.
      goal_rate: threshold(1, 0, 0.8),
      // Value achieved ÷ ARR paid to date: 1 means that the customer has had back what it paid.
      roi_rate: threshold(1, 0, 1),
      // Net ARR change of 12 months without price uplift: flat scores 75, a tenth more 100, a loss of three tenths 0.
      expansion_rate: threshold(1, -0.3, 0.1),
    },
  },
};

/** The twelve columns of `health_measures` that a scorecard may weigh. */
export const MEASURE_NAMES: readonly string[] = Object.values(DEFAULT_COMPONENTS).flatMap((component) =>
  Object.keys(component.measures),
);

/** Health settings of a company that has set none. Bands: below 40 red, from 70 green, between them yellow. */
export const DEFAULT_HEALTH: HealthSettings = {
  min_coverage: 0.5,
  bands: { red: 40, green: 70 },
  hysteresis: 3,
  short_window_days: 28,
  long_window_days: 90,
  half_life_days: 30,
  parent_rollup: 'none',
  components: DEFAULT_COMPONENTS,
  segments: {},
};

/** Every key of `retain.yaml` with its default, but for the paths. */
export const DEFAULTS: Omit<Config, 'file' | 'data' | 'store'> = {
  version: 1,
  timezone: 'UTC',
  currency: undefined,
  exported_at: undefined,
  seed: 1,
  tables: {},
  custom: {},
  segments: [],
  segment_min_accounts: 30,
  churn: {
    definition: 'contract_chain',
    grace_days: 30,
    horizon_days: 90,
    contraction_rate: 0.2,
    inactivity_days: 60,
    unavoidable_reasons: ['acquired', 'closed_down', 'duplicate'],
    include_trials: false,
  },
  contract: { overlap: 'supersede', month_to_month_days: 90 },
  health: DEFAULT_HEALTH,
  facts: DEFAULT_FACTS,
  capacity: { rows_per_csm: 10, new_per_week: 5 },
  alerts: {
    assumed_days: 7,
    cool_down_days: 28,
    readings_to_close: 2,
    min_reading_gap_days: 7,
    suppression_calendar: [],
  },
  // Days between two-way contacts that each motion promises; `default` serves accounts without a motion.
  // `executive` is the least for people of that role: they are met at the quarterly review, not every other week.
  cadence_days: { default: 30, high_touch: 14, pooled: 45, digital: 90, partner: 60, executive: 90 },
  strategic: { min_arr: undefined, accounts: [] },
  renewal: {
    lead_days: 180,
    default_notice_days: 30,
    merge_days: 30,
    stages: [180, 120, 90, 60, 30],
    grace_days: 30,
  },
  expansion: { definition: 'arr_growth', horizon_days: 90, min_growth_rate: 0.1 },
  onboarding: { max_days: 90, first_value: undefined },
  quality: { max_rejected_rate: 0.05, max_affected_arr_rate: 0.2 },
  model: { max_age_days: 30, min_outcomes: 30, min_months: 12, every: 'month', features: [], allow_leak: [] },
  gates: [],
};
