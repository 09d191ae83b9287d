import { describe, expect, it } from 'vitest';
import { growthList, recordOf } from '../../src/pipeline/retro-growth.ts';

/** Two dates of 100 accounts each, the same accounts: the first ten of them grow after either. */
const rows = {
  label: Uint8Array.from({ length: 200 }, (_, i) => (i % 100 < 10 ? 1 : 0)),
  account: Int32Array.from({ length: 200 }, (_, i) => i % 100),
  accountCount: 100,
  observation_date: Int32Array.from({ length: 200 }, (_, i) => 20_000 + 30 * Math.floor(i / 100)),
};
const held = (holds: (account: number) => boolean) => Uint8Array.from(rows.account, (id) => (holds(id) ? 1 : 0));

describe('how accounts stood that grew', () => {
  it('is the rate of a group over that of all, its accounts counted once', () => {
    // Eight of the ten and twelve others: 8 of 20 against 10 of 100.
    const green = recordOf(
      rows,
      'green',
      held((id) => id < 8 || (id >= 50 && id < 62)),
      true,
      1,
    );
    expect(green).toMatchObject({ row_count: 40, account_count: 20, grown_count: 8, verdict: 'more_often' });
    expect(green.growth_rate).toBeCloseTo(0.4, 12);
    expect(green.base_rate).toBeCloseTo(0.1, 12);
    expect(green.growth_over_base).toBeCloseTo(4, 12);
    // Two of the ten among the other 80.
    const rest = recordOf(
      rows,
      'red',
      held((id) => !(id < 8 || (id >= 50 && id < 62))),
      true,
      1,
    );
    expect(rest.growth_over_base).toBeCloseTo(2 / 80 / 0.1, 12);
    expect(rest.verdict).toBe('less_often');
  });
  it('is nothing beyond chance where the group grew as all did, and is not told of too few', () => {
    const even = recordOf(
      rows,
      'green',
      held((id) => id % 2 === 0),
      true,
      1,
    );
    expect(even).toMatchObject({ grown_count: 5, verdict: 'within_chance' });
    expect(even.growth_over_base).toBeCloseTo(1, 12);
    const few = recordOf(
      rows,
      'green',
      held((id) => id < 8),
      false,
      1,
    );
    expect(few).toMatchObject({
      verdict: 'too_few_outcomes',
      grown_count: 8,
      growth_rate: null,
      growth_over_base: null,
    });
  });
  it('is said in a sentence, with what counts as growing', () => {
    const told = (auc: { value: number; low: number; high: number } | null, grown: number) =>
      growthList(
        { records: [], grown_count: grown, scored_count: auc === null ? 0 : grown, health_auc: auc },
        'pays more',
        30,
      );
    expect(told(null, 3).headline).toBe('too few outcomes: 3 of 30 accounts that grew');
    expect(told({ value: 0.6, low: 0.55, high: 0.65 }, 40).headline).toContain('stood higher in health');
    expect(told({ value: 0.52, low: 0.45, high: 0.6 }, 40).headline).toContain('neither higher nor lower in health');
    expect(told({ value: 0.4, low: 0.3, high: 0.45 }, 40).headline).toContain('(AUC 0.40, 0.30 to 0.45)');
    const few = { records: [], grown_count: 40, scored_count: 5, health_auc: null };
    expect(growthList(few, 'pays more', 30).headline).toBe('40 accounts grew; 5 of them, too few, had a health score');
    expect(told(null, 3).notes[0]).toContain('grew: pays more;');
  });
});
