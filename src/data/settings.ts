import type { Config } from '../contract/config.ts';
import type { Engine } from '../engine/engine.ts';
import type { Day } from '../lib/dates.ts';

/** Columns of the one-row table `settings`: what the views need from the configuration, with SQL types. */
export const SETTINGS_COLUMNS: Readonly<Record<string, string>> = {
  /** Day retain first saw the exports: undated rows and overwritten cells are known from then on. */
  first_seen_on: 'DATE',
  /** Reporting currency; null when no contract states one. */
  currency: 'VARCHAR',
  churn_definition: 'VARCHAR',
  grace_days: 'INTEGER',
  horizon_days: 'INTEGER',
  contraction_rate: 'DECIMAL(18,6)',
  inactivity_days: 'INTEGER',
  include_trials: 'BOOLEAN',
  /** `supersede` or `sum`. */
  overlap: 'VARCHAR',
  month_to_month_days: 'INTEGER',
  lead_days: 'INTEGER',
  default_notice_days: 'INTEGER',
  merge_days: 'INTEGER',
  renewal_grace_days: 'INTEGER',
  segment_min_accounts: 'INTEGER',
  strategic_min_arr: 'DECIMAL(18,4)',
  /** Whether the contract export records real ends (an end or cancel column): then a passed term end rolls on. */
  has_recorded_ends: 'BOOLEAN',
  short_window_days: 'INTEGER',
  long_window_days: 'INTEGER',
  half_life_days: 'INTEGER',
  onboarding_max_days: 'INTEGER',
  onboarding_first_value: 'VARCHAR',
  /** `arr_growth` or `won_opportunity`. */
  expansion_definition: 'VARCHAR',
  expansion_horizon_days: 'INTEGER',
  expansion_min_growth_rate: 'DECIMAL(18,6)',
};

/** Lists from the configuration, one small table each. */
const LISTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  unavoidable_reason: { reason_code: 'VARCHAR' },
  strategic_account: { account_id: 'VARCHAR' },
  cadence: { segment: 'VARCHAR', cadence_days: 'INTEGER' },
  fact_setting: { kind: 'VARCHAR', is_enabled: 'BOOLEAN', is_red: 'BOOLEAN' },
  /** One row a condition; a segment holds when all its conditions do. `value` rows of one column are alternatives. */
  segment_rule: {
    rule_index: 'INTEGER',
    segment: 'VARCHAR',
    column_name: 'VARCHAR',
    value: 'VARCHAR',
    min_value: 'DOUBLE',
    max_value: 'DOUBLE',
  },
};

/** All tables that the views read the configuration from. */
export const SETTINGS_TABLES: readonly string[] = ['settings', ...Object.keys(LISTS)];

/**
 * Writes `settings` (one row) and the small tables `unavoidable_reason`, `strategic_account`, `cadence`,
 * `fact_setting` and `segment_rule` from the configuration, replacing what stood there. Needs the canonical table `contract`.
 *
 * Without a configured currency the reporting currency is the one most contracts are in (ties: alphabetical).
 * @param options.firstSeenOn day retain first saw the exports; `resolveAsOf` fills it in when absent
 */
export async function createSettings(
  engine: Engine,
  config: Config,
  options: { readonly firstSeenOn?: Day } = {},
): Promise<void> {
  const [common] = await engine.rows(
    `select currency from contract where currency is not null
     group by currency order by count(*) desc, currency limit 1`,
  );
  await create(engine, 'settings', SETTINGS_COLUMNS);
  await engine.append(
    'settings',
    row({
      first_seen_on: options.firstSeenOn ?? null,
      currency: config.currency ?? (common === undefined ? null : String(common['currency'])),
      churn_definition: config.churn.definition,
      grace_days: config.churn.grace_days,
      horizon_days: config.churn.horizon_days,
      contraction_rate: null,
      inactivity_days: config.churn.inactivity_days,
      include_trials: config.churn.include_trials,
      overlap: config.contract.overlap,
      month_to_month_days: config.contract.month_to_month_days,
      lead_days: config.renewal.lead_days,
      default_notice_days: config.renewal.default_notice_days,
      merge_days: config.renewal.merge_days,
      renewal_grace_days: config.renewal.grace_days,
      segment_min_accounts: config.segment_min_accounts,
      strategic_min_arr: null,
      has_recorded_ends: recordsEnds(config),
      short_window_days: config.health.short_window_days,
      long_window_days: config.health.long_window_days,
      half_life_days: config.health.half_life_days,
      onboarding_max_days: config.onboarding.max_days,
      onboarding_first_value: config.onboarding.first_value ?? null,
      expansion_definition: config.expansion.definition,
      expansion_horizon_days: config.expansion.horizon_days,
      expansion_min_growth_rate: null,
    }),
  );
  await engine.execute(
    'update settings set contraction_rate = $rate, strategic_min_arr = $arr, expansion_min_growth_rate = $growth',
    {
      rate: config.churn.contraction_rate,
      arr: config.strategic.min_arr ?? null,
      growth: config.expansion.min_growth_rate,
    },
  );
  for (const [name, columns] of Object.entries(LISTS)) await create(engine, name, columns);
  await engine.append('unavoidable_reason', {
    reason_code: config.churn.unavoidable_reasons.map((reason) => reason.toLowerCase()),
  });
  await engine.append('strategic_account', { account_id: config.strategic.accounts });
  const cadence = Object.entries(config.cadence_days);
  await engine.append('cadence', {
    segment: cadence.map(([segment]) => segment),
    cadence_days: cadence.map(([, days]) => days),
  });
  const facts = Object.entries(config.facts);
  await engine.append('fact_setting', {
    kind: facts.map(([kind]) => kind),
    is_enabled: facts.map(([, { enabled }]) => enabled),
    is_red: facts.map(([, { red }]) => red),
  });
  await engine.append('segment_rule', segmentRules(config));
}

function row(values: Readonly<Record<string, string | number | boolean | null>>) {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value]]));
}

async function create(engine: Engine, name: string, columns: Readonly<Record<string, string>>): Promise<void> {
  const list = Object.entries(columns).map(([column, type]) => `${column} ${type}`);
  await engine.execute(`create or replace table ${name} (${list.join(', ')})`);
}

function recordsEnds(config: Config): boolean {
  const columns = (config.tables['contract'] ?? []).flatMap((source) => Object.keys(source.columns));
  return columns.includes('ended_date') || columns.includes('cancelled_at');
}

function segmentRules(config: Config): Record<string, (string | number | null)[]> {
  const rules: Record<string, (string | number | null)[]> = {
    rule_index: [],
    segment: [],
    column_name: [],
    value: [],
    min_value: [],
    max_value: [],
  };
  const push = (...cells: (string | number | null)[]) => {
    for (const [j, column] of Object.values(rules).entries()) column.push(cells[j] ?? null);
  };
  config.segments.forEach(({ name, when }, index) => {
    for (const [column, condition] of Object.entries(when)) {
      if (isList(condition)) for (const value of condition) push(index, name, column, String(value), null, null);
      else push(index, name, column, null, condition.min ?? null, condition.max ?? null);
    }
  });
  return rules;
}

function isList(
  condition: readonly (string | number | boolean)[] | { readonly min?: number; readonly max?: number },
): condition is readonly (string | number | boolean)[] {
  return Array.isArray(condition);
}
