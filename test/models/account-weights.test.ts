import { describe, expect, it } from 'vitest';
import { accountWeights } from '../../src/models/account-weights.ts';

const table = (account: number[], date: number[], weight = account.map(() => 1)) => ({
  account: Int32Array.from(account),
  observation_date: Int32Array.from(date),
  weight: Float64Array.from(weight),
});

describe('the weight of an account’s rows', () => {
  it('falls with the root of how many came before, whatever the order of rows, and keeps the sum', () => {
    // Account 0 has rows on days 1, 2, 3, 4 (given out of order), account 1 one on day 9: 1, 1/√2, 1/√3, 1/2 and 1.
    const weights = accountWeights(table([0, 0, 1, 0, 0], [3, 1, 9, 2, 4]));
    const raw = [1 / Math.sqrt(3), 1, 1, 1 / Math.sqrt(2), 0.5];
    const scale = 5 / raw.reduce((a, b) => a + b, 0);
    raw.forEach((value, i) => {
      expect(weights[i]).toBeCloseTo(value * scale, 12);
    });
    expect(weights.reduce((a, b) => a + b, 0)).toBeCloseTo(5, 12);
  });

  it('of the past does not change when the account lives on', () => {
    const before = accountWeights(table([0, 0, 1], [1, 2, 1]));
    const after = accountWeights(table([0, 0, 1, 0, 0], [1, 2, 1, 3, 4]));
    const ratio = (weights: Float64Array) => (weights[1] as number) / (weights[2] as number);
    expect(ratio(after)).toBeCloseTo(ratio(before), 12);
  });

  it('counts no row of weight 0, and several of one date as one', () => {
    const weights = accountWeights(table([0, 0, 0], [1, 2, 2], [0, 1, 1]));
    expect([...weights]).toEqual([0, 1, 1]);
  });
});
