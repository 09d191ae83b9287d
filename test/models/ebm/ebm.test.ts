import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/lib/random.ts';
import * as door from '../../../src/models/index.ts';
import { checkModel, samplePanel } from '../../contract/model-contract.ts';

checkModel(door.ebm);
checkModel(door.ebm, { ...door.EBM_DEFAULTS, bags: 2, pairs: 3, pair_outcomes: 0, full_outcomes: 0 });

describe('fitEbm', () => {
  it('works on plain arrays, with texts, booleans and gaps', async () => {
    const random = createRandom(1);
    const rows = Array.from({ length: 400 }, () => {
      const plan = random() < 0.5 ? 'basic' : 'pro';
      const seats = Math.floor(random() * 50);
      const isTrial = random() < 0.3;
      const eta = (plan === 'basic' ? 1 : -1) + (isTrial ? 1 : 0) - seats / 50;
      return { plan, seats: random() < 0.1 ? null : seats, isTrial, label: random() < 1 / (1 + Math.exp(-eta)) };
    });
    const columns = {
      plan: rows.map((row) => row.plan),
      seats: rows.map((row) => row.seats),
      isTrial: rows.map((row) => row.isTrial),
    };
    const model = await door.fitEbm({ columns, label: rows.map((row) => row.label) }, { bags: 4 });
    const basic = door.predict(model, { plan: ['basic', 'pro'], seats: [10, 10], isTrial: [true, false] });
    expect(basic[0]).toBeGreaterThan(0.6);
    expect(basic[1]).toBeLessThan(0.4);
    const { terms, intercept, contributions, log_odds } = door.explain(model, columns);
    expect(terms.slice(0, 3)).toEqual(['plan', 'seats', 'isTrial']);
    const total = contributions.reduce((sum, values) => sum + (values[7] as number), intercept);
    expect(total).toBeCloseTo(log_odds[7] as number, 12);
  });

  it('refuses fewer outcomes than it needs with one sentence', async () => {
    const table = samplePanel(3);
    const label = table.label.map((_, i) => (i < 36 && i % 4 === 0 ? 1 : 0));
    await expect(door.fitEbm({ ...table, label })).rejects.toThrow(
      'A glass-box model cannot be fitted: 9 accounts have the outcome, 10 are needed.',
    );
  });

  it('says what it took away where outcomes are few', async () => {
    const model = await door.fitEbm(samplePanel(3));
    expect(model.training.outcomes).toBeLessThan(200);
    expect(model.training.shrunk).toHaveLength(2);
    expect(model.terms).toHaveLength(5);
    expect(model.training.shrunk[0]).toMatch(/^10 bins in pairs: \d+ outcomes, fewer than 250$/);
    expect(model.training.shrunk[1]).toMatch(/^no pairs: /);
    expect(model.params).toMatchObject({ max_bins: 256, pair_bins: 10 });
  });
});

describe('ebmRung', () => {
  it('predicts as a rung, without the columns that are rungs of their own', async () => {
    const table = samplePanel(3);
    const own = { name: 'health_score', kind: 'continuous' as const, values: Float64Array.from(table.label) };
    const rung = door.ebmRung({ bags: 2 });
    const fitted = await rung.fit({ ...table, columns: [...table.columns, own] }, createRandom(1));
    const plain = await door.ebmRung({ bags: 2 }).fit(table, createRandom(1));
    if ('skipped' in fitted || 'skipped' in plain) throw new Error('the rung was skipped');
    expect(fitted.predict(table)).toEqual(plain.predict(table));
  });

  it('stands aside where outcomes are too few', async () => {
    const table = samplePanel(3);
    const label = table.label.map((_, i) => (i === 0 || i === 4 ? 1 : 0));
    expect(await door.ebmRung().fit({ ...table, label }, createRandom(1))).toEqual({
      skipped: '2 outcomes, 10 needed',
    });
  });
});
