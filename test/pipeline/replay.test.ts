import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Agent, AgentContext, AgentOutcome, Day } from '../../src/contract/agent.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { replay } from '../../src/pipeline/replay.ts';
import { companyOf } from '../data/views-rows.ts';
import { agentConfig } from '../helpers/agents.ts';

function agent(id: string, reads: readonly string[], run: (context: AgentContext) => Promise<void>): Agent {
  return {
    id,
    title: id,
    question: '?',
    reads,
    writes: [`${id}_list`],
    defaults: {},
    async run(context) {
      await run(context);
      return { headline: id, tables: [] };
    },
  };
}

const list = (id: string) => (context: AgentContext) =>
  context.write(`${id}_list`, 'select account_id, tenure_days from account_state order by account_id');
const sound = agent('sound', ['account_state'], list('sound'));
const broken = agent('broken', ['account_state'], async (context) => {
  await list('broken')(context);
  throw new Error('division by zero');
});
const reader = agent('reader', ['broken_list'], (context) => context.write('reader_list', 'select * from broken_list'));
const readerOfReader = agent('second_reader', ['reader_list'], (context) =>
  context.write('second_reader_list', 'select * from reader_list'),
);
const silent: Agent = { ...agent('silent', [], async () => undefined), run: async () => ({ skipped: 'no goals' }) };

describe('replay', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = (
      await companyOf({
        contract: [{ contract_id: 'c1', account_id: 'a1', start_date: '2024-01-01', mrr_amount: 10 }],
      })
    ).engine;
  });
  afterAll(() => engine.close());

  async function live(agents: readonly Agent[], dates: readonly Day[]) {
    const days: { asOf: Day; isLast: boolean; outcomes: readonly AgentOutcome[]; rows: unknown }[] = [];
    await replay({
      engine,
      config: agentConfig(),
      agents,
      dates,
      modelFor: () => undefined,
      settingsFor: () => ({}),
      decide: async ({ asOf, isLast, outcomes }) => {
        const rows = await engine.rows('select account_id, tenure_days from finding.sound_list order by account_id');
        days.push({ asOf, isLast, outcomes, rows });
      },
    });
    return days;
  }

  it('fails the agent that throws, skips who reads it and who reads those, and lets the others go on', async () => {
    const [day] = await live([readerOfReader, broken, reader, silent, sound], ['2024-03-01']);
    expect(day?.outcomes.map(({ agent: id, status }) => [id, status])).toEqual([
      ['broken', 'failed'],
      ['reader', 'skipped'],
      ['second_reader', 'skipped'],
      ['silent', 'skipped'],
      ['sound', 'ok'],
    ]);
    expect(day?.outcomes[0]).toMatchObject({ error: 'division by zero' });
    expect(day?.outcomes[1]).toMatchObject({ reason: 'broken gave no broken_list' });
    expect(day?.outcomes[2]).toMatchObject({ reason: 'reader gave no reader_list' });
    expect(day?.outcomes[3]).toMatchObject({ reason: 'no goals' });
    expect(day?.rows).toEqual([{ account_id: 'a1', tenure_days: 60 }]);
  });

  it('lives every date with its own views, and leaves nothing of one date to the next', async () => {
    const once = agent('once', ['account_state'], async (context) => {
      if (context.asOf === '2024-02-01') await list('once')(context);
      else await expect(context.rows('select * from once_list')).rejects.toThrow('once_list');
    });
    const days = await live([sound, once], ['2024-02-01', '2024-03-01']);
    expect(days.map(({ asOf, isLast, rows }) => [asOf, isLast, rows])).toEqual([
      ['2024-02-01', false, [{ account_id: 'a1', tenure_days: 31 }]],
      ['2024-03-01', true, [{ account_id: 'a1', tenure_days: 60 }]],
    ]);
    expect(days.flatMap(({ outcomes }) => outcomes.map(({ status }) => status))).toEqual(['ok', 'ok', 'ok', 'ok']);
  });
});
