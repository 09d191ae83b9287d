import type { FittedModel, Pool, Random, TrainingTable } from '../contract/model.ts';
import { createRandom, forkRandom } from '../lib/random.ts';
import { churnRungs } from './churn-rungs.ts';
import { inShared } from './ebm/thread-memory.ts';
import { expansionRungs } from './expansion-rungs.ts';
import { type JudgeOptions, judgeReplay, type LadderFacts, type LadderResult } from './ladder.ts';
import { type Replay, type Replayed, replaySplit, type SplitReplay, wholeLadder } from './replay.ts';
import type { Rung } from './rungs.ts';
import type { SecondOpinion } from './second-opinion.ts';
import { fitServing } from './serving.ts';
import type { OriginSplit, Panel } from './splits.ts';

/** The ladders, by the name under which a thread is asked to climb one. */
export type LadderName = 'churn' | 'expansion';

/** All rungs of a ladder, both base rates first. */
export function rungsOfLadder(name: LadderName, pool?: Pool): Rung[] {
  return wholeLadder(name === 'expansion' ? expansionRungs(pool) : churnRungs(pool));
}

/** Numbers in a table beyond which a thread is not handed it whole: its copies would take more memory than the time is worth. */
const MOST_NUMBERS = 20_000_000;
/** Numbers beyond which a model that serves is better fitted bag by bag in all threads than as a whole in one. */
const MANY_NUMBERS = 2_000_000;

function numbersIn({ columns, label }: TrainingTable): number {
  return columns.length * label.length;
}

/** The panel where threads can read it. */
export function sharedPanel<T extends TrainingTable>(panel: T): T {
  const closed = (panel as Partial<Panel>).closed_on;
  return {
    ...panel,
    columns: panel.columns.map((column) => ({ ...column, values: inShared(column.values) })),
    label: inShared(panel.label),
    weight: inShared(panel.weight),
    account: inShared(panel.account),
    observation_date: inShared(panel.observation_date),
    ...(closed === undefined ? {} : { closed_on: inShared(closed) }),
    ...(panel.treatment === undefined ? {} : { treatment: inShared(panel.treatment) }),
  };
}

const REPLAY = 'ladder.replay';
const JUDGE = 'ladder.judge';
const SERVE = 'ladder.serve';

interface ReplayOrder {
  readonly panel: Panel;
  readonly ladder: LadderName;
  readonly split: OriginSplit;
  readonly seed: number;
}

/** `SplitReplay` without its rungs, which hold functions. */
interface ReplayAnswer {
  readonly entries: readonly { readonly probability: Float64Array; readonly skipped: string | null }[];
}

/**
 * Fits the rungs of a ladder at the dates it is asked for: exactly `replaySplit`, a date a job of the pool. Dates may be asked
 * for side by side; where the panel is too large for that, or without a pool, they are fitted here one after the other.
 */
export function replayer(
  panel: Panel,
  ladder: LadderName,
  seed: number,
  pool?: Pool,
): (split: OriginSplit) => Promise<SplitReplay> {
  const rungs = rungsOfLadder(ladder, pool);
  if (pool === undefined || numbersIn(panel) > MOST_NUMBERS) {
    let last: Promise<unknown> = Promise.resolve();
    return (split) => {
      const turn = last.then(() => replaySplit(panel, rungs, split, seed));
      last = turn.catch(() => undefined);
      return turn;
    };
  }
  const shared = sharedPanel(panel);
  return async (split) => {
    const order: ReplayOrder = { panel: shared, ladder, split, seed };
    const [answer] = await pool.map<ReplayOrder, ReplayAnswer>(REPLAY, [order]);
    const entries = (answer as ReplayAnswer).entries.map((entry, k) => ({ ...entry, rung: rungs[k] as Rung }));
    return { rows: split.test, entries };
  };
}

/** Job of a second opinion at one date (`second-opinion.ts`). */
export const OPINION = 'second opinion';

/** What such a job is asked. */
export interface OpinionOrder {
  readonly panel: Panel;
  readonly split: OriginSplit;
}

