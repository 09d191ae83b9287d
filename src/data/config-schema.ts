import { z } from 'zod';
import { isDay } from '../lib/dates.ts';
import { FACT_KINDS } from './config-defaults.ts';
import { TABLES } from './contract.ts';

const rate = z.number().min(0).max(1);
const days = z.int().min(1).max(3660);
const count = z.int().min(0).max(1_000_000);
const scalar = z.union([z.string(), z.number(), z.boolean()]);
const day = z.string().refine(isDay, 'must be a day written YYYY-MM-DD');

const zone = z.string().refine(isTimeZone, 'is not a time zone of the IANA list, e.g. UTC or Europe/Berlin');

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

const TRANSFORMS = [
  'cents',
  'minor_units',
  'epoch_seconds',
  'epoch_millis',
  'minutes_after',
  'hours_after',
  'percent',
  'per_interval_month',
  'annual_to_monthly',
  'months_to_billing_period',
  'salesforce_id',
  'email_domain',
  'lowercase',
  'not',
] as const;

const transform = z.enum(TRANSFORMS);

const columnMapping = z
  .strictObject({
    from: z.string().min(1).exactOptional(),
    value: scalar.exactOptional(),
    row_number: z.literal(true).exactOptional(),
    transform: z.union([transform, z.array(transform).min(1)]).exactOptional(),
    by: z.string().min(1).exactOptional(),
    values: z.record(z.string(), z.coerce.string()).exactOptional(),
  })
  .refine(
    (mapping) => [mapping.from, mapping.value, mapping.row_number].filter((item) => item !== undefined).length === 1,
    'needs exactly one of from, value and row_number',
  )
  .refine((mapping) => {
    const names = [mapping.transform ?? []].flat();
    const needsBy = names.some((name) =>
      ['minor_units', 'minutes_after', 'hours_after', 'per_interval_month'].includes(name),
    );
    return !needsBy || mapping.by !== undefined;
  }, 'has a transform that reads a second column: name it in by');

const source = z.strictObject({
  file: z.string().min(1),
  format: z.enum(['csv', 'json', 'ndjson', 'parquet']).exactOptional(),
  delimiter: z.enum([',', ';', '\t', '|']).exactOptional(),
  json_path: z.string().exactOptional(),
  timezone: zone.exactOptional(),
  date_order: z.enum(['ymd', 'dmy', 'mdy']).exactOptional(),
  system: z.string().min(1).exactOptional(),
  filter: z.record(z.string(), z.array(scalar).min(1)).exactOptional(),
  dedupe: z.strictObject({ key: z.array(z.string()).min(1), latest: z.string().exactOptional() }).exactOptional(),
  period: z.enum(['day', 'week', 'month']).exactOptional(),
  unpivot: z.array(z.string()).min(1).exactOptional(),
  columns: z.record(z.string(), z.union([z.string().min(1), columnMapping])),
});

const measure = z
  .strictObject({
    weight: z.number().min(0),
    method: z.enum(['threshold', 'peer', 'own_history', 'tenure_threshold']),
    worst: z.number().exactOptional(),
    best: z.number().exactOptional(),
    ramp_start: rate.exactOptional(),
    ramp_days: days.exactOptional(),
  })
  .refine(
    (item) => !item.method.endsWith('threshold') || (item.worst !== undefined && item.best !== undefined),
    'needs worst and best: the values that score 0 and 100',
  )
  .refine((item) => item.worst === undefined || item.worst !== item.best, 'has the same worst and best')
  .refine(
    (item) => item.method !== 'tenure_threshold' || (item.ramp_start !== undefined && item.ramp_days !== undefined),
    'needs ramp_start and ramp_days for tenure_threshold',
  );

const components = z.record(
  z.string(),
  z.strictObject({
    weight: z.number().min(0),
    combine: z.enum(['mean', 'worst']),
    measures: z.record(z.string(), measure),
  }),
);

