import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/lib/random.ts';
import {
  arrRecallAtCapacity,
  arrRecallOfPerfect,
  isBetter,
  liftAtFraction,
  liftCap,
  METRICS,
  type MetricName,
  outcomeRecallAtLead,
  perfectArrRecallAtCapacity,
  prAuc,
  precisionAtCapacity,
  rankByOrigin,
  rankRows,
  recallAtCapacity,
  recallAtLead,
  rocAuc,
  type ScoredRows,
} from '../../../src/models/metrics/index.ts';
import { descendingOrder } from '../../../src/models/metrics/order.ts';

const rows = (score: number[], label: number[], more: Record<string, number[]> = {}): ScoredRows => ({
  score: Float64Array.from(score),
  label: Uint8Array.from(label),
  ...Object.fromEntries(Object.entries(more).map(([key, values]) => [key, Float64Array.from(values)])),
});

/** Rows with many ties, both classes present, whole-number weights. */
const cases = fc
  .array(
    fc.record({
      s: fc.integer({ min: 0, max: 6 }),
      y: fc.integer({ min: 0, max: 1 }),
      w: fc.integer({ min: 0, max: 3 }),
      a: fc.integer({ min: 0, max: 50 }),
    }),
    { minLength: 2, maxLength: 40 },
  )
  .map((list) => [...list, { s: 2, y: 1, w: 1, a: 5 }, { s: 3, y: 0, w: 1, a: 9 }])
  .map((list) =>
    rows(
      list.map((r) => r.s / 7 + 0.05),
      list.map((r) => r.y),
      {
        weight: list.map((r) => r.w),
        amount: list.map((r) => r.a),
        lead_days: list.map((r) => r.a * 2),
      },
    ),
  );

/** Mann–Whitney by looking at every pair. */
function naiveAuc({ score, label, weight }: ScoredRows): number {
  let sum = 0;
  let all = 0;
  for (let i = 0; i < score.length; i++) {
    for (let j = 0; j < score.length; j++) {
      if (label[i] !== 1 || label[j] !== 0) continue;
      const w = (weight?.[i] ?? 1) * (weight?.[j] ?? 1);
      const [a, b] = [score[i] as number, score[j] as number];
      sum += w * (a > b ? 1 : a === b ? 0.5 : 0);
      all += w;
    }
  }
  return sum / all;
}

describe('ROC-AUC', () => {
  it('is the worked example: 5 of 6 pairs, a tie counts half', () => {
    // positives .9, .4; negatives .7, .4, .1: (.9 beats 3) + (.4 ties .4, beats .1, loses to .7 = 1.5) = 4.5 of 6.
    expect(rocAuc(rankRows(rows([0.9, 0.7, 0.4, 0.4, 0.1], [1, 0, 1, 0, 0])))).toBe(4.5 / 6);
  });
  it('equals the count over all pairs', () => {
    fc.assert(fc.property(cases, (c) => Math.abs(rocAuc(rankRows(c)) - naiveAuc(c)) < 1e-12));
  });
  it('turns around with the sign of the score, and does not see a monotone change', () => {
    fc.assert(
      fc.property(cases, (c) => {
        const auc = rocAuc(rankRows(c));
        expect(rocAuc(rankRows({ ...c, score: c.score.map((s) => -s) }))).toBeCloseTo(1 - auc, 12);
        expect(rocAuc(rankRows({ ...c, score: c.score.map((s) => s ** 3) }))).toBe(auc);
      }),
    );
  });
  it('has no value with one class', () => {
    expect(rocAuc(rankRows(rows([0.1, 0.2], [1, 1])))).toBeNaN();
  });
});

describe('average precision', () => {
  it('is the worked example of the scikit-learn manual (0.83)', () => {
    expect(prAuc(rankRows(rows([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])))).toBeCloseTo(0.5 + 0.5 * (2 / 3), 15);
  });
  it('is the base rate for a constant score', () => {
    expect(prAuc(rankRows(rows([5, 5, 5, 5], [1, 0, 0, 0])))).toBe(0.25);
  });
});

describe('lift', () => {
  it('is exactly 1 for a constant score, whatever the order of the labels', () => {
    fc.assert(
      fc.property(cases, fc.double({ min: 0.01, max: 1, noNaN: true }), (c, fraction) => {
        expect(liftAtFraction(rankRows({ ...c, score: c.score.map(() => 0.3) }), fraction)).toBe(1);
      }),
    );
  });
  it('shares the ties at the edge', () => {
    // Top 2 of 10: the .9 and half of the four .5 … 1 room among 4 rows of which 2 have the outcome.
    const ranked = rankRows(rows([0.9, 0.5, 0.5, 0.5, 0.5, 0, 0, 0, 0, 0], [1, 1, 0, 1, 0, 0, 0, 0, 1, 0]));
    expect(liftAtFraction(ranked, 0.2)).toBeCloseTo((1 + 0.5) / 2 / 0.4, 12);
    expect(liftCap(ranked, 0.2)).toBe(2.5);
    expect(liftCap(ranked, 0.5)).toBe(2);
  });
  it('never passes its cap', () => {
    fc.assert(fc.property(cases, (c) => liftAtFraction(rankRows(c), 0.1) <= liftCap(rankRows(c), 0.1) + 1e-9));
  });
});

