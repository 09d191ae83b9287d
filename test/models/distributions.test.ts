import { describe, expect, it } from 'vitest';
import {
  digamma,
  incompleteBeta,
  inverseTrigamma,
  logGamma,
  normalCritical,
  normalTwoSided,
  studentCritical,
  studentTwoSided,
  trigamma,
} from '../../src/models/distributions.ts';

const EULER = 0.5772156649015329;

function expectRelative(found: number, cited: number, tolerance: number): void {
  expect(Math.abs(found / cited - 1)).toBeLessThan(tolerance);
}

describe('special functions', () => {
  it('logGamma: factorials and Γ(½) = √π', () => {
    expectRelative(logGamma(11), Math.log(3628800), 1e-13);
    expectRelative(logGamma(0.5), Math.log(Math.PI) / 2, 1e-13);
    expect(logGamma(1)).toBeCloseTo(0, 13);
  });

  it('digamma: −γ at 1, −γ − 2 ln 2 at ½, the harmonic sum at 5 (Abramowitz & Stegun 6.3)', () => {
    expectRelative(digamma(1), -EULER, 1e-12);
    expectRelative(digamma(0.5), -EULER - 2 * Math.LN2, 1e-12);
    expectRelative(digamma(5), 25 / 12 - EULER, 1e-12);
  });

  it('trigamma: π²/6 at 1, π²/2 at ½; its inverse goes back (Abramowitz & Stegun 6.4)', () => {
    expectRelative(trigamma(1), Math.PI ** 2 / 6, 1e-12);
    expectRelative(trigamma(0.5), Math.PI ** 2 / 2, 1e-12);
    for (const x of [1e-4, 0.03, 0.4, 1, 3.7, 40, 2000]) expectRelative(inverseTrigamma(trigamma(x)), x, 1e-8);
  });

  it('incompleteBeta: polynomials for whole parameters, symmetry', () => {
    // I_½(2, 3) = Σ_{j=2}^{4} C(4, j) / 16 = 11/16.
    expectRelative(incompleteBeta(0.5, 2, 3), 11 / 16, 1e-13);
    expectRelative(incompleteBeta(0.2, 1, 4), 1 - 0.8 ** 4, 1e-13);
    expect(incompleteBeta(0.3, 2.5, 0.7) + incompleteBeta(0.7, 0.7, 2.5)).toBeCloseTo(1, 13);
  });

  it("Student's t: closed forms for 1 and 2 degrees of freedom, tabled critical values for more", () => {
    expectRelative(studentTwoSided(1, 1), 0.5, 1e-13);
    expectRelative(studentTwoSided(3, 2), 1 - 3 / Math.sqrt(2 + 9), 1e-12);
    for (const [df, critical] of [
      [1, 12.706204736],
      [4, 2.776445105],
      [10, 2.228138852],
      [30, 2.042272456],
      [120, 1.979930405],
    ] as const) {
      expectRelative(studentTwoSided(critical, df), 0.05, 1e-8);
      expectRelative(studentCritical(0.05, df), critical, 1e-8);
    }
    expectRelative(studentTwoSided(2, Number.POSITIVE_INFINITY), normalTwoSided(2), 1e-15);
  });

  it('the normal: tabled values into the far tail, and back', () => {
    expectRelative(normalTwoSided(1.959963984540054), 0.05, 1e-12);
    expectRelative(normalTwoSided(5), 5.733031437583878e-7, 1e-11);
    expectRelative(normalTwoSided(10), 1.523970604832094e-23, 1e-11);
    for (const p of [0.9, 0.5, 0.05, 1e-3, 1e-9, 1e-40]) expectRelative(normalTwoSided(normalCritical(p)), p, 1e-10);
    expect(normalCritical(1)).toBe(0);
  });
});
