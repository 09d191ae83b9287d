import { describe, expect, it } from 'vitest';
import type { Pool } from '../../../src/contract/model.ts';
import { createRandom } from '../../../src/lib/random.ts';
import { groupCount } from '../../../src/models/ebm/binning.ts';
import { choosePairs } from '../../../src/models/ebm/pair-ranking.ts';
import { purifyPair } from '../../../src/models/ebm/purify.ts';
import { explainEbm, fitBinned, fitEbm, intervalEbm, predictBinned, predictEbm } from '../../../src/models/index.ts';

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Uniform columns named x0 …, and labels drawn from the log-odds of each row. */
function planted(seed: number, rows: number, features: number, eta: (x: number[]) => number) {
  const random = createRandom(seed);
  const columns: Record<string, Float64Array> = {};
  for (let j = 0; j < features; j++) columns[`x${j}`] = Float64Array.from({ length: rows }, () => random());
  const names = Object.keys(columns);
  const label = Uint8Array.from({ length: rows }, (_, i) =>
    random() < sigmoid(eta(names.map((name) => columns[name]?.[i] ?? 0))) ? 1 : 0,
  );
  return { columns, label };
}

describe('pairs', () => {
  it('the planted one is found among 406, and the model learns it', async () => {
    const xor = (x: number[]): number => ((x[7] ?? 0) > 0.5 === (x[21] ?? 0) > 0.4 ? 1.5 : -1.5) + 2 * (x[2] ?? 0) - 1;
    const train = planted(1, 2000, 29, xor);
    const model = await fitEbm(train, { bags: 3, pairs: 1 });
    expect(model.terms.at(-1)?.name).toBe('x7 × x21');
    const test = planted(2, 2000, 29, xor);
    const right = predictEbm(model, test.columns).reduce(
      (sum, p, i) => sum + (p > 0.5 === (test.label[i] === 1) ? 1 : 0),
      0,
    );
    // The truth itself is right on 82 %.
    expect(right / 2000).toBeGreaterThan(0.76);
  });

  it('of levels without an order are found: a parity of two nominal features', async () => {
    const random = createRandom(6);
    const names = ['red', 'green', 'blue', 'white', 'black', 'grey'];
    const draw = (): number[] => Array.from({ length: 3000 }, () => Math.floor(random() * 6));
    const [a, b, c] = [draw(), draw(), draw()];
    const label = a.map((code, i) => (random() < sigmoid((code + (b[i] ?? 0)) % 2 === 0 ? 2 : -2) ? 1 : 0));
    const texts = (codes: number[]): string[] => codes.map((code) => names[code] ?? '');
    const columns = { a: texts(a), b: texts(b), c: texts(c) };
    const model = await fitEbm({ columns, label }, { bags: 3, pairs: 1 });
    expect(model.terms.at(-1)?.name).toBe('a × b');
    const right = predictEbm(model, columns).reduce((sum, p, i) => sum + (p > 0.5 === (label[i] === 1) ? 1 : 0), 0);
    expect(right / 3000).toBeGreaterThan(0.85);
  });

  it('are purified: weighted means of every line and column are 0, and so are those of single features', async () => {
    const train = planted(3, 3000, 4, (x) => 4 * (x[0] ?? 0) * (x[1] ?? 0) - 1);
    const weight = Float64Array.from({ length: 3000 }, (_, i) => 1 + (i % 2));
    const model = await fitEbm({ ...train, weight }, { bags: 2, pairs: [['x0', 'x1']] });
    for (const term of model.terms) {
      const [first, second] = term.features;
      const width = second === undefined ? 1 : groupCount(model.features[second]?.pair_groups ?? []);
      const height = term.scores.length / width;
      expect(second === undefined || height === groupCount(model.features[first]?.pair_groups ?? [])).toBe(true);
      const mean = (cells: number[]): number => {
        const all = cells.reduce((sum, c) => sum + (term.weights[c] ?? 0), 0);
        return all === 0 ? 0 : cells.reduce((sum, c) => sum + (term.weights[c] ?? 0) * (term.scores[c] ?? 0), 0) / all;
      };
      const cells = term.scores.map((_, c) => c);
      expect(Math.abs(mean(cells))).toBeLessThan(2e-6);
      if (second === undefined) continue;
      expect(Math.max(...term.scores)).toBeGreaterThan(0.1);
      for (let a = 0; a < height; a++)
        expect(Math.abs(mean(cells.filter((c) => Math.floor(c / width) === a)))).toBeLessThan(2e-6);
      for (let b = 0; b < width; b++) expect(Math.abs(mean(cells.filter((c) => c % width === b)))).toBeLessThan(2e-6);
    }
  });

  it('by rank over the bags: one loud bag does not outvote the others', () => {
    // Pairs of three features in order (0,1), (0,2), (1,2).
    const strengths = [
      Float64Array.of(100, 1, 2),
      Float64Array.of(0, 1, 2),
      Float64Array.of(0, 3, 4),
      Float64Array.of(0, 3, 4),
    ];
    expect(choosePairs(strengths, 3, 2)).toEqual([
      [1, 2],
      [0, 2],
    ]);
    expect(choosePairs([Float64Array.of(0, 0, 1)], 3, 3)).toEqual([[1, 2]]);
  });

  it('leave no slot to a twin: a feature in other units repeats no pair', async () => {
    const train = planted(9, 2000, 4, (x) => ((x[0] ?? 0) > 0.5 === (x[1] ?? 0) > 0.5 ? 1.5 : -1.5));
    const cents = (train.columns['x0'] ?? new Float64Array(0)).map((x) => Math.round(17 * x * 100));
    const model = await fitEbm({ ...train, columns: { ...train.columns, cents } }, { bags: 2, pairs: 3 });
    const names = model.terms.slice(5).map((term) => term.name);
    expect(names.filter((name) => name === 'x0 × x1' || name === 'x1 × cents')).toHaveLength(1);
    expect(names).not.toContain('x0 × cents');
    expect(names).toHaveLength(3);
  });
});

