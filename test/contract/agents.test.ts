import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AGENTS } from '../../src/agents/index.ts';
import type { Agent, AgentOutcome, FindingTable } from '../../src/contract/agent.ts';
import { contractTable } from '../../src/data/contract.ts';
import { createEmptyTables } from '../../src/data/tables.ts';
import { openDuckDB } from '../../src/engine/duckdb.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { addDays } from '../../src/lib/dates.ts';
import { createRandom, randomInt } from '../../src/lib/random.ts';
import { createContext } from '../../src/pipeline/context.ts';
import { availableRelations } from '../../src/pipeline/replay.ts';
import { type Company, CompanyMaker, liveOn, loadCompany, START } from '../data/future-row-company.ts';
import { type AgentDay, agentConfig, madeUpModel, prepareAgents, runAgents } from '../helpers/agents.ts';

// Every agent of the registry is held to this; none has a test of the contract of its own.

const AS_OF = addDays(START, 420);
const FIRST_SEEN_ON = addDays(AS_OF, 40);
const config = agentConfig();
const model = madeUpModel(addDays(AS_OF, -10));

/** A company in which nobody is missing from the lists for want of a term that runs. */
function companyOf(seed: number): { company: Company; later: Company } {
  const random = createRandom(seed);
  const maker = new CompanyMaker(random);
  const company = maker.company();
  for (const row of company.get('account') ?? []) {
    Object.assign(row, { merged_into_account_id: null, created_date: START, known_at: null, known_on: START });
  }
  // Random months without revenue and random endings would leave hardly anybody to speak of.
  const leaving = new Set(['a11', 'a12', 'a13']);
  for (const name of ['mrr_month', 'contract', 'renewal', 'churn_event']) {
    company.set(
      name,
      (company.get(name) ?? []).filter((row) => leaving.has(row['account_id'] ?? '')),
    );
  }
  const contracts = company.get('contract') ?? [];
  for (let i = 0; i < 10; i++) {
    const row = maker.row(contractTable('contract'), addDays(AS_OF, -200 - 11 * i), 5000 + i);
    const sound = { account_id: `a${i}`, term_end_date: addDays(AS_OF, 30 + 17 * i), known_at: null, ended_date: null };
    const open = {
      arr_amount: `${1000 + 100 * i}`,
      pricing: 'fixed',
      currency: 'EUR',
      cancelled_at: null,
      is_churned_flag: null,
      start_date: addDays(AS_OF, -200 - 11 * i),
    };
    contracts.push({ ...row, ...sound, ...open, known_on: open.start_date });
  }
  return { company, later: liveOn(company, AS_OF, maker, random) };
}

function shuffled(company: Company, seed: number): Company {
  const random = createRandom(seed);
  const mixed = [...company].map(([name, rows]) => {
    const out = [...rows];
    for (let i = out.length - 1; i > 0; i--) {
      const j = randomInt(random, i + 1);
      [out[i], out[j]] = [out[j] ?? {}, out[i] ?? {}];
    }
    return [name, out] as const;
  });
  return new Map(mixed);
}

/** A day of all agents over a company, in an engine of its own. */
async function dayOf(
  load: (engine: Engine) => Promise<void>,
  settings: {
    threads?: number;
    agents?: readonly Agent[];
    inspect?: (engine: Engine, day: AgentDay) => Promise<void>;
  } = {},
): Promise<AgentDay> {
  const engine = await openDuckDB({ threads: settings.threads ?? 2 });
  try {
    await load(engine);
    await prepareAgents(engine, config, FIRST_SEEN_ON, AS_OF);
    const day = await runAgents(engine, config, AS_OF, { model, agents: settings.agents ?? AGENTS });
    await settings.inspect?.(engine, day);
    return day;
  } finally {
    engine.close();
  }
}

function outcomeOf(day: AgentDay, agent: Agent): AgentOutcome | undefined {
  return day.outcomes.find((outcome) => outcome.agent === agent.id);
}

function tablesOf(day: AgentDay, agent: Agent): readonly FindingTable[] {
  const outcome = outcomeOf(day, agent);
  return outcome?.status === 'ok' ? outcome.finding.tables : [];
}

/** What an agent said: its tables and its proposals, as text. */
function said(day: AgentDay, agent: Agent): string {
  const own = (day.tables.get('proposal') ?? '').split('\n').filter((line) => line.includes(`'agent': ${agent.id},`));
  const finding = outcomeOf(day, agent);
  return [JSON.stringify(finding), ...agent.writes.map((name) => `${name}\n${day.tables.get(name)}`), ...own].join(
    '\n',
  );
}

const { company, later } = companyOf(21);
const days = new Map<string, AgentDay>();
const day = (name: string): AgentDay => {
  const found = days.get(name);
  if (found === undefined) throw new Error(`no day ${name}`);
  return found;
};
/** By table with a rank: the ranks in the order of the declared sort columns, and whether the order is by a key. */
const ranks = new Map<string, { ranks: number[]; keys: number; rows: number }>();

