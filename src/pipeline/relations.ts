import type { Day } from '../contract/agent.ts';
import type { Config } from '../contract/config.ts';
import { clearViews, shadowDates, standDates, standRelations, unshadow } from '../data/standing.ts';
import type { Computed } from '../data/standing-lanes.ts';
import { type Engine, quoteName, quoteText } from '../engine/engine.ts';
import { LEDGER_VIEW_NAMES } from '../ledger/index.ts';

/**
 * A relation that SQL alone cannot compute: read from views, calculated by `models/`, written as one table `dated.<name>` whose
 * rows say in a column `as_of` which of the dates they belong to.
 */
export interface DerivedRelation {
  readonly name: string;
  readonly reads: readonly string[];
  compute(engine: Engine, dates: readonly Day[], config: Config): Promise<void>;
}

/** Derived relations by name. */
export type Derived = ReadonlyMap<string, DerivedRelation>;

function computedBy(engine: Engine, derived: Derived, dates: readonly Day[], config: Config): Computed {
  return new Map([...derived].map(([name, { compute }]) => [name, () => compute(engine, dates, config)]));
}

/**
 * Materialises relations of one date, dependencies first, as tables `dated.<name>` (`data/standing.ts`), the derived
 * ones by their calculation.
 */
export async function materialiseDate(
  engine: Engine,
  asOf: Day,
  relations: readonly string[],
  derived: Derived,
  config: Config,
): Promise<void> {
  await clearDate(engine);
  await standRelations(engine, relations, asOf, computedBy(engine, derived, [asOf], config));
  await engine.execute("set search_path = 'main,dated,state'");
}

/** Materialises relations of many dates at once, as tables `dates.<name>` (`standDates`); the derived ones alone as `dated.<name>`. */
export async function materialiseDates(
  engine: Engine,
  dates: readonly Day[],
  relations: readonly string[],
  derived: Derived,
  config: Config,
): Promise<void> {
  await clearDate(engine);
  await standDates(engine, relations, dates, computedBy(engine, derived, dates, config));
  await engine.execute("set search_path = 'main,dated,state'");
}

/** Drops the tables and shadows of the date in hand. */
export async function clearDate(engine: Engine): Promise<void> {
  await engine.execute("set search_path = 'main'");
  await clearViews(engine);
  await engine.execute(
    `drop schema if exists finding cascade; create schema finding; create schema if not exists state;
     set search_path = 'dated,main,state'`,
  );
}

/** Where the rows of a relation that stands for dates are read to be kept: a select with `stands_for` before its own columns. */
export type KeptRows = (name: string) => string;

/** Rows of `dated.<name>`, standing for one date. */
export function rowsOfDate(asOf: Day): KeptRows {
  return (name) => `select date ${quoteText(asOf)} as stands_for, * from dated.${quoteName(name)}`;
}

/** Those rows of `dates.<name>` that belong to some of the dates it stands for. */
export function rowsOfDates(dates: readonly Day[], derived: Derived): KeptRows {
  const listed = dates.map((day) => `date ${quoteText(day)}`).join(', ');
  return (name) =>
    derived.has(name)
      ? `select as_of as stands_for, * from dated.${quoteName(name)} where as_of in (${listed})`
      : `select * from dates.${quoteName(name)} where stands_for in (${listed})`;
}

/**
 * Copies relations that stand aside, as tables `kept.<name>` with `stands_for`, so that their dates can stand again without being
 * computed anew. What was kept of other dates stays.
 */
export async function keepDates(engine: Engine, relations: readonly string[], rows: KeptRows): Promise<void> {
  const copies = relations.map((name) => {
    const table = `kept.${quoteName(name)}`;
    return `create table if not exists ${table} as from (${rows(name)}) limit 0; insert into ${table} by name ${rows(name)};`;
  });
  await engine.execute(['create schema if not exists kept;', ...copies].join('\n'));
}

/** Lets the macros and tables of relations answer from what `keepDates` put aside, for the dates named, until `clearDate`. */
export async function standKept(
  engine: Engine,
  dates: readonly Day[],
  relations: readonly string[],
  derived: Derived,
): Promise<void> {
  await clearDate(engine);
  const views = relations.map((name) => {
    const quoted = quoteName(name);
    return `create view dated.${quoted} as select * exclude (stands_for) from kept.${quoted}
      where stands_for = cast(getvariable('as_of') as date);`;
  });
  await engine.execute(views.join('\n'));
  await shadowDates(
    engine,
    'kept',
    relations.filter((name) => !derived.has(name)),
    dates,
  );
}

/**
 * Moves what `standKept` let stand to a date, and lets the as-of views of the ledger among `relations` stand beside it: these tell
 * what earlier dates of the replay left behind, so that nothing can be kept of them.
 */
export async function restoreDate(engine: Engine, asOf: Day, relations: readonly string[]): Promise<void> {
  await engine.execute(
    "drop schema if exists finding cascade; create schema finding; set search_path = 'dated,main,state'",
  );
  const told = relations.filter((name) => LEDGER_VIEW_NAMES.includes(name));
  // They answer from the tables of the date before, whose rows would be taken for this one's.
  await unshadow(engine, told);
  // This tells the day to the kept ones, too.
  await standRelations(engine, told, asOf);
  await engine.execute("set search_path = 'main,dated,state'");
}

/** Drops all that was kept. */
export async function dropKept(engine: Engine): Promise<void> {
  await engine.execute('drop schema if exists kept cascade');
}
