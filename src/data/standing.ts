import { type Engine, quoteName, quoteText } from '../engine/engine.ts';
import type { Day } from '../lib/dates.ts';
import { messageOf } from '../lib/errors.ts';
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

/** Relations that SQL alone cannot compute, by name: each writes its table `dated.<name>` for the day. */
export type Computed = ReadonlyMap<string, (asOf: Day) => Promise<void>>;

/** Stands `names` and each view below them; see `standRelations`. */
export async function standViews(engine: Engine, names: readonly string[], asOf: Day): Promise<void> {
  await standRelations(engine, viewClosure(names), asOf);
}

/**
 * Computes relations of one date once, in the order given: each view becomes a table of schema `dated`, and while it
 * stands the macro of that name answers from the table, for that date only (another date is an error, never a wrong
 * answer). Nothing else may shadow macros meanwhile. Undo with `clearViews`.
 */
export async function standRelations(
  engine: Engine,
  names: readonly string[],
  asOf: Day,
  computed: Computed = new Map(),
): Promise<void> {
  await engine.execute('create schema if not exists dated');
  // A variable is a constant to the planner, which would plan a statement with a parameter twice.
  await engine.execute('set variable as_of = $as_of::date', { as_of: asOf });
  for (const name of names) {
    const compute = computed.get(name);
    try {
      if (compute !== undefined) await compute(asOf);
      else
        await engine.materialise(
          `dated.${name}`,
          `select * from ${quoteName(name)}(cast(getvariable('as_of') as date))`,
        );
    } catch (error) {
      throw new Error(`view ${name} as of ${asOf}: ${messageOf(error)}`, { cause: error });
    }
    if (compute === undefined) await shadow(engine, name, asOf);
  }
}

/** Empties schema `dated` and lets every macro compute again. */
export async function clearViews(engine: Engine): Promise<void> {
  await engine.execute('create schema if not exists dated');
  const standing = await engine.rows(
    `select table_name as name, false as is_view from duckdb_tables() where schema_name = 'dated'
     union all select view_name, true from duckdb_views() where schema_name = 'dated' order by name`,
  );
  if (standing.length === 0) return;
  // One call for all: forty names on every date are as many round trips otherwise.
  await engine.execute(
    standing
      .map(({ name, is_view }) => {
        const quoted = quoteName(String(name));
        return `${unshadowing(String(name))}; drop ${is_view === true ? 'view' : 'table'} dated.${quoted};`;
      })
      .join('\n'),
  );
}

/** Lets macro `name` answer from `dated.<name>` for `asOf`, whatever it stood for before. */
export async function shadow(engine: Engine, name: string, asOf: Day): Promise<void> {
  await engine.execute(shadowing(name, asOf));
}

/** The statement of `shadow`, for callers that shadow many at once. */
export function shadowing(name: string, asOf: Day): string {
  return `create or replace temp macro ${quoteName(name)}(as_of) as table
    select * from dated.${quoteName(name)}
    where case when as_of = date ${quoteText(asOf)} then true else error(${quoteText(`${name} stands for ${asOf} only`)}) end`;
}

/** Lets macro `name` compute again. */
export async function unshadow(engine: Engine, name: string): Promise<void> {
  await engine.execute(unshadowing(name));
}

function unshadowing(name: string): string {
  return `drop macro table if exists temp.main.${quoteName(name)}`;
}
