import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { benjaminiHochberg, CHANGE_DEFAULTS, type ChangeBook, detectChanges } from '../../src/models/change.ts';
import { levels } from '../../src/models/change-level.ts';
import { type Simulation, simulateBook } from './change-simulation.ts';

interface Tally {
  readonly falseRate: number;
  readonly power: number;
  readonly discoveryRate: number;
  readonly belowFive: number;
}

/** Ten books of 1,000 accounts: facts on unchanged accounts, drops found, share of facts that are false. */
function tally(options: Omit<Simulation, 'accounts' | 'seed'>): Tally {
  let unchanged = 0;
  let falseFacts = 0;
  let planted = 0;
  let found = 0;
  let below = 0;
  for (let seed = 1; seed <= 10; seed++) {
    const book = simulateBook({ accounts: 1000, seed, ...options });
    const [change] = detectChanges(book);
    if (change === undefined) throw new Error('one metric went in');
    for (let i = 0; i < book.accountCount; i++) {
      const isFact = change.isFact[i] === 1;
      if (book.isPlanted[i] === 1) {
        planted++;
        if (isFact && (change.effect[i] as number) < 0) found++;
      } else {
        unchanged++;
        if (isFact) falseFacts++;
        if ((change.pValue[i] as number) < 0.05) below++;
      }
    }
  }
  return {
    falseRate: falseFacts / unchanged,
    power: planted === 0 ? Number.NaN : found / planted,
    discoveryRate: falseFacts / Math.max(1, falseFacts + found),
    belowFive: below / unchanged,
  };
}

describe('false facts on books where nothing changes', () => {
  it.each<[string, Omit<Simulation, 'accounts' | 'seed'>]>([
    ['wandering, clustered counts', {}],
    ['strong clusters', { noise: 0.4, shape: 3 }],
    ['a long memory', { memory: 0.8 }],
    ['accounts that differ widely in steadiness', { noise: 0.6 }],
    ['few counts', { level: 3 }],
    ['a dip that a segment shares', { sharedDip: -1 }],
    ['accounts with a season of their own', { season: 0.5 }],
    ['young accounts among old ones', { knownDays: (i) => 30 + (i % 400) }],
  ])('%s: at most 0.5 % (2 % allowed), p-values honest', (_name, options) => {
    const { falseRate, belowFive } = tally(options);
    expect(falseRate).toBeLessThanOrEqual(0.005);
    expect(belowFive).toBeLessThan(0.065);
  });

  it('a plain count test would call more than a fifth of them changed', () => {
    const book = simulateBook({ accounts: 2000, seed: 1 });
    const values = book.metrics[0]?.values as Float64Array;
    let called = 0;
    for (let i = 0; i < book.accountCount; i++) {
      const own = values.subarray(i * 14, i * 14 + 14);
      const past = own.subarray(1, 13).reduce((sum, value) => sum + value, 0) / 12;
      if (past > 0 && Math.abs((own[0] as number) - past) > 1.96 * Math.sqrt(past * (1 + 1 / 12))) called++;
    }
    expect(called / book.accountCount).toBeGreaterThan(0.2);
  });
});

describe('planted drops of 60 %', () => {
  it('are found on accounts whose use is steady, with few false facts among them', () => {
    const { power, discoveryRate } = tally({ dropEvery: 20, level: 300, noise: 0.1, shape: 60 });
    expect(power).toBeGreaterThan(0.8);
    expect(discoveryRate).toBeLessThan(0.1);
  });

  it('are found through a dip that the segment shares', () => {
    const { power, falseRate } = tally({ dropEvery: 20, level: 300, noise: 0.1, shape: 60, sharedDip: -1 });
    expect(power).toBeGreaterThan(0.75);
    expect(falseRate).toBeLessThan(0.01);
  });

  it('of 90 % are found on accounts whose use wanders', () => {
    const { power, discoveryRate } = tally({ dropEvery: 20, dropRate: 0.9 });
    expect(power).toBeGreaterThan(0.8);
    expect(discoveryRate).toBeLessThan(0.1);
  });
});

function smallBook(windows: readonly (readonly number[])[], knownDays: number): ChangeBook {
  const windowCount = windows[0]?.length ?? 0;
  return {
    accountCount: windows.length,
    windowCount,
    segment: new Int32Array(windows.length),
    knownDays: new Float64Array(windows.length).fill(knownDays),
    metrics: [{ metric: 'event_count', values: Float64Array.from(windows.flat()) }],
  };
}

