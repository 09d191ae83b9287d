import type { Day } from '../contract/agent.ts';
import type { Config } from '../contract/config.ts';
import { clearViews, standRelations } from '../data/standing.ts';
import type { Engine } from '../engine/engine.ts';

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
