import { afterEach, describe, expect, it } from 'vitest';
import type { ChurnModel } from '../../src/contract/churn-model.ts';
import type { Config } from '../../src/contract/config.ts';
import { admitFeatures, customFeatures } from '../../src/data/custom-features.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { UserError } from '../../src/lib/errors.ts';
import { fitChurn } from '../../src/pipeline/churn-training.ts';
import { companyOf } from '../data/views-rows.ts';

let opened: Engine | undefined;
afterEach(() => {
  opened?.close();
  opened = undefined;
});

const KEY = 'account.exit_score';

function settings(base: Config, allow: readonly string[] = []): Config {
  return {
    ...base,
    custom: { [KEY]: { table: 'account', from: 'exit_score', kind: 'attribute' } },
    tables: { account: [{ file: 'accounts.csv', columns: { account_id: 'id' } }] },
    model: { ...base.model, min_outcomes: 5, min_months: 1, features: [KEY], allow_leak: allow },
  } as Config;
}

/** Sixty open contracts, fifteen of which end one after the other; `exit_score` is filled once they have. */
async function company(allow: readonly string[] = []): Promise<{ engine: Engine; config: Config }> {
  const { engine, config } = await companyOf(
    {
      account: Array.from({ length: 60 }, (_, i) => ({ account_id: `a${i}`, created_date: '2024-01-01' })),
      contract: Array.from({ length: 60 }, (_, i) => ({
        contract_id: `c${i}`,
        account_id: `a${i}`,
        start_date: '2024-01-01',
        mrr_amount: 10 + (i % 7),
        ended_date: i < 15 ? `2024-${String(6 + (i % 7)).padStart(2, '0')}-10` : null,
      })),
      usage: [{ account_id: 'a1', occurred_at: '2024-01-05 10:00:00', event_count: 1 }],
    },
    (base) => settings(base, allow),
  );
  opened = engine;
  await engine.execute(`alter table account add column custom_exit_score varchar`);
  await engine.execute(
    `update account set custom_exit_score = 'e' || account_id where cast(substr(account_id, 2) as integer) < 15`,
  );
  await admitFeatures(engine, customFeatures(config));
  return { engine, config };
}

const FEATURES_OF = (model: ChurnModel) => [...model.leave.ladder, ...model.renewal.ladder].length;

describe('a column that tells the outcome, admitted to the features', () => {
  it('stops a training that a person asked for, and names the column and the flag', async () => {
    const { engine, config } = await company();
    const refusal: unknown = await fitChurn(engine, config, '2025-09-30', { onLeak: 'refuse' }).catch((error) => error);
    expect(refusal).toBeInstanceOf(UserError);
    expect(refusal).toMatchObject({
      message: expect.stringMatching(
        /account\.exit_score is filled for 15 accounts, of which 15 left, and empty for 45, of which 0 left/,
      ),
      hint: expect.stringContaining('--allow-leak account.exit_score'),
    });
  });

  it('stays out of the model of an unattended run, and is told', async () => {
    const { engine, config } = await company();
    const model = await fitChurn(engine, config, '2025-09-30');
    expect(FEATURES_OF(model)).toBeGreaterThan(0);
    expect(model.left_out.map(({ feature }) => feature)).toContain('custom_exit_score');
    expect(model.leaks.filter(({ name }) => name === KEY).map(({ treatment }) => treatment)).toEqual([
      'left_out',
      'left_out',
    ]);
  });

  it('enters where it is let in by name, and the model remembers that', async () => {
    const { engine, config } = await company([KEY]);
    const model = await fitChurn(engine, config, '2025-09-30', { onLeak: 'refuse' });
    expect(model.left_out.map(({ feature }) => feature)).not.toContain('custom_exit_score');
    expect(
      model.leaks.filter(({ name }) => name === KEY).map(({ treatment, is_admitted }) => [treatment, is_admitted]),
    ).toEqual([
      ['allowed', true],
      ['allowed', true],
    ]);
  });
});

describe('admitFeatures', () => {
  it('gives the value on the newest row that has one and was known by the day', async () => {
    const { engine } = await companyOf({
      account: [{ account_id: 'a', created_date: '2024-01-01' }],
      contract: [{ contract_id: 'c', account_id: 'a', start_date: '2024-01-01', mrr_amount: 10 }],
      survey: ['2024-02-01', '2024-03-01', '2024-04-01'].map((day, i) => ({
        account_id: 'a',
        response_id: `r${i}`,
        sent_at: `${day} 00:00:00`,
        responded_at: `${day} 00:00:00`,
        score: 5,
      })),
    });
    opened = engine;
    await engine.execute('alter table survey add column custom_effort decimal(18, 6)');
    await engine.execute(`update survey set custom_effort = case response_id when 'r0' then 2 when 'r2' then 7 end`);
    await admitFeatures(engine, [
      { key: 'survey.effort', table: 'survey', column: 'custom_effort', kind: 'continuous', is_dated: true },
    ]);
    const at = async (day: string) =>
      (await engine.rows(`select custom_effort from account_features(date '${day}')`))[0]?.['custom_effort'];
    // The answer of March left the cell empty: the one before it still stands.
    expect([await at('2024-01-15'), await at('2024-03-15'), await at('2024-04-15')]).toEqual([null, 2, 7]);
  });
});
