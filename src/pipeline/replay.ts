import type { Agent, AgentOutcome, Day } from '../contract/agent.ts';
import type { Config } from '../contract/config.ts';
import type { FittedModel } from '../contract/model.ts';
import type { Progress } from '../contract/report.ts';
import { datesTogether } from '../data/panel.ts';
import { isPassedThrough } from '../data/standing.ts';
import { VIEWS, type View } from '../data/views.ts';
import type { Engine } from '../engine/engine.ts';
import { LEDGER_VIEW_NAMES } from '../ledger/index.ts';
import { messageOf } from '../lib/errors.ts';
import { createContext, PROPOSAL_DDL } from './context.ts';
import { DERIVED } from './derived.ts';
import { type Plan, planRun } from './plan.ts';
import {
  dropKept,
  keepDates,
  materialiseDate,
  materialiseDates,
  restoreDate,
  rowsOfDates,
  standKept,
} from './relations.ts';

/** Settings an agent gets: its slice of the configuration and what was frozen before. */
export type SettingsFor = (agent: Agent, asOf: Day) => unknown;

export interface ReplayOptions {
  readonly engine: Engine;
  readonly config: Config;
  readonly agents: readonly Agent[];
  /** Oldest first. */
  readonly dates: readonly Day[];
  readonly modelFor: (agent: Agent, asOf: Day) => FittedModel | undefined;
  readonly settingsFor: SettingsFor;
  /** Relations the caller put into `main` or `state` under these names (for example a recomputed past reading). */
  readonly given?: readonly string[];
  readonly progress?: Progress;
  /** Lets the relations of a date stand; default: they are computed. For callers that kept them (`keepDates`). */
  readonly stand?: (asOf: Day, relations: readonly string[]) => Promise<void>;
  /** Called when a date's agents are done, its relations still standing: arbitrate, remember, hand on. */
  readonly decide: (day: ReplayedDay) => Promise<void>;
}

/** One date of a replay, with its relations standing in `dated` and `finding`. */
export interface ReplayedDay {
  readonly asOf: Day;
  readonly index: number;
  readonly isLast: boolean;
  readonly outcomes: readonly AgentOutcome[];
}

/** What there is to read: views and derived relations, with what each reads below it. */
export function availableRelations(): Map<string, readonly string[]> {
  const available = new Map<string, readonly string[]>();
  for (const view of VIEWS) {
    if (view.parameters.length > 1) continue;
    available.set(view.name, [...readsOf(view), ...derivedIn(view.sql)]);
  }
  for (const name of LEDGER_VIEW_NAMES) available.set(name, []);
  for (const relation of DERIVED.values()) available.set(relation.name, relation.reads);
  return available;
}

/** What a view reads, and what those it reads read that only pass rows through. */
function readsOf({ dependencies }: View): string[] {
  return dependencies.flatMap((name) => {
    if (!isPassedThrough(name)) return [name];
    const view = VIEWS.find((other) => other.name === name);
    return view === undefined ? [] : readsOf(view);
  });
}

function derivedIn(sql: string): string[] {
  return [...DERIVED.keys()].filter((name) =>
    new RegExp(`\\b${name}\\b(?!\\s*\\()`).test(sql.replaceAll(/--[^\n]*/g, '')),
  );
}

/** The relations that stand below some named ones, and these, dependencies first. */
export function planRelations(names: readonly string[]): readonly string[] {
  const reader: Agent = {
    id: 'panel',
    title: '',
    question: '',
    reads: names,
    writes: [],
    defaults: {},
    run: async () => ({ skipped: 'only plans' }),
  };
  return planRun([reader], availableRelations(), new Set()).relations;
}

/** The plan of a set of agents. */
export function planAgents(agents: readonly Agent[], given: readonly string[] = []): Plan {
  return planRun(agents, availableRelations(), new Set(given));
}

/**
 * Lives the given dates through, one after the other: relations of the date, agents in order, then `decide`. An agent
 * that throws is `failed`, agents that read its tables are `skipped`; the rest go on. Touches no ledger.
 */
export async function replay(options: ReplayOptions): Promise<void> {
  const { dates, progress } = options;
  const plan = planAgents(options.agents, options.given);
  const stand = options.stand ?? (await standing(options, plan.relations));
  for (const [index, asOf] of dates.entries()) {
    progress?.stage(
      dates.length === 1 ? `computing every account as of ${asOf}` : `week ${index + 1} of ${dates.length}: ${asOf}`,
    );
    await stand(asOf, plan.relations);
    const outcomes = await runAgents(options, plan.agents, asOf);
    await options.decide({ asOf, index, isLast: index === dates.length - 1, outcomes });
    progress?.done();
  }
}

/** How the relations of a date are computed: those of all dates at once while the book is small. */
async function standing(
  { engine, config, dates, progress }: ReplayOptions,
  relations: readonly string[],
): Promise<NonNullable<ReplayOptions['stand']>> {
  if (dates.length === 1 || (await datesTogether(engine)) < dates.length) {
    return (asOf, names) => materialiseDate(engine, asOf, names, DERIVED, config);
  }
  progress?.stage(`computing every account at ${dates.length} dates`);
  const exported = relations.filter((name) => !LEDGER_VIEW_NAMES.includes(name));
  await materialiseDates(engine, dates, exported, DERIVED, config);
  await dropKept(engine);
  await keepDates(engine, exported, rowsOfDates(dates, DERIVED));
  await standKept(engine, dates, exported, DERIVED);
  progress?.done();
  return (asOf, names) => restoreDate(engine, asOf, names);
}

/** What running agents on a date whose relations stand takes of the options. */
export type AgentRun = Pick<ReplayOptions, 'engine' | 'config' | 'modelFor' | 'settingsFor'>;

/** Runs agents, in the order given, on the date whose relations stand in `dated`. */
export async function runAgents(options: AgentRun, agents: readonly Agent[], asOf: Day): Promise<AgentOutcome[]> {
  await options.engine.execute(PROPOSAL_DDL);
  const outcomes: AgentOutcome[] = [];
  const missing = new Map<string, string>();
  for (const agent of agents) {
    const outcome = await runAgent(options, agent, asOf, missing);
    if (outcome.status !== 'ok') for (const name of agent.writes) missing.set(name, agent.id);
    outcomes.push(outcome);
  }
  return outcomes;
}

async function runAgent(
  options: AgentRun,
  agent: Agent,
  asOf: Day,
  missing: ReadonlyMap<string, string>,
): Promise<AgentOutcome> {
  const blocked = agent.reads.find((name) => missing.has(name));
  if (blocked !== undefined) {
    return { agent: agent.id, status: 'skipped', reason: `${missing.get(blocked)} gave no ${blocked}` };
  }
  const context = createContext(options.engine, agent, {
    asOf,
    seed: options.config.seed,
    model: options.modelFor(agent, asOf),
  });
  await options.engine.execute("set search_path = 'finding,dated,state,main'");
  try {
    const found = await agent.run(context, options.settingsFor(agent, asOf));
    if ('skipped' in found) return { agent: agent.id, status: 'skipped', reason: found.skipped };
    return { agent: agent.id, status: 'ok', finding: found };
  } catch (error) {
    return { agent: agent.id, status: 'failed', error: messageOf(error) };
  } finally {
    await options.engine.execute("set search_path = 'main,dated,state'");
  }
}