describe('capacity metrics', () => {
  const ranked = rankRows(
    rows([0.9, 0.8, 0.8, 0.3, 0.2], [1, 0, 1, 0, 1], {
      amount: [100, 500, 300, 900, 600],
      lead_days: [10, Number.NaN, 70, Number.NaN, 45],
    }),
  );
  it('are the worked example at capacity 2', () => {
    // First row, and half of each of the two tied at .8.
    expect(precisionAtCapacity(ranked, 2)).toBe(0.75);
    expect(recallAtCapacity(ranked, 2)).toBe(0.5);
    expect(arrRecallAtCapacity(ranked, 2)).toBe((100 + 150) / 1000);
    expect(perfectArrRecallAtCapacity(ranked, 2)).toBe(0.9);
    expect(arrRecallOfPerfect(ranked, 2)).toBeCloseTo(0.25 / 0.9, 15);
    expect(recallAtLead(ranked, 2, 30)).toBe(0.25);
    expect(recallAtLead(ranked, 2, 60)).toBe(0.5);
    expect(recallAtLead(ranked, 2, 90)).toBeNaN();
  });
  it('take all rows when there is room for more', () => {
    expect(precisionAtCapacity(ranked, 99)).toBe(0.6);
    expect(recallAtCapacity(ranked, 99)).toBe(1);
  });
  it('count an account once over several dates, with its best share', () => {
    // Account 7 is on the list 70 days before; account 8 only 20 days before.
    const panel = rows([0.9, 0.1, 0.2, 0.9], [1, 1, 1, 1], { lead_days: [70, 50, 40, 20] });
    const origins = rankByOrigin(panel, Int32Array.from([1, 1, 2, 2]));
    const account = Int32Array.from([7, 8, 7, 8]);
    expect(outcomeRecallAtLead(origins, account, 1, 30)).toBe(0.5);
    expect(outcomeRecallAtLead(origins, account, 1, 10)).toBe(1);
  });
});

describe('every metric', () => {
  const names = Object.keys(METRICS) as MetricName[];
  it.each(names)('%s: weight 2 is the row twice, weight 0 is no row, order of rows is nothing', (name) => {
    fc.assert(
      fc.property(cases, fc.integer(), (c, seed) => {
        const copies: number[] = [];
        for (let i = 0; i < c.score.length; i++) for (let k = 0; k < (c.weight?.[i] ?? 0); k++) copies.push(i);
        const random = createRandom(seed);
        copies.sort(() => random() - 0.5);
        const pick = (values: ArrayLike<number>) => Float64Array.from(copies, (i) => values[i] as number);
        const copied = {
          score: pick(c.score),
          label: pick(c.label),
          amount: pick(c.amount ?? []),
          lead_days: pick(c.lead_days ?? []),
        };
        const options = { capacity: 3, fraction: 0.2, bins: 4 };
        const [a, b] = [METRICS[name].fn(rankRows(c), options), METRICS[name].fn(rankRows(copied), options)];
        if (Number.isNaN(a) || Number.isNaN(b)) expect(a).toEqual(b);
        else expect(a).toBeCloseTo(b, 9);
      }),
    );
  });
  it.each(names)('%s: knows which way is better', (name) => {
    const metric = METRICS[name];
    const label = Uint8Array.from({ length: 200 }, (_, i) => (i % 5 === 0 ? 1 : 0));
    const amount = new Float64Array(200).fill(10);
    const lead_days = new Float64Array(200).fill(60);
    const good = Float64Array.from(label, (y) => 0.05 + 0.9 * y);
    const bad = Float64Array.from(label, (y) => 0.9 - 0.8 * y);
    const value = (score: Float64Array) => metric.fn(rankRows({ score, label, amount, lead_days }), { capacity: 40 });
    expect(isBetter(metric, value(good), value(bad))).toBe(true);
    expect(isBetter(metric, value(bad), value(good))).toBe(false);
  });
});

describe('order', () => {
  it('is by falling score, ties in row order, for any size and sign', () => {
    const random = createRandom(3);
    for (const n of [0, 1, 50, 5000]) {
      const score = Float64Array.from({ length: n }, (_, i) =>
        i % 3 === 0 ? Math.floor(random() * 9) - 4 : (random() - 0.5) * 1e6,
      );
      if (n > 10)
        [score[3], score[5], score[7], score[9]] = [-0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
      const naive = [...score.keys()].sort((a, b) => (score[b] as number) - (score[a] as number) || a - b);
      if (n > 10) expect(naive[0]).toBe(7);
      expect([...descendingOrder(score)]).toEqual(naive);
    }
  });
  it('refuses a score that is not a number', () => {
    expect(() => descendingOrder(Float64Array.from([1, Number.NaN]))).toThrow('row 1');
  });
});
