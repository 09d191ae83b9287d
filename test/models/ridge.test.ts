import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/lib/random.ts';
import { solveRidge, solveRidgePath } from '../../src/models/ridge.ts';

function problem(seed: number, n: number, width: number) {
  const random = createRandom(seed);
  const columns = Array.from({ length: width }, () => Float64Array.from({ length: n }, () => 2 * random() - 1));
  const first = columns[0] ?? new Float64Array(n);
  return {
    columns,
    label: Uint8Array.from({ length: n }, (_, i) =>
      random() < 1 / (1 + Math.exp(2 - 2 * (first[i] as number))) ? 1 : 0,
    ),
    weight: Float64Array.from({ length: n }, (_, i) => (i % 4 === 0 ? 0 : 0.5 + random())),
  };
}

describe('one λ after another', () => {
  // 257 rows and 6 columns leave a block and a pair of columns unfinished.
  it.each([
    [257, 6],
    [900, 9],
    [40, 1],
    [300, 0],
  ])('finds what each λ alone finds: %i rows, %i columns', (n, width) => {
    const given = problem(n, n, width);
    const ridges = [300, 30, 3, 0.3];
    const path = solveRidgePath({ ...given, tolerance: 1e-10 }, ridges);
    ridges.forEach((ridge, g) => {
      const alone = solveRidge({ ...given, ridge, tolerance: 1e-10 });
      const found = path[g];
      expect(found?.converged).toBe(true);
      expect(found?.intercept).toBeCloseTo(alone.intercept, 4);
      alone.coefficients.forEach((value, j) => {
        expect(found?.coefficients[j]).toBeCloseTo(value, 4);
      });
    });
  });

  it('does not see rows of weight 0', () => {
    const given = problem(5, 400, 7);
    const kept = [...given.weight.keys()].filter((i) => given.weight[i] !== 0);
    const alone = solveRidge({
      columns: given.columns.map((column) => Float64Array.from(kept, (i) => column[i] as number)),
      label: kept.map((i) => given.label[i] as number),
      weight: Float64Array.from(kept, (i) => given.weight[i] as number),
      ridge: 2,
    });
    expect(solveRidge({ ...given, ridge: 2 })).toEqual(alone);
  });
});
