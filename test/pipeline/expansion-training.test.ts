import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Config } from '../../src/contract/config.ts';
import { admitFeatures, customFeatures } from '../../src/data/custom-features.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { addDays } from '../../src/lib/dates.ts';
import { explainServing } from '../../src/models/serving.ts';
import { type ChurnTraining, trainChurn } from '../../src/pipeline/churn-training.ts';
import { buildPanel, readBasis } from '../../src/pipeline/panel.ts';
import { companyOf } from '../data/views-rows.ts';

const KEY = 'account.growth_code';
const AS_OF = '2025-08-31';
/** Accounts 0–59 buy an add-on one after the other, 60 days after somebody of theirs wrote; 60–89 wrote for nothing. */
const GROWING = 60;
const WRITING = 90;
const ACCOUNTS = 150;

const boughtOn = (i: number) => addDays('2024-09-20', 5 * i);

function settings(base: Config): Config {
  return {
    ...base,
    // Known at a day of its own, so that it is no undated attribute.
    custom: { [KEY]: { table: 'account', from: 'growth_code', kind: 'attribute' } },
    tables: { account: [{ file: 'accounts.csv', columns: { account_id: 'id', known_at: 'seen' } }] },
    model: { ...base.model, min_outcomes: 15, min_months: 6, features: [KEY] },
  } as Config;
}

let engine: Engine;
let config: Config;
let training: ChurnTraining;
let alone: ChurnTraining;

beforeAll(async () => {
  const each = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i));
  ({ engine, config } = await companyOf(
    {
      account: each(ACCOUNTS, (i) => ({ account_id: `a${i}`, created_date: '2024-06-01' })),
      contract: [
        ...each(ACCOUNTS, (i) => ({
          contract_id: `c${i}`,
          account_id: `a${i}`,
          start_date: '2024-06-01',
          mrr_amount: 100 + (i % 7),
          product: 'Core',
        })),
        ...each(GROWING, (i) => ({
          contract_id: `d${i}`,
          account_id: `a${i}`,
          start_date: boughtOn(i),
          mrr_amount: 40,
          product: 'Add-on',
        })),
      ],
      // Opened and won within a day: nobody is being sold to on a date of the panel, but for three.
      opportunity: each(GROWING, (i) => ({
        opportunity_id: `o${i}`,
        account_id: `a${i}`,
        kind: 'cross_sell',
        created_date: addDays(boughtOn(i), -1),
        closed_date: boughtOn(i),
        is_won: true,
      })),
      // An account that joins to no feed is unmatched; everybody wrote once, long ago.
      interaction: [
        ...each(ACCOUNTS, (i) => ['old', i, '2024-06-05'] as const),
        ...each(WRITING, (i) => ['new', i, addDays(boughtOn(i % GROWING), -60)] as const),
      ].map(([kind, i, day]) => ({
        interaction_id: `${kind}${i}`,
        account_id: `a${i}`,
        occurred_at: `${day} 10:00:00`,
        direction: 'inbound',
      })),
    },
    settings,
  ));
  await engine.execute('alter table account add column custom_growth_code varchar');
  await engine.execute(
    `update account set custom_growth_code = 'g' || account_id where cast(substr(account_id, 2) as integer) < ${GROWING}`,
  );
  await admitFeatures(engine, customFeatures(config));
  training = await trainChurn(engine, config, AS_OF, { onLeak: 'refuse', expansion: { champion: undefined } });
  alone = await trainChurn(engine, config, AS_OF, { onLeak: 'refuse' });
}, 600_000);
afterAll(() => engine.close());

describe('the expansion model', () => {
  it('finds the planted signal, and leaves out the column that knows who grew, without stopping the training', () => {
    const model = training.expansion?.model;
    expect(model?.kind).toBe('expansion');
    expect(model?.expansion.verdict).toBe('model');
    expect(model?.expansion.outcome_count).toBe(GROWING);
    expect(model?.won_account_count).toBe(GROWING);
    expect(model?.left_out.map(({ feature }) => feature)).toEqual(['custom_growth_code']);
    expect(model?.leaks).toMatchObject([
      {
        name: KEY,
        treatment: 'left_out',
        is_admitted: true,
        message: `${KEY} is filled for 60 accounts, of which 60 grew, and empty for 90, of which 0 grew: it tells the outcome`,
      },
    ]);
    expect(model?.expansion.evidence.features).not.toContain('custom_growth_code');
    expect(model?.expansion.refits).toEqual([]);
  });

  it('changes nothing of the churn model, which is the same without it, and refuses by itself', () => {
    expect(alone.expansion).toBeUndefined();
    expect(training.model).toEqual(alone.model);
    expect(training.model.leave.verdict).toBe('too_few_outcomes');
    expect(training.model.leave.sentence).toBe('Facts, not a forecast: 0 outcomes here, 15 needed.');
    expect(training.model.leaks).toEqual([]);
  });

  it('takes its log-odds apart without a rest', async () => {
    const served = training.expansion?.model.expansion.served ?? null;
    if (served === null) throw new Error('a rung serves');
    await buildPanel(engine, config, ['2025-01-01'], AS_OF, undefined, { expansion: true });
    const { panel, column } = await readBasis(engine, 'expansion', AS_OF, new Set());
    // A column that is the same for everybody on this date is no column of its panel.
    const columns = served.feature_names.map((name) => column(name)).filter((found) => found !== undefined);
    const { intercept, contributions, log_odds } = explainServing(served, columns);
    expect(panel.label.length).toBe(ACCOUNTS);
    for (let i = 0; i < log_odds.length; i++) {
      const sum = contributions.reduce((total, values) => total + (values[i] as number), intercept);
      expect(Math.abs(sum - (log_odds[i] as number))).toBeLessThan(1e-9);
    }
  });

  it('labels a date by hand', async () => {
    await buildPanel(engine, config, ['2025-01-01'], AS_OF, undefined, { expansion: true });
    const rows = await engine.rows('select account_id from main.panel where expansion_label = 1 order by account_id');
    // Bought after 1 January and by 1 April 2025: i with 20 September 2024 + 5 i in between, 21 (3 January) to 38 (29 March).
    const grown = Array.from({ length: 18 }, (_, k) => `a${21 + k}`);
    expect(rows.map((row) => row['account_id'])).toEqual(grown);
    // Not asked for, not computed.
    await buildPanel(engine, config, ['2025-01-01'], AS_OF);
    const [none] = await engine.rows('select count(expansion_label) as n from main.panel');
    expect(none?.['n']).toBe(0);
  });
});
