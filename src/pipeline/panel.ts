import type { Day } from '../contract/agent.ts';
import type { ModelBasis } from '../contract/churn-model.ts';
import type { Config } from '../contract/config.ts';
import type { FeatureColumn } from '../contract/model.ts';
import type { Progress } from '../contract/report.ts';
import { type CachedRelations, contentHash, type DateCache } from '../data/date-cache.ts';
import { type Panel as AuditPanel, buildPanel as buildPlainPanel, PANEL_KEYS } from '../data/panel.ts';
import { BOUND_DAYS, type Columnar, type Engine, quoteName, quoteText } from '../engine/engine.ts';
import { placesByDay } from '../lib/dates.ts';
import { joined } from '../lib/numbers.ts';
import { nominalColumn } from '../models/feature-column.ts';
import { freezeCalibration } from '../models/health-calibration.ts';
import { scoreHealth } from '../models/scorecard.ts';
import type { Panel } from '../models/splits.ts';
import { TREATMENT } from '../models/treatment.ts';
import { DERIVED } from './derived.ts';
import {
  clearDate,
  dropKept,
  type KeptRows,
  keepDates,
  materialiseDate,
  materialiseDates,
  rowsOfDate,
  rowsOfDates,
} from './relations.ts';
import { planRelations } from './replay.ts';

/** Columns of `main.panel` that are no features. */
const FRAME: ReadonlySet<string> = new Set([...PANEL_KEYS, 'is_closed', TREATMENT]);

/** Dates whose relations are put aside as they stand (`keepDates`): each is computed once for panel and lists. */
export interface KeptDates {
  readonly dates: ReadonlySet<Day>;
  readonly relations: readonly string[];
}

/** What a panel may hold beside features and labels of leaving. */
export interface PanelExtras {
  /** The scorecard of every date: `main.panel_health`. */
  readonly scorecard?: boolean;
  /** Labels of growing. */
  readonly expansion?: boolean;
  readonly keep?: KeptDates | undefined;
  /** What people did to accounts, of the ledger (`keepWork`); without it only contacts of the exports count as work. */
  readonly worked?: string;
  /**
   * Dates that were computed before are read from here, and new ones kept in it; changes nothing of what is found. What rows
   * depend on beside the exports must go into the key of the entries, below.
   */
  readonly cache?: DateCache | undefined;
  /** See `data/panel.ts`. */
  readonly together?: number | undefined;
}

/** What a date adds to the tables of the panel. */
const PARTS = ['panel', 'panel_fact', 'panel_health'] as const;

/**
 * Builds `main.panel` (`data/panel.ts`; here with the health score of the date), `main.panel_fact` (red facts held on each
 * date); with `scorecard` also `main.panel_health` (of each date and account `<component>` and `<measure>_score`, 0–100).
 */
export async function buildPanel(
  engine: Engine,
  config: Config,
  dates: readonly Day[],
  knownBy: Day,
  progress?: Progress,
  { scorecard = false, expansion = false, keep, worked, cache, together }: PanelExtras = {},
): Promise<AuditPanel> {
  const own = planRelations(['account_features', 'health_measures', 'fact']);
  const kept = keep?.relations ?? [];
  const more = [...own, ...planRelations(kept).filter((name) => !own.includes(name))];
  const isKept = (asOf: Day) => keep?.dates.has(asOf) === true;
  await engine.execute(
    'create or replace table main.panel_fact (observation_date date, account_id varchar, kind varchar)',
  );
  await engine.execute('drop table if exists main.panel_health');
  await clearDate(engine);
  // What people did is no part of the exports, and tells which rows were worked.
  const acts = cache === undefined || worked === undefined ? '' : await contentHash(engine, worked);
  const key = [knownBy, expansion ? 'expansion' : '', acts];
  const ready = new Map<Day, CachedRelations>();
  const lists = new Map<Day, CachedRelations>();
  for (const asOf of cache === undefined ? [] : dates) {
    const rows = await cache?.find('panel', asOf, key);
    const listed = rows === undefined || !isKept(asOf) ? undefined : await cache?.find('lists', asOf, kept);
    if (rows === undefined || (isKept(asOf) && listed === undefined)) continue;
    ready.set(asOf, rows);
    if (listed !== undefined) lists.set(asOf, listed);
  }
  await dropKept(engine);
  if (lists.size > 0) await keepDates(engine, kept, cachedRows(lists));
  for (const table of ready.size > 0 ? PARTS.slice(1) : []) {
    await engine.materialise(
      `main.${table}`,
      [...ready.values()].map((rows) => rows.select(table)).join('\nunion all by name\n'),
    );
  }
  let done = ready.size;
  const panel = await buildPlainPanel(engine, {
    dates,
    knownBy,
    expansion,
    ...(worked === undefined ? {} : { worked }),
    ...(together === undefined ? {} : { together }),
    ready: new Map([...ready].map(([asOf, rows]) => [asOf, rows.select('panel')])),
    // A composite of the configuration's own making is no column of the exports and is not audited.
    beside: { relation: 'dated.panel_health', columns: ['health_score'] },
    stand: async (batch) => {
      done += batch.length;
      progress?.detail(`${done} of ${dates.length}: ${batch.at(-1)}`);
      const tested = batch.filter(isKept);
      const relations = tested.length > 0 ? more : own;
      const [only] = batch.length === 1 ? batch : [];
      if (only === undefined) await materialiseDates(engine, batch, relations, DERIVED, config);
      else await materialiseDate(engine, only, relations, DERIVED, config);
      if (tested.length > 0) {
        await keepDates(engine, kept, only === undefined ? rowsOfDates(tested, DERIVED) : rowsOfDate(only));
        for (const asOf of tested) await cache?.put(engine, 'lists', asOf, kept, keptSelects(kept, asOf));
      }
      await scoreDates(engine, config, batch);
      await engine.execute(
        `insert into main.panel_fact select distinct d.day, f.account_id, f.kind
         from ${BOUND_DAYS} as d, lateral (select * from fact(d.day) where is_red) as f`,
        { dates: batch.join(',') },
      );
    },
    done: async (batch) => {
      for (const asOf of batch) {
        const rowsOf = (table: string) =>
          `select * from main.${table} where observation_date = date ${quoteText(asOf)}`;
        await cache?.put(engine, 'panel', asOf, key, Object.fromEntries(PARTS.map((table) => [table, rowsOf(table)])));
      }
    },
  });
  cache?.prune();
  if (!scorecard) await engine.execute('drop table if exists main.panel_health');
  await clearDate(engine);
  return panel;
}

