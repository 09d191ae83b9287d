import { beforeAll, describe, expect, it } from 'vitest';
import type { BasisModel } from '../../src/contract/churn-model.ts';
import type { FeatureColumn } from '../../src/contract/model.ts';
import { createRandom } from '../../src/lib/random.ts';
import { probabilitiesOfBasis } from '../../src/models/churn-model.ts';
import { leastChange, leastChanges } from '../../src/models/least-change.ts';
import { fitLogistic } from '../../src/models/logistic.ts';
import { NO_EVIDENCE } from '../../src/pipeline/basis-evidence.ts';

const rows = 300;
const random = createRandom(8);
const draw = (scale: number) => Float64Array.from({ length: rows }, () => Math.round(scale * random()));
const columns: FeatureColumn[] = [
  { name: 'idle_days', kind: 'continuous', values: draw(90) },
  { name: 'tickets', kind: 'continuous', values: draw(9) },
  { name: 'size', kind: 'continuous', values: draw(50) },
];
const at = (name: string, row: number) => columns.find((column) => column.name === name)?.values[row] as number;
const label = Uint8Array.from({ length: rows }, (_, i) => {
  const eta = -4 + at('idle_days', i) / 20 + at('tickets', i) / 3 + at('size', i) / 25;
  return random() < 1 / (1 + Math.exp(-eta)) ? 1 : 0;
});
const MOVABLE = new Map<string, 1 | -1>([
  ['idle_days', -1],
  ['tickets', -1],
]);
let basis: BasisModel;

beforeAll(() => {
  const table = {
    columns,
    label,
    weight: new Float64Array(rows).fill(1),
    account: Int32Array.from({ length: rows }, (_, i) => i),
    observation_date: new Int32Array(rows),
  };
  basis = {
    basis: 'leave',
    verdict: 'model',
    sentence: '',
    rung: 'logistic',
    outcome_count: 0,
    row_count: rows,
    first_on: null,
    last_on: null,
    base_rate: 0.1,
    segment_base_rates: {},
    served: fitLogistic(table, { ridge: 1 }, createRandom(1)),
    calibration: { intercept: 0.1, slope: 0.9 },
    refits: [],
    horizons: [],
    ladder: [],
    evidence: NO_EVIDENCE,
  };
});

/** The row of a table with some values replaced, and what the model says of it. */
function predicted(row: number, changed: Readonly<Record<string, number>>): number {
  const one = columns.map((column) => ({
    ...column,
    values: Float64Array.of(changed[column.name] ?? (column.values[row] as number)),
  }));
  return probabilitiesOfBasis(basis, one)[0] as number;
}

describe('the smallest change', () => {
  it('is verified: predicted again it lies below the threshold, and the row before does not', () => {
    const all = probabilitiesOfBasis(basis, columns);
    let found = 0;
    for (let row = 0; row < 60; row++) {
      const threshold = 0.3;
      if ((all[row] as number) < threshold) continue;
      const change = leastChange(basis, columns, row, threshold, MOVABLE);
      if (change === undefined) continue;
      found++;
      const moved = Object.fromEntries(change.moves.map(({ feature, to }) => [feature, to]));
      expect(predicted(row, moved)).toBeCloseTo(change.probability, 12);
      expect(change.probability).toBeLessThan(threshold);
      for (const { feature, from, to } of change.moves) {
        expect(MOVABLE.has(feature)).toBe(true);
        expect(from).toBe(at(feature, row));
        expect(to).toBeLessThan(from);
        expect(columns.find(({ name }) => name === feature)?.values).toContain(to);
      }
      // Two are moved only where neither alone suffices, even at the healthiest value there is.
      if (change.moves.length === 2) {
        expect(predicted(row, { idle_days: 0 })).toBeGreaterThanOrEqual(threshold);
        expect(predicted(row, { tickets: 0 })).toBeGreaterThanOrEqual(threshold);
      }
    }
    expect(found).toBeGreaterThan(10);
  });

  it('says nothing where nothing that can be moved suffices', () => {
    expect(leastChange(basis, columns, 0, 1e-6, MOVABLE)).toBeUndefined();
    expect(leastChange(basis, columns, 0, 0.3, new Map())).toBeUndefined();
  });

  it('answers many rows at once as it answers them one by one, and as counting every row does', () => {
    const requests = Array.from({ length: 60 }, (_, row) => ({ row, threshold: 0.15 + (row % 5) / 20 }));
    const together = leastChanges(basis, columns, requests, MOVABLE);
    expect(together.filter((change) => change !== undefined).length).toBeGreaterThan(10);
    for (const [k, { row, threshold }] of requests.entries()) {
      const change = together[k];
      expect(change).toEqual(leastChange(basis, columns, row, threshold, MOVABLE));
      // The naive twin: every row that stands between the account and its new place, the new place included.
      let passed = 0;
      for (const { feature, from, to } of change?.moves ?? []) {
        const values = columns.find(({ name }) => name === feature)?.values ?? new Float64Array();
        const known = values.filter((value) => Number.isFinite(value));
        passed += known.filter((value) => value < from && value >= to).length / known.length;
      }
      expect(change?.distance ?? 0).toBeCloseTo(passed, 12);
    }
  });
});
