import type { AgentContext, CellRow, ColumnData, ColumnSet, Day, Proposal } from '../contract/agent.ts';
import type { FittedModel } from '../contract/model.ts';
import type { RankedProposal } from '../contract/supervisor.ts';
import type { Bindings, Engine } from '../engine/engine.ts';
import { quoteName } from '../engine/engine.ts';
import { forkRandom } from '../lib/random.ts';

/** Columns of `finding.proposal`, the one relation all agents append to. */
export const PROPOSAL_DDL = `create or replace table finding.proposal (
  agent varchar, account_id varchar, contact_id varchar, kind varchar, reason varchar, evidence varchar,
  value_amount double, not_before date, expires date, rank_key varchar, severity double, grounds varchar)`;

/** What the context needs to know of an agent. */
export interface Access {
  readonly id: string;
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

/**
 * The hands an agent works with: it sees the relations it declared and nothing else. A select that names another
 * relation is an error of the agent, thrown before it runs.
 */
export function createContext(
  engine: Engine,
  access: Access,
  given: { readonly asOf: Day; readonly seed: number; readonly model: FittedModel | undefined },
): AgentContext {
  const readable = new Set([...access.reads, ...access.writes]);
  const written = new Set(access.writes);
  const guard = async (sql: string): Promise<void> => {
    for (const name of await engine.references(sql)) {
      if (name.startsWith('unnest') || name === 'range' || readable.has(name)) continue;
      throw new Error(`agent ${access.id} reads ${name} without declaring it`);
    }
  };
  const target = (name: string): string => {
    if (!written.has(name)) throw new Error(`agent ${access.id} writes ${name} without declaring it`);
    return `finding.${quoteName(name)}`;
  };
  return {
    asOf: given.asOf,
    random: forkRandom(given.seed, `${access.id} ${given.asOf}`),
    model: given.model,
    async rows(sql: string, bindings?: Bindings): Promise<CellRow[]> {
      await guard(sql);
      return engine.rows(sql, bindings);
    },
    async columns(sql: string, bindings?: Bindings): Promise<ColumnSet> {
      await guard(sql);
      return engine.columns(sql, bindings);
    },
    async write(name: string, sql: string, bindings?: Bindings): Promise<void> {
      const table = target(name);
      await guard(sql);
      await engine.execute(`create or replace table ${table} as ${sql}`, bindings);
    },
    async writeColumns(name: string, columns: Readonly<Record<string, ColumnData>>): Promise<void> {
      target(name);
      await writeColumns(engine, `finding.${name}`, columns);
    },
    async propose(proposals: readonly RankedProposal[]): Promise<void> {
      const pick = (key: keyof Proposal) => proposals.map((proposal) => proposal[key]);
      await engine.append('finding.proposal', {
        agent: pick('agent'),
        account_id: pick('account_id'),
        contact_id: pick('contact_id'),
        kind: pick('kind'),
        reason: pick('reason'),
        evidence: pick('evidence'),
        value_amount: pick('value_amount'),
        not_before: pick('not_before'),
        expires: pick('expires'),
        rank_key: proposals.map(({ rank_key }) =>
          JSON.stringify(rank_key.map((part) => (Number.isNaN(part) ? null : part))),
        ),
        severity: proposals.map(({ severity }) => severity),
        grounds: proposals.map(({ grounds }) => JSON.stringify(grounds)),
      });
    },
  };
}

/** Creates table `name` (schema-qualified) from equally long typed columns. */
export async function writeColumns(
  engine: Engine,
  name: string,
  columns: Readonly<Record<string, ColumnData>>,
): Promise<void> {
  const declared = Object.entries(columns).map(([key, column]) => `${quoteName(key)} ${column.type}`);
  const table = name.split('.').map(quoteName).join('.');
  await engine.execute(`create or replace table ${table} (${declared.join(', ')})`);
  await engine.append(
    name,
    Object.fromEntries(Object.entries(columns).map(([key, { values }]) => [key, values])),
    Object.entries(columns).map(([key, { type }]) => ({ name: key, type })),
  );
}
