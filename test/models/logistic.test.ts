import { describe, expect, it } from 'vitest';
import type { FeatureColumn, TrainingTable } from '../../src/contract/model.ts';
import { createRandom } from '../../src/lib/random.ts';
import { explainLogistic, fitLogistic, logistic, predictLogistic } from '../../src/models/logistic.ts';
import { rankRows, rocAuc } from '../../src/models/metrics/index.ts';
import { solveRidge } from '../../src/models/ridge.ts';
import { checkModel, samplePanel } from '../contract/model-contract.ts';

checkModel(logistic);
checkModel(logistic, { ...logistic.defaults, ridge: 5, rare_weight: 300 });

const tableOf = (columns: FeatureColumn[], label: number[], weight?: number[]): TrainingTable => ({
  columns,
  label: Uint8Array.from(label),
  weight: Float64Array.from(weight ?? label.map(() => 1)),
  account: Int32Array.from(label, (_, i) => i),
  observation_date: new Int32Array(label.length),
});
const continuous = (name: string, values: number[]): FeatureColumn => ({
  name,
  kind: 'continuous',
  values: Float64Array.from(values),
});

describe('solveRidge', () => {
  it('finds the closed form of two groups: the log-odds of each', () => {
    // x = −1: 1 of 4, x = 1: 3 of 4; with a vanishing ridge the slope is ln 3 and the intercept 0.
    const x = Float64Array.from([-1, -1, -1, -1, 1, 1, 1, 1]);
    const label = [1, 0, 0, 0, 1, 1, 1, 0];
    const { intercept, coefficients, converged, steps } = solveRidge({
      columns: [x],
      label,
      weight: new Float64Array(8).fill(1),
      ridge: 1e-12,
    });
    expect(intercept).toBeCloseTo(0, 10);
    expect(coefficients[0]).toBeCloseTo(Math.log(3), 9);
    expect(converged).toBe(true);
    expect(steps).toBeLessThan(8);
  });

  it('agrees with a slow twin: gradient descent on the same objective', () => {
    const random = createRandom(4);
    const n = 60;
    const columns = [0, 1, 2].map(() => Float64Array.from({ length: n }, () => random() * 2 - 1));
    const label = Array.from({ length: n }, (_, i) =>
      random() < 1 / (1 + Math.exp(-2 * (columns[0]?.[i] ?? 0))) ? 1 : 0,
    );
    const weight = Float64Array.from({ length: n }, () => 0.5 + random());
    const beta = [0, 0, 0, 0];
    for (let step = 0; step < 40_000; step++) {
      const gradient = [0, -2 * (beta[1] ?? 0), -2 * (beta[2] ?? 0), -2 * (beta[3] ?? 0)];
      for (let i = 0; i < n; i++) {
        const x = [1, ...columns.map((column) => column[i] ?? 0)];
        const eta = x.reduce((sum, value, j) => sum + value * (beta[j] ?? 0), 0);
        const r = (weight[i] ?? 0) * ((label[i] ?? 0) - 1 / (1 + Math.exp(-eta)));
        x.forEach((value, j) => {
          gradient[j] = (gradient[j] ?? 0) + r * value;
        });
      }
      for (let j = 0; j < 4; j++) beta[j] = (beta[j] ?? 0) + 0.02 * (gradient[j] ?? 0);
    }
    const solution = solveRidge({ columns, label, weight, ridge: 2 });
    expect(solution.intercept).toBeCloseTo(beta[0] ?? 0, 8);
    solution.coefficients.forEach((b, j) => {
      expect(b).toBeCloseTo(beta[j + 1] ?? 0, 8);
    });
  });

  it('converges on separable data, because of the ridge', () => {
    const solution = solveRidge({
      columns: [Float64Array.from([-2, -1, 1, 2])],
      label: [0, 0, 1, 1],
      weight: new Float64Array(4).fill(1),
      ridge: 0.01,
    });
    expect(solution.converged).toBe(true);
    expect(solution.coefficients[0]).toBeGreaterThan(1);
  });

  it('says so when it does not converge', () => {
    const x = Float64Array.from([-2, -1, 1, 2]);
    const one = solveRidge({
      columns: [x],
      label: [0, 0, 1, 1],
      weight: new Float64Array(4).fill(1),
      ridge: 0.001,
      max_steps: 2,
    });
    expect(one).toMatchObject({ converged: false, steps: 2, reason: '2 steps were not enough' });
    const twins = solveRidge({ columns: [x, x], label: [0, 1, 0, 1], weight: new Float64Array(4).fill(1), ridge: 0 });
    expect(twins.converged).toBe(false);
    expect(twins.reason).toContain('collinear');
  });
});

