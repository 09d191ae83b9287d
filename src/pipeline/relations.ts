import type { Day } from '../contract/agent.ts';
import type { Config } from '../contract/config.ts';
import type { Engine } from '../engine/engine.ts';
import { quoteName } from '../engine/engine.ts';
import { messageOf } from '../lib/errors.ts';

/** A relation that SQL alone cannot compute: read from views, calculated by `models/`, written as `dated.<name>`. */
export interface DerivedRelation {
  readonly name: string;
  readonly reads: readonly string[];
  compute(engine: Engine, asOf: Day, config: Config): Promise<void>;
}

/**
 * Materialises relations of one date, dependencies first, as tables `dated.<name>`. While they stand, each macro
 * `<name>(as_of)` is shadowed by its table, so that a view that reads another does not compute it again; asking the
 * shadow for another date is an error, never a wrong answer.
 */
export async function materialiseDate(
  engine: Engine,
  asOf: Day,
  relations: readonly string[],
  derived: ReadonlyMap<string, DerivedRelation>,
  config: Config,
): Promise<void> {
  await clearDate(engine);
  for (const name of relations) {
    const special = derived.get(name);
    if (special !== undefined) {
      await special.compute(engine, asOf, config);
      continue;
    }
    const table = `dated.${quoteName(name)}`;
    try {
      await engine.execute(`create or replace table ${table} as select * from ${quoteName(name)}($as_of::date)`, {
        as_of: asOf,
      });
    } catch (error) {
      throw new Error(`view ${name} as of ${asOf}: ${messageOf(error)}`, { cause: error });
    }
    await shadow(engine, name, table, asOf);
  }
  await engine.execute("set search_path = 'main,dated,state'");
}

/** Lets macro `name` answer from `table`, for `asOf` only, until `clearDate`. */
export async function shadow(engine: Engine, name: string, table: string, asOf: Day): Promise<void> {
  await engine.execute(
    `create or replace temp macro ${quoteName(name)}(as_of) as table
       select * from ${table} where case when as_of = date '${asOf}' then true
         else error('${name} stands for ${asOf} only') end`,
  );
  shadows.get(engine)?.add(name);
}

/** Names that are shadowed now, by engine. */
const shadows = new WeakMap<Engine, Set<string>>();

/** Drops the tables and shadows of the date in hand. */
export async function clearDate(engine: Engine): Promise<void> {
  await engine.execute("set search_path = 'main'");
  for (const name of shadows.get(engine) ?? [])
    await engine.execute(`drop macro table if exists temp.main.${quoteName(name)}`);
  shadows.set(engine, new Set());
  for (const schema of ['dated', 'finding']) {
    await engine.execute(`drop schema if exists ${schema} cascade`);
    await engine.execute(`create schema ${schema}`);
  }
  await engine.execute('create schema if not exists state');
  await engine.execute("set search_path = 'dated,main,state'");
}
