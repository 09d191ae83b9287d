import { EXPANSION_PREDICTION } from '../../agents/predictions.ts';
import type { Day, PredictedOutcome, Prediction } from '../../contract/agent.ts';
import type { BacktestFigure, BacktestVerdict } from '../../contract/backtest.ts';
import type { Config } from '../../contract/config.ts';
import type { Pool } from '../../contract/model.ts';
import type { Progress } from '../../contract/report.ts';
import { dayNumber } from '../../lib/dates.ts';
import { figuresInPool, type ScoredCandidate } from '../../models/backtest-figures.ts';
import { probabilitiesOfBasis } from '../../models/churn-model.ts';
import { takeColumns } from '../../models/splits.ts';
import type { BacktestBook } from './book.ts';
import type { OriginFit } from './fits.ts';
import type { Claimed } from './shown.ts';
import {
  type BasisRows,
  basesOf,
  basisRows,
  claimScores,
  figureTable,
  ladderVerdict,
  type RungScores,
  tooFew,
  withinHorizon,
} from './tables.ts';

/** A ladder that was replayed: the prediction whose candidates its rungs are, and months of closed history. */
export interface ReplayedLadder {
  readonly prediction: string;
  readonly rungs: readonly RungScores[];
  readonly months: number;
}

/** The ladders that were replayed, and what measures them. */
export interface MeasuredLadders {
  readonly book: BacktestBook;
  /** Who leaves and who is not renewed are asked of the churn ladders. */
  readonly ladders: Readonly<Record<'churn' | 'expansion', ReplayedLadder>>;
  readonly config: Config;
  readonly capacity: number;
  /** Days of warning that recall is told at. */
  readonly leads: readonly number[];
  readonly pool: Pool;
}

/** What is measured and against what. */
export interface MeasuredClaims extends MeasuredLadders {
  readonly claims: readonly Claimed[];
  readonly earlyRates: ReadonlyMap<number, number>;
  /** What `measureRungs` began. */
  readonly measuredRungs: MeasuredRungs;
  readonly progress: Progress;
}

/** Figures of the rungs of each ladder and its verdict, by prediction and basis, as they come. */
export type MeasuredRungs = ReadonlyMap<
  string,
  { readonly figures: Promise<BacktestFigure[]>; readonly verdict: Promise<BacktestVerdict> }
>;

/**
 * What models claim of which no agent's table tells: the expansion model's probability at each origin where a rung had earned
 * one. Nothing where an agent has claimed that outcome itself.
 */
export function modelClaims(fits: readonly OriginFit[], claims: readonly Claimed[]): Claimed[] {
  if (claims.some(({ prediction }) => prediction.outcome === EXPANSION_PREDICTION.outcome)) return [];
  const values = new Map<Day, ReadonlyMap<string, number>>();
  for (const { asOf, expansion } of fits) {
    const served = expansion?.model.served ?? null;
    if (expansion === undefined || served === null) continue;
    const { panel, accounts } = expansion.replay.source;
    const origin = dayNumber(asOf);
    const rows = Uint32Array.from([...panel.account.keys()].filter((i) => panel.observation_date[i] === origin));
    const columns = panel.columns.filter(({ name }) => served.feature_names.includes(name));
    const said = probabilitiesOfBasis(expansion.model, takeColumns(columns, rows));
    values.set(
      asOf,
      new Map(Array.from(rows, (row, k) => [accounts[panel.account[row] as number] ?? '', said[k] as number])),
    );
  }
  return [{ prediction: EXPANSION_PREDICTION as Prediction<never>, candidate: 'served', values }];
}

/** Lets the pool's threads measure and judge the rungs of every ladder. They wait for no list: the engine replays those meanwhile. */
export function measureRungs(given: MeasuredLadders): MeasuredRungs {
  const { book, config, pool } = given;
  const begun = new Map<string, { figures: Promise<BacktestFigure[]>; verdict: Promise<BacktestVerdict> }>();
  for (const outcome of ['churn', 'expansion'] as const) {
    const { prediction, rungs, months } = given.ladders[outcome];
    const base = rungs.find(({ name }) => name === 'base_rate');
    for (const basis of base === undefined ? [] : basesOf(outcome)) {
      const of = (rung: RungScores) => (basis === 'all' ? rung.all : rung.own);
      const candidates = rungs
        .filter(({ fitted }) => fitted > 0)
        .map((rung) => ({ name: rung.name, score: of(rung), kind: 'probability' as const, isMain: false }));
      const reference = base === undefined ? new Float64Array(0) : of(base);
      const rows = basisRows(book, basis, reference, outcome);
      const figures = figuresFor(given, { prediction, basis, outcome }, reference, candidates, rows);
      const judged = ladderVerdict(prediction, book, rows, basis, rungs, config, months, pool);
      const verdict = judged.then((found) => found.verdict);
      // As with the figures: told where it is waited for.
      verdict.catch(() => undefined);
      begun.set(`${prediction} ${basis}`, { figures, verdict });
    }
  }
  return begun;
}

interface Asked {
  readonly prediction: string;
  readonly basis: BacktestVerdict['basis'];
  readonly outcome: PredictedOutcome;
}

