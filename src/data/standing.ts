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

/** Macros that a date shadows, by engine. */
const SHADOWED = new WeakMap<Engine, Set<string>>();

function shadowedOf(engine: Engine): Set<string> {
  const known = SHADOWED.get(engine) ?? new Set<string>();
  SHADOWED.set(engine, known);
  return known;
}

/**
 * Computes relations of one date once, dependencies first: each view becomes a table of schema `dated`, and while it
 * stands the macro of that name answers from the table, for that date only (another date is an error, never a wrong
 * answer). Nothing else may shadow macros meanwhile. Undo with `clearViews`.
 *
 * Where they are many, two are computed side by side: most of them are short and keep one thread busy. `names` must hold
 * each after those it reads; a computed one waits for all before it, and runs on `engine` itself.
 */
export async function standRelations(
  engine: Engine,
  names: readonly string[],
  asOf: Day,
  computed: Computed = new Map(),
): Promise<void> {
  await engine.execute('create schema if not exists dated');
  if (names.length < MANY) return standInTurn(engine, names, asOf, computed);
  const [path] = await engine.rows("select current_setting('search_path') as names");
  await engine.beside(async (second) => {
    await second.execute(`set search_path = ${quoteText(String(path?.['names']))}`);
    const shadowed = shadowedOf(engine);
    // A variable is a constant to the planner, which would plan a statement with a parameter twice.
    for (const lane of [engine, second]) await lane.execute('set variable as_of = $as_of::date', { as_of: asOf });
    const shadows: Promise<void>[] = [];
    await inTwoLanes(names, waitsFor(names, computed), computed, async (name, isFirst) => {
      const [own, other] = isFirst ? [engine, second] : [second, engine];
      const more = await standOne(own, name, asOf, computed, shadowed);
      if (more === undefined) return;
      // Not waited for: the other lane is at work, and asks nothing before this.
      const told = other.execute(more);
      told.catch(() => undefined);
      shadows.push(told);
    });
    await Promise.all(shadows);
  });
}

/** So many relations are worth a second connection. */
const MANY = 4;

async function standInTurn(engine: Engine, names: readonly string[], asOf: Day, computed: Computed): Promise<void> {
  await engine.execute('set variable as_of = $as_of::date', { as_of: asOf });
  for (const name of names) await standOne(engine, name, asOf, computed, shadowedOf(engine));
}

/** Lets one relation stand. Returns the statements by which another connection sees it; undefined where it sees it anyway. */
async function standOne(
  engine: Engine,
  name: string,
  asOf: Day,
  computed: Computed,
  shadowed: Set<string>,
): Promise<string | undefined> {
  const compute = computed.get(name);
  try {
    if (compute !== undefined) {
      await compute(asOf);
      return undefined;
    }
    shadowed.add(name);
    const stand = `create or replace table dated.${quoteName(name)} as
      select * from ${quoteName(name)}(cast(getvariable('as_of') as date))`;
    await engine.execute(`${stand};\n${shadowing(name, asOf)}`);
    const bounds = name === ANCHOR ? await usageBounds(engine, asOf) : '';
    if (bounds !== '') await engine.execute(bounds);
    return `${shadowing(name, asOf)};\n${bounds}`;
  } catch (error) {
    throw new Error(`view ${name} as of ${asOf}: ${messageOf(error)}`, { cause: error });
  }
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
  const day = (value: unknown) => `date ${quoteText(String(value))}`;
  return `set variable usage_bounds_day = ${day(asOf)}; set variable usage_since = ${day(row?.['since'])};
    set variable usage_recent_since = ${day(row?.['recent_since'])}`;
}

/** For each name those before it in `names` that it reads, also by way of views that only pass rows through. */
function waitsFor(names: readonly string[], computed: Computed): ReadonlyMap<string, ReadonlySet<string>> {
  const byName = new Map(VIEWS.map((view) => [view.name, view]));
  const collect = (name: string, before: ReadonlySet<string>, found: Set<string>): Set<string> => {
    const view = byName.get(name);
    const calculated = [...computed.keys()].filter((other) => view?.sql.includes(other) === true);
    for (const read of [...(view?.dependencies ?? []), ...calculated]) {
      if (before.has(read)) found.add(read);
      else if (byName.has(read)) collect(read, before, found);
    }
    return found;
  };
  return new Map(
    names.map((name, place) => {
      const before = new Set(names.slice(0, place));
      return [name, computed.has(name) ? before : collect(name, before, new Set())];
    }),
  );
}

/** Does `work` for every name once those it waits for are done, two at a time; computed ones only in the first lane. */
async function inTwoLanes(
  names: readonly string[],
  waits: ReadonlyMap<string, ReadonlySet<string>>,
  computed: Computed,
  work: (name: string, isFirst: boolean) => Promise<void>,
): Promise<void> {
  const open = new Set(names);
  const done = new Set<string>();
  let isBroken = false;
  let wake: () => void = () => undefined;
  let change = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const lane = async (isFirst: boolean): Promise<void> => {
    while (open.size > 0 && !isBroken) {
      const next = [...open].find(
        (name) => (isFirst || !computed.has(name)) && [...(waits.get(name) ?? [])].every((other) => done.has(other)),
      );
      if (next === undefined) {
        await change;
        continue;
      }
      open.delete(next);
      try {
        await work(next, isFirst);
        done.add(next);
      } catch (error) {
        isBroken = true;
        throw error;
      } finally {
        const told = wake;
        change = new Promise<void>((resolve) => {
          wake = resolve;
        });
        told();
      }
    }
  };
  // Both lanes end before an error is told: the second one's engine ends with this.
  const ends = await Promise.allSettled([lane(true), lane(false)]);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

/** Empties schema `dated` and lets every macro compute again. */
export async function clearViews(engine: Engine): Promise<void> {
  const shadowed = shadowedOf(engine);
  const macros = [...shadowed].map((name) => `${unshadowing(name)};`);
  const empty = 'drop schema if exists dated cascade; create schema dated; set variable usage_bounds_day = null;';
  await engine.execute([empty, ...macros].join('\n'));
  shadowed.clear();
}

/** Lets macro `name` answer from `dated.<name>` for `asOf`, whatever it stood for before. */
export async function shadow(engine: Engine, name: string, asOf: Day): Promise<void> {
  await shadowAll(engine, [name], asOf);
}

/** `shadow` for many names, after `sql` has let their relations stand; one call. */
export async function shadowAll(engine: Engine, names: readonly string[], asOf: Day, sql = ''): Promise<void> {
  const shadowed = shadowedOf(engine);
  for (const name of names) shadowed.add(name);
  await engine.execute([sql, ...names.map((name) => `${shadowing(name, asOf)};`)].join('\n'));
}

function shadowing(name: string, asOf: Day): string {
  return `create or replace temp macro ${quoteName(name)}(as_of) as table
    select * from dated.${quoteName(name)}
    where case when as_of = date ${quoteText(asOf)} then true else error(${quoteText(`${name} stands for ${asOf} only`)}) end`;
}

function unshadowing(name: string): string {
  return `drop macro table if exists temp.main.${quoteName(name)}`;
}
