import { type Columnar, type Engine, quoteName } from '../engine/engine.ts';
import { addDays, type Day, dayNumber, monthStart } from '../lib/dates.ts';
import { clearViews, isPassedThrough, shadow, standDates, standViews, unshadow, viewClosure } from './standing.ts';
import { VIEWS } from './views.ts';

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
  'is_worked_by_decision',
  'decision_days_left',
  'left_days',
  'unavoidable_days',
  'expansion_label',
  'expansion_closed_on',
] as const;

/**
 * One row per active account and observation date, ordered by date and account; the same as table `panel` in the
 * engine. `observation_date` and `closed_on` are days since 1970 through `number`; `label` is 1, 0 or NaN (not closed
 * by `knownBy`, or no decision within the lead); `is_unavoidable`, `is_worked` and `is_worked_by_decision` are 0/1; `arr_amount_reported` is ARR
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
  /**
   * Stands `account_features` of dates, and what else their rows need: one date as `standRelations` does, several as `standDates`;
   * default: the view and those below it.
   */
  readonly stand?: (dates: readonly Day[]) => Promise<void>;
  /** Relation that stands with it (`observation_date`, `account_id` and `columns`), joined to each row; its columns are not audited. */
  readonly beside?: { readonly relation: string; readonly columns: readonly string[] };
  /** Selects of the panel rows of dates that were computed before, columns and types as here: they are not computed again. */
  readonly ready?: ReadonlyMap<Day, string>;
  /** Called when the rows of dates that stood together are in `main.panel`. */
  readonly done?: (dates: readonly Day[]) => Promise<void>;
  /** Rows of account and date that may stand together; default `TOGETHER`. */
  readonly together?: number;
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
 * (`worked`) within a horizon before the date or after it, and before the day it decided to leave: what came later cannot have
 * kept it. What came before the date may have: the outcome asked for is still ahead, and an act may hold as long as an outcome
 * is asked for. That part is known on the date, so that it chooses no row by its outcome. A renewal is asked for up to its
 * decision, which may lie beyond the horizon: `is_worked_by_decision` counts work up to that day.
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

/**
 * Rows of account and date that are computed by one statement. Below it planning a statement costs more than running it; above it
 * dates are computed one after the other, and what the engine has to hold at a time is that of one date.
 */
const TOGETHER = 40_000;
/** Rows of the longest feed, times dates, that one statement may go through: an admitted column of usage is ranked by account. */
const READ_TOGETHER = 50_000_000;

/** Computes dates into `main.panel`, which the first make where no rows were ready: many at a time while the book is small. */
async function computeDates(
  engine: Engine,
  dates: readonly Day[],
  isThere: boolean,
  { knownBy, stand, beside, worked, done, together = TOGETHER, expansion = false }: PanelOptions,
): Promise<void> {
  const standing = stand ?? ((batch: readonly Day[]) => standBatch(engine, batch));
  await engine.materialise('main.panel_outcome', 'select * from outcome_asof($day::date)', { day: knownBy });
  if (expansion) await engine.materialise('main.panel_span', 'select * from arr_span($day::date)', { day: knownBy });
  await engine.materialise('main.panel_acted', actedRows(worked), { day: knownBy });
  const batches = batchesOf(dates, await datesTogether(engine, together));
  try {
    for (const [index, batch] of batches.entries()) {
      await standing(batch);
      await unshadow(engine, ASKED_LATER);
      // From here on outcomes are read as known by `knownBy`, from the one copy computed above; so are the spans of ARR.
      await answerFrom(engine, 'outcome_asof', 'main.panel_outcome', knownBy);
      if (expansion) await answerFrom(engine, 'arr_span', 'main.panel_span', knownBy);
      const [only] = batch.length === 1 ? batch : [];
      const rows =
        only === undefined
          ? `select v.* from dates.standing as d, lateral (${panelRows('d.stands_for', expansion)}) as v`
          : panelRows('$as_of::date', expansion);
      const select = besideRows(rows, beside);
      const bindings = { known_by: knownBy, ...(only === undefined ? {} : { as_of: only }) };
      if (index === 0 && !isThere) await engine.materialise('main.panel', select, bindings);
      else await engine.execute(`insert into main.panel by name ${select}`, bindings);
      await done?.(batch);
      await clearViews(engine);
    }
  } finally {
    await clearViews(engine);
    await engine.execute(
      'drop table if exists main.panel_outcome; drop table if exists main.panel_span; drop table if exists main.panel_acted',
    );
  }
}

