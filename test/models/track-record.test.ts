import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/lib/random.ts';
import { calibrationByDate, calibrationRecord, leaverCount, listRecord } from '../../src/models/track-record.ts';

const rows = {
  label: Uint8Array.from([1, 0, 0, 0, 1, 1, 0, 0]),
  account: Int32Array.from([0, 1, 2, 3, 0, 1, 2, 3]),
  accountCount: 4,
  observation_date: Int32Array.from([0, 0, 0, 0, 30, 30, 30, 30]),
};

describe('a track record', () => {
  it('counts accounts, not rows', () => {
    expect(leaverCount(rows)).toBe(2);
  });

  it('adds expected and observed outcomes up, and leaves out what nothing was said of', () => {
    const probability = Float64Array.from([0.5, 0.25, 0.25, Number.NaN, 0.5, 0.5, 0.25, 0.25]);
    const found = calibrationRecord(rows, probability, createRandom(1));
    expect(found).toMatchObject({ expected_count: 2.5, observed_count: 3, observed_over_expected: 1.2 });
    expect(found?.low).toBeLessThan(1.2);
    expect(found?.high).toBeGreaterThan(1.2);
    expect(calibrationRecord(rows, new Float64Array(8).fill(Number.NaN), createRandom(1))).toBeNull();
  });

  it('draws the range of a date by hand', () => {
    const probability = new Float64Array(8).fill(0.25);
    const [first, second] = calibrationByDate(rows, probability);
    // Expected 1, variance 4 · 3/16: 1.645 · 0.866 + 0.5 = 1.9245 on either side.
    expect(first).toMatchObject({ observation_date: 0, row_count: 4, expected_count: 1, observed_count: 1, low: 0 });
    expect(first?.high).toBeCloseTo(1 + 1.6448536 * Math.sqrt(0.75) + 0.5, 6);
    expect(second).toMatchObject({ observed_count: 2, is_outside: false });
    const sure = calibrationByDate(rows, new Float64Array(8).fill(0.001));
    expect(sure.map(({ is_outside }) => is_outside)).toEqual([true, true]);
  });

  it('lies outside its range about once in ten where probabilities are true', () => {
    const random = createRandom(2);
    const size = 200;
    const dates = 400;
    const probability = Float64Array.from({ length: size * dates }, () => 0.02 + 0.1 * random());
    const label = Uint8Array.from(probability, (p) => (random() < p ? 1 : 0));
    const observation_date = Int32Array.from(probability, (_, i) => Math.floor(i / size));
    const outside = calibrationByDate({ label, observation_date }, probability).filter(({ is_outside }) => is_outside);
    expect(outside.length / dates).toBeGreaterThan(0.04);
    expect(outside.length / dates).toBeLessThan(0.13);
  });

  it('holds a list against all of its dates', () => {
    // Listed: account 0 at both dates, 2 of 2 left; all of those dates: 1 of 4 and 2 of 4.
    const found = listRecord(rows, Uint8Array.from([1, 0, 0, 0, 1, 0, 0, 0]), createRandom(1));
    expect(found?.rate).toBe(1);
    expect(found?.base_rate).toBeCloseTo(0.375, 12);
    expect(found?.ratio).toBeCloseTo(1 / 0.375, 12);
    expect(listRecord(rows, new Uint8Array(8), createRandom(1))).toBeNull();
  });
});
