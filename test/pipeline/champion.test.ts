import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChurnModel } from '../../src/contract/churn-model.ts';
import type { Config } from '../../src/contract/config.ts';
import type { ExpansionModel } from '../../src/contract/expansion-model.ts';
import { openDuckDB } from '../../src/engine/duckdb.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { createStateTables } from '../../src/ledger/schema.ts';
import { NO_EVIDENCE } from '../../src/pipeline/basis-evidence.ts';
import { emptyBasis } from '../../src/pipeline/basis-fit.ts';
import {
  challenge,
  challengeRow,
  predictionRows,
  readChampion,
  readExpansionChampion,
} from '../../src/pipeline/champion.ts';
import { CHURN_MODEL_SCHEMA, type ChurnTraining } from '../../src/pipeline/churn-training.ts';
import { EXPANSION_MODEL_SCHEMA } from '../../src/pipeline/expansion-training.ts';
import { modelText } from '../../src/pipeline/model-file.ts';
import { agentConfig } from '../helpers/agents.ts';

const config = agentConfig();

function model(model_id: string, as_of: string): ChurnModel {
  return {
    kind: 'churn',
    schema_version: CHURN_MODEL_SCHEMA,
    feature_names: [],
    model_id,
    as_of,
    churn_definition: config.churn.definition,
    horizon_days: config.churn.horizon_days,
    min_outcomes: 30,
    seed: config.seed,
    leave: { ...emptyBasis('leave'), evidence: NO_EVIDENCE },
    renewal: emptyBasis('renewal'),
    left_out: [],
    leaks: [],
    facts: [],
  };
}

/** Twelve of 120 accounts left; half of the rows closed on 1 March, the others on 1 July 2025. */
function training(id: string, says: (label: number) => number, championSays: (label: number) => number): ChurnTraining {
  const label = Array.from({ length: 240 }, (_, i) => (i % 120 < 12 ? 1 : 0));
  return {
    model: model(id, '2025-07-31'),
    bases: [
      {
        model: emptyBasis('leave'),
        predicted: {
          basis: 'leave',
          account: label.map((_, i) => `a${i % 120}`),
          origin: label.map((_, i) => (i < 120 ? '2024-12-01' : '2025-04-01')),
          closed_on: label.map((_, i) => (i < 120 ? '2025-03-01' : '2025-07-01')),
          label,
          probability: label.map(says),
        },
        champion: label.map(championSays),
      },
    ],
  };
}

const knows = (label: number) => (label === 1 ? 0.4 : 0.07);
const constant = () => 0.1;

describe('challenge', () => {
  const champion = model('old', '2025-03-31');

  it('is won by whoever is not worse on rows that closed after the champion was fitted', () => {
    const lost = challenge(champion, training('new', constant, knows));
    expect(lost).toMatchObject({ champion_id: 'old', is_champion: false, rows: 'unseen' });
    expect(lost.comparison).toMatchObject({ row_count: 120, outcome_count: 12 });
    expect(lost.reason).toMatch(/^worse out of time than the one that serves: .* closed after 31 Mar 2025/);
    expect(challenge(champion, training('new', knows, constant)).is_champion).toBe(true);
    expect(challenge(champion, training('new', constant, constant)).reason).toMatch(/^not worse out of time/);
  });

  it('falls back on what both ladders predicted, and then on the newer one', () => {
    // A champion of the same day has seen every row that closed.
    const same = model('other', '2025-07-31');
    const rows = predictionRows(training('other', knows, constant));
    expect(rows).toHaveLength(240);
    const lost = challenge(same, training('new', constant, constant), rows as never);
    expect(lost).toMatchObject({ is_champion: false, rows: 'ladder', comparison: { row_count: 240 } });
    expect(challenge(same, training('new', constant, constant), [])).toMatchObject({
      is_champion: true,
      rows: null,
      reason: expect.stringContaining('not compared with other'),
    });
    expect(challenge(undefined, training('new', knows, constant)).reason).toBe('the first model of its kind');
  });
});