/** Rows of kept relations as the cache has them, of all its dates. */
function cachedRows(lists: ReadonlyMap<Day, CachedRelations>): KeptRows {
  return (name) =>
    [...lists]
      .map(([asOf, cached]) => `select date ${quoteText(asOf)} as stands_for, * from (${cached.select(name)})`)
      .join('\nunion all by name\n');
}

/** By kept relation, a select of its rows of one date. */
function keptSelects(kept: readonly string[], asOf: Day): Record<string, string> {
  return Object.fromEntries(
    kept.map((name) => [
      name,
      `select * exclude (stands_for) from kept.${quoteName(name)} where stands_for = date ${quoteText(asOf)}`,
    ]),
  );
}

/**
 * Health of every account on dates that stand, the peers of each frozen on that same day, so that nothing later shapes it: the
 * score as `dated.panel_health`, the scorecard added to `main.panel_health`.
 */
async function scoreDates(engine: Engine, config: Config, dates: readonly Day[]): Promise<void> {
  const book = await engine.columns(
    `select d.day, h.* from ${BOUND_DAYS} as d,
       lateral (select * from health_measures(d.day)) as h
     order by d.day, h.account_id`,
    { dates: dates.join(',') },
  );
  const wanted = Object.values(config.health.components).flatMap((component) => Object.keys(component.measures));
  const names = wanted.filter((name) => book.info.some((column) => column.name === name));
  const [ids, segments, tenure] = [book.text('account_id'), book.text('segment'), book.number('tenure_days')];
  const values = names.map((name) => [name, book.number(name)] as const);
  const placesOf = placesByDay(book.number('day'));
  const scored = dates.map((asOf) => {
    const [from, to] = placesOf(asOf);
    const account = ids.slice(from, to).map((id) => id ?? '');
    const segment = segments.slice(from, to).map((value) => value ?? '');
    const own = Object.fromEntries(values.map(([name, all]) => [name, all.slice(from, to)]));
    const scores = scoreHealth(
      { account, segment, tenure_days: tenure.slice(from, to), values: own, connected: {} },
      config.health,
      freezeCalibration({ frozen_on: asOf, segment, values: own }),
    );
    const measures = Object.entries(scores.measures).map(([name, column]) => [`${name}_score`, column] as const);
    return {
      day: account.map(() => asOf),
      account,
      health_score: scores.health_score,
      columns: { ...scores.components, ...Object.fromEntries(measures) },
    };
  });
  const frame = {
    observation_date: scored.flatMap(({ day }) => day),
    account_id: scored.flatMap(({ account }) => account),
  };
  await engine.execute(
    'create or replace table dated.panel_health (observation_date date, account_id varchar, health_score double)',
  );
  await engine.append('dated.panel_health', {
    ...frame,
    health_score: joined(scored.map(({ health_score }) => health_score)),
  });
  const columns = Object.keys(scored[0]?.columns ?? {});
  const declared = columns.map((name) => `${quoteName(name)} double`);
  await engine.execute(
    `create table if not exists main.panel_health (observation_date date, account_id varchar, ${declared.join(', ')})`,
  );
  const cards = columns.map((name) => [
    name,
    joined(scored.map((date) => date.columns[name] ?? new Float64Array(date.account.length).fill(Number.NaN))),
  ]);
  await engine.append('main.panel_health', { ...frame, ...Object.fromEntries(cards) });
}

