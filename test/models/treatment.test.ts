import { describe, expect, it } from 'vitest';
import type { FittedModel, TrainingTable } from '../../src/contract/model.ts';
import { createRandom } from '../../src/lib/random.ts';
import { churnRungs } from '../../src/models/churn-rungs.ts';
import { ebm } from '../../src/models/ebm/index.ts';
import { fitLogistic } from '../../src/models/logistic.ts';
import { baseRateRung, bestSingleRuleRung, type FittedRung, type Rung } from '../../src/models/rungs.ts';
import { explainServing, fitServing } from '../../src/models/serving.ts';
import { innerOrigins, rollingOrigins, takeRows } from '../../src/models/splits.ts';
import { TREATMENT, tellsTreatment, withoutTreatment, withTreatment } from '../../src/models/treatment.ts';

/**
 * A company where outreach works, counted out by hand: whoever is acted on leaves at a quarter of the odds.
 * silent accounts: nobody acts on 500, 200 leave (40 %, odds 2/3); 700 are acted on, 100 leave (odds 1/6 = 2/3 ÷ 4)
 * the others:      nobody acts on 1000, 100 leave (10 %, odds 1/9); 370 are acted on, 10 leave (odds 1/36 = 1/9 ÷ 4)
 * So 40 and 10 % are the truth; what is seen is 300/1200 = 25 % and 110/1370 = 8 %.
 */
const CELLS = [
  { silent: 1, treated: 0, rows: 500, outcomes: 200 },
  { silent: 1, treated: 1, rows: 700, outcomes: 100 },
  { silent: 0, treated: 0, rows: 1000, outcomes: 100 },
  { silent: 0, treated: 1, rows: 370, outcomes: 10 },
];

function company(isToldWhoWasTreated: boolean): TrainingTable {
  const rows = CELLS.flatMap(({ silent, treated, rows: count, outcomes }) =>
    Array.from({ length: count }, (_, i) => ({ silent, treated, label: i < outcomes ? 1 : 0 })),
  );
  return {
    columns: [
      { name: 'days_silent', kind: 'continuous', values: Float64Array.from(rows, ({ silent }) => 30 * silent) },
      { name: 'seats', kind: 'continuous', values: Float64Array.from(rows, (_, i) => (i * 37) % 11) },
    ],
    label: Uint8Array.from(rows, ({ label }) => label),
    weight: new Float64Array(rows.length).fill(1),
    account: Int32Array.from(rows.keys()),
    observation_date: new Int32Array(rows.length).fill(19_000),
    ...(isToldWhoWasTreated ? { treatment: Uint8Array.from(rows, ({ treated }) => treated) } : {}),
  };
}

/** Mean probability of silent accounts and of the others. */
function told(probability: Float64Array, table: TrainingTable): [number, number] {
  const mean = (days: number) => {
    const own = probability.filter((_, i) => table.columns[0]?.values[i] === days);
    return own.reduce((sum, p) => sum + p, 0) / own.length;
  };
  return [mean(30), mean(0)];
}

async function fitted(rung: Rung, table: TrainingTable): Promise<Float64Array> {
  const model = await rung.fit(table, createRandom(3));
  if ('skipped' in model) throw new Error(model.skipped);
  return (model as FittedRung).predict(table);
}