beforeAll(async () => {
  days.set(
    'first',
    await dayOf((engine) => loadCompany(engine, company), {
      inspect: async (engine, found) => {
        for (const agent of AGENTS) {
          for (const table of tablesOf(found, agent)) {
            const rows = await engine.rows(
              `select rank from finding.${table.name} order by ${table.order.join(', ')}, rank`,
            );
            const last = table.order.at(-1) ?? 'rank';
            const [count] = await engine.rows(
              `select count(*) as rows, count(distinct ${last}) as keys from finding.${table.name}`,
            );
            ranks.set(table.name, {
              ranks: rows.map((row) => Number(row['rank'])),
              keys: Number(count?.['keys']),
              rows: Number(count?.['rows']),
            });
          }
        }
      },
    }),
  );
  days.set('again', await dayOf((engine) => loadCompany(engine, company), { threads: 1 }));
  days.set('shuffled', await dayOf((engine) => loadCompany(engine, shuffled(company, 5))));
  days.set('later', await dayOf((engine) => loadCompany(engine, later)));
  days.set('empty', await dayOf((engine) => createEmptyTables(engine)));
});

describe.each(AGENTS.map((agent) => [agent.id, agent] as const))('agent %s', (_, agent) => {
  it('answers, with something to say', () => {
    const outcome = outcomeOf(day('first'), agent);
    expect(outcome).toMatchObject({ status: 'ok' });
    const list = tablesOf(day('first'), agent)[0];
    expect((day('first').tables.get(list?.name ?? '') ?? '').split('\n').length).toBeGreaterThan(2);
  });

  it('writes what it declared, with the columns it names', () => {
    const tables = tablesOf(day('first'), agent);
    expect(tables.map(({ name }) => name)[0]).toBe(agent.writes[0]);
    for (const name of agent.writes) expect(day('first').tables.has(name)).toBe(true);
    for (const table of tables) {
      expect(agent.writes).toContain(table.name);
      const there = new Set(day('first').columns.get(table.name));
      expect(table.columns.map(({ key }) => key).filter((key) => !there.has(key))).toEqual([]);
      expect(table.order.filter((key) => !there.has(key))).toEqual([]);
    }
  });

  it('reads only what something provides, and is stopped where it reads more', async () => {
    const provided = new Set([...availableRelations().keys(), ...AGENTS.flatMap(({ writes }) => writes)]);
    expect(agent.reads.filter((name) => !provided.has(name) && name !== 'health_measures_revised')).toEqual([]);
    const narrowed: Agent = { ...agent, reads: agent.reads.slice(1) };
    const without = await dayOf((engine) => loadCompany(engine, company), {
      agents: AGENTS.map((other) => (other === agent ? narrowed : other)),
    });
    const outcome = without.outcomes.find(({ agent: id }) => id === agent.id);
    expect(outcome).toMatchObject({ status: 'failed' });
    expect(JSON.stringify(outcome)).toContain(`reads ${agent.reads[0]} without declaring it`);
  });

  it('says the same twice, at another number of threads, and with its rows shuffled', () => {
    expect(said(day('again'), agent)).toBe(said(day('first'), agent));
    expect(said(day('shuffled'), agent)).toBe(said(day('first'), agent));
  });

  it('says the same whatever is added, changed or deleted after the day', () => {
    expect(said(day('later'), agent)).toBe(said(day('first'), agent));
  });

  it('survives a company without a row', () => {
    expect(outcomeOf(day('empty'), agent)?.status).not.toBe('failed');
    const list = tablesOf(day('empty'), agent)[0];
    if (list !== undefined) expect(day('empty').tables.has(list.name)).toBe(true);
  });

  it('ranks from 1 without a gap or a tie', () => {
    for (const table of tablesOf(day('first'), agent)) {
      const found = ranks.get(table.name);
      expect(found?.ranks).toEqual(Array.from({ length: found?.rows ?? -1 }, (_, i) => i + 1));
      expect(found?.keys).toBe(found?.rows);
    }
  });
});

describe('the hands of an agent', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openDuckDB({ threads: 1 });
    await engine.execute(
      'create schema finding; create table seen as select 1 as n; create table hidden as select 2 as n',
    );
  });
  afterAll(() => engine.close());

  it('hold what it declared and nothing else, however the select is written', async () => {
    const context = createContext(
      engine,
      { id: 'probe', reads: ['seen'], writes: ['made'] },
      { asOf: AS_OF, seed: 1, model: undefined },
    );
    expect(await context.rows('with hidden_too as (select n from seen) select n from hidden_too')).toEqual([{ n: 1 }]);
    for (const sql of [
      'select n from hidden',
      'select n from seen where n in (select n from hidden)',
      'with seen_too as (select n from hidden) select n from seen_too',
      'select n from main.hidden',
      'select s.n from seen as s join hidden as h on h.n > s.n',
    ]) {
      await expect(context.rows(sql)).rejects.toThrow('probe reads hidden without declaring it');
      await expect(context.columns(sql)).rejects.toThrow('without declaring it');
      await expect(context.write('made', sql)).rejects.toThrow('without declaring it');
    }
    await expect(context.write('other', 'select 1 as n')).rejects.toThrow('probe writes other without declaring it');
    await expect(context.writeColumns('other', {})).rejects.toThrow('without declaring it');
  });
});
