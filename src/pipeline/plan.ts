import type { Agent } from '../contract/agent.ts';

/** What a replay has to compute for one date, in order. */
export interface Plan {
  /** Views and derived relations to materialise, dependencies first. */
  readonly relations: readonly string[];
  readonly agents: readonly Agent[];
}

/** A relation by name with the relations it reads. */
export type Dependencies = ReadonlyMap<string, readonly string[]>;

/**
 * Orders agents by their declared reads and writes, and the relations below them by what they read.
 *
 * @param available relations that exist as views or derived relations, with what each reads
 * @param given relations present without being computed (ledger copies, the canonical tables)
 * @throws Error when an agent reads what nobody writes, two agents write one table, or the order is circular
 */
export function planRun(agents: readonly Agent[], available: Dependencies, given: ReadonlySet<string>): Plan {
  const writers = new Map<string, Agent>();
  for (const agent of agents) {
    for (const name of agent.writes) {
      const other = writers.get(name);
      if (other !== undefined) throw new Error(`agents ${other.id} and ${agent.id} both write ${name}`);
      writers.set(name, agent);
    }
  }
  const ordered = sortAgents(agents, writers);
  const relations: string[] = [];
  const done = new Set<string>();
  const visit = (name: string, path: readonly string[]): void => {
    if (done.has(name) || writers.has(name) || given.has(name)) return;
    if (path.includes(name)) throw new Error(`relations read each other in a circle: ${[...path, name].join(' → ')}`);
    const reads = available.get(name);
    if (reads === undefined) throw new Error(`${path.at(-1) ?? 'an agent'} reads ${name}, which nothing provides`);
    for (const read of reads) visit(read, [...path, name]);
    done.add(name);
    relations.push(name);
  };
  for (const agent of ordered) for (const name of agent.reads) visit(name, [agent.id]);
  return { relations, agents: ordered };
}

function sortAgents(agents: readonly Agent[], writers: ReadonlyMap<string, Agent>): Agent[] {
  const ordered: Agent[] = [];
  const state = new Map<Agent, 'open' | 'done'>();
  const visit = (agent: Agent, path: readonly string[]): void => {
    const mark = state.get(agent);
    if (mark === 'done') return;
    if (mark === 'open') throw new Error(`agents wait for each other: ${[...path, agent.id].join(' → ')}`);
    state.set(agent, 'open');
    for (const name of agent.reads) {
      const writer = writers.get(name);
      if (writer !== undefined && writer !== agent) visit(writer, [...path, agent.id]);
    }
    state.set(agent, 'done');
    ordered.push(agent);
  };
  for (const agent of agents) visit(agent, []);
  return ordered;
}
