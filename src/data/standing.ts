import { type Engine, quoteName, quoteText } from '../engine/engine.ts';
import type { Day } from '../lib/dates.ts';
import { VIEWS, type View } from './views.ts';

/** Views that only pass rows through stay macros: a table of them would copy every event. */
function isPassedThrough(name: string): boolean {
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

/**
 * Computes views of one date once: each of `names`, and each view below it, becomes a table of schema `standing`, and
 * while it stands the macro of that name answers from the table, for that date only (another date is an error, never
 * a wrong answer). Nothing else may shadow macros meanwhile. Undo with `clearViews`.
 */
export async function standViews(engine: Engine, names: readonly string[], asOf: Day): Promise<void> {
  await engine.execute('create schema if not exists standing');
  for (const name of viewClosure(names)) {
    await engine.materialise(`standing.${name}`, `select * from ${quoteName(name)}($as_of::date)`, { as_of: asOf });
    await shadow(engine, name, asOf);
  }
}

/** Drops every table and shadow of `standViews`. */
export async function clearViews(engine: Engine): Promise<void> {
  const names = await engine.rows(
    `select table_name as name from information_schema.tables where table_schema = 'standing' order by 1`,
  );
  for (const { name } of names) await unshadow(engine, String(name));
  await engine.execute('drop schema if exists standing cascade');
}

/** Lets macro `name` answer from table `standing.<name>` for `asOf`, whatever it stood for before. */
export async function shadow(engine: Engine, name: string, asOf: Day): Promise<void> {
  await engine.execute(
    `create or replace temp macro ${quoteName(name)}(as_of) as table
       select * from standing.${quoteName(name)}
       where case when as_of = date ${quoteText(asOf)} then true else error(${quoteText(`${name} stands for ${asOf}`)}) end`,
  );
}

/** Lets macro `name` compute again. */
export async function unshadow(engine: Engine, name: string): Promise<void> {
  await engine.execute(`drop macro table if exists temp.main.${quoteName(name)}`);
}
