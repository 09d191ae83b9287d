import { describe, expect, it } from 'vitest';
import type { TrainingTable } from '../../../src/contract/model.ts';
import { createRandom } from '../../../src/lib/random.ts';
import { ebm, logOddsEbm } from '../../../src/models/ebm/index.ts';
import { Rounds, type Steps } from '../../../src/models/ebm/rounds.ts';
import { completeSettings, shrinkSettings } from '../../../src/models/ebm/settings.ts';

/** Terms whose gain halves with every step they take; writes down what is asked of them. */
function halving(start: readonly number[]): { steps: Steps; said: string[] } {
  const left = [...start];
  const gains = new Float64Array(start.length);
  const said: string[] = [];
  const steps: Steps = {
    gains,
    take: (place) => said.push(`take ${place}`),
    seek(place, cuts) {
      said.push(cuts === undefined ? `seek ${place}` : `draw ${place}`);
      gains[place] = left[place] ?? 0;
      return (left[place] ?? 0) > 0;
    },
    move(place, isChanged, following) {
      said.push(`${isChanged ? 'move' : 'stay'} ${place}, then ${following}`);
      left[place] = (left[place] ?? 0) / 2;
    },
  };
  return { steps, said };
}

describe('whose turn it is', () => {
  it('every term in turn by drawn cuts, then the one that gains most', () => {
    const { steps, said } = halving([1, 8]);
    const rounds = new Rounds(steps, { smoothing_rounds: 1, greedy_rounds: 2 }, createRandom(1));
    rounds.go(0);
    expect(said.splice(0)).toEqual(['take 0', 'draw 0', 'move 0, then 1', 'draw 1', 'move 1, then 0']);
    // All are looked at: 0 gains ½, 1 gains 4. A step is known by what it gained when last sought: the second 4 is 2 by then.
    rounds.go(1);
    expect(said.splice(0)).toEqual([
      ...['take 0', 'seek 0', 'take 1', 'seek 1', 'take 1'],
      ...['seek 1', 'move 1, then 1', 'seek 1', 'move 1, then 1'],
    ]);
    // The second round does not look anew: 1 is thought to gain 2 and gains 1, then ½ as 0 does; the first of equals goes.
    rounds.go(2);
    expect(said.splice(0)).toEqual(['seek 1', 'move 1, then 1', 'seek 1', 'move 1, then 0']);
    rounds.go(3);
    expect(said.splice(0, 5)).toEqual(['take 0', 'seek 0', 'take 1', 'seek 1', 'take 0']);
  });

  it('with no greedy rounds every term in turn throughout', () => {
    const { steps, said } = halving([0, 4]);
    const rounds = new Rounds(steps, { smoothing_rounds: 0, greedy_rounds: 0 }, createRandom(1));
    rounds.go(0);
    rounds.go(1);
    const round = ['seek 0', 'stay 0, then 1', 'seek 1', 'move 1, then 0'];
    expect(said).toEqual(['take 0', ...round, ...round]);
  });
});

describe('few outcomes', () => {
  it.each([
    [500, 100, 10],
    [499, 100, 10],
    [120, 24, 2],
    [10, 2, 0],
  ])('%i outcomes leave %i smoothing rounds, %i of pairs', (outcomes, rounds, pairRounds) => {
    const { settings } = shrinkSettings(completeSettings({}), outcomes);
    expect(settings.smoothing_rounds).toBe(rounds);
    expect(settings.pair_smoothing_rounds).toBe(pairRounds);
  });

  // What a cut by turns loses: forty features, one of which tells who leaves, in one narrow stretch.
  it('one steep feature among noise is learnt better than by turns', async () => {
    const gain: number[] = [];
    for (let seed = 1; seed <= 4; seed++) {
      const train = steepTable(seed, 1200);
      const test = steepTable(seed + 100, 6000);
      const loss = async (params: object): Promise<number> => {
        const model = await ebm.fit(train, { ...ebm.defaults, pairs: 0, ...params }, createRandom(seed));
        const score = logOddsEbm(model, test.columns);
        return score.reduce((sum, s, i) => sum + Math.log1p(Math.exp(test.label[i] === 1 ? -s : s)), 0) / score.length;
      };
      const byTurns = { greedy_rounds: 0, smoothing_rounds: 500, max_leaves: 3 };
      gain.push((await loss(byTurns)) - (await loss({})));
    }
    expect(Math.min(...gain)).toBeGreaterThan(0);
  });
});

/** About 100 of 1,200 leave: 60 % of those whose first feature lies in its lowest tenth, 3 % of the others. */
function steepTable(seed: number, rows: number): TrainingTable {
  const random = createRandom(seed);
  const columns = Array.from({ length: 40 }, (_, j) => ({
    name: `x${j}`,
    kind: 'continuous' as const,
    values: Float64Array.from({ length: rows }, random),
  }));
  const steep = columns[0]?.values ?? new Float64Array(rows);
  return {
    columns,
    label: Uint8Array.from(steep, (x) => (random() < (x < 0.1 ? 0.6 : 0.03) ? 1 : 0)),
    weight: new Float64Array(rows).fill(1),
    account: Int32Array.from({ length: rows }, (_, i) => i),
    observation_date: new Int32Array(rows),
  };
}
