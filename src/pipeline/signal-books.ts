import type { Day } from '../contract/agent.ts';
import type { Config } from '../contract/config.ts';
import { customFeatures } from '../data/custom-features.ts';
import { FEATURES, featureNamed } from '../data/features.ts';
import type { LeakFinding } from '../data/leak-finding.ts';
import type { Columnar, Engine } from '../engine/engine.ts';
import { dayFromNumber } from '../lib/dates.ts';
import { ratesOfKinds } from '../models/signals/kinds.ts';
import type { Signal, SignalBook } from '../models/signals/register.ts';

/** The closed rows of one basis with every signal, and what the health proposal needs beside them. */
export interface ClosedBook extends SignalBook {
  /** Day on which each row's label closed, days since 1970-01-01. */
  readonly closed_on: Int32Array;
  readonly tenure_days: Float64Array;
  /** 1 where the account held a red fact on the date. */
  readonly has_red_fact: Uint8Array;
  readonly health_score: Float64Array;
  /** `<measure>_score` of each row, 0–100, by measure. */
  readonly measure_scores: Readonly<Record<string, Float64Array>>;
  /** Id of each account index. */
  readonly account_ids: readonly string[];
  /** Calendar months with closed rows, `YYYY-MM`. */
  readonly months: readonly string[];
}

const CLOSED = `
  churn_basis = $basis and label is not null and closed_on <= $known_by::date and not (label = 1 and is_unavoidable)`;

/**
 * The rows of a basis whose label had closed by `knownBy`, unavoidable churn left out, with every signal: the features of
 * the catalogue, the health score, its components and measures as scored, and declared columns. Text is ranked by the
 * leaving rate of its kind as known at each date.
 */
export async function readBook(
  engine: Engine,
  config: Config,
  basis: 'leave' | 'renewal',
  knownBy: Day,
  audit: readonly LeakFinding[],
): Promise<ClosedBook> {
  const bindings = { basis, known_by: knownBy };
  const order = 'order by p.observation_date, p.account_id';
  const closed = `(select * from main.panel where ${CLOSED}) as p`;
  const beside = (table: string) =>
    `left join main.${table} as h on h.observation_date = p.observation_date and h.account_id = p.account_id`;
  const rows = await engine.columns(`select p.* from ${closed} ${order}`, bindings);
  const card = await engine.columns(`select h.* from ${closed} ${beside('panel_health')} ${order}`, bindings);
  const red = await engine.columns(
    `select case when f.account_id is null then 0 else 1 end as has_red_fact from ${closed}
     left join (select distinct observation_date, account_id from main.panel_fact) as f
       on f.observation_date = p.observation_date and f.account_id = p.account_id ${order}`,
    bindings,
  );
  const ids = rows.text('account_id').map((id) => id ?? '');
  const place = new Map([...new Set(ids)].sort().map((id, index) => [id, index]));
  const observation_date = Int32Array.from(rows.number('observation_date'));
  const closed_on = Int32Array.from(rows.number('closed_on'));
  const label = Uint8Array.from(rows.number('label'));
  const leaks = leaksOf(audit, basis, config);
  const isText = (name: string) => rows.info.find((column) => column.name === name)?.type === 'VARCHAR';
  const valuesOf = (name: string): Float64Array =>
    isText(name) ? ratesOfKinds({ kinds: rows.text(name), label, observation_date, closed_on }) : rows.number(name);
  const signals: Signal[] = [
    ...scorecardSignals(config, rows, card),
    ...FEATURES.filter(({ name }) => rows.info.some((column) => column.name === name)).map(({ name }): Signal => {
      const { group, direction, kind } = featureNamed(name);
      const values = valuesOf(name);
      return {
        name,
        kind: 'feature',
        group,
        direction,
        is_text: kind === 'nominal',
        values,
        leak: leaks.get(name),
      };
    }),
    ...customFeatures(config).map(
      ({ key, column }): Signal => ({
        name: key,
        kind: 'custom',
        group: 'custom',
        direction: 0,
        is_text: isText(column),
        values: valuesOf(column),
        leak: leaks.get(column),
      }),
    ),
  ];
  return {
    churn_basis: basis,
    label,
    account: Int32Array.from(ids, (id) => place.get(id) ?? -1),
    accountCount: place.size,
    observation_date,
    closed_on,
    left_days: rows.number('left_days'),
    segment: rows.text('segment').map((segment) => segment ?? ''),
    tenure_days: rows.number('tenure_days'),
    has_red_fact: Uint8Array.from(red.number('has_red_fact')),
    health_score: rows.number('health_score'),
    measure_scores: Object.fromEntries(
      card.info
        .filter(({ name }) => name.endsWith('_score'))
        .map(({ name }) => [name.slice(0, -'_score'.length), card.number(name)]),
    ),
    account_ids: [...place.keys()],
    months: [...new Set([...new Set(observation_date)].map((date) => dayFromNumber(date).slice(0, 7)))],
    signals,
  };
}

function scorecardSignals(config: Config, rows: Columnar, card: Columnar): Signal[] {
  const { components, bands } = config.health;
  const health: Signal = {
    name: 'health_score',
    kind: 'health_score',
    group: 'health',
    direction: 1,
    values: rows.number('health_score'),
    zone_below: bands.red,
  };
  const known = new Set(card.info.map(({ name }) => name));
  const part = (name: string, column: string, kind: Signal['kind'], group: string): Signal[] =>
    known.has(column) ? [{ name, kind, group, direction: 1, values: card.number(column) }] : [];
  return [
    health,
    ...Object.keys(components).flatMap((name) => part(name, name, 'component', 'health')),
    ...Object.entries(components).flatMap(([name, component]) =>
      Object.keys(component.measures).flatMap((measure) => part(measure, `${measure}_score`, 'measure', name)),
    ),
  ];
}

/** Why a feature leaks, by column of the panel; those that a person let pass are left out. */
function leaksOf(audit: readonly LeakFinding[], basis: 'leave' | 'renewal', config: Config): Map<string, string> {
  const out = new Map<string, string>();
  for (const { feature, name, message, churn_basis } of audit) {
    if (feature === null || config.model.allow_leak.includes(name)) continue;
    if (churn_basis !== null && churn_basis !== basis) continue;
    const known = out.get(feature);
    out.set(feature, known === undefined ? message : `${known}; ${message.replace(`${name} `, '')}`);
  }
  return out;
}
