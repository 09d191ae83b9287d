import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/lib/random.ts';
import type { BagTable } from '../../../src/models/ebm/bag.ts';
import { boostMains, type MainsInput } from '../../../src/models/ebm/mains.ts';
import { boostPairs, type PairsInput } from '../../../src/models/ebm/pairs.ts';
import { naiveMains, naivePairs } from './naive-booster.ts';

/** Two continuous features with missing values and an interaction, one nominal, one constant. */
function smallTable(seed: number, isWeighted: boolean, rowCount = 300): BagTable {
  const random = createRandom(seed);
  const [a, b, level, constant] = [0, 1, 2, 3].map(() => new Uint8Array(rowCount)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const label = new Uint8Array(rowCount);
  const held_out = new Uint8Array(rowCount);
  const weight = new Float64Array(rowCount);
  for (let i = 0; i < rowCount; i++) {
    a[i] = random() < 0.1 ? 0 : 1 + Math.floor(random() * 9);
    b[i] = 1 + Math.floor(random() * 6);
    level[i] = Math.floor(random() * 6);
    constant[i] = 1;
    const eta = (a[i] as number) > 4 !== (b[i] as number) > 3 ? 1.2 : -1.2;
    const alone = ((a[i] as number) - 5) / 2 + ((level[i] as number) - 3) / 2;
    label[i] = random() < 1 / (1 + Math.exp(-eta - alone)) ? 1 : 0;
    held_out[i] = random() < 0.25 ? 1 : 0;
    weight[i] = 0.5 + random();
  }
  return {
    features: [
      { bins: 10, isNominal: false, monotone: 0 },
      { bins: 7, isNominal: false, monotone: 0 },
      { bins: 6, isNominal: true, monotone: 0 },
      { bins: 3, isNominal: false, monotone: 0 },
    ],
    values: [a, b, level, constant],
    label,
    held_out,
    weight: isWeighted ? weight : null,
  };
}

const limits = { learning_rate: 0.2, max_leaves: 3, min_rows: 4, min_hessian: 0.01, l2: 0.5, nominal_smoothing: 3 };
const stopping = {
  early_stopping_rounds: 8,
  early_stopping_tolerance: 1e-6,
  smoothing_rounds: 2,
  greedy_rounds: 0,
  max_rounds: 25,
};

describe('the booster agrees with its naive twin to 1e-9', () => {
  it.each([
    [1, false, 3, 0],
    [2, true, 3, 0],
    [3, false, 2, 0],
    [4, true, 4, 0],
    [1, false, 3, 3],
    [2, true, 2, 10],
    [3, false, 2, 1],
  ] as const)(
    'on single features (table %i, weights %s, %i leaves, %i greedy rounds)',
    (seed, isWeighted, max_leaves, greedy_rounds) => {
      const input: MainsInput = {
        table: smallTable(seed, isWeighted),
        settings: { ...stopping, greedy_rounds, limits: { ...limits, max_leaves } },
        seed,
        groups: null,
      };
      const quick = boostMains(input);
      const slow = naiveMains(input);
      expect(quick.rounds).toBe(slow.rounds);
      expect(quick.rounds).toBeGreaterThan(3);
      expect(quick.intercept).toBeCloseTo(slow.intercept, 12);
      expect(quick.held_out_log_loss).toBeCloseTo(slow.loss, 11);
      quick.shapes.forEach((shape, j) => {
        for (let b = 0; b < shape.length; b++) {
          expect(Math.abs((shape[b] as number) - (slow.shapes[j]?.[b] as number))).toBeLessThan(1e-9);
        }
      });
    },
  );

  it.each([
    [5, false, 0],
    [6, true, 0],
    [5, false, 2],
    [6, true, 10],
  ] as const)('on pairs (table %i, weights %s, %i greedy rounds)', (seed, isWeighted, greedy_rounds) => {
    const table = smallTable(seed, isWeighted);
    const noise = createRandom(seed + 100);
    table.values[3]?.forEach((_, i, column) => {
      column[i] = 1 + Math.floor(2 * noise());
    });
    const groups = [
      Uint8Array.of(0, 1, 1, 2, 3, 3, 4, 5, 5, 6),
      Uint8Array.of(0, 1, 2, 3, 4, 5, 6),
      null,
      Uint8Array.of(0, 1, 2),
    ];
    const mains = boostMains({ table, settings: { ...stopping, limits }, seed, groups: null });
    const input: PairsInput = {
      table,
      settings: { ...stopping, greedy_rounds, limits },
      seed,
      intercept: mains.intercept,
      shapes: mains.shapes,
      pairs: [
        [0, 1],
        [0, 3],
        [1, 3],
      ],
      groups,
    };
    const quick = boostPairs(input);
    const slow = naivePairs(input);
    expect(quick.rounds).toBe(slow.rounds);
    expect(quick.rounds).toBeGreaterThan(3);
    expect(quick.held_out_log_loss).toBeCloseTo(slow.loss, 11);
    quick.tables.forEach((cells, t) => {
      for (let c = 0; c < cells.length; c++) {
        expect(Math.abs((cells[c] as number) - (slow.tables[t]?.[c] as number))).toBeLessThan(1e-9);
      }
    });
  });
});
