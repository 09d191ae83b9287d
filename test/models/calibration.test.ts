import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { logit, sigmoid } from '../../src/lib/numbers.ts';
import { createRandom } from '../../src/lib/random.ts';
import {
  calibrate,
  chooseCalibration,
  fitBeta,
  fitIsotonic,
  fitPlatt,
  foldCalibration,
} from '../../src/models/calibration.ts';
import { explainLogistic, fitLogistic } from '../../src/models/logistic.ts';
import { samplePanel } from '../contract/model-contract.ts';

/** Truth is `bend` of what was predicted. */
function rowsOf(seed: number, n: number, bend: (p: number) => number) {
  const random = createRandom(seed);
  const probability = Float64Array.from({ length: n }, () => sigmoid(-2 + 3 * (random() - 0.5) * 2));
  const label = Uint8Array.from(probability, (p) => (random() < bend(p) ? 1 : 0));
  const origin = Int32Array.from({ length: n }, (_, i) => 19_000 + 30 * Math.floor((10 * i) / n));
  return {
    probability,
    label,
    weight: new Float64Array(n).fill(1),
    account: Int32Array.from({ length: n }, (_, i) => i % Math.ceil(n / 5)),
    origin,
    closed_on: origin.map((day) => day + 60),
  };
}
const bent = (p: number) => sigmoid(0.7 + 0.5 * logit(p));

describe('Platt', () => {
  it('finds intercept and slope', () => {
    const { intercept, slope } = fitPlatt(rowsOf(1, 40_000, bent));
    expect(intercept).toBeCloseTo(0.7, 1);
    expect(slope).toBeCloseTo(0.5, 1);
  });
  it('never turns the ranking around', () => {
    const rows = rowsOf(1, 2000, (p) => 0.5 - 0.4 * p);
    const platt = fitPlatt(rows);
    expect(platt.slope).toBe(0);
    const rate = rows.label.reduce((sum, y) => sum + y, 0) / 2000;
    expect(calibrate(platt, Float64Array.of(0.5))[0]).toBeCloseTo(rate, 6);
  });
  it('folds into contributions that still add up', () => {
    const table = samplePanel(1);
    const explanation = explainLogistic(fitLogistic(table, { ridge: 1 }, createRandom(1)), table.columns);
    const platt = { kind: 'platt', intercept: -0.3, slope: 0.8 } as const;
    const folded = foldCalibration(explanation, platt);
    const p = calibrate(platt, explanation.log_odds.map(sigmoid));
    for (let i = 0; i < p.length; i++) {
      const sum = folded.contributions.reduce((total, values) => total + (values[i] as number), folded.intercept);
      expect(Math.abs(sum - (folded.log_odds[i] as number))).toBeLessThan(1e-9);
      expect(sigmoid(sum)).toBeCloseTo(p[i] as number, 12);
    }
  });
});

describe('chooseCalibration', () => {
  it('accepts where out-of-time log loss improves, and says by how much', () => {
    const choice = chooseCalibration(rowsOf(2, 6000, bent));
    expect(choice.is_accepted).toBe(true);
    expect(choice.gain).toBeGreaterThan(2 * choice.gain_se);
    expect(choice.calibration.slope).toBeLessThan(0.7);
    expect(choice.sentence).toMatch(/^Calibrated: log-odds × 0\.[3-7]\d \+ 0\.\d\d lowers/);
  });
  it('leaves good probabilities alone in most draws', () => {
    let accepted = 0;
    for (let seed = 0; seed < 40; seed++)
      if (chooseCalibration(rowsOf(100 + seed, 2000, (p) => p)).is_accepted) accepted++;
    expect(accepted).toBeLessThan(10);
  });
  it('is not tried without outcomes to learn from', () => {
    const choice = chooseCalibration(rowsOf(3, 60, (p) => p));
    expect(choice).toMatchObject({ is_accepted: false, calibration: { intercept: 0, slope: 1 } });
    expect(choice.sentence).toContain('no origin has 30 earlier outcomes');
  });
  it('does not look at labels that had not closed by the origin', () => {
    const rows = rowsOf(4, 3000, bent);
    const before = chooseCalibration(rows);
    const lastOrigin = Math.max(...rows.origin);
    const never = rows.closed_on.map((day, i) => (rows.origin[i] === lastOrigin ? day + 9999 : day));
    expect(chooseCalibration({ ...rows, closed_on: never }).gain).toBe(before.gain);
  });
});

describe('isotonic', () => {
  it('is the worked example of pooling adjacent violators', () => {
    // 1 | 0 at .2, .3 pool to ½; 1 | 1 | 0 at .5, .6, .7 pool to ⅔.
    const rows = {
      probability: Float64Array.of(0.1, 0.2, 0.3, 0.5, 0.6, 0.7),
      label: [0, 1, 0, 1, 1, 0],
      weight: new Float64Array(6).fill(1),
    };
    const fitted = fitIsotonic(rows);
    expect(fitted.to).toEqual([0, 0.5, 2 / 3]);
    expect(fitted.from.map((x) => Number(x.toFixed(12)))).toEqual([0.1, 0.25, 0.6]);
  });
  it('rises, keeps the mean, and does not depend on the order of rows', () => {
    const row = fc.record({ p: fc.integer({ min: 1, max: 19 }), y: fc.integer({ min: 0, max: 1 }) });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 40 }), (list) => {
        const of = (order: typeof list) =>
          fitIsotonic({
            probability: Float64Array.from(order, (r) => r.p / 20),
            label: order.map((r) => r.y),
            weight: new Float64Array(order.length).fill(1),
          });
        const a = of(list);
        const b = of([...list].reverse());
        expect(b.to.map((x) => x.toFixed(9))).toEqual(a.to.map((x) => x.toFixed(9)));
        const grid = calibrate(
          a,
          Float64Array.from({ length: 99 }, (_, i) => (i + 1) / 100),
        );
        for (let i = 1; i < 99; i++) expect(grid[i]).toBeGreaterThanOrEqual((grid[i - 1] as number) - 1e-12);
      }),
    );
  });
});

describe('beta', () => {
  it('finds a bend that Platt cannot', () => {
    const beta = fitBeta(rowsOf(5, 60_000, (p) => sigmoid(0.2 + 1.5 * Math.log(p) - 0.5 * Math.log1p(-p))));
    expect(beta.a).toBeCloseTo(1.5, 0);
    expect(beta.c).toBeCloseTo(0.2, 0);
  });
  it('keeps both parameters from falling below 0', () => {
    const beta = fitBeta(rowsOf(6, 3000, (p) => 0.5 - 0.4 * p));
    expect(beta.a).toBeGreaterThanOrEqual(0);
    expect(beta.b).toBeGreaterThanOrEqual(0);
  });
});