describe('purifyPair', () => {
  it('takes x + y out of x + y + xy, by hand', () => {
    // Values 1, 2 / 3, 8 with equal weights: mean 3.5, lines −2 and 2, columns −1.5 and 1.5, interaction ±1.
    const { table, lines, columns } = purifyPair(Float64Array.of(1, 2, 3, 8), new Float64Array(4).fill(1), 2, 2);
    expect([...table].map((x) => Math.round(x * 1e9) / 1e9)).toEqual([1, -1, -1, 1]);
    expect((lines[1] as number) - (lines[0] as number)).toBeCloseTo(4, 10);
    expect((columns[1] as number) - (columns[0] as number)).toBeCloseTo(3, 10);
  });

  it('gives back what went in wherever there is weight', () => {
    const random = createRandom(8);
    const table = Float64Array.from({ length: 30 }, () => random() - 0.5);
    const weights = Float64Array.from({ length: 30 }, (_, c) => (c < 5 || random() < 0.2 ? 0 : random()));
    const pure = purifyPair(table, weights, 6, 5);
    for (let c = 5; c < 30; c++) {
      const sum =
        (pure.table[c] as number) + (pure.lines[Math.floor(c / 5)] as number) + (pure.columns[c % 5] as number);
      expect(sum).toBeCloseTo(table[c] as number, 11);
    }
    expect([...pure.table.subarray(0, 5)]).toEqual([0, 0, 0, 0, 0]);
  });
});

describe('monotone features', () => {
  it.each([1, -1] as const)(
    'keep to their direction (%i) on every adjacent bin, against the data too',
    async (direction) => {
      const train = planted(4, 1500, 3, (x) => Math.sin(8 * (x[0] ?? 0)) * 2 + 2 * (x[1] ?? 0) - 1);
      const model = await fitEbm(train, { bags: 3, monotone: { x0: direction, x1: direction }, max_leaves: 4 });
      for (const term of model.terms.slice(0, 2)) {
        const scores = term.scores.slice(1);
        for (let b = 1; b < scores.length; b++) {
          expect(direction * ((scores[b] as number) - (scores[b - 1] as number))).toBeGreaterThanOrEqual(0);
        }
      }
      // The rising sides are still learnt, and constrained features stay out of pairs.
      expect(model.terms[0]?.importance).toBeGreaterThan(0.05);
      for (const term of model.terms.slice(3)) expect(term.name).not.toMatch(/x0|x1/);
    },
  );

  it('must exist and have an order', async () => {
    const train = planted(4, 100, 2, (x) => x[0] ?? 0);
    await expect(fitEbm(train, { monotone: { x9: 1 } })).rejects.toThrow('names x9, which is no feature');
    const columns = { ...train.columns, plan: Array.from(train.label, (_, i) => (i % 2 === 0 ? 'a' : 'b')) };
    await expect(fitEbm({ ...train, columns }, { monotone: { plan: 1 } })).rejects.toThrow('cannot be monotone');
  });
});

