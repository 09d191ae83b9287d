import { BOUND_DAYS, type Engine, quoteName, quoteText } from '../engine/engine.ts';
import type { Day } from '../lib/dates.ts';
import { messageOf } from '../lib/errors.ts';
import { type Computed, standInLanes } from './standing-lanes.ts';
import { VIEWS, type View } from './views.ts';

/** Views that only pass rows through stay macros: a table of them would copy every event. */
export function isPassedThrough(name: string): boolean {
  return name.endsWith('_asof');
}

/**
 * The views needed for `names`, each after those it calls; views that pass rows through are left out, but what they
 * call is not.
 */
export function viewClosure(names: readonly string[], views: readonly View[] = VIEWS): readonly string[] {
  const byName = new Map(views.map((view) => [view.name, view]));
  const needed = new Set<string>();
  const visit = (name: string): void => {
    const view = byName.get(name);
    if (view === undefined) throw new Error(`there is no view ${name}`);
    if (needed.has(name)) return;
    needed.add(name);
    for (const dependency of view.dependencies) visit(dependency);
  };
  for (const name of names) visit(name);
  return views
    .filter((view) => needed.has(view.name) && view.parameters.length === 1 && !isPassedThrough(view.name))
    .map((view) => view.name);
}

/** Stands `names` and each view below them; see `standRelations`. */
export async function standViews(engine: Engine, names: readonly string[], asOf: Day): Promise<void> {
  await standRelations(engine, viewClosure(names), asOf);
}

/** Macros that a date shadows, by engine. */
const SHADOWED = new WeakMap<Engine, Set<string>>();

function shadowedOf(engine: Engine): Set<string> {
  const known = SHADOWED.get(engine) ?? new Set<string>();
  SHADOWED.set(engine, known);
  return known;
}

/**
 * Computes relations of one date once, dependencies first: each view becomes a table of schema `dated`, and while it
 * stands the macro of that name answers from the table, for that date only: rows asked for another date are an error, never a wrong
 * answer (a table without rows has none that could be wrong). Nothing else may shadow macros meanwhile. Undo with `clearViews`.
 *
 * `names` must hold each after those it reads; a computed one waits for all before it, and writes `dated.<name>` itself.
 */
export async function standRelations(
  engine: Engine,
  names: readonly string[],
  asOf: Day,
  computed: Computed = new Map(),
): Promise<void> {
  await engine.execute('create schema if not exists dated');
  await standInLanes(engine, names, {
    computed,
    // A variable is a constant to the planner, which would plan a statement with a parameter twice.
    open: (lane) => lane.execute('set variable as_of = $as_of::date', { as_of: asOf }),
    stand: async (lane, name) => {
      try {
        return await standOne(lane, name, asOf);
      } catch (error) {
        throw new Error(`view ${name} as of ${asOf}: ${messageOf(error)}`, { cause: error });
      }
    },
    shadowed: shadowedOf(engine),
  });
}

/** Lets one relation stand. Returns the statements by which another connection sees it. */
async function standOne(lane: Engine, name: string, asOf: Day): Promise<string> {
  const stand = `create or replace table dated.${quoteName(name)} as
    select * from ${quoteName(name)}(cast(getvariable('as_of') as date))`;
  await lane.execute(`${stand};\n${shadowing(name, asOf)}`);
  const bounds = name === ANCHOR ? await usageBounds(lane, asOf) : '';
  if (bounds !== '') await lane.execute(bounds);
  return `${shadowing(name, asOf)};\n${bounds}`;
}

/**
 * Computes relations of many dates in one statement each, as `standRelations` does those of one: tables `dates.<name>` hold the
 * columns of the view behind `stands_for`, the date, and the macros answer for these dates only. For small books, where planning
 * a statement costs more than running it. `dates.standing` holds the dates. A computed relation writes one table
 * `dated.<name>` for all dates, which tells them apart in a column of its own.
 */
