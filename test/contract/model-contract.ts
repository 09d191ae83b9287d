import { describe, expect, it } from 'vitest';
import type { FeatureColumn, FittedModel, Model, TrainingTable } from '../../src/contract/model.ts';
import { UserError } from '../../src/lib/errors.ts';
import { createRandom } from '../../src/lib/random.ts';

/**
 * A small panel with a real effect, a heavy tail, a nominal feature, missing values and several rows an account:
 * what every kind of model must cope with.
 */
export function samplePanel(seed: number, accounts = 150, dates = 4): TrainingTable {
  const random = createRandom(seed);
  const n = accounts * dates;
  const usage = new Float64Array(n);
  const money = new Float64Array(n);
  const noise = new Float64Array(n);
  const plan = new Float64Array(n);
  const constant = new Float64Array(n).fill(3);
  const label = new Uint8Array(n);
  const account = new Int32Array(n);
  const observation_date = new Int32Array(n);
  for (let i = 0; i < n; i++) {
    const id = Math.floor(i / dates);
    account[i] = id;
    observation_date[i] = 19_000 + 30 * (i % dates);
    plan[i] = id % 3;
    usage[i] = random() * 4 - 2;
    money[i] = Math.exp(10 * random());
    noise[i] = random();
    const eta = -1 - 1.2 * (usage[i] as number) + (plan[i] === 1 ? 1 : 0);
    label[i] = random() < 1 / (1 + Math.exp(-eta)) ? 1 : 0;
    if (random() < 0.1) usage[i] = Number.NaN;
    if (random() < 0.05) plan[i] = Number.NaN;
  }
  const continuous = (name: string, values: Float64Array): FeatureColumn => ({ name, kind: 'continuous', values });
  return {
    columns: [
      continuous('usage', usage),
      continuous('money', money),
      continuous('noise', noise),
      continuous('constant', constant),
      { name: 'plan', kind: 'nominal', values: plan, categories: ['basic', 'plus', 'pro'] },
    ],
    label,
    weight: new Float64Array(n).fill(1),
    account,
    observation_date,
  };
}

/** The checks every kind of model must pass; see docs/architecture.md, "Contracts". */
export function checkModel<P, F extends FittedModel>(model: Model<P, F>, params: P = model.defaults): void {
  describe(`model contract: ${model.kind}`, () => {
    const table = samplePanel(1);
    const fitOn = (data: TrainingTable, seed = 5) => model.fit(data, params, createRandom(seed));

    it('forgets what it was fitted on before', async () => {
      const fresh = await fitOn(table);
      await fitOn(samplePanel(2));
      expect(JSON.stringify(await fitOn(table))).toBe(JSON.stringify(fresh));
    });

    it('does not change its input', async () => {
      const before = samplePanel(1);
      await fitOn(table);
      expect(table).toEqual(before);
    });

    it('gives the same bytes for the same seed', async () => {
      expect(JSON.stringify(await fitOn(samplePanel(1)))).toBe(JSON.stringify(await fitOn(samplePanel(1))));
    });

    it('is frozen JSON and predicts the same after a round trip', async () => {
      const fitted = await fitOn(table);
      expect(Object.isFrozen(fitted)).toBe(true);
      expect(fitted.kind).toBe(model.kind);
      expect(fitted.feature_names).toEqual(table.columns.map((column) => column.name));
      const back = JSON.parse(JSON.stringify(fitted)) as F;
      expect(back).toEqual(fitted);
      expect(model.predict(back, table.columns)).toEqual(model.predict(fitted, table.columns));
    });

    it('explains exactly: intercept and contributions add up to the log-odds of the probability', async () => {
      const fitted = await fitOn(table);
      const probability = model.predict(fitted, table.columns);
      const { intercept, terms, contributions, log_odds } = model.explain(fitted, table.columns);
      expect(contributions).toHaveLength(terms.length);
      for (let i = 0; i < probability.length; i++) {
        const sum = contributions.reduce((total, values) => total + (values[i] as number), intercept);
        expect(Math.abs(sum - (log_odds[i] as number))).toBeLessThan(1e-9);
        const p = probability[i] as number;
        expect(Math.abs(Math.log(p / (1 - p)) - (log_odds[i] as number))).toBeLessThan(1e-9);
      }
    });

    it('learns: better than the base rate, and the true cause leads', async () => {
      const fitted = await fitOn(table);
      const other = samplePanel(9);
      const probability = model.predict(fitted, other.columns);
      const rate = table.label.reduce((sum, y) => sum + y, 0) / table.label.length;
      let loss = 0;
      let base = 0;
      for (let i = 0; i < probability.length; i++) {
        const y = other.label[i] as number;
        loss -= Math.log(y === 1 ? (probability[i] as number) : 1 - (probability[i] as number));
        base -= Math.log(y === 1 ? rate : 1 - rate);
      }
      expect(loss).toBeLessThan(0.9 * base);
    });

    it('answers for missing, infinite and unseen values with a probability inside (0, 1)', async () => {
      const fitted = await fitOn(table);
      const odd = table.columns.map((column): FeatureColumn => {
        const values = Float64Array.from([Number.NaN, Number.POSITIVE_INFINITY, -1e300, 1e300, 7]);
        return column.kind === 'nominal'
          ? { ...column, values: Float64Array.from([Number.NaN, 3, 99, 0, 1]), categories: ['never', 'plus', 'pro'] }
          : { ...column, values };
      });
      for (const p of model.predict(fitted, odd)) {
        expect(p).toBeGreaterThan(0);
        expect(p).toBeLessThan(1);
      }
    });

    it('finds columns and levels by name, not by position', async () => {
      const fitted = await fitOn(table);
      const turned = [...table.columns].reverse().map((column): FeatureColumn => {
        if (column.kind !== 'nominal') return column;
        const categories = ['new', ...[...(column.categories ?? [])].reverse()];
        return { ...column, categories, values: column.values.map((code) => 3 - code) };
      });
      expect(model.predict(fitted, turned)).toEqual(model.predict(fitted, table.columns));
    });

    it('answers for no rows at all', async () => {
      const fitted = await fitOn(table);
      const none = table.columns.map((column) => ({ ...column, values: new Float64Array(0) }));
      expect(model.predict(fitted, none)).toHaveLength(0);
    });

    it.each([0, 1])('refuses labels that are all %i with one sentence', async (value) => {
      const labels = { ...table, label: new Uint8Array(table.label.length).fill(value) };
      const error = await fitOn(labels).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(UserError);
      expect((error as UserError).message).toMatch(/^[A-Z][^.]*\.$/);
      expect((error as UserError).hint).toBeTruthy();
    });

    it('lets rows of weight 0 change nothing', async () => {
      const half = table.label.length / 2;
      const weight = table.weight.map((w, i) => (i < half ? w : 0));
      const wild = table.columns.map((column) => ({
        ...column,
        values: column.values.map((x, i) => (i < half ? x : column.kind === 'nominal' ? 2 - x : 50 * x)),
      }));
      const a = await fitOn({ ...table, weight });
      const b = await fitOn({
        ...table,
        weight,
        columns: wild,
        label: table.label.map((y, i) => (i < half ? y : 1 - y)),
      });
      expect(model.predict(b, table.columns)).toEqual(model.predict(a, table.columns));
    });
  });
}