describe('a fitted model', () => {
  it('recovers a planted shape', async () => {
    const shape = (x: number): number => 3 * (x - 0.5) ** 2 * 4;
    const train = planted(5, 6000, 3, (x) => shape(x[0] ?? 0) - 1);
    const model = await fitEbm(train, { pairs: 0 });
    const grid = Array.from({ length: 19 }, (_, k) => 0.05 + 0.05 * k);
    const flat = grid.map(() => 0.5);
    const learnt = explainEbm(model, { x0: grid, x1: flat, x2: flat }).contributions[0] ?? [];
    const center = grid.reduce((sum, x) => sum + shape(x), 0) / grid.length;
    for (const [k, x] of grid.entries()) expect(Math.abs((learnt[k] ?? 0) - (shape(x) - center))).toBeLessThan(0.45);
    expect(model.terms[1]?.importance).toBeLessThan(0.1);
  });

  it('has standard errors and intervals that shrink with data', async () => {
    const eta = (x: number[]): number => 2 * (x[0] ?? 0) - 1;
    const probe = { x0: [0.1, 0.5, 0.9], x1: [0.5, 0.5, 0.5] };
    const widths: number[] = [];
    for (const rows of [400, 6400]) {
      const model = await fitEbm(planted(6, rows, 2, eta), { pairs: 0 });
      const { low, high } = intervalEbm(model, probe);
      const p = predictEbm(model, probe);
      for (let i = 0; i < 3; i++) {
        expect(low[i]).toBeLessThan(p[i] as number);
        expect(high[i]).toBeGreaterThan(p[i] as number);
      }
      widths.push(high.reduce((sum, h, i) => sum + h - (low[i] as number), 0) / 3);
    }
    expect(widths[1]).toBeLessThan((widths[0] as number) / 2);
  });

  it('is the same from bins handed over as from values', async () => {
    const train = planted(7, 800, 2, (x) => 3 * (x[0] ?? 0) - 1.5);
    const cuts = Array.from({ length: 9 }, (_, k) => (k + 1) / 10);
    const binned = Object.entries(train.columns).map(([name, values]) => ({
      bins: { kind: 'continuous' as const, name, cuts },
      values: Uint8Array.from(values, (x) => 1 + cuts.filter((cut) => cut <= x).length),
    }));
    const table = {
      columns: binned,
      label: train.label,
      weight: new Float64Array(800).fill(1),
      account: Int32Array.from({ length: 800 }, (_, i) => i),
      observation_date: new Int32Array(800),
    };
    const model = await fitBinned(table, { bags: 2 }, { seed: 1 });
    expect(predictBinned(model, binned)).toEqual(predictEbm(model, train.columns));
    expect(model.training.first_date).toBeNull();
  });

  it('gives the pool one job a bag, and takes results in order', async () => {
    const jobs: string[] = [];
    const { EBM_JOBS } = await import('../../../src/models/index.ts');
    const pool: Pool = {
      size: 1,
      async map<I, O>(job: string, inputs: readonly I[]): Promise<O[]> {
        jobs.push(`${job} ${inputs.length}`);
        const work = EBM_JOBS[job as keyof typeof EBM_JOBS] as unknown as (input: I) => O;
        return inputs.map(work);
      },
    };
    const train = planted(8, 600, 3, (x) => 3 * (x[0] ?? 0) - 1.5);
    const params = { bags: 3, pairs: 1 };
    expect(await fitEbm(train, params, { pool })).toEqual(await fitEbm(train, params));
    expect(jobs).toEqual(['ebm.mains 3', 'ebm.pairs 3']);
  });
});
