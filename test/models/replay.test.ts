import { describe, expect, it } from 'vitest';
import { forkRandom } from '../../src/lib/random.ts';
import { churnRungs } from '../../src/models/churn-rungs.ts';
import { expansionRungs } from '../../src/models/expansion-rungs.ts';
import { climbLadder, type LadderOptions } from '../../src/models/ladder.ts';
import { replaySplit, sharedReplays, wholeLadder } from '../../src/models/replay.ts';
import { baselineRungs, type Rung } from '../../src/models/rungs.ts';
import { innerOrigins, type OriginSplit, rollingOrigins, takePanelRows } from '../../src/models/splits.ts';
import { openPool } from '../../src/pipeline/pool.ts';
import { simulatePanel } from './simulation.ts';

const panel = simulatePanel(5, { accounts: 90, months: 12, rate: 0.03, effect: -1 });
const outer = [...new Set(panel.observation_date)].sort((a, b) => a - b).slice(-4);
const options = (known_by: number): LadderOptions => ({
  rungs: baselineRungs({}, { ridge: 10 }),
  known_by,
  seed: 7,
  min_outcomes: 10,
  min_months: 3,
  auc_replicates: 20,
  replicates: 200,
});

/** Rungs that count how often each was fitted. */
function counted(): { rungs: Rung[]; fits: Map<string, number> } {
  const fits = new Map<string, number>();
  const rungs = wholeLadder(options(0).rungs).map((rung): Rung => {
    return {
      ...rung,
      fit: (train, random) => {
        fits.set(rung.name, (fits.get(rung.name) ?? 0) + 1);
        return rung.fit(train, random);
      },
    };
  });
  return { rungs, fits };
}

/** One rung after the other, in their order: what beginning the richest first must give. */
async function oneByOne(rungs: readonly Rung[], split: OriginSplit, seed: number): Promise<Float64Array[]> {
  const [train, test] = [takePanelRows(panel, split.train), takePanelRows(panel, split.test)];
  const said: Float64Array[] = [];
  for (const rung of rungs) {
    const fitted = await rung.fit(train, forkRandom(seed, `${rung.name}:${split.origin}`));
    said.push('skipped' in fitted ? (said[0] as Float64Array) : fitted.predict(test));
  }
  return said;
}

describe('the rungs of a date', () => {
  const split = rollingOrigins(panel).at(-1) as OriginSplit;

  it('say, byte for byte, what they say when fitted one after the other, with threads and without', async () => {
    const pool = openPool(2);
    try {
      for (const ladder of [churnRungs(), churnRungs(pool), expansionRungs(pool)]) {
        const rungs = wholeLadder(ladder);
        const { entries } = await replaySplit(panel, rungs, split, 7);
        expect(entries.map(({ rung }) => rung.name)).toEqual(rungs.map(({ name }) => name));
        expect(entries.at(-1)).toMatchObject({ rung: { name: 'ebm' }, skipped: null });
        expect(entries.map(({ probability }) => probability)).toEqual(await oneByOne(rungs, split, 7));
      }
    } finally {
      await pool.close();
    }
  });

  it('are begun with the richest, and a fault of any is the fault of the date', async () => {
    const begun: string[] = [];
    const rungOf = (name: string, fault?: string): Rung => ({
      ...(baselineRungs()[1] as Rung),
      name,
      fit: async () => {
        begun.push(name);
        await new Promise((wake) => setImmediate(wake));
        if (fault !== undefined) throw new Error(fault);
        return { skipped: 'not asked' };
      },
    });
    const ladder = (...rungs: Rung[]) => [...wholeLadder([]), ...rungs];
    await replaySplit(panel, ladder(rungOf('a'), rungOf('b'), rungOf('richest')), split, 7);
    expect(begun).toEqual(['richest', 'a', 'b']);
    await expect(replaySplit(panel, ladder(rungOf('a'), rungOf('r', 'of the richest')), split, 7)).rejects.toThrow(
      'of the richest',
    );
    await expect(replaySplit(panel, ladder(rungOf('a', 'of another'), rungOf('r')), split, 7)).rejects.toThrow(
      'of another',
    );
  });
});

describe('one fit a date, shared by every later origin', () => {
  it('is the ladder of each origin, byte for byte, and fits each date once', async () => {
    const { rungs, fits } = counted();
    const replay = sharedReplays(panel, (split) => replaySplit(panel, rungs, split, 7));
    const dates = new Set<number>();
    let judged = 0;
    for (const origin of outer) {
      const own = await climbLadder(panel, options(origin));
      const shared = await climbLadder(panel, { ...options(origin), rungs, replay });
      expect(own.verdict).not.toBe('too_few_outcomes');
      expect(JSON.stringify({ ...shared, out_of_time: undefined })).toBe(
        JSON.stringify({ ...own, out_of_time: undefined }),
      );
      expect(shared.out_of_time).toEqual(own.out_of_time);
      for (const split of innerOrigins(panel, origin)) dates.add(split.origin);
      judged += own.origins.length;
    }
    expect(judged).toBeGreaterThan(dates.size);
    for (const count of fits.values()) expect(count).toBe(dates.size);
  });

  it('gives the rows that had closed what all rows of the date were given', async () => {
    const rungs = wholeLadder(options(0).rungs);
    const replay = sharedReplays(panel, (split) => replaySplit(panel, rungs, split, 7));
    const split = rollingOrigins(panel).at(-2);
    if (split === undefined) throw new Error('no split');
    const some = { ...split, test: split.test.filter((_, i) => i % 3 === 1) };
    const expected = await replaySplit(panel, rungs, some, 7);
    const found = await replay(some);
    expect(found.rows).toEqual(some.test);
    expect(found.entries.map(({ probability }) => probability)).toEqual(
      expected.entries.map(({ probability }) => probability),
    );
  });
});
