import { describe, expect, it } from 'vitest';
import { climbLadder, type LadderOptions } from '../../src/models/ladder.ts';
import { replaySplit, sharedReplays, wholeLadder } from '../../src/models/replay.ts';
import { baselineRungs, type Rung } from '../../src/models/rungs.ts';
import { innerOrigins, rollingOrigins } from '../../src/models/splits.ts';
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
