import type { Day } from '../contract/agent.ts';
import type { Config } from '../contract/config.ts';
import { clearViews, shadowAll, standRelations } from '../data/standing.ts';
import { type Engine, quoteName } from '../engine/engine.ts';
import { LEDGER_VIEW_NAMES } from '../ledger/index.ts';

/** A relation that SQL alone cannot compute: read from views, calculated by `models/`, written as `dated.<name>`. */
export interface DerivedRelation {
  readonly name: string;
  readonly reads: readonly string[];
  compute(engine: Engine, asOf: Day, config: Config): Promise<void>;
}

/**
 * Materialises relations of one date, dependencies first, as tables `dated.<name>` (`data/standing.ts`), the derived
 * ones by their calculation.
 */
export async function materialiseDate(
  engine: Engine,
  asOf: Day,
  relations: readonly string[],
  derived: ReadonlyMap<string, DerivedRelation>,
  config: Config,
): Promise<void> {
  await clearDate(engine);
  const computed = [...derived].map(
    ([name, { compute }]) => [name, (day: Day) => compute(engine, day, config)] as const,
  );
  await standRelations(engine, relations, asOf, new Map(computed));
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

/** Schema that holds the kept relations of a date. */
function keptSchema(asOf: Day): string {
  return quoteName(`kept_${asOf.replaceAll('-', '')}`);
}

/**
 * Copies relations that stand for a date aside, so that the date can stand again without being computed anew.
 * @param from select of each relation's rows; default as it stands in `dated`
 */
export async function keepDate(
  engine: Engine,
  asOf: Day,
  relations: readonly string[],
  from = (name: string): string => `select * from dated.${quoteName(name)}`,
): Promise<void> {
  const schema = keptSchema(asOf);
  const copies = relations.map((name) => `create table ${schema}.${quoteName(name)} as ${from(name)};`);
  await engine.execute(`drop schema if exists ${schema} cascade; create schema ${schema};\n${copies.join('\n')}`);
}

/**
 * Lets relations kept by `keepDate` stand again, as `materialiseDate` leaves them, and with them the as-of views of the
 * ledger among `relations`: these tell what earlier dates of the replay left behind, so that nothing can be kept of them.
 */
export async function restoreDate(
  engine: Engine,
  asOf: Day,
  relations: readonly string[],
  kept: readonly string[],
  derived: ReadonlyMap<string, DerivedRelation>,
): Promise<void> {
  await clearDate(engine);
  await engine.execute('set variable as_of = $as_of::date', { as_of: asOf });
  const views = kept.map((name) => {
    const quoted = quoteName(name);
    return `create view dated.${quoted} as select * from ${keptSchema(asOf)}.${quoted};`;
  });
  const macros = kept.filter((name) => !derived.has(name));
  await shadowAll(engine, macros, asOf, views.join('\n'));
  await standRelations(
    engine,
    relations.filter((name) => LEDGER_VIEW_NAMES.includes(name)),
    asOf,
  );
  await engine.execute("set search_path = 'main,dated,state'");
}

/** Drops what `keepDate` put aside. */
export async function dropKept(engine: Engine, asOf: Day): Promise<void> {
  await engine.execute(`drop schema if exists ${keptSchema(asOf)} cascade`);
}