describe('logistic', () => {
  it('takes the logarithm of a heavy tail, and only of that', () => {
    const model = fitLogistic(samplePanel(1), { ridge: 1 }, createRandom(1));
    const transforms = model.features.map((feature) => (feature.kind === 'continuous' ? feature.transform : '-'));
    expect(transforms).toEqual(['none', 'log', 'none', 'none', '-']);
  });

  it('does not extrapolate beyond the values it has seen', () => {
    const model = fitLogistic(
      tableOf([continuous('x', [1, 2, 3, 4, 5, 6])], [0, 0, 1, 0, 1, 1]),
      { ridge: 1 },
      createRandom(1),
    );
    const [a, b] = predictLogistic(model, [continuous('x', [6, 600])]);
    expect(a).toBe(b);
  });

  it('gives a missing value the mean and what missing itself tells', () => {
    const x = [1, 2, 3, 4, Number.NaN, Number.NaN, Number.NaN, Number.NaN];
    const model = fitLogistic(
      tableOf([continuous('x', x)], [0, 1, 0, 0, 1, 1, 1, 0]),
      { ridge: 0.001 },
      createRandom(1),
    );
    const [known, missing] = predictLogistic(model, [continuous('x', [2.5, Number.NaN])]);
    expect(known).toBeCloseTo(0.25, 1);
    expect(missing).toBeCloseTo(0.75, 2);
  });

  it('merges rare levels and treats an unseen one like them', () => {
    const values = Float64Array.from({ length: 60 }, (_, i) => (i < 28 ? 0 : i < 56 ? 1 : i < 58 ? 2 : 3));
    const plan: FeatureColumn = { name: 'plan', kind: 'nominal', values, categories: ['a', 'b', 'c', 'd'] };
    const label = Array.from(values, (code, i) => (code >= 2 ? 1 : i % 4 === 0 ? 1 : 0));
    const model = fitLogistic(tableOf([plan], label), { ridge: 0.5 }, createRandom(1));
    const asked: FeatureColumn = {
      name: 'plan',
      kind: 'nominal',
      values: Float64Array.from([2, 3, 9, Number.NaN]),
      categories: ['a', 'b', 'c', 'd'],
    };
    const [rareA, rareB, unseen, missing] = explainLogistic(model, [asked]).log_odds;
    expect([rareB, unseen, missing]).toEqual([rareA, rareA, rareA]);
  });

  it('counts a row of weight 3 as three rows', () => {
    const a = tableOf([continuous('x', [1, 2, 3, 4])], [0, 1, 0, 1], [3, 1, 2, 1]);
    const b = tableOf([continuous('x', [1, 1, 1, 2, 3, 3, 4])], [0, 0, 0, 1, 0, 0, 1]);
    const [first, second] = [a, b].map((table) => fitLogistic(table, { ridge: 1 }, createRandom(1)));
    expect(first?.features[0]?.coefficients[0]).toBeCloseTo(second?.features[0]?.coefficients[0] ?? Number.NaN, 10);
  });

  it('chooses a strong ridge on noise and a weak one on signal', () => {
    const table = samplePanel(3, 400, 2);
    const random = createRandom(8);
    const noise = { ...table, label: table.label.map(() => (random() < 0.3 ? 1 : 0)) };
    const strong = fitLogistic(noise, {}, createRandom(1));
    const weak = fitLogistic(table, {}, createRandom(1));
    expect(weak.ridge_basis).toBe('cross_validated');
    expect(strong.ridge).toBeGreaterThan(10 * weak.ridge);
  });

  it('fits a sample of accounts when the table is too large, close to the whole', () => {
    const table = samplePanel(3, 2000, 4);
    const whole = fitLogistic(table, { ridge: 1 }, createRandom(1));
    const part = fitLogistic(table, { ridge: 1, max_rows: 4000 }, createRandom(1));
    const auc = (model: typeof whole) =>
      rocAuc(rankRows({ score: predictLogistic(model, table.columns), label: table.label }));
    expect(auc(whole) - auc(part)).toBeLessThan(0.003);
    expect(part.intercept).toBeCloseTo(whole.intercept, 0);
  });

  it('refuses a ridge of 0', () => {
    expect(() => fitLogistic(samplePanel(1), { ridge: 0 }, createRandom(1))).toThrow('must be above 0');
  });
});
