import type { Day } from '../contract/agent.ts';
import type { Config } from '../contract/config.ts';
import { clearViews, shadowing, standRelations } from '../data/standing.ts';
import { type Engine, quoteName } from '../engine/engine.ts';

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
  await engine.execute('drop schema if exists finding cascade; create schema finding');
  await engine.execute('create schema if not exists state');
  await engine.execute("set search_path = 'dated,main,state'");
}

/** Schema that holds the kept relations of a date. */
function keptSchema(asOf: Day): string {
  return quoteName(`kept_${asOf.replaceAll('-', '')}`);
}

/** Copies relations that stand for a date aside, so that the date can stand again without being computed anew. */
export async function keepDate(engine: Engine, asOf: Day, relations: readonly string[]): Promise<void> {
  const schema = keptSchema(asOf);
  const copies = relations.map(
    (name) => `create table ${schema}.${quoteName(name)} as select * from dated.${quoteName(name)};`,
  );
  await engine.execute(`drop schema if exists ${schema} cascade; create schema ${schema};\n${copies.join('\n')}`);
}

/** Lets relations kept by `keepDate` stand again, as `materialiseDate` leaves them. */
export async function restoreDate(
  engine: Engine,
  asOf: Day,
  relations: readonly string[],
  derived: ReadonlyMap<string, DerivedRelation>,
): Promise<void> {
  await clearDate(engine);
  await engine.execute('set variable as_of = $as_of::date', { as_of: asOf });
  const stand = relations.map((name) => {
    const view = `create view dated.${quoteName(name)} as select * from ${keptSchema(asOf)}.${quoteName(name)};`;
    return derived.has(name) ? view : `${view}\n${shadowing(name, asOf)};`;
  });
  await engine.execute(`${stand.join('\n')}\nset search_path = 'main,dated,state'`);
}

/** Drops what `keepDate` put aside. */
export async function dropKept(engine: Engine, asOf: Day): Promise<void> {
  await engine.execute(`drop schema if exists ${keptSchema(asOf)} cascade`);
}
