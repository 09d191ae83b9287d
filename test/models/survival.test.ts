import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kaplanMeier, survivalAt, timeQuantile } from '../../src/models/survival.ts';

/**
 * Remission times in weeks under 6-mercaptopurine, Freireich et al. 1963 (+ = censored); the curve and Greenwood's errors
 * are printed in Collett, "Modelling Survival Data in Medical Research", and Kleinbaum and Klein, "Survival Analysis", ch. 2.
 */
const WEEKS = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35];
const RELAPSED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0];

describe('Kaplan–Meier', () => {
  const curve = kaplanMeier(Float64Array.from(WEEKS), RELAPSED, { level: 0.95 });
  const rounded = (values: Float64Array, digits: number) => [...values].map((x) => Number(x.toFixed(digits)));

  it('is the published curve of the 6-MP arm', () => {
    expect([...curve.time]).toEqual([6, 7, 10, 13, 16, 22, 23]);
    expect([...curve.at_risk]).toEqual([21, 17, 15, 12, 11, 7, 6]);
    expect(rounded(curve.survival, 4)).toEqual([0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482]);
    expect(rounded(curve.standard_error, 4)).toEqual([0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346]);
  });

  it('has its median at 23 weeks, with an upper end that was never reached', () => {
    expect(timeQuantile(curve, 0.5)).toEqual({ value: 23, low: 13, high: Number.NaN });
    expect(timeQuantile(curve, 0.9).value).toBeNaN();
  });

  it('says nothing beyond the last observation, and 1 before the first event', () => {
    expect(survivalAt(curve, 36).survival).toBeNaN();
    expect(survivalAt(curve, 5)).toEqual({ survival: 1, low: 1, high: 1 });
    expect(survivalAt(curve, 7).survival).toBeCloseTo(0.8067, 4);
  });

  it('has the interval of log(−log S) at the first step, worked by hand', () => {
    // S = 18/21; Greenwood 3/(21·18); half = 1.959964 · √(3/378) ÷ ln(21/18).
    const half = (1.959963984540054 * Math.sqrt(3 / 378)) / Math.log(21 / 18);
    expect(curve.low[0]).toBeCloseTo((18 / 21) ** Math.exp(half), 12);
    expect(curve.high[0]).toBeCloseTo((18 / 21) ** Math.exp(-half), 12);
  });

  it('without censoring is the share still there, and ends at 0', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 40 }), (times) => {
        const all = kaplanMeier(
          Float64Array.from(times),
          times.map(() => 1),
        );
        all.time.forEach((time, k) => {
          expect(all.survival[k]).toBeCloseTo(times.filter((t) => t > time).length / times.length, 12);
        });
        expect(all.survival.at(-1)).toBe(0);
      }),
    );
  });

  it('counts weight 2 as two, in any order of rows', () => {
    const a = kaplanMeier(Float64Array.from([3, 1, 2]), [1, 1, 0], { weight: Float64Array.from([1, 2, 1]) });
    const b = kaplanMeier(Float64Array.from([1, 2, 1, 3]), [1, 0, 1, 1]);
    expect(a.survival).toEqual(b.survival);
    expect(a.standard_error).toEqual(b.standard_error);
  });

  it('refuses a negative time', () => {
    expect(() => kaplanMeier(Float64Array.from([-1]), [1])).toThrow('row 0');
  });
});