export async function standDates(
  engine: Engine,
  names: readonly string[],
  dates: readonly Day[],
  computed: Computed = new Map(),
): Promise<void> {
  await engine.execute('create schema if not exists dated; create schema if not exists dates');
  await engine.materialise('dates.standing', `select day as stands_for from ${BOUND_DAYS}`, {
    dates: dates.join(','),
  });
  await standInLanes(engine, names, {
    computed,
    open: async () => undefined,
    stand: async (lane, name) => {
      const stand = `create or replace table dates.${quoteName(name)} as select d.stands_for, v.*
        from dates.standing as d, lateral (select * from ${quoteName(name)}(d.stands_for)) as v`;
      try {
        await lane.execute(`${stand};\n${answeringFrom('dates', name, dates)}`);
      } catch (error) {
        throw new Error(`view ${name} as of ${dates.join(', ')}: ${messageOf(error)}`, { cause: error });
      }
      return answeringFrom('dates', name, dates);
    },
    shadowed: shadowedOf(engine),
  });
}

/** Lets macros answer from tables `<schema>.<name>` that hold the rows of many dates (`stands_for`), for these dates only. */
export async function shadowDates(
  engine: Engine,
  schema: string,
  names: readonly string[],
  dates: readonly Day[],
): Promise<void> {
  const shadowed = shadowedOf(engine);
  for (const name of names) shadowed.add(name);
  await engine.execute(names.map((name) => `${answeringFrom(schema, name, dates)};`).join('\n'));
}

function answeringFrom(schema: string, name: string, dates: readonly Day[]): string {
  const quoted = quoteName(name);
  const wrong = quoteText(`${name} stands for ${dates.join(', ')} only`);
  return `create or replace temp macro ${quoted}(as_of) as table
    select * exclude (stands_for) from ${schema}.${quoted}
    where stands_for = case when as_of in (${dates.map(dayLiteral).join(', ')}) then as_of else error(${wrong}) end`;
}

function dayLiteral(day: Day): string {
  return `date ${quoteText(day)}`;
}

/** The view that says on which day the windows of usage end. */
const ANCHOR = 'usage_anchor';

/**
 * Statements that tell the days from which windows of usage may need rows. The views know them by their own reading, but only
 * a constant lets whole stretches of the files be passed over. They hold for the date named beside them, and for no other.
 */
async function usageBounds(engine: Engine, asOf: Day): Promise<string> {
  const [row] = await engine.rows(
    `select anchor_on - 424 as since, anchor_on - short_window_days as recent_since
     from dated.${quoteName(ANCHOR)} cross join settings`,
  );
  const [since, recent] = [String(row?.['since']), String(row?.['recent_since'])];
  return `set variable usage_bounds_day = ${dayLiteral(asOf)}; set variable usage_since = ${dayLiteral(since)};
    set variable usage_recent_since = ${dayLiteral(recent)}`;
}

/** Empties schemas `dated` and `dates` and lets every macro compute again. */
export async function clearViews(engine: Engine): Promise<void> {
  const shadowed = shadowedOf(engine);
  const macros = [...shadowed].map((name) => `${unshadowing(name)};`);
  const empty = `drop schema if exists dates cascade; drop schema if exists dated cascade; create schema dated;
    set variable usage_bounds_day = null;`;
  await engine.execute([empty, ...macros].join('\n'));
  shadowed.clear();
}

/** Lets macros compute again; what stands under their names stays. */
export async function unshadow(engine: Engine, names: readonly string[]): Promise<void> {
  const shadowed = shadowedOf(engine);
  for (const name of names) shadowed.delete(name);
  await engine.execute(names.map((name) => `${unshadowing(name)};`).join('\n'));
}

/** Lets macro `name` answer from `dated.<name>` for `asOf`, whatever it stood for before. */
export async function shadow(engine: Engine, name: string, asOf: Day): Promise<void> {
  shadowedOf(engine).add(name);
  await engine.execute(shadowing(name, asOf));
}

function shadowing(name: string, asOf: Day): string {
  return `create or replace temp macro ${quoteName(name)}(as_of) as table
    select * from dated.${quoteName(name)}
    where case when as_of = ${dayLiteral(asOf)} then true else error(${quoteText(`${name} stands for ${asOf} only`)}) end`;
}

function unshadowing(name: string): string {
  return `drop macro table if exists temp.main.${quoteName(name)}`;
}
