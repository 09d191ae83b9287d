import { describe, expect, it } from 'vitest';
import { logit, sigmoid } from '../../src/lib/numbers.ts';
import { createRandom } from '../../src/lib/random.ts';
import { fitHorizon, type HorizonRows, horizonProbabilities } from '../../src/models/horizons.ts';

/** Accounts over dates whose chance within 30 days is that within 90, one and a half lower in log-odds; or has nothing to do with it. */
function rowsOf(seed: number, isLinked: boolean): HorizonRows {
  const random = createRandom(seed);
  const dates = 12;
  const n = 300 * dates;
  const probability = Float64Array.from({ length: n }, () => sigmoid(-2 + 1.5 * (2 * random() - 1)));
  return {
    days: 30,
    probability,
    label: Uint8Array.from(probability, (p) => (random() < sigmoid(isLinked ? logit(p) - 1.5 : -3.5) ? 1 : 0)),
    weight: new Float64Array(n).fill(1),
    account: Int32Array.from({ length: n }, (_, i) => i % 300),
    origin: Int32Array.from({ length: n }, (_, i) => 30 * Math.floor(i / 300)),
    closed_on: Int32Array.from({ length: n }, (_, i) => 30 * Math.floor(i / 300) + 30),
  };
}

describe('a further horizon', () => {
  const fit = fitHorizon(rowsOf(1, true));

  it('finds intercept and slope, and says what it saves out of time', () => {
    expect(fit.map?.intercept).toBeGreaterThan(-2.1);
    expect(fit.map?.intercept).toBeLessThan(-0.9);
    expect(fit.map?.slope).toBeGreaterThan(0.6);
    expect(fit.map?.slope).toBeLessThan(1.4);
    expect(fit.gain).toBeGreaterThan(0);
    expect(fit.sentence).toMatch(/^The 30-day probability beats its base rate out of time by/);
  });

  it('keeps the order, and lies below for fewer days, above for more', () => {
    const own = Float64Array.from([0.01, 0.1, 0.4, 0.9]);
    const sooner = horizonProbabilities(fit, own, 90);
    const later = horizonProbabilities({ ...fit, days: 180 }, own, 90);
    own.forEach((p, i) => {
      expect(sooner[i]).toBeLessThanOrEqual(p);
      expect(later[i]).toBeGreaterThanOrEqual(p);
      if (i > 0) expect(sooner[i]).toBeGreaterThan(sooner[i - 1] as number);
    });
  });

  it('is not given where the own probability says nothing of it, in most draws', () => {
    let given = 0;
    for (let seed = 10; seed < 40; seed++) if (fitHorizon(rowsOf(seed, false)).map !== null) given++;
    expect(given).toBeLessThanOrEqual(3);
  });

  it('is not given where no date has outcomes before it', () => {
    const rows = rowsOf(2, true);
    const none = fitHorizon({ ...rows, closed_on: rows.closed_on.map(() => 99_999) });
    expect(none.map).toBeNull();
    expect(none.sentence).toMatch(/^No 30-day probability: no date has 30 earlier outcomes/);
    expect(Number.isNaN(horizonProbabilities(none, Float64Array.of(0.2), 90)[0])).toBe(true);
  });

  it('does not let labels that closed on no date before the last one shape what is saved', () => {
    const rows = rowsOf(3, true);
    // Closed after every date: they are judged nowhere but on their own date and teach nobody.
    const late = {
      ...rows,
      closed_on: rows.closed_on.map((day, i) => ((rows.account[i] as number) < 50 ? 99_999 : day)),
    };
    const flipped = {
      ...late,
      probability: late.probability.map((p, i) => ((rows.account[i] as number) < 50 ? 1 - p : p)),
    };
    const gainOfOthers = (given: HorizonRows) => {
      const weight = given.weight.map((_, i) => ((given.account[i] as number) < 50 ? 0 : 1));
      return fitHorizon({ ...given, weight }).gain;
    };
    expect(gainOfOthers(flipped)).toBeCloseTo(gainOfOthers(late) ?? Number.NaN, 12);
  });
});
