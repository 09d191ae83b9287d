import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/lib/random.ts';
import { pairProof } from '../../../src/models/ebm/pair-proof.ts';
import { fitEbm } from '../../../src/models/index.ts';

const losses = (...values: (number | null)[]) => values.map((held_out_log_loss) => ({ held_out_log_loss }));

describe('pairProof', () => {
  it('is the mean gain over the bags by its standard error', () => {
    // Gains .1, .2, .3: mean .2, standard deviation .1, standard error .1 / √3.
    expect(pairProof(losses(0.5, 0.5, 0.5), losses(0.4, 0.3, 0.2))).toBeCloseTo(2 * Math.sqrt(3), 10);
  });

  it('is 0 where nothing is shown: no gain, one bag, nothing held out', () => {
    expect(pairProof(losses(0.5, 0.5), losses(0.5, 0.5))).toBe(0);
    expect(pairProof(losses(0.5), losses(0.1))).toBe(0);
    expect(pairProof(losses(null, null), losses(null, null))).toBe(0);
    expect(pairProof(losses(0.5, 0.5), [])).toBe(0);
  });
});

/** 400 rows of six even numbers, about a third with the outcome; `eta` is the log-odds of a row. */
function fewOutcomes(seed: number, eta: (x: readonly number[]) => number) {
  const random = createRandom(seed);
  const rows = Array.from({ length: 400 }, () => Array.from({ length: 6 }, () => random()));
  const columns = Object.fromEntries(rows[0]?.map((_, j) => [`x${j}`, rows.map((row) => row[j] ?? 0)]) ?? []);
  return { columns, label: rows.map((row) => random() < 1 / (1 + Math.exp(-eta(row)))) };
}

describe('with few outcomes', () => {
  const ring = ([a = 0, b = 0]: readonly number[]): number => (a > 0.5 === b > 0.5 ? 2 : -3.5);

  it('pairs that labels do not bear out are let go, and the model says so', async () => {
    for (const seed of [1, 2, 3]) {
      const { terms, training } = await fitEbm(fewOutcomes(seed, () => -0.7));
      expect(terms).toHaveLength(6);
      expect(training.shrunk[1]).toMatch(
        /^no pairs: held-out log loss fell by \d+\.\d standard errors, 6 are needed with few outcomes$/,
      );
    }
  });

  it('a pair that decides stays', async () => {
    const { terms, training } = await fitEbm(fewOutcomes(4, ring), { pairs: 1 });
    expect(terms.at(-1)?.name).toBe('x0 × x1');
    expect(training.shrunk).toHaveLength(1);
  });

  it('pairs that were named need no proof, and 0 asks for none', async () => {
    const noise = fewOutcomes(1, () => -0.7);
    expect((await fitEbm(noise, { pairs: [['x0', 'x1']] })).terms).toHaveLength(7);
    expect((await fitEbm(noise, { pairs: 2, pair_proof: 0 })).terms).toHaveLength(8);
  });
});