describe('readChampion', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openDuckDB({ threads: 1 });
    await createStateTables(engine);
    const add = async (
      id: string,
      as_of: string,
      challenged?: { from: string | null; won: boolean; number: number },
    ) => {
      await engine.execute(
        `insert into state.model (model_id, as_of, basis, kind, model) values ($id, $as_of::date, 'both', 'churn', $model::json)`,
        { id, as_of, model: JSON.stringify(model(id, as_of)) },
      );
      if (challenged === undefined) return;
      await engine.execute(
        `insert into state.model_challenge (model_id, as_of, challenge_number, champion_id, is_champion, reason)
         values ($id, $as_of::date, $number, $from, $won, 'because')`,
        { id, as_of, number: challenged.number, from: challenged.from, won: challenged.won },
      );
    };
    await add('before-challenges', '2025-01-31');
    await add('a', '2025-02-28', { from: 'before-challenges', won: true, number: 1 });
    await add('b', '2025-03-31', { from: 'a', won: false, number: 1 });
    await add('c', '2025-04-30', { from: 'a', won: true, number: 1 });
    await add('d', '2025-04-30', { from: 'c', won: true, number: 2 });
  });
  afterAll(() => engine.close());

  it('is the newest that took over by the day; one that lost never serves, and confirms who won', async () => {
    const at = async (day: string) => {
      const champion = await readChampion(engine, config, day);
      return champion === undefined ? undefined : [champion.model.model_id, champion.confirmed_on];
    };
    expect(await at('2025-01-01')).toBeUndefined();
    expect(await at('2025-02-01')).toEqual(['before-challenges', '2025-01-31']);
    expect(await at('2025-03-30')).toEqual(['a', '2025-02-28']);
    expect(await at('2025-04-29')).toEqual(['a', '2025-03-31']);
    // Two of one day: the one that challenged last.
    expect(await at('2025-12-31')).toEqual(['d', '2025-04-30']);
  });

  it('serves no other definition, horizon or seed', async () => {
    expect(await readChampion(engine, { ...config, seed: config.seed + 1 }, '2025-12-31')).toBeUndefined();
    const longer = { ...config, churn: { ...config.churn, horizon_days: 60 } };
    expect(await readChampion(engine, longer, '2025-12-31')).toBeUndefined();
  });
});

describe('the champion of a kind', () => {
  const growing = (model_id: string, as_of: string, over: Partial<ExpansionModel> = {}): ExpansionModel => ({
    kind: 'expansion',
    schema_version: EXPANSION_MODEL_SCHEMA,
    feature_names: [],
    model_id,
    as_of,
    ...config.expansion,
    churn_definition: config.churn.definition,
    min_outcomes: 30,
    seed: config.seed,
    expansion: emptyBasis('expansion'),
    won_account_count: 0,
    left_out: [],
    leaks: [],
    ...over,
  });
  let engine: Engine;
  beforeAll(async () => {
    engine = await openDuckDB({ threads: 1 });
    await createStateTables(engine);
    const add = async (stored: ExpansionModel | ChurnModel, from: string | null, won: boolean, number: number) => {
      const { model_id: id, as_of, kind } = stored;
      await engine.execute(
        `insert into state.model (model_id, as_of, basis, kind, model) values ($id, $as_of::date, 'b', $kind, $model::json)`,
        { id, as_of, kind, model: JSON.stringify(stored) },
      );
      await engine.execute(
        `insert into state.model_challenge (model_id, as_of, challenge_number, champion_id, is_champion, reason)
         values ($id, $as_of::date, $number, $from, $won, 'because')`,
        { id, as_of, number, from, won },
      );
    };
    await add(model('churn-1', '2025-02-28'), null, true, 1);
    await add(growing('expansion-1', '2025-02-28'), null, true, 2);
    // One training: its churn model lost, its expansion model won.
    await add(model('churn-2', '2025-04-30'), 'churn-1', false, 1);
    await add(growing('expansion-2', '2025-04-30'), 'expansion-1', true, 2);
    await add(growing('expansion-other', '2025-05-31', { min_growth_rate: 0.5 }), null, true, 1);
    await add(growing('expansion-old-form', '2025-06-30', { schema_version: 0 }), null, true, 1);
  });
  afterAll(() => engine.close());

  it('is decided among its own: a churn model that lost holds no expansion model back', async () => {
    expect((await readChampion(engine, config, '2025-12-31'))?.model.model_id).toBe('churn-1');
    expect((await readExpansionChampion(engine, config, '2025-12-31'))?.model.model_id).toBe('expansion-2');
    expect((await readExpansionChampion(engine, config, '2025-04-29'))?.model.model_id).toBe('expansion-1');
  });

  it('serves no other least growth, horizon or definition, and no model of another form', async () => {
    const by = async (expansion: Partial<Config['expansion']>) => {
      const asked = { ...config, expansion: { ...config.expansion, ...expansion } };
      return (await readExpansionChampion(engine, asked, '2025-12-31'))?.model.model_id;
    };
    expect(await by({ min_growth_rate: 0.5 })).toBe('expansion-other');
    expect(await by({ horizon_days: 180 })).toBeUndefined();
    expect(await by({ definition: 'won_opportunity' })).toBeUndefined();
  });

  it('numbers two challenges of one day apart', async () => {
    const lost = { champion_id: 'x', is_champion: false, reason: 'because', rows: null, comparison: null };
    const fitted = model('new', '2025-04-30');
    const numbers = [0, 1].map((before) => challengeRow(engine, fitted, lost, before));
    expect((await Promise.all(numbers)).map((row) => row['challenge_number'])).toEqual([3, 4]);
  });
});

describe('modelText', () => {
  it('reads back as the same model and stays narrow where it holds more than numbers', () => {
    const whole = {
      ...model('a', '2025-01-31'),
      leaks: [{ name: 'x', message: 'y'.repeat(200), treatment: 'warned', is_admitted: false }],
    } as ChurnModel;
    const text = modelText(whole);
    expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(whole)));
    expect(text.split('\n').length).toBeGreaterThan(20);
    expect(text).toContain('\n "as_of": "2025-01-31",\n');
  });
});
