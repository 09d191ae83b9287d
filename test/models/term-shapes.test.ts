import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/lib/random.ts';
import { type EbmModel, explainEbm, fitEbm } from '../../src/models/ebm/index.ts';
import { explainLogistic, fitLogistic } from '../../src/models/logistic.ts';
import { termDifferences } from '../../src/models/shape-difference.ts';
import { shapeBar, topShapes } from '../../src/models/term-shapes.ts';
import { samplePanel } from '../contract/model-contract.ts';

/** A glass box of one feature with two cuts, by hand. */
function tiny(scores: readonly number[], weights: readonly number[]): EbmModel {
  return {
    kind: 'ebm',
    schema_version: 1,
    feature_names: ['days'],
    features: [{ kind: 'continuous', name: 'days', cuts: [3, 10], monotone: 0, pair_groups: null }],
    terms: [{ name: 'days', features: [0], scores, standard_errors: [0.5, 0.1, 0.2, 0.3], weights, importance: 1 }],
  } as unknown as EbmModel;
}

describe('topShapes', () => {
  it('tells each stretch of a shape with its share of the rows; bins without rows are left out', () => {
    expect(topShapes(tiny([9, -1, 0.5, 2], [0, 50, 30, 20]), 3)).toEqual([
      { term: 'days', bin: 'below 3', contribution: -1, standard_error: 0.1, weight_share: 0.5 },
      { term: 'days', bin: '3 to 10', contribution: 0.5, standard_error: 0.2, weight_share: 0.3 },
      { term: 'days', bin: 'from 10', contribution: 2, standard_error: 0.3, weight_share: 0.2 },
    ]);
  });

  it('adds up to the shape: the weighted mean of a centred term is 0 over its stretches', async () => {
    const random = createRandom(3);
    const x = Array.from({ length: 600 }, () => random() * 100);
    const y = Array.from({ length: 600 }, () => random() * 100);
    const label = x.map((value, i) => random() < (value > 50 === (y[i] as number) > 50 ? 0.6 : 0.1));
    const model = await fitEbm({ columns: { x, y }, label }, { bags: 4, pairs: [['x', 'y']] });
    for (const name of new Set(topShapes(model, 3).map(({ term }) => term))) {
      const own = topShapes(model, 3).filter(({ term }) => term === name);
      expect(own.length).toBeLessThanOrEqual(16);
      expect(own.reduce((sum, { weight_share }) => sum + (weight_share ?? 0), 0)).toBeCloseTo(1, 9);
      expect(own.reduce((sum, row) => sum + (row.weight_share ?? 0) * row.contribution, 0)).toBeCloseTo(0, 6);
    }
    // The planted pair: both high or both low is risky.
    const pair = topShapes(model, 3).filter(({ term }) => term.includes(' × '));
    const corner = (word: RegExp) => pair.find(({ bin }) => word.test(bin))?.contribution ?? Number.NaN;
    expect(corner(/x below .* y below/)).toBeGreaterThan(0.3);
    expect(corner(/x below .* y from/)).toBeLessThan(-0.3);
    expect(explainEbm(model, { x: [10], y: [10] }).terms).toHaveLength(3);
  });

  it('tells a line as the logistic rung explains it', () => {
    const table = samplePanel(1, 300, 4);
    const model = fitLogistic(table, { ridge: 1 }, createRandom(1));
    const rows = topShapes(model, 99);
    for (const { term, bin, contribution } of rows) {
      const column = table.columns.find(({ name }) => name === term);
      if (column === undefined) throw new Error(term);
      const value =
        bin === 'missing'
          ? Number.NaN
          : column.kind === 'nominal'
            ? column.categories?.indexOf(bin.slice(3))
            : Number(bin.slice(3));
      if (value === undefined || value < 0) continue;
      const asked = table.columns.map((other) =>
        other === column
          ? { ...other, values: Float64Array.of(value) }
          : { ...other, values: Float64Array.of(Number.NaN) },
      );
      const { terms, contributions } = explainLogistic(model, asked);
      expect(contributions[terms.indexOf(term)]?.[0]).toBeCloseTo(contribution, 2);
    }
    expect(rows.length).toBeGreaterThan(5);
  });
});

describe('shapeBar', () => {
  it('draws to the right what adds risk, to the left what takes it away', () => {
    expect(shapeBar(1, 1)).toBe('············│████████████');
    expect(shapeBar(-0.5, 1)).toBe('······██████│············');
    expect(shapeBar(0, 0)).toBe('············│············');
  });
});

describe('termDifferences', () => {
  it('finds the largest distance of two shapes and where it is', () => {
    const [a, b] = [tiny([0, -1, 0, 1], [0, 1, 1, 1]), tiny([0, -1, 0.75, 1], [0, 1, 1, 1])];
    expect(termDifferences(a, b)).toEqual([
      { term: 'days', importance_a: 1, importance_b: 1, largest_gap: 0.75, gap_at: '3' },
    ]);
    expect(termDifferences(a, null)).toEqual([
      { term: 'days', importance_a: 1, importance_b: null, largest_gap: null, gap_at: null },
    ]);
  });

  it('of two logistic regressions: the spread of what a term adds, and the largest distance of their lines', () => {
    const table = samplePanel(1, 300, 4);
    const model = fitLogistic(table, { ridge: 1 }, createRandom(1));
    const doubled = {
      ...model,
      features: model.features.map((feature) => ({
        ...feature,
        coefficients: feature.coefficients.map((coefficient) => 2 * coefficient),
      })),
    };
    const { terms, contributions } = explainLogistic(model, table.columns);
    const rows = termDifferences(model, doubled);
    expect(rows.length).toBeGreaterThan(3);
    for (const { term, importance_a, importance_b, largest_gap } of rows) {
      const added = contributions[terms.indexOf(term)] ?? new Float64Array();
      const all = table.weight.reduce((sum, w) => sum + w, 0);
      const over = (value: (x: number) => number) =>
        added.reduce((sum, x, i) => sum + (table.weight[i] ?? 0) * value(x), 0) / all;
      const mean = over((x) => x);
      const deviation = Math.sqrt(over((x) => (x - mean) ** 2));
      expect(importance_a).toBeCloseTo(deviation, 9);
      expect(importance_b).toBeCloseTo(2 * deviation, 9);
      // Twice the line is as far from it as it is from 0.
      expect(largest_gap).toBeGreaterThan(0);
    }
    const line = (slope: number, name = 'x') =>
      ({
        kind: 'logistic',
        feature_names: [name],
        intercept: 0,
        features: [
          {
            ...{ kind: 'continuous', name, transform: 'none', low: 0, high: 15, mean: 10, scale: 4 },
            ...{ missing_rate: 0, coefficients: [slope] },
          },
        ],
      }) as unknown as typeof model;
    // One standard deviation below the mean is 6, above it 14: −1 against 1.5, and 1 against −1.5. The first of equals is told.
    expect(termDifferences(line(1), line(-1.5))).toEqual([
      { term: 'x', importance_a: 1, importance_b: 1.5, largest_gap: 2.5, gap_at: '6' },
    ]);
    expect(termDifferences(line(1), line(1, 'y'))[0]).toMatchObject({
      term: 'x',
      importance_b: null,
      largest_gap: null,
    });
  });
});
