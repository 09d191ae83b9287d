import { type Columnar, type Engine, quoteName } from '../engine/engine.ts';
import { addDays, type Day, dayNumber, monthStart } from '../lib/dates.ts';
import { clearViews, shadow, standViews } from './standing.ts';

/** Columns of a panel that are not features. */
export const PANEL_KEYS = [
  'observation_date',
  'account_id',
  'segment',
  'churn_basis',
  'arr_amount_reported',
  'label',
  'closed_on',
  'is_unavoidable',
  'is_worked',
  'decision_days_left',
  'left_days',
  'unavoidable_days',
  'expansion_label',
  'expansion_closed_on',
] as const;

/**
 * One row per active account and observation date, ordered by date and account; the same as table `panel` in the
 * engine. `observation_date` and `closed_on` are days since 1970 through `number`; `label` is 1, 0 or NaN (not closed
 * by `knownBy`, or no decision within the lead); `is_unavoidable` and `is_worked` are 0/1; `arr_amount_reported` is ARR
 * in the reporting currency, for weighting, whatever the features hold; `decision_days_left` likewise. `left_days` and
 * `unavoidable_days` are the days from the date to the first decision to leave known by `knownBy`, however far, one that
 * could have been avoided and one that could not; NaN without one. `expansion_label` and `expansion_closed_on` are the same for
 * growing (`label_expansion`), NaN throughout where it was not asked for.
 */
export interface Panel extends Columnar {
  readonly dates: readonly Day[];
  readonly knownBy: Day;
  /** Columns that are features: every column of `account_features` but its keys. */
  readonly features: readonly string[];
}

export interface PanelOptions {
  /** Observation dates, ascending and distinct. */
  readonly dates: readonly Day[];
  /** Labels use outcomes known by the end of this day. */
  readonly knownBy: Day;
  /** Stands `account_features` of a date, and what else its rows need; default: the view and those below it. */
  readonly stand?: (asOf: Day) => Promise<void>;
  /** Relation that stands with it (`account_id` and `columns`), joined to each row; its columns are not audited. */
  readonly beside?: { readonly relation: string; readonly columns: readonly string[] };
  /** Selects of the panel rows of dates that were computed before, columns and types as here: they are not computed again. */
  readonly ready?: ReadonlyMap<Day, string>;
  /** Called when a computed date's rows are in `main.panel`. */
  readonly done?: (asOf: Day) => Promise<void>;
  /** Labels of growing too (`label_expansion`); default no. */
  readonly expansion?: boolean;
  /** Relation with `account_id, first_on, last_on` (days through which a person acted on an account) beside contacts. */
  readonly worked?: string;
}

/**
 * Builds the panel that models learn from and backtests replay, as table `main.panel`.
 *
 * Features of each date come from `account_features(date)`, labels from `label_churn` (of the basis the account's
 * term calls for), both known by `knownBy`. An account was worked when somebody contacted it or acted on it
 * (`worked`) within the horizon after the date, and before the day it decided to leave: what came later cannot have kept it.
 * Throws when no date is given.
 */
export async function buildPanel(engine: Engine, options: PanelOptions): Promise<Panel> {
  const { dates, knownBy, ready = new Map<Day, string>(), beside } = options;
  if (dates.length === 0) throw new Error('a panel needs at least one observation date');
  await clearViews(engine);
  await engine.execute('drop table if exists main.panel');
  const known = dates.flatMap((date) => ready.get(date) ?? []);
  if (known.length > 0) await engine.materialise('main.panel', known.join('\nunion all by name\n'));
  const open = dates.filter((date) => !ready.has(date));
  if (open.length > 0) await computeDates(engine, open, known.length > 0, options);
  const result = await engine.columns('select * from main.panel order by observation_date, account_id');
  const others = new Set<string>([...PANEL_KEYS, ...(beside?.columns ?? [])]);
  return {
    rowCount: result.rowCount,
    info: result.info,
    number: (name) => result.number(name),
    text: (name) => result.text(name),
    dates,
    knownBy,
    features: result.info.map((column) => column.name).filter((name) => !others.has(name)),
  };
}

