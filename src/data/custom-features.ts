import type { Config } from '../contract/config.ts';
import { type Engine, quoteName } from '../engine/engine.ts';
import { VIEWS } from './views.ts';

/** A custom column that the configuration admits to the models' features (`model.features`). */
export interface CustomFeature {
  /** As the configuration names it: `account.region`. */
  readonly key: string;
  /** Canonical table it stands in. */
  readonly table: string;
  /** Column of that table and of `account_features`: `custom_region`. */
  readonly column: string;
  /** Text for an attribute, a number for a metric. */
  readonly kind: 'nominal' | 'continuous';
  /** Its past values are in the exports; false: the export shows today's value whatever the day asked for. */
  readonly is_dated: boolean;
}

/** Tables whose rows are events that nobody overwrites: a metric of theirs is what was measured that day. */
const EVENT_TABLES: ReadonlySet<string> = new Set(['usage', 'survey', 'interaction', 'csm_call', 'mrr_month']);

/** The custom columns that `model.features` admits, in name order. */
export function customFeatures(config: Config): CustomFeature[] {
  return config.model.features
    .flatMap((key): CustomFeature[] => {
      const custom = config.custom[key];
      if (custom === undefined) return [];
      const sources = config.tables[custom.table] ?? [];
      const saysWhenKnown = sources.length > 0 && sources.every(({ columns }) => 'known_at' in columns);
      return [
        {
          key,
          table: custom.table,
          column: `custom_${key.slice(key.lastIndexOf('.') + 1)}`,
          kind: custom.kind === 'metric' ? 'continuous' : 'nominal',
          is_dated: saysWhenKnown || (custom.kind === 'metric' && EVENT_TABLES.has(custom.table)),
        },
      ];
    })
    .sort((a, b) => (a.column < b.column ? -1 : 1));
}

/**
 * Adds the admitted columns to the view `account_features`: of each, the value on the account's newest row that has one
 * and was known by the day. Needs the views and the canonical tables; with nothing admitted the view stays as it is.
 */
export async function admitFeatures(engine: Engine, features: readonly CustomFeature[]): Promise<void> {
  const view = VIEWS.find(({ name }) => name === 'account_features');
  if (view === undefined) throw new Error('there is no view account_features');
  if (features.length === 0) return;
  await engine.execute(view.sql.replace('macro account_features(', 'macro catalogue_features('));
  const values = features.map(
    ({ table, column }, i) => `
      left join (
        select account_id, ${quoteName(column)}, row_number() over (
          partition by account_id order by known_on desc nulls last, row_key desc) as position
        from ${quoteName(`${table}_asof`)}(as_of) where ${quoteName(column)} is not null and account_id is not null
      ) as c${i} on c${i}.account_id = f.account_id and c${i}.position = 1`,
  );
  const columns = features.map(({ column, kind }, i) => {
    const name = `c${i}.${quoteName(column)}`;
    return `${kind === 'continuous' ? `cast(${name} as double)` : name} as ${quoteName(column)}`;
  });
  await engine.execute(
    `create or replace macro account_features(as_of) as table
       select f.*, ${columns.join(', ')} from catalogue_features(as_of) as f ${values.join('')}`,
  );
}
