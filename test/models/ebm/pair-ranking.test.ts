import { describe, expect, it } from 'vitest';
import type { BagSide, FeatureFrame } from '../../../src/models/ebm/bag.ts';
import { rankPairs } from '../../../src/models/ebm/pair-ranking.ts';
import { createRandom } from '../../../src/models/index.ts';

const ROWS = 800;

/** Seven features of 3 to 9 bins, every third one nominal, and shapes that leave something to find. */
function bag(isWeighted: boolean) {
  const random = createRandom(11);
  const features: FeatureFrame[] = Array.from({ length: 7 }, (_, j) => ({
    bins: 3 + j,
    isNominal: j % 3 === 2,
    monotone: 0,
  }));
  const values = features.map(({ bins }) => Uint8Array.from({ length: ROWS }, () => Math.floor(random() * bins)));
  const label = Uint8Array.from({ length: ROWS }, (_, i) => {
    const isOdd = ((values[0]?.[i] ?? 0) + (values[5]?.[i] ?? 0)) % 2 === 1;
    return Number(random() < (isOdd ? 0.6 : 0.3));
  });
  const weight = isWeighted ? Float64Array.from({ length: ROWS }, () => 0.5 + random()) : null;
  const side: BagSide = { rowCount: ROWS, values, label, weight };
  const shapes = features.map(({ bins }) => Float64Array.from({ length: bins }, () => random() - 0.5));
  const groups = features.map(({ bins }, j) => (j === 3 ? null : Uint8Array.from({ length: bins }, (_, b) => b)));
  return { features, side, shapes, groups };
}

/** The two given features alone; what the others' shapes say goes into the score of no row, so those are 0. */
function strengthAlone({ features, side, groups }: ReturnType<typeof bag>, i: number, j: number): number {
  const pick = <T>(all: readonly T[]): T[] => [all[i] as T, all[j] as T];
  const shapes = pick(features).map(({ bins }) => new Float64Array(bins));
  const alone = { ...side, values: pick(side.values) };
  return rankPairs(alone, pick(features), { intercept: -0.2, shapes }, pick(groups))[0] as number;
}

describe('rankPairs', () => {
  it.each([false, true])(
    'gives a pair the strength it has alone, whatever is ranked beside it (weights %s)',
    (isWeighted) => {
      const one = bag(isWeighted);
      const none = one.shapes.map((shape) => new Float64Array(shape.length));
      const strengths = rankPairs(one.side, one.features, { intercept: -0.2, shapes: none }, one.groups);
      const expected: number[] = [];
      for (let i = 0; i < 7; i++) for (let j = i + 1; j < 7; j++) expected.push(strengthAlone(one, i, j));
      expect([...strengths]).toEqual(expected);
      expect(strengths.filter((strength) => strength > 0)).toHaveLength(15);
    },
  );

  it('gives no strength to a pair with a feature that enters none', () => {
    const one = bag(false);
    const strengths = rankPairs(one.side, one.features, { intercept: -0.2, shapes: one.shapes }, one.groups);
    const names: string[] = [];
    for (let i = 0; i < 7; i++) for (let j = i + 1; j < 7; j++) names.push(`${i},${j}`);
    expect(strengths.filter((_, k) => names[k]?.includes('3'))).toEqual(new Float64Array(6));
  });
});