describe('detectChanges', () => {
  it('without a book to learn from is the ordinary t-test worked out in fixtures/tiny', () => {
    const history = Array.from({ length: 12 }, (_, k) => (k % 2 === 0 ? 63 : 127));
    const [change] = detectChanges(
      smallBook(
        [
          [7, ...history, 0],
          [31, ...history, 0],
        ],
        371,
      ),
    );
    expect(change?.effect[0]).toBeCloseTo(-2.3862, 4);
    expect(change?.expectedValue[0]).toBeCloseTo(85.97, 2);
    expect(change?.pValue[0]).toBeCloseTo(0.0006, 4);
    expect(change?.pValue[1]).toBeCloseTo(0.0397, 3);
    expect(change?.historyWindows[0]).toBe(12);
    expect(change?.fit.priorDf).toBe(0);
  });

  it('gives accounts under 56 days no trend, and accounts without any use no test', () => {
    const use = Array.from({ length: 14 }, (_, k) => 20 + (k % 3));
    const young = detectChanges({ ...smallBook([use, use], 400), knownDays: Float64Array.of(55, 400) });
    expect(young[0]?.effect[0]).toBeNaN();
    expect(young[0]?.historyWindows[0]).toBe(0);
    expect(young[0]?.effect[1]).not.toBeNaN();
    const [never] = detectChanges(smallBook([new Array<number>(14).fill(0), use], 400));
    expect(never?.pValue[0]).toBeNaN();
    expect(never?.effect[0]).toBe(0);
  });

  it('does not read windows from before the account was known', () => {
    const book = simulateBook({ accounts: 200, seed: 3, knownDays: () => 250 });
    const values = book.metrics[0]?.values as Float64Array;
    const other = values.map((value, at) => (at % 14 > 8 ? 1e6 : value));
    const [a] = detectChanges(book);
    const [b] = detectChanges({ ...book, metrics: [{ metric: 'event_count', values: other }] });
    expect(b?.pValue).toEqual(a?.pValue);
  });

  it('a movement that every account of a segment shares changes nothing', () => {
    const book = simulateBook({ accounts: 300, seed: 4, level: 1e4 });
    const values = book.metrics[0]?.values as Float64Array;
    const [a] = detectChanges(book);
    const moved = values.map((value, at) => (at % 14 === 0 ? Math.expm1(Math.log1p(value) - 1) : value));
    const [b] = detectChanges({ ...book, metrics: [{ metric: 'event_count', values: moved }] });
    for (let i = 0; i < 300; i++) expect(b?.effect[i]).toBeCloseTo(a?.effect[i] as number, 9);
  });

  it('answers the same whatever the order of accounts', () => {
    const book = simulateBook({ accounts: 400, seed: 5, dropEvery: 10 });
    const values = book.metrics[0]?.values as Float64Array;
    const turned: ChangeBook = {
      ...book,
      segment: book.segment.slice().reverse(),
      knownDays: book.knownDays.slice().reverse(),
      metrics: [
        {
          metric: 'event_count',
          values: Float64Array.from(values, (_, at) => values[(399 - Math.floor(at / 14)) * 14 + (at % 14)] as number),
        },
      ],
    };
    const [a] = detectChanges(book);
    const [b] = detectChanges(turned);
    for (let i = 0; i < 400; i++) {
      expect(b?.pValue[399 - i]).toBeCloseTo(a?.pValue[i] as number, 10);
      expect(b?.isFact[399 - i]).toBe(a?.isFact[i]);
    }
  });

  it('learns prior degrees of freedom: many when all accounts are alike, few when they differ', () => {
    const [alike] = detectChanges(simulateBook({ accounts: 2000, seed: 6, noise: 0.05, level: 500 }));
    const [unlike] = detectChanges(simulateBook({ accounts: 2000, seed: 6, noise: 0.8, level: 500 }));
    expect(alike?.fit.priorDf).toBeGreaterThan(10);
    expect(unlike?.fit.priorDf).toBeLessThan(10);
  });

  it('holds its interval: 19 of 20 unchanged accounts lie inside', () => {
    const book = simulateBook({ accounts: 4000, seed: 7 });
    const [change] = detectChanges(book);
    let inside = 0;
    for (let i = 0; i < 4000; i++) {
      const now = change?.nowValue[i] as number;
      if (now >= (change?.lowValue[i] as number) && now <= (change?.highValue[i] as number)) inside++;
    }
    expect(inside / 4000).toBeGreaterThan(0.93);
    expect(inside / 4000).toBeLessThan(0.985);
  });
});

describe('levels', () => {
  it('equals a slow twin over any history', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 9, noNaN: true }), { minLength: 14, maxLength: 14 }),
        fc.integer({ min: 1, max: 12 }),
        (x, count) => {
          const book = smallBook([x], 400);
          const level = levels(book, Float64Array.from(x), Int32Array.of(count), CHANGE_DEFAULTS);
          const past = x.slice(1, 1 + count);
          const weights = past.map((_, age) => 2 ** (-age / 3));
          const total = weights.reduce((sum, weight) => sum + weight, 0);
          const mean = past.reduce((sum, value, j) => sum + value * (weights[j] as number), 0) / total;
          expect(level.mean[0]).toBeCloseTo(mean, 9);
          const square = weights.reduce((sum, weight) => sum + weight * weight, 0);
          const deviation = past.reduce((sum, value, j) => sum + (weights[j] as number) * (value - mean) ** 2, 0);
          expect(level.variance[0]).toBeCloseTo(count < 2 ? 0 : deviation / (total - square / total), 9);
        },
      ),
    );
  });
});

describe('benjaminiHochberg', () => {
  it('is as printed in the paper’s example', () => {
    // Benjamini & Hochberg (1995), section 3.2: 15 p-values, four rejected at 5 %.
    const p = [
      0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528, 0.759, 1,
    ];
    const q = benjaminiHochberg(Float64Array.from(p));
    expect([...q].filter((value) => value <= 0.05)).toHaveLength(4);
    expect(q[3]).toBeCloseTo((0.0095 * 15) / 4, 12);
  });

  it('equals its definition, whatever the order and the gaps', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constant(Number.NaN)), { maxLength: 40 }),
        (p) => {
          const present = p.filter((value) => !Number.isNaN(value));
          const q = benjaminiHochberg(Float64Array.from(p));
          p.forEach((value, i) => {
            if (Number.isNaN(value)) {
              expect(q[i]).toBeNaN();
              return;
            }
            const candidates = present
              .filter((other) => other >= value)
              .map((other) => (other * present.length) / present.filter((least) => least <= other).length);
            expect(q[i]).toBeCloseTo(Math.min(1, ...candidates), 12);
          });
        },
      ),
    );
  });
});