/** What labels read also as known by another day than that of the row; an agent may have let it stand for the dates alone. */
const ASKED_LATER = VIEWS.filter(({ parameters }) => parameters.length > 1)
  .flatMap(({ dependencies }) => dependencies)
  .filter(isPassedThrough);

/** Lets a view answer from a copy for `knownBy`, in place of what stood of it. */
async function answerFrom(engine: Engine, name: string, copy: string, knownBy: Day): Promise<void> {
  await engine.execute(
    `drop table if exists dated.${quoteName(name)}; create view dated.${quoteName(name)} as select * from ${copy}`,
  );
  await shadow(engine, name, knownBy);
}

async function standBatch(engine: Engine, dates: readonly Day[]): Promise<void> {
  const [first] = dates;
  if (dates.length === 1 && first !== undefined) await standViews(engine, ['account_features'], first);
  else await standDates(engine, viewClosure(['account_features']), dates);
}

/** Dates in batches of at most `size`, at least one, as even as can be. */
function batchesOf(dates: readonly Day[], size: number): Day[][] {
  const count = Math.ceil(dates.length / Math.max(1, size));
  return Array.from({ length: count }, (_, index) =>
    dates.slice(Math.floor((index * dates.length) / count), Math.floor(((index + 1) * dates.length) / count)),
  );
}

/** Select of every account that the exports name, whenever it was a customer. */
export const EVERY_ACCOUNT = ['account', 'contract', 'mrr_month']
  .map((table) => `select account_id from main.${table}`)
  .join(' union ');

/** How many dates may stand together (`standDates`): 0 or 1 where the book, or a feed, is too large for more. */
export async function datesTogether(engine: Engine, together = TOGETHER): Promise<number> {
  const [row] = await engine.rows(
    `select (select count(*) from (${EVERY_ACCOUNT})) as account_count,
       (select max(row_count) from main.feed) as longest`,
  );
  const [accounts, longest] = [Number(row?.['account_count'] ?? 0), Number(row?.['longest'] ?? 0)];
  return Math.floor(Math.min(together / Math.max(1, accounts), READ_TOGETHER / Math.max(1, longest)));
}

function besideRows(rows: string, beside: PanelOptions['beside']): string {
  if (beside === undefined) return rows;
  const columns = beside.columns.map((name) => `b.${quoteName(name)}`);
  return `select p.*, ${columns.join(', ')} from (${rows}) as p
    left join ${beside.relation} as b on b.observation_date = p.observation_date and b.account_id = p.account_id`;
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

/** Select of the panel rows of a date, given as SQL; binding `known_by`. */
function panelRows(asOf: string, expansion: boolean): string {
  return `
    with leaving as (
      select
        account_id,
        min(case when not coalesce(is_unavoidable, false) then decided_on end) - ${asOf} as left_days,
        min(case when is_unavoidable then decided_on end) - ${asOf} as unavoidable_days,
        min(decided_on) as decided_on
      from outcome_asof($known_by::date)
      where decided_on > ${asOf}
      group by account_id
    ),
    growing as (
      ${
        expansion
          ? `select account_id, label, closed_on from label_expansion(${asOf}, $known_by::date)`
          : 'select null::varchar as account_id, null::integer as label, null::date as closed_on where false'
      }
    ),
    worked as (
      select acted.account_id, min(acted.first_on) - ${asOf} as worked_days
      from main.panel_acted as acted
      left join leaving on leaving.account_id = acted.account_id
      where acted.last_on > ${asOf} - (select horizon_days from settings)
        and (leaving.decided_on is null or acted.first_on < leaving.decided_on)
      group by acted.account_id
    )
    select
      ${asOf} as observation_date,
      feature.*,
      state.arr_amount as arr_amount_reported,
      state.decision_days as decision_days_left,
      label.label,
      label.closed_on,
      coalesce(label.is_unavoidable, false) as is_unavoidable,
      coalesce(worked.worked_days <= settings.horizon_days, false) as is_worked,
      coalesce(worked.worked_days <= greatest(settings.horizon_days, state.decision_days), false) as is_worked_by_decision,
      leaving.left_days,
      leaving.unavoidable_days,
      growing.label as expansion_label,
      growing.closed_on as expansion_closed_on
    from account_features(${asOf}) as feature
    join account_state(${asOf}) as state on state.account_id = feature.account_id
    cross join settings
    left join label_churn(${asOf}, $known_by::date) as label on label.account_id = feature.account_id
    left join leaving on leaving.account_id = feature.account_id
    left join growing on growing.account_id = feature.account_id
    left join worked on worked.account_id = feature.account_id`;
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