describe('a company where outreach works', () => {
  const aware = company(true);
  const blind = company(false);
  const rungOf = (name: string) => churnRungs().find((rung) => rung.name === name) as Rung;

  it.each([
    ['logistic', 0.02],
    ['ebm', 0.04],
    ['best_single_rule', 0.01],
  ])(
    '%s finds the risk when nobody acts, and without the treatment a lower one',
    async (name, slack) => {
      const [silent, others] = told(await fitted(rungOf(name), aware), aware);
      expect(Math.abs(silent - 0.4)).toBeLessThan(slack);
      expect(Math.abs(others - 0.1)).toBeLessThan(slack);
      const [silentSeen] = told(await fitted(rungOf(name), blind), blind);
      expect(Math.abs(silentSeen - 0.25)).toBeLessThan(slack);
    },
    60_000,
  );

  it.each(['logistic', 'ebm', 'best_single_rule'])(
    '%s serves it so, and no reason names the treatment',
    async (rung) => {
      for (const repeats of [undefined, await fitServing(rung, aware, createRandom(4))]) {
        const model = await fitServing(rung, aware, createRandom(5), { repeats });
        expect(JSON.stringify({ ...model, params: null })).not.toContain(TREATMENT);
        const { intercept, terms, contributions, log_odds } = explainServing(model, aware.columns);
        expect(terms).not.toContain(TREATMENT);
        log_odds.forEach((odds, i) => {
          const sum = contributions.reduce((all, column) => all + (column[i] as number), intercept);
          expect(Math.abs(sum - odds)).toBeLessThan(1e-9);
        });
        const probability = log_odds.map((odds) => 1 / (1 + Math.exp(-odds)));
        expect(Math.abs(told(probability, aware)[0] - 0.4)).toBeLessThan(0.05);
      }
    },
    60_000,
  );

  it('has the base rate of the untreated: (300 + ½) ÷ (1500 + 1), and a rule drawn toward it by 20 rows', async () => {
    expect((await fitted(baseRateRung, aware))[0]).toBeCloseTo(300.5 / 1501, 12);
    expect((await fitted(baseRateRung, blind))[0]).toBeCloseTo(410.5 / 2571, 12);
    const [silent, others] = told(await fitted(bestSingleRuleRung, aware), aware);
    expect(silent).toBeCloseTo((200 + 20 * 0.2) / 520, 12);
    expect(others).toBeCloseTo((100 + 20 * 0.2) / 1020, 12);
  });

  it('judges only rows that nobody acted on, where the training side tells what acting does', () => {
    // Everybody stands on day 1, closed on day 91, and four of them again on day 200: untreated, treated, untreated, treated.
    const again = Uint32Array.from([0, 600, 1300, 2400]);
    const n = aware.label.length;
    const both = takeRows(aware, Uint32Array.from([...Array(n).keys(), ...again]));
    const day = (first: number, second: number) => Int32Array.from(both.label, (_, i) => (i < n ? first : second));
    const panel = { ...both, observation_date: day(1, 200), closed_on: day(91, 290) };
    expect([...innerOrigins(panel, 300)].map(({ test }) => [...test])).toEqual([[n, n + 2]]);
    expect(rollingOrigins(panel, { origins: [200] })[0]?.test).toHaveLength(4);
    const few = { ...panel, treatment: panel.treatment?.map((_, i) => (i % 300 === 7 || i === n ? 1 : 0)) };
    expect(innerOrigins(few, 300)[0]?.test).toHaveLength(4);
  });
});

describe('a model whose treatment is set to none', () => {
  const aware = company(true);
  const asked = [...aware.columns, { name: TREATMENT, kind: 'continuous' as const, values: new Float64Array(2570) }];
  it.each([
    ['logistic', (table: TrainingTable): FittedModel => fitLogistic(table, { ridge: 1 }, createRandom(1)), 1e-12],
    ['ebm', (table: TrainingTable) => ebm.fit(table, ebm.defaults, createRandom(1)), 2e-6],
  ])(
    'says of every row what the whole model says of it untreated: %s',
    async (_, learn, slack) => {
      const whole = await learn(withTreatment(aware));
      expect(whole.feature_names.at(-1)).toBe(TREATMENT);
      const less = withoutTreatment(whole);
      expect(less.feature_names).toEqual(['days_silent', 'seats']);
      const before = explainServing(whole, asked).log_odds;
      const after = explainServing(less, aware.columns).log_odds;
      expect(Math.max(...before.map((odds, i) => Math.abs(odds - (after[i] as number))))).toBeLessThan(slack);
    },
    60_000,
  );

  it('is the same object where there was none', () => {
    const model = fitLogistic(company(false), { ridge: 1 }, createRandom(1));
    expect(withoutTreatment(model)).toBe(model);
  });
});

describe('what a treatment can tell', () => {
  const table = (treated: number, outcomes: number, others = 100): TrainingTable => {
    const n = treated + others;
    return {
      columns: [],
      label: Uint8Array.from({ length: n }, (_, i) => (i >= treated && i < treated + outcomes ? 1 : 0)),
      weight: new Float64Array(n).fill(1),
      account: Int32Array.from({ length: n }, (_, i) => i),
      observation_date: new Int32Array(n),
      treatment: Uint8Array.from({ length: n }, (_, i) => (i < treated ? 1 : 0)),
    };
  };
  it('needs ten outcomes that were due among the treated, and ten of the others', () => {
    // Twenty of a hundred others left: of fifty treated ten were due, of forty-nine 9.8.
    expect(tellsTreatment(table(50, 20))).toBe(true);
    expect(tellsTreatment(table(49, 20))).toBe(false);
    expect(tellsTreatment(table(1000, 9))).toBe(false);
    expect(tellsTreatment(table(0, 20))).toBe(false);
    expect(tellsTreatment({ ...table(50, 20), treatment: undefined })).toBe(false);
  });
  it('changes not a byte where it tells nothing', async () => {
    const blind = company(false);
    const few = { ...blind, treatment: blind.label.map((_, i) => (i % 300 === 7 ? 1 : 0)) };
    expect(tellsTreatment(few)).toBe(false);
    for (const rung of ['logistic', 'ebm', 'best_single_rule'])
      expect(JSON.stringify(await fitServing(rung, few, createRandom(5)))).toBe(
        JSON.stringify(await fitServing(rung, blind, createRandom(5))),
      );
  }, 60_000);
});