function figuresFor(
  { book, capacity, leads, config, pool }: MeasuredLadders,
  { prediction, basis, outcome }: Asked,
  reference: Float64Array,
  candidates: readonly ScoredCandidate[],
  rows: BasisRows = basisRows(book, basis, reference, outcome),
): Promise<BacktestFigure[]> {
  const table = figureTable(book, rows, { prediction, basis }, reference, candidates, outcome);
  const figures = figuresInPool(table, { capacity, leads, seed: config.seed }, pool);
  // Waited for later, when another stage may have failed before: the error is told where it is waited for.
  figures.catch(() => undefined);
  return figures;
}

/** Figures and verdicts of every claim, by prediction and basis; beside a ladder's own prediction stand its rungs. */
export async function measureClaims(given: MeasuredClaims): Promise<{
  readonly figures: BacktestFigure[];
  readonly verdicts: BacktestVerdict[];
}> {
  const { book, claims, ladders, config, measuredRungs, progress } = given;
  const figures: BacktestFigure[] = [];
  const verdicts: BacktestVerdict[] = [];
  // All is begun before the first is waited for.
  const waiting: (() => Promise<void>)[] = [];
  for (const name of [...new Set(claims.map(({ prediction }) => prediction.name))]) {
    const own = claims.filter(({ prediction }) => prediction.name === name);
    const [first] = own;
    if (first === undefined) continue;
    const { outcome } = first.prediction;
    const ladder = ladders[outcome === 'expansion' ? 'expansion' : 'churn'];
    const isOwn = ladder.prediction === name;
    for (const basis of basesOf(outcome)) {
      const base = ladder.rungs.find((rung) => rung.name === 'base_rate');
      if (base === undefined) {
        waiting.push(async () => void verdicts.push(unasked(name, basis, book, outcome, config)));
        continue;
      }
      const of = (rung: RungScores) => (basis === 'all' ? rung.all : rung.own);
      const reference = of(base);
      const candidates = own.map((claim) => servedCandidate(claim, basis, base, given));
      const served = figuresFor(given, { prediction: name, basis, outcome }, reference, candidates);
      waiting.push(async () => {
        progress.detail(`${name}, ${basis}`);
        const rungs = isOwn ? measuredRungs.get(`${name} ${basis}`) : undefined;
        const verdict = await rungs?.verdict;
        verdicts.push(verdict ?? rankVerdict(await served, first.prediction.title, ladder.months, config));
        figures.push(...(await served), ...((await rungs?.figures) ?? []));
      });
    }
  }
  for (const wait of waiting) await wait();
  return { figures, verdicts };
}

function servedCandidate(
  claim: Claimed,
  basis: BacktestVerdict['basis'],
  base: RungScores,
  { book, earlyRates }: MeasuredClaims,
): ScoredCandidate {
  const { kind, outcome } = claim.prediction;
  const claimed = claimScores(book, claim);
  const own = kind === 'probability' ? filled(claimed, base.own) : claimed;
  const isSplit = kind === 'probability' && basis === 'all' && outcome !== 'expansion';
  return { name: claim.candidate, score: isSplit ? withinHorizon(book, own, earlyRates) : own, kind, isMain: true };
}

/** No rung was fitted anywhere: outcomes are too few in all. */
function unasked(
  prediction: string,
  basis: BacktestVerdict['basis'],
  book: BacktestBook,
  outcome: PredictedOutcome,
  config: Config,
): BacktestVerdict {
  const { rows, label } = basisRows(book, basis, new Float64Array(book.origin.length), outcome);
  const outcomes = new Set([...rows].filter((_, i) => label[i] === 1).map((row) => book.account[row])).size;
  const sentence =
    tooFew(outcomes, 0, config) ?? 'Too few outcomes for a verdict: none had closed before the tested dates.';
  return { prediction, basis, verdict: 'too_few_outcomes', sentence, outcome_count: outcomes };
}

/** A probability that no rung earned is the base rate known that day: that is all one then has. */
function filled(scores: Float64Array, base: Float64Array): Float64Array {
  return scores.map((score, i) => (Number.isNaN(score) ? (base[i] as number) : score));
}

/** Whether a ranking may be judged, and whether it ranks beyond chance (the AUC's 90 % interval lies above .5). */
function rankVerdict(
  figures: readonly BacktestFigure[],
  title: string,
  months: number,
  config: Config,
): BacktestVerdict {
  const auc = figures.find(
    ({ candidate, metric, rows, slice }) =>
      candidate === 'served' && metric === 'roc_auc' && rows === 'all' && slice === 'all',
  );
  if (auc === undefined) throw new Error('a prediction has no AUC');
  const { prediction, basis, outcome_count, value, low } = auc;
  const frame = { prediction, basis, outcome_count };
  const few = tooFew(outcome_count, months, config);
  if (few !== undefined) return { ...frame, verdict: 'too_few_outcomes', sentence: few };
  const ranks = low !== null && low > 0.5;
  const told = value === null ? 'no value' : value.toFixed(2);
  return {
    ...frame,
    verdict: ranks ? 'signal' : 'no_signal',
    sentence: ranks
      ? `The ${title} ranks out of time: AUC ${told}, its 90 % interval above .5.`
      : `No signal: the ${title} does not rank beyond chance out of time (AUC ${told}).`,
  };
}
