import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/data/config.ts';
import { openDuckDB } from '../../src/engine/duckdb.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { emptyState } from '../../src/ledger/index.ts';
import { judgePredictions } from '../../src/pipeline/retro-predictions.ts';

const DAY = '2025-01-05';
const base = parseConfig('version: 1\ndata: .\n', 'retain.yaml');
const config = { ...base, model: { ...base.model, min_outcomes: 10 } };

/** Forty accounts on one day, the first twenty of which left within 90 days; a health score and a probability each. */
describe('what past runs predicted', () => {
  let engine: Engine;
  beforeEach(async () => {
    engine = await openDuckDB({ threads: 1 });
    await emptyState(engine);
    await engine.execute(`
      create table main.book as select 'a' || lpad(cast(i as varchar), 2, '0') as account_id, i from range(40) as t(i);
      create table main.panel as select date '${DAY}' as observation_date, account_id, 'leave' as churn_basis,
        cast(i < 20 as integer) as label, date '2025-05-05' as closed_on, false as is_unavoidable from main.book;
      insert into state.run_date by name select 'r' as run_id, 1 as run_number, date '${DAY}' as as_of, false as is_replayed;
      insert into state.health_reading by name
        select 'r' as run_id, date '${DAY}' as as_of, account_id, 40.0 + i as health_score, 'yellow' as band from main.book`);
  });
  afterEach(() => engine.close());

  /** Scores of the accounts below `count` by a model of this horizon and definition; twice as high for those that left. */
  async function told(count: number, horizon_days: number, churn_definition = config.churn.definition): Promise<void> {
    const model = JSON.stringify({ horizon_days, churn_definition });
    await engine.execute(`
      insert into state.model by name
        select 'm' as model_id, date '${DAY}' as as_of, 'both' as basis, 'churn' as kind, '${model}'::json as model;
      insert into state.churn_score by name select 'r' as run_id, date '${DAY}' as as_of, account_id, 'leave' as basis,
        case when i < 20 then 0.6 else 0.3 end as churn_probability, 'm' as model_id from main.book where i < ${count}`);
  }
  const judge = async (name: string) => {
    const { records, dates } = await judgePredictions(engine, config, '2025-06-01');
    return { record: records.find(({ prediction }) => prediction === name), dates };
  };

  it('is held against what happened', async () => {
    await told(40, 90);
    const { record, dates } = await judge('churn_probability');
    // 20 × .6 + 20 × .3 expected, 20 left.
    expect(record).toMatchObject({ row_count: 40, outcome_count: 20, observed_count: 20, auc: 1 });
    expect(record?.expected_count).toBeCloseTo(18, 9);
    expect(record?.sentence).toMatch(/^no more and no fewer left than the probabilities said, within chance/);
    expect(dates).toHaveLength(1);
  });

  it('counts the outcomes of accounts that had a probability, and of no others', async () => {
    await told(5, 90);
    const { record } = await judge('churn_probability');
    expect(record).toMatchObject({ verdict: 'too_few_outcomes', row_count: 5, outcome_count: 5, auc: null });
    expect((await judge('health_score')).record).toMatchObject({ row_count: 40, outcome_count: 20 });
    await engine.execute("update state.health_reading set health_score = null where account_id >= 'a03'");
    expect((await judge('health_score')).record).toMatchObject({ verdict: 'too_few_outcomes', outcome_count: 3 });
  });

  it.each([
    [60, config.churn.definition],
    [90, 'inactivity'],
  ] as const)('under %i days and %s is no answer to what is asked today', async (horizon, definition) => {
    await told(40, horizon, definition);
    const { record, dates } = await judge('churn_probability');
    expect(record).toMatchObject({ verdict: 'nothing_predicted', outcome_count: 20, expected_count: null });
    expect(dates).toEqual([]);
  });
});
