import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  newcombe,
  normalBelow,
  normalQuantile,
  poissonInterval,
  priorStrength,
  shrink,
  shrinkRates,
  wilson,
} from '../../src/models/interval.ts';

describe('normal distribution', () => {
  it('has the tabled values', () => {
    expect(normalQuantile(0.975)).toBeCloseTo(1.959963984540054, 12);
    expect(normalQuantile(0.95)).toBeCloseTo(1.6448536269514722, 12);
    expect(normalQuantile(1e-6)).toBeCloseTo(-4.753424308822899, 10);
    expect(normalBelow(-1.959963984540054)).toBeCloseTo(0.025, 14);
    expect(normalBelow(5)).toBeCloseTo(0.9999997133484281, 14);
  });
  it('inverts itself', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-9, max: 1 - 1e-9, noNaN: true }), (p) => {
        expect(Math.abs(normalBelow(normalQuantile(p)) - p)).toBeLessThan(1e-13);
      }),
    );
  });
});

describe('Wilson and Newcombe', () => {
  it('are the worked examples of Newcombe 1998 (Statistics in Medicine 17)', () => {
    // Paper I, table I: 81 of 263 → .2553 to .3662; 0 of 20 → 0 to .1611; 1 of 29 → .0061 to .1718.
    const digits = ({ low, high }: { low: number; high: number }) => [Number(low.toFixed(4)), Number(high.toFixed(4))];
    expect(digits(wilson(81, 263, 0.95))).toEqual([0.2553, 0.3662]);
    expect(digits(wilson(0, 20, 0.95))).toEqual([0, 0.1611]);
    expect(digits(wilson(1, 29, 0.95))).toEqual([0.0061, 0.1718]);
    // Paper II, table II, method 10: 56/70 − 48/80 → .0524 to .3339; 9/10 − 3/10 → .1705 to .8090.
    expect(digits(newcombe(56, 70, 48, 80, 0.95))).toEqual([0.0524, 0.3339]);
    expect(digits(newcombe(9, 10, 3, 10, 0.95))).toEqual([0.1705, 0.809]);
  });
  it('hold the rate and stay inside 0–1', () => {
    fc.assert(
      fc.property(fc.nat(50), fc.nat(50), (a, b) => {
        const { rate, low, high } = wilson(a, a + b);
        if (a + b === 0) expect([low, high]).toEqual([0, 1]);
        else expect(0 <= low && low <= rate && rate <= high && high <= 1).toBe(true);
      }),
    );
  });
});

describe('the exact interval of a count', () => {
  it('has the tabled values (Garwood, Biometrika 28, 1936, at 95 %)', () => {
    const digits = (count: number) => {
      const { low, high } = poissonInterval(count, 0.95);
      return [Number(low.toFixed(4)), Number(high.toFixed(4))];
    };
    expect(digits(0)).toEqual([0, 3.6889]);
    expect(digits(1)).toEqual([0.0253, 5.5716]);
    expect(digits(10)).toEqual([4.7954, 18.3904]);
  });
  it('of none ends at −ln of the tail', () => {
    expect(poissonInterval(0).high).toBeCloseTo(-Math.log(0.05), 12);
  });
});

describe('shrinkage', () => {
  it('is the mean of a beta posterior', () => {
    expect(shrink({ outcomes: 3, trials: 10 }, 0.1, 20)).toBeCloseTo(5 / 30, 15);
    expect(shrink({ outcomes: 0, trials: 0 }, 0.1, 20)).toBeCloseTo(0.1, 15);
  });
  it('pulls all the way where groups differ no more than chance, and hardly where they differ much', () => {
    const alike = Array.from({ length: 10 }, () => ({ outcomes: 10, trials: 100 }));
    expect(priorStrength(alike)).toBe(Number.POSITIVE_INFINITY);
    const apart = Array.from({ length: 10 }, (_, i) => ({ outcomes: i % 2 === 0 ? 5 : 95, trials: 100 }));
    expect(priorStrength(apart)).toBe(1);
  });
  it('finds the strength that made the groups', () => {
    // Beta(2, 8) rates at their ten deciles (strength 10), outcomes as expected plus one binomial spread up or down.
    const rates = [0.053, 0.085, 0.114, 0.142, 0.171, 0.203, 0.239, 0.283, 0.344, 0.46];
    const groups = rates.map((rate, i) => ({
      trials: 400,
      outcomes: Math.round(400 * rate + (i % 2 === 0 ? 1 : -1) * Math.sqrt(400 * rate * (1 - rate))),
    }));
    expect(priorStrength(groups)).toBeGreaterThan(6);
    expect(priorStrength(groups)).toBeLessThan(18);
  });
  it('goes group → segment → whole', () => {
    const { whole, segments, groups } = shrinkRates([
      { segment: 'a', outcomes: 2, trials: 4 },
      { segment: 'a', outcomes: 1, trials: 100 },
      { segment: 'b', outcomes: 50, trials: 100 },
      { segment: 'b', outcomes: 55, trials: 100 },
    ]);
    expect(whole).toBeCloseTo(108.5 / 305, 12);
    expect(segments.a).toBeLessThan(segments.b as number);
    expect(groups[0]).toBeLessThan(0.5);
    expect(groups[0]).toBeGreaterThan(segments.a as number);
    for (const rate of groups) expect(rate > 0 && rate < 1).toBe(true);
  });
});
