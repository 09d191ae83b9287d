import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BasisModel } from '../../src/contract/churn-model.ts';
import { logit, sigmoid } from '../../src/lib/numbers.ts';
import { amountRange, doubtOfInterval, doubtOfRate, type UncertainAmount } from '../../src/models/amount-forecast.ts';
import { forecastRenewals } from '../../src/models/renewal-forecast.ts';
import { emptyBasis } from '../../src/pipeline/basis-fit.ts';

const part = (amount: number, probability: number, doubt = 0): UncertainAmount => ({ amount, probability, doubt });

/** Every case one by one: what comes and how likely, lowest first. */
function cases(parts: readonly UncertainAmount[]): [number, number][] {
  let all: [number, number][] = [[0, 1]];
  for (const { amount, probability } of parts) {
    all = all.flatMap(([sum, p]): [number, number][] => [
      [sum, p * (1 - probability)],
      [sum + amount, p * probability],
    ]);
  }
  return all.sort(([a], [b]) => a - b);
}

function quantile(all: readonly [number, number][], level: number): number {
  let sum = 0;
  for (const [value, p] of all) {
    sum += p;
    if (sum >= level - 1e-12) return value;
  }
  return all.at(-1)?.[0] ?? 0;
}

describe('the range of a sum of amounts', () => {
  it('is that of its cases, worked by hand', () => {
    // 0 with .02, 400 with .08, 600 with .18, 1,000 with .72.
    const parts = [part(600, 0.9), part(400, 0.8)];
    expect(amountRange(parts, 0.8)).toEqual({ expected: 860, low: 400, high: 1000 });
    expect(amountRange(parts, 0.5)).toEqual({ expected: 860, low: 600, high: 1000 });
    expect(amountRange([part(500, 1), part(500, 0)], 0.8)).toEqual({ expected: 500, low: 500, high: 500 });
    expect(amountRange([], 0.8)).toEqual({ expected: 0, low: 0, high: 0 });
    expect(amountRange([part(0, 0.5)], 0.8)).toEqual({ expected: 0, low: 0, high: 0 });
  });

  it('agrees with every case counted, whatever the order, within a thousandth of the sum', () => {
    const amounts = fc.array(
      fc.tuple(fc.integer({ min: 1, max: 5000 }), fc.double({ min: 0.01, max: 0.99, noNaN: true })),
      {
        minLength: 1,
        maxLength: 9,
      },
    );
    fc.assert(
      fc.property(amounts, (given) => {
        const parts = given.map(([amount, probability]) => part(amount, probability));
        const all = parts.reduce((sum, { amount }) => sum + amount, 0);
        const range = amountRange(parts, 0.8);
        expect(amountRange([...parts].reverse(), 0.8)).toEqual(range);
        // A sum that lies between two cells may take its quantile a cell off: ask a little to either side.
        const off = (parts.length * all) / 1000;
        const exact = cases(parts);
        expect(range.low).toBeGreaterThanOrEqual(quantile(exact, 0.1 - 1e-9) - off);
        expect(range.low).toBeLessThanOrEqual(quantile(exact, 0.1 + 1e-9) + off);
        expect(range.high).toBeGreaterThanOrEqual(quantile(exact, 0.9 - 1e-9) - off);
        expect(range.high).toBeLessThanOrEqual(quantile(exact, 0.9 + 1e-9) + off);
      }),
      { numRuns: 60 },
    );
  });

  it('of many equal amounts is as wide as the binomial, and wider by a doubt that all share', () => {
    const many = (doubt: number) => Array.from({ length: 400 }, () => part(10, 0.9, doubt));
    const sure = amountRange(many(0), 0.8);
    // 400 times .9: sd 6, so 1.28 × 6 = 7.7 of 10 each side of 360 of 10.
    expect(sure.expected).toBeCloseTo(3600, 6);
    expect(sure.low).toBeGreaterThan(3500);
    expect(sure.low).toBeLessThan(3545);
    expect(sure.high).toBeGreaterThan(3655);
    expect(sure.high).toBeLessThan(3700);
    // Log-odds 2.197 ± .5: at −1.28 of these .826, at +1.28 .945; luck comes on top.
    const doubted = amountRange(many(0.5), 0.8);
    expect(doubted.low).toBeLessThan(4000 * sigmoid(logit(0.9) - 0.5));
    expect(doubted.low).toBeGreaterThan(3150);
    expect(doubted.high).toBeGreaterThan(3750);
    expect(doubted.high).toBeLessThan(3850);
  });
});

describe('doubt', () => {
  it('of an interval is its half width on the log-odds over the normal quantile', () => {
    expect(doubtOfInterval(sigmoid(-1.645), sigmoid(1.645), 0.9)).toBeCloseTo(1, 3);
    expect(doubtOfInterval(0.2, 0.2, 0.9)).toBe(0);
    expect(doubtOfInterval(Number.NaN, 0.2, 0.9)).toBe(0);
  });
  it('of a rate falls with the outcomes it was seen on', () => {
    // 10 of 100.
    expect(doubtOfRate(10, 0.1)).toBeCloseTo(Math.sqrt(1 / 10.5 + 1 / 90.5), 12);
    expect(doubtOfRate(0, 0)).toBe(0);
  });
});

describe('the forecast of renewals', () => {
  const basis = (over: Partial<BasisModel>): BasisModel => ({
    ...emptyBasis('renewal'),
    ...{ verdict: 'no_signal', base_rate: 0.2, outcome_count: 40, segment_base_rates: { small: 0.5 } },
    ...over,
  });
  const rows = [
    { account_id: 'a', segment: 'big', arr_amount: 1000, churn_probability: null },
    { account_id: 'b', segment: 'small', arr_amount: 100, churn_probability: null },
    { account_id: 'c', segment: 'small', arr_amount: null, churn_probability: null },
  ];

  it('is that of the base rate of its segment where no model earned better', () => {
    const forecast = forecastRenewals(rows, basis({}), 0.8);
    expect(forecast?.lines.map(({ probability, source }) => [probability, source])).toEqual([
      [0.8, 'base_rate'],
      [0.5, 'base_rate'],
    ]);
    expect(forecast).toMatchObject({ due: 1100, unpriced: 1, range: { expected: 850 } });
  });

  it('is the likelihood of each where a model serves', () => {
    const told = { churn_probability: 0.1, churn_probability_low: 0.05, churn_probability_high: 0.2 };
    const forecast = forecastRenewals([{ ...rows[0], ...told }, ...rows.slice(1)], basis({ verdict: 'model' }), 0.8);
    expect(forecast?.lines.map(({ source }) => source)).toEqual(['model', 'base_rate']);
    expect(forecast?.range.expected).toBeCloseTo(950, 9);
  });

  it('is not made where outcomes are too few, or none was ever lost', () => {
    expect(forecastRenewals(rows, basis({ verdict: 'too_few_outcomes' }), 0.8)).toBeUndefined();
    expect(forecastRenewals(rows, basis({ base_rate: 0 }), 0.8)).toBeUndefined();
    expect(forecastRenewals(rows, undefined, 0.8)).toBeUndefined();
  });
});
