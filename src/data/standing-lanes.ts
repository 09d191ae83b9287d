import { type Engine, quoteText } from '../engine/engine.ts';
import { VIEWS } from './views.ts';

/** Relations that SQL alone cannot compute, by name: each writes its own table. */
export type Computed = ReadonlyMap<string, () => Promise<void>>;

/** How relations are let stand, one after the other or two side by side. */
export interface Lanes {
  /** They run on the engine itself, and wait for all before them. */
  readonly computed: Computed;
  /** Prepares a connection. */
  readonly open: (lane: Engine) => Promise<void>;
  /** Lets one relation stand by a connection. Returns the statements by which the other one sees it. */
  readonly stand: (lane: Engine, name: string) => Promise<string>;
  /** Takes the names of macros that now answer from tables. */
  readonly shadowed: Set<string>;
}

/** So many relations are worth a second connection. */
const MANY = 4;

/**
 * Lets relations stand, each after those it reads. Where they are many, two are computed side by side: most of them are short and
 * keep one thread busy.
 */
export async function standInLanes(engine: Engine, names: readonly string[], lanes: Lanes): Promise<void> {
  const { computed, open, stand, shadowed } = lanes;
  const standOne = async (lane: Engine, name: string): Promise<string | undefined> => {
    const compute = computed.get(name);
    if (compute !== undefined) {
      await compute();
      return undefined;
    }
    shadowed.add(name);
    return stand(lane, name);
  };
  await open(engine);
  if (names.length < MANY) {
    for (const name of names) await standOne(engine, name);
    return;
  }
  const [path] = await engine.rows("select current_setting('search_path') as names");
  await engine.beside(async (second) => {
    await second.execute(`set search_path = ${quoteText(String(path?.['names']))}`);
    await open(second);
    const shadows: Promise<void>[] = [];
    await inTwoLanes(names, waitsFor(names, computed), computed, async (name, isFirst) => {
      const [own, other] = isFirst ? [engine, second] : [second, engine];
      const more = await standOne(own, name);
      if (more === undefined) return;
      // Not waited for: the other lane is at work, and asks nothing before this.
      const told = other.execute(more);
      told.catch(() => undefined);
      shadows.push(told);
    });
    await Promise.all(shadows);
  });
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