interface JudgeOrder {
  readonly panel: Panel;
  readonly replay: { readonly rows: Uint32Array; readonly rungs: readonly ReplayedFacts[] };
  readonly options: JudgeOptions;
  readonly facts: LadderFacts;
}

/** A replayed rung without what it fits with, which is a function. */
interface ReplayedFacts extends Omit<Replayed, 'rung'> {
  readonly rung: Omit<Rung, 'fit'>;
}

/** `judgeReplay` in a thread of the pool; without one here. */
export async function judgeInPool(
  panel: Panel,
  replay: Replay,
  options: JudgeOptions,
  facts: LadderFacts,
  pool?: Pool,
): Promise<LadderResult> {
  if (pool === undefined) return judgeReplay(panel, replay, options, facts);
  const order: JudgeOrder = {
    // The rule reads outcomes, weights, accounts and dates.
    panel: sharedPanel({ ...panel, columns: [] }),
    replay: {
      rows: replay.rows,
      rungs: replay.rungs.map(({ rung: { fit: _, ...rung }, ...entry }) => ({ ...entry, rung })),
    },
    options,
    facts,
  };
  return (await pool.map<JudgeOrder, LadderResult>(JUDGE, [order]))[0] as LadderResult;
}

/** One fit for serving: where its random numbers come from, and what it repeats. */
export interface ServingFit {
  readonly seed: number;
  /** Given: the source is `forkRandom`'s of this purpose; else `createRandom`'s. */
  readonly purpose?: string;
  /** Weights in place of the table's own. */
  readonly weight?: Float64Array;
  readonly repeats?: FittedModel | undefined;
}

interface ServingOrder {
  readonly rung: string;
  readonly table: TrainingTable;
  readonly fit: ServingFit;
}

function sourceOf({ seed, purpose }: ServingFit): Random {
  return purpose === undefined ? createRandom(seed) : forkRandom(seed, purpose);
}

/**
 * `fitServing` several times over one table, each fit a job of the pool. A single fit of a large table is made here, its bags
 * in the pool; without a pool all are made here.
 */
export async function fitServingInPool(
  rung: string,
  table: TrainingTable,
  fits: readonly ServingFit[],
  pool?: Pool,
): Promise<FittedModel[]> {
  const numbers = numbersIn(table);
  if (pool === undefined || numbers > MOST_NUMBERS || (fits.length === 1 && numbers > MANY_NUMBERS)) {
    const models: FittedModel[] = [];
    for (const fit of fits) {
      const own = fit.weight === undefined ? table : { ...table, weight: fit.weight };
      models.push(await fitServing(rung, own, sourceOf(fit), { pool, repeats: fit.repeats }));
    }
    return models;
  }
  const shared = sharedPanel(table);
  const models = await pool.map<ServingOrder, FittedModel>(
    SERVE,
    fits.map((fit) => ({ rung, table: shared, fit })),
  );
  return models.map((model) => Object.freeze(model));
}

/** What a pool's threads can do of this file. */
export const LADDER_JOBS: Readonly<Record<string, (input: never) => unknown>> = {
  async [REPLAY]({ panel, ladder, split, seed }: ReplayOrder): Promise<ReplayAnswer> {
    const { entries } = await replaySplit(panel, rungsOfLadder(ladder), split, seed);
    return { entries: entries.map(({ probability, skipped }) => ({ probability, skipped })) };
  },
  [JUDGE]({ panel, replay, options, facts }: JudgeOrder): LadderResult {
    const fit = () => ({ skipped: 'already replayed' });
    const rungs = replay.rungs.map((entry) => ({ ...entry, rung: { ...entry.rung, fit } }));
    return judgeReplay(panel, { rows: replay.rows, rungs }, options, facts);
  },
  [SERVE]({ rung, table, fit }: ServingOrder): Promise<FittedModel> {
    const own = fit.weight === undefined ? table : { ...table, weight: fit.weight };
    return fitServing(rung, own, sourceOf(fit), { repeats: fit.repeats });
  },
  async [OPINION]({ panel, split }: OpinionOrder): Promise<SecondOpinion> {
    // Loaded by the first who asks: threads that fit and measure need no package.
    const { opinionAt } = await import('./second-opinion.ts');
    return opinionAt(panel, split);
  },
};
