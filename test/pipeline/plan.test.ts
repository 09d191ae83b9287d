import { describe, expect, it } from 'vitest';
import { AGENTS } from '../../src/agents/index.ts';
import type { Agent } from '../../src/contract/agent.ts';
import { planRun } from '../../src/pipeline/plan.ts';
import { availableRelations, planAgents, planRelations } from '../../src/pipeline/replay.ts';

function agent(id: string, reads: readonly string[], writes: readonly string[] = [`${id}_list`]): Agent {
  return { id, title: id, question: '?', reads, writes, defaults: {}, run: async () => ({ skipped: 'only planned' }) };
}

const available = new Map<string, readonly string[]>([
  ['state', []],
  ['use', ['state']],
  ['fact', ['use', 'state']],
  ['unread', []],
]);
const plan = (agents: readonly Agent[], given: readonly string[] = []) => planRun(agents, available, new Set(given));
const ids = (agents: readonly Agent[]) => agents.map(({ id }) => id);

describe('planRun', () => {
  it('puts a reader after the writer of what it reads, and keeps the order given where nothing decides', () => {
    const renewal = agent('renewal', ['churn_list', 'health_list']);
    const health = agent('health', ['fact']);
    const churn = agent('churn', ['health_list']);
    expect(ids(plan([renewal, churn, health]).agents)).toEqual(['health', 'churn', 'renewal']);
    expect(ids(plan([agent('b', []), agent('a', [])]).agents)).toEqual(['b', 'a']);
  });

  it('computes each relation once, below before above, and none that nobody reads', () => {
    expect(plan([agent('a', ['fact']), agent('b', ['use', 'fact'])]).relations).toEqual(['state', 'use', 'fact']);
    expect(plan([agent('a', [])]).relations).toEqual([]);
  });

  it('leaves to the caller what it gives, and to an agent its own table', () => {
    expect(plan([agent('a', ['remembered', 'fact'])], ['remembered', 'use']).relations).toEqual(['state', 'fact']);
    expect(ids(plan([agent('a', ['a_list'])]).agents)).toEqual(['a']);
  });

  it('refuses two writers of one table, agents and relations in a circle, and reads that nothing provides', () => {
    expect(() => plan([agent('a', [], ['list']), agent('b', [], ['list'])])).toThrow('agents a and b both write list');
    expect(() => plan([agent('a', ['b_list']), agent('b', ['c_list']), agent('c', ['a_list'])])).toThrow(
      'agents wait for each other: a → b → c → a',
    );
    expect(() => plan([agent('a', ['nowhere'])])).toThrow('a reads nowhere, which nothing provides');
    const circle = new Map([
      ['x', ['y']],
      ['y', ['x']],
    ]);
    expect(() => planRun([agent('a', ['x'])], circle, new Set())).toThrow('in a circle: a → x → y → x');
  });
});

describe('the plan of the registry', () => {
  it('serves every read of every agent, writers first, whatever the order of the registry', () => {
    for (const agents of [AGENTS, [...AGENTS].reverse()]) {
      const found = planAgents(agents, ['health_measures_revised']);
      expect(new Set(found.agents)).toEqual(new Set(AGENTS));
      const written = new Set<string>();
      for (const { reads, writes } of found.agents) {
        for (const name of reads) {
          if (AGENTS.some((other) => other.writes.includes(name) && !writes.includes(name))) {
            expect(written).toContain(name);
          }
        }
        for (const name of writes) written.add(name);
      }
    }
  });

  it('stands every relation after those it reads', () => {
    const relations = planRelations(['account_features', 'health_measures', 'fact']);
    const reads = availableRelations();
    relations.forEach((name, index) => {
      for (const below of reads.get(name) ?? []) expect(relations.slice(0, index)).toContain(below);
    });
    expect(relations).toContain('usage_change');
    expect(relations.filter((name) => name.endsWith('_asof'))).toEqual([]);
  });
});