/** Computes dates one after the other into `main.panel`, which the first makes where no rows were ready. */
async function computeDates(
  engine: Engine,
  dates: readonly Day[],
  isThere: boolean,
  { knownBy, stand, beside, worked, done, expansion = false }: PanelOptions,
): Promise<void> {
  const standing = stand ?? ((date: Day) => standViews(engine, ['account_features'], date));
  await engine.materialise('main.panel_outcome', 'select * from outcome_asof($day::date)', { day: knownBy });
  if (expansion) await engine.materialise('main.panel_span', 'select * from arr_span($day::date)', { day: knownBy });
  await engine.materialise('main.panel_acted', actedRows(worked), { day: knownBy });
  try {
    for (const [index, date] of dates.entries()) {
      await standing(date);
      // From here on outcomes are read as known by `knownBy`, from the one copy computed above; so are the spans of ARR.
      await engine.execute('create or replace view dated.outcome_asof as select * from main.panel_outcome');
      await shadow(engine, 'outcome_asof', knownBy);
      if (expansion) {
        await engine.execute('create or replace view dated.arr_span as select * from main.panel_span');
        await shadow(engine, 'arr_span', knownBy);
      }
      const select = besideRows(panelRows(expansion), beside);
      const bindings = { as_of: date, known_by: knownBy };
      if (index === 0 && !isThere) await engine.materialise('main.panel', select, bindings);
      else await engine.execute(`insert into main.panel by name ${select}`, bindings);
      await done?.(date);
      await clearViews(engine);
    }
  } finally {
    await clearViews(engine);
    await engine.execute(
      'drop table if exists main.panel_outcome; drop table if exists main.panel_span; drop table if exists main.panel_acted',
    );
  }
}

function besideRows(rows: string, beside: PanelOptions['beside']): string {
  if (beside === undefined) return rows;
  const columns = beside.columns.map((name) => `b.${quoteName(name)}`);
  return `select p.*, ${columns.join(', ')} from (${rows}) as p
    left join ${beside.relation} as b on b.account_id = p.account_id`;
}

/** Contacts that did not come from the customer alone, and what else a person did; binding `day`. */
function actedRows(worked?: string): string {
  const acted = worked === undefined ? '' : `union all select account_id, first_on, last_on from ${worked}`;
  return `
    select account_id, occurred_on as first_on, occurred_on as last_on
    from interaction_reading($day::date)
    where is_meeting or not is_inbound
    ${acted}`;
}

/** Select of one date's panel rows; bindings `as_of` and `known_by`. */
function panelRows(expansion = false): string {
  return `
    with leaving as (
      select
        account_id,
        min(case when not coalesce(is_unavoidable, false) then decided_on end) - $as_of::date as left_days,
        min(case when is_unavoidable then decided_on end) - $as_of::date as unavoidable_days,
        min(decided_on) as decided_on
      from outcome_asof($known_by::date)
      where decided_on > $as_of::date
      group by account_id
    ),
    growing as (
      ${
        expansion
          ? 'select account_id, label, closed_on from label_expansion($as_of::date, $known_by::date)'
          : 'select null::varchar as account_id, null::integer as label, null::date as closed_on where false'
      }
    ),
    worked as (
      select distinct acted.account_id
      from main.panel_acted as acted
      left join leaving on leaving.account_id = acted.account_id
      where acted.last_on > $as_of::date and acted.first_on <= $as_of::date + (select horizon_days from settings)
        and (leaving.decided_on is null or acted.first_on < leaving.decided_on)
    )
    select
      $as_of::date as observation_date,
      feature.*,
      state.arr_amount as arr_amount_reported,
      state.decision_days as decision_days_left,
      label.label,
      label.closed_on,
      coalesce(label.is_unavoidable, false) as is_unavoidable,
      feature.account_id in (select account_id from worked) as is_worked,
      leaving.left_days,
      leaving.unavoidable_days,
      growing.label as expansion_label,
      growing.closed_on as expansion_closed_on
    from account_features($as_of::date) as feature
    join account_state($as_of::date) as state on state.account_id = feature.account_id
    left join label_churn($as_of::date, $known_by::date) as label on label.account_id = feature.account_id
    left join leaving on leaving.account_id = feature.account_id
    left join growing on growing.account_id = feature.account_id`;
}

/** Days of history that the features of a first row want. */
export const WARM_UP_DAYS = 90;

/**
 * The observation dates of a history: the first of each month (or every Monday) from `WARM_UP_DAYS` after `first`, the
 * day from which the feeds speak, up to and including `last`.
 */
export function observationDates(first: Day, last: Day, every: 'month' | 'week'): Day[] {
  const from = addDays(first, WARM_UP_DAYS);
  const dates: Day[] = [];
  if (every === 'month') {
    for (let day = monthStart(from, from.endsWith('-01') ? 0 : 1); day <= last; day = monthStart(day, 1)) {
      dates.push(day);
    }
    return dates;
  }
  // Day 4 after 1970-01-01 was a Monday.
  const untilMonday = (7 - ((dayNumber(from) - 4) % 7)) % 7;
  for (let day = addDays(from, untilMonday); day <= last; day = addDays(day, 7)) dates.push(day);
  return dates;
}