const health = z.strictObject({
  min_coverage: rate,
  bands: z
    .strictObject({ red: z.number().min(0).max(100), green: z.number().min(0).max(100) })
    .refine((bands) => bands.red < bands.green, 'must have red below green'),
  hysteresis: z.number().min(0).max(20),
  short_window_days: days,
  long_window_days: days,
  half_life_days: days,
  parent_rollup: z.enum(['none', 'arr_weighted', 'worst']),
  components,
  segments: z.record(z.string(), z.strictObject({ components: components.exactOptional() })),
});

const range = z.strictObject({ min: z.number().exactOptional(), max: z.number().exactOptional() });

/** The keys of the data contract: which tables, and which columns each may map. */
const tables = z.strictObject(
  Object.fromEntries(TABLES.map((table) => [table.name, z.array(source).min(1).exactOptional()])),
);

/**
 * `retain.yaml` after its defaults have been laid under it and its short forms have been written out. Strict: a key
 * that is not here is an error, because a setting that is silently ignored is worse than none.
 */
export const configSchema = z.strictObject({
  version: z.literal(1),
  data: z.string().exactOptional(),
  store: z.string().exactOptional(),
  timezone: zone,
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, 'must be a currency code of three capitals, e.g. EUR')
    .exactOptional(),
  exported_at: day.exactOptional(),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1),
  tables,
  custom: z.record(
    z.string(),
    z.strictObject({ table: z.string(), from: z.string(), kind: z.enum(['attribute', 'metric']) }),
  ),
  segments: z.array(
    z.strictObject({ name: z.string().min(1), when: z.record(z.string(), z.union([z.array(scalar).min(1), range])) }),
  ),
  segment_min_accounts: count,
  churn: z.strictObject({
    definition: z.enum([
      'contract_chain',
      'cancel_request',
      'churn_event',
      'account_churn_date',
      'contraction',
      'inactivity',
      'none',
    ]),
    grace_days: count,
    horizon_days: days,
    contraction_rate: z.number().gt(0).max(1),
    inactivity_days: days,
    unavoidable_reasons: z.array(z.string()),
    include_trials: z.boolean(),
  }),
  contract: z.strictObject({ overlap: z.enum(['supersede', 'sum']), month_to_month_days: days }),
  health,
  facts: z.strictObject(
    Object.fromEntries(FACT_KINDS.map((kind) => [kind, z.strictObject({ enabled: z.boolean(), red: z.boolean() })])),
  ),
  capacity: z.strictObject({ rows_per_csm: z.int().min(1), new_per_week: z.int().min(1) }),
  alerts: z.strictObject({
    assumed_days: count,
    cool_down_days: count,
    readings_to_close: z.int().min(1),
    min_reading_gap_days: z.int().min(1),
    suppression_calendar: z.array(
      z
        .strictObject({ from: day, to: day, reason: z.string() })
        .refine((item) => item.from <= item.to, 'must have from on or before to'),
    ),
  }),
  cadence_days: z.record(z.string(), days),
  strategic: z.strictObject({ min_arr: z.number().min(0).exactOptional(), accounts: z.array(z.coerce.string()) }),
  renewal: z.strictObject({
    lead_days: days,
    default_notice_days: count,
    merge_days: count,
    stages: z.array(days).min(1),
    grace_days: count,
  }),
  expansion: z.strictObject({
    definition: z.enum(['arr_growth', 'won_opportunity']),
    horizon_days: days,
    min_growth_rate: z.number().min(0).max(10),
  }),
  onboarding: z.strictObject({ max_days: days, first_value: z.string().exactOptional() }),
  quality: z.strictObject({ max_rejected_rate: rate, max_affected_arr_rate: rate }),
  model: z.strictObject({
    max_age_days: days,
    min_outcomes: z.int().min(1),
    min_months: z.int().min(1),
    every: z.enum(['month', 'week']),
    features: z.array(z.string()),
    allow_leak: z.array(z.string()),
  }),
  gates: z.array(z.string().min(1)),
});