/** The closed rows of one basis as a training panel, with the account ids behind its indices. */
export interface BasisPanel {
  readonly panel: Panel;
  readonly accounts: readonly string[];
  readonly segments: readonly string[];
  /** Days from each row's date to the first decision to leave, avoidable or not, however far; NaN without one. */
  readonly left_days: Float64Array;
  readonly unavoidable_days: Float64Array;
  /** Any feature of the rows by name, left out or constant ones too; undefined where the exports give none of that name. */
  column(name: string): FeatureColumn | undefined;
}

/** `closed_on` of a row whose label closes on no day: it is predicted and never learnt from or judged. */
export const NEVER_CLOSED = 2 ** 31 - 1;

/** Columns of `main.panel` that hold a basis's label and the day it closed, and which labels count. */
const LEAVING = { label: 'label', closed_on: 'closed_on', counts: 'not (label = 1 and is_unavoidable)' };
const GROWING = { label: 'expansion_label', closed_on: 'expansion_closed_on', counts: 'true' };

/**
 * Reads the rows of a basis whose label had closed by `knownBy`. Unavoidable churn is left out; columns that are
 * missing everywhere or constant are dropped, because nothing can be learnt from them. With `open` the other rows come
 * along as `NEVER_CLOSED`, for a replay that predicts everybody. With `acted` (relation of `account_id`, `first_on`, `last_on`) rows
 * know their treatment (`models/treatment.ts`).
 */
export async function readBasis(
  engine: Engine,
  basis: ModelBasis,
  knownBy: Day,
  leftOut: ReadonlySet<string>,
  { open = false, acted }: { readonly open?: boolean; readonly acted?: string | undefined } = {},
): Promise<BasisPanel> {
  const outcome = basis === 'expansion' ? GROWING : LEAVING;
  const rows = await engine.columns(
    `select *${acted === undefined ? '' : `, ${treatedIn(acted)} as is_treated`} from (
       select * replace (${outcome.label} as label, ${outcome.closed_on} as closed_on),
         ${outcome.label} is not null and ${outcome.closed_on} <= $known_by::date and ${outcome.counts} as is_closed
       from main.panel
     ) as p
     where ($basis = 'expansion' or churn_basis = $basis) and (is_closed or $open)
     order by observation_date, account_id`,
    { basis, known_by: knownBy, open },
  );
  const isClosed = rows.number('is_closed');
  const ids = rows.text('account_id').map((id) => id ?? '');
  const accounts = [...new Set(ids)].sort();
  const place = new Map(accounts.map((id, index) => [id, index]));
  const columns = rows.info
    .filter(({ name }) => !FRAME.has(name) && !leftOut.has(name))
    .map(({ name, type }) => panelColumn(rows, name, type))
    .filter(isInformative);
  return {
    accounts,
    segments: rows.text('segment').map((segment) => segment ?? ''),
    left_days: rows.number('left_days'),
    unavoidable_days: rows.number('unavoidable_days'),
    column: (name) => {
      const info = FRAME.has(name) ? undefined : rows.info.find((candidate) => candidate.name === name);
      return info === undefined ? undefined : panelColumn(rows, name, info.type);
    },
    panel: {
      columns,
      label: Uint8Array.from(rows.number('label'), (label) => label || 0),
      weight: new Float64Array(rows.rowCount).fill(1),
      account: Int32Array.from(ids, (id) => place.get(id) ?? -1),
      observation_date: Int32Array.from(rows.number('observation_date')),
      closed_on: Int32Array.from(rows.number('closed_on'), (day, i) => (isClosed[i] === 1 ? day : NEVER_CLOSED)),
      ...(acted === undefined ? {} : { treatment: Uint8Array.from(rows.number(TREATMENT)) }),
    },
  };
}

/**
 * Days after a date in which an act counts as the row's treatment. Not the whole horizon: an account that leaves early has
 * had less time to be acted on, and acting would look good for that alone.
 */
export const TREATED_DAYS = 28;

/** Whether somebody acted on the row's account soon after its date, and before it left. */
function treatedIn(acted: string): string {
  return `exists (select 1 from ${acted} as a where a.account_id = p.account_id and a.last_on > p.observation_date
    and a.first_on <= p.observation_date + ${TREATED_DAYS}
    and (p.left_days is null or a.first_on - p.observation_date < p.left_days))`;
}

function panelColumn(rows: Columnar, name: string, type: string): FeatureColumn {
  if (type !== 'VARCHAR') return { name, kind: 'continuous', values: rows.number(name) };
  return nominalColumn(name, rows.text(name));
}

/** Whether a column has two different values, missing among them. */
export function isInformative({ values }: FeatureColumn): boolean {
  const first = values[0] as number;
  return values.some((value) => (Number.isNaN(value) ? !Number.isNaN(first) : value !== first));
}
