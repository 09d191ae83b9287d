/** How one column of the data contract is filled from one export file. */
export interface ColumnMapping {
  /** Source column heading; for JSON a dotted path. Absent when `value` or `row_number` fills the column. */
  readonly from?: string;
  /** A constant for every row. */
  readonly value?: string | number | boolean;
  /** The row's order in the file, from 1 (for exports whose id is the row's position). */
  readonly row_number?: true;
  /** Applied in order; see data/transforms.ts. */
  readonly transform?: Transform | readonly Transform[];
  /** Second source column of a transform that needs one (a currency, a base timestamp, an interval). */
  readonly by?: string;
  /** Source value → contract value, case-insensitive; an unlisted value is kept. */
  readonly values?: Readonly<Record<string, string>>;
}

/** Value transforms that real exports need. */
export type Transform =
  | 'cents' /** ÷ 100 */
  | 'minor_units' /** ÷ 10^decimals of the currency in `by` (some currencies have none) */
  | 'epoch_seconds'
  | 'epoch_millis'
  | 'minutes_after' /** minutes added to the timestamp in `by` */
  | 'hours_after'
  | 'percent' /** ÷ 100 */
  | 'per_interval_month' /** amount ÷ months of the interval named in `by` (day, week, month, quarter, year or a number of months) */
  | 'annual_to_monthly' /** ÷ 12 */
  | 'months_to_billing_period'
  | 'salesforce_id' /** 15-character ids get their checksum suffix */
  | 'email_domain'
  | 'lowercase'
  | 'not' /** boolean inverted */;

/** One export file (or a glob of alike files) that feeds one table of the data contract. */
export interface Source {
  readonly file: string;
  readonly format?: 'csv' | 'json' | 'ndjson' | 'parquet';
  readonly delimiter?: ',' | ';' | '\t' | '|';
  /** Key of the array in wrapped JSON, e.g. `tickets`. */
  readonly json_path?: string;
  /** IANA zone of timestamps without an offset. Default: the config's `timezone`. */
  readonly timezone?: string;
  /** Decided once for the whole file, never row by row. */
  readonly date_order?: 'ymd' | 'dmy' | 'mdy';
  /** The id system that `account_id` of this file belongs to; joined through account_alias. */
  readonly system?: string;
  /** Keep only rows whose source column has one of the values. */
  readonly filter?: Readonly<Record<string, readonly (string | number | boolean)[]>>;
  /** Repeated rows: the row with the greatest `latest` of each `key` wins (source column names). */
  readonly dedupe?: { readonly key: readonly string[]; readonly latest?: string };
  /** Rows are sums over a period that starts at `period_start`; known when the period ends. */
  readonly period?: 'day' | 'week' | 'month';
  /** Wide metric columns that become rows (`feature` = column name, `event_count` = value). */
  readonly unpivot?: readonly string[];
  /** Contract column → source column heading, or a mapping. */
  readonly columns: Readonly<Record<string, string | ColumnMapping>>;
}

export type ChurnDefinition =
  | 'contract_chain'
  | 'cancel_request'
  | 'churn_event'
  | 'account_churn_date'
  | 'contraction'
  | 'inactivity'
  | 'none';

/**
 * What counts as an expansion. `arr_growth`: recurring ARR at the horizon above that of the day, price rises and exchange
 * rates left out; `won_opportunity`: an upsell or cross-sell won within the horizon, whatever the contracts show.
 */
export type ExpansionDefinition = 'arr_growth' | 'won_opportunity';

export type ScoringMethod = 'threshold' | 'peer' | 'own_history' | 'tenure_threshold';

export interface MeasureSetting {
  readonly weight: number;
  readonly method: ScoringMethod;
  /** `threshold`: the value that scores 0 and the value that scores 100; linear between. */
  readonly worst?: number;
  readonly best?: number;
  /** `tenure_threshold`: at 0 days of tenure `best` is multiplied by `ramp_start`, rising to 1 at `ramp_days`. */
  readonly ramp_start?: number;
  readonly ramp_days?: number;
}

export interface ComponentSetting {
  readonly weight: number;
  readonly combine: 'mean' | 'worst';
  readonly measures: Readonly<Record<string, MeasureSetting>>;
}

