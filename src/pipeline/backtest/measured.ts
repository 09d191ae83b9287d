import { EXPANSION_PREDICTION } from '../../agents/predictions.ts';
import type { Day, PredictedOutcome, Prediction } from '../../contract/agent.ts';
import type { BacktestFigure, BacktestVerdict } from '../../contract/backtest.ts';
import type { Config } from '../../contract/config.ts';
import type { Progress } from '../../contract/report.ts';
import { dayNumber } from '../../lib/dates.ts';
import { figuresOf, type ScoredCandidate } from '../../models/backtest-figures.ts';
import { probabilitiesOfBasis } from '../../models/churn-model.ts';
import { takeColumns } from '../../models/splits.ts';
import type { BacktestBook } from './book.ts';
import type { OriginFit } from './fits.ts';
import type { Claimed } from './shown.ts';
import {
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

/** What is measured and against what. */
export interface MeasuredClaims {
  readonly book: BacktestBook;
  readonly claims: readonly Claimed[];
  readonly earlyRates: ReadonlyMap<number, number>;
  /** Who leaves and who is not renewed are asked of the churn ladders. */
  readonly ladders: Readonly<Record<'churn' | 'expansion', ReplayedLadder>>;
  readonly config: Config;
  readonly capacity: number;
  readonly progress: Progress;
}

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

/** Figures and verdicts of every claim, by prediction and basis; beside a ladder's own prediction stand its rungs. */
export function measureClaims(given: MeasuredClaims): {
  readonly figures: BacktestFigure[];
  readonly verdicts: BacktestVerdict[];
} {
  const { book, claims, ladders, config, capacity, progress } = given;
  const figures: BacktestFigure[] = [];
  const verdicts: BacktestVerdict[] = [];
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
        verdicts.push(unasked(name, basis, book, outcome, config));
        continue;
      }
      const of = (rung: RungScores) => (basis === 'all' ? rung.all : rung.own);
      const reference = of(base);
      const rows = basisRows(book, basis, reference, outcome);
      const candidates: ScoredCandidate[] = own.map((claim) => servedCandidate(claim, basis, base, given));
      if (isOwn) {
        for (const rung of ladder.rungs.filter(({ fitted }) => fitted > 0)) {
          candidates.push({ name: rung.name, score: of(rung), kind: 'probability', isMain: false });
        }
      }
      progress.detail(`${name}, ${basis}`);
      const table = figureTable(book, rows, { prediction: name, basis }, reference, candidates, outcome);
      const measured = figuresOf(table, { capacity, seed: config.seed });
      figures.push(...measured);
      verdicts.push(
        isOwn
          ? ladderVerdict(name, book, rows, basis, ladder.rungs, config, ladder.months).verdict
          : rankVerdict(measured, first.prediction.title, ladder.months, config),
      );
    }
  }
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