export interface HealthSettings {
  readonly min_coverage: number;
  /** An account at or above `green` is green, below `red` red, between them yellow. */
  readonly bands: { readonly red: number; readonly green: number };
  /** Points beyond a boundary needed to leave a band. */
  readonly hysteresis: number;
  readonly short_window_days: number;
  readonly long_window_days: number;
  /** Half-life of the sentiment and recency weights, days. */
  readonly half_life_days: number;
  readonly parent_rollup: 'none' | 'arr_weighted' | 'worst';
  readonly components: Readonly<Record<string, ComponentSetting>>;
  /** Scorecards of single segments: partial settings laid over this one. */
  readonly segments: Readonly<Record<string, { readonly components?: Readonly<Record<string, ComponentSetting>> }>>;
}

export interface FactSetting {
  readonly enabled: boolean;
  readonly red: boolean;
}

/** `retain.yaml` after zod has filled every default. Paths are absolute. */
export interface Config {
  readonly version: 1;
  /** The config file, or undefined when none was found and defaults are used. */
  readonly file: string | undefined;
  readonly data: string;
  readonly store: string;
  readonly timezone: string;
  readonly currency: string | undefined;
  readonly exported_at: string | undefined;
  readonly seed: number;
  readonly tables: Readonly<Record<string, readonly Source[]>>;
  /** Declared extra columns: `account.region: attribute`. */
  readonly custom: Readonly<
    Record<string, { readonly table: string; readonly from: string; readonly kind: 'attribute' | 'metric' }>
  >;
  readonly segments: readonly {
    readonly name: string;
    readonly when: Readonly<
      Record<string, readonly (string | number | boolean)[] | { readonly min?: number; readonly max?: number }>
    >;
  }[];
  readonly segment_min_accounts: number;
  readonly churn: {
    readonly definition: ChurnDefinition;
    readonly grace_days: number;
    readonly horizon_days: number;
    readonly contraction_rate: number;
    readonly inactivity_days: number;
    /** Reasons that count in GRR and are left out of training. */
    readonly unavoidable_reasons: readonly string[];
    readonly include_trials: boolean;
  };
  readonly contract: {
    readonly overlap: 'supersede' | 'sum';
    /** What an end column means where init decided it; documentation only, the mapping itself holds it. */
    readonly month_to_month_days: number;
  };
  readonly health: HealthSettings;
  readonly facts: Readonly<Record<string, FactSetting>>;
  readonly capacity: { readonly rows_per_csm: number; readonly new_per_week: number };
  readonly alerts: {
    readonly assumed_days: number;
    readonly cool_down_days: number;
    readonly readings_to_close: number;
    readonly min_reading_gap_days: number;
    /** Date ranges in which no new alert opens (holidays, planned outages). */
    readonly suppression_calendar: readonly { readonly from: string; readonly to: string; readonly reason: string }[];
  };
  readonly cadence_days: Readonly<Record<string, number>>;
  readonly strategic: { readonly min_arr: number | undefined; readonly accounts: readonly string[] };
  readonly renewal: {
    readonly lead_days: number;
    readonly default_notice_days: number;
    readonly merge_days: number;
    readonly stages: readonly number[];
    readonly grace_days: number;
  };
  readonly expansion: {
    readonly definition: ExpansionDefinition;
    /** Days after the as-of date at whose end the account must pay for more. */
    readonly horizon_days: number;
    /** Least growth, as a share of the ARR of the as-of date, price rises left out. */
    readonly min_growth_rate: number;
  };
  readonly onboarding: { readonly max_days: number; readonly first_value: string | undefined };
  readonly quality: {
    /** Share of a main feed's rows that may be rejected before `run` stops with exit 2. */
    readonly max_rejected_rate: number;
    /** Share of ARR that open quality errors may touch before `run` stops with exit 2. */
    readonly max_affected_arr_rate: number;
  };
  readonly model: {
    readonly max_age_days: number;
    readonly min_outcomes: number;
    readonly min_months: number;
    readonly every: 'month' | 'week';
    /** Custom columns (keys of `custom`) that are features of the models. */
    readonly features: readonly string[];
    /** Admitted columns and features that the leak audit shall let pass. */
    readonly allow_leak: readonly string[];
  };
  /** What `retain backtest` must show, else it ends with 1; the form is that of `--gate`, which takes their place. */
  readonly gates: readonly string[];
}
