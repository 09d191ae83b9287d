import type { PredictedOutcome } from '../../contract/agent.ts';
import type { BacktestVerdict } from '../../contract/backtest.ts';
import type { ChurnBasis } from '../../contract/churn-model.ts';
import type { Config } from '../../contract/config.ts';
import type { Pool } from '../../contract/model.ts';
import { dayFromNumber, dayNumber } from '../../lib/dates.ts';
import type { FigureTable, ScoredCandidate } from '../../models/backtest-figures.ts';
import type { LadderResult } from '../../models/ladder.ts';
import { judgeInPool } from '../../models/ladder-jobs.ts';
import type { Replayed } from '../../models/replay.ts';
import type { Panel } from '../../models/splits.ts';
import { type BacktestBook, rowKey } from './book.ts';
import type { BasisReplay, OriginFit } from './fits.ts';
import type { Claimed } from './shown.ts';

export type Basis = BacktestVerdict['basis'];
export const BASES: readonly Basis[] = ['all', 'leave', 'renewal'];

/** Probabilities by row of the book: of the row's own question (`own`), and of leaving within the horizon (`all`). */
export interface RungScores {
  readonly name: string;
  readonly title: string;
  readonly complexity: number;
  /** Says the same of everybody. */
  readonly isBase?: true;
  /** Every other rung must beat it; see `Rung`. */
  readonly isFloor?: true;
  readonly own: Float64Array;
  readonly all: Float64Array;
  /** Dates and bases at which it stood on its own; where it did not it repeats the base rate. */
  readonly fitted: number;
  readonly reason: string | null;
}

/** What each rung of the churn ladders said of every row of the book. */
export function rungScores(
  book: BacktestBook,
  fits: readonly OriginFit[],
  earlyRates: ReadonlyMap<number, number>,
): RungScores[] {
  const replays = fits.flatMap(({ bases }) => [bases.leave, bases.renewal]);
  return collectScores(book, replays, (own) => withinHorizon(book, own, earlyRates));
}

/** What each rung of the expansion ladder said of every row of the book: one question, the same for everybody. */
export function growthScores(book: BacktestBook, fits: readonly OriginFit[]): RungScores[] {
  const replays = fits.flatMap(({ expansion }) => (expansion === undefined ? [] : [expansion.replay]));
  return collectScores(book, replays, (own) => own);
}

function collectScores(
  book: BacktestBook,
  replays: readonly BasisReplay[],
  asAll: (own: Float64Array) => Float64Array,
): RungScores[] {
  const n = book.origin.length;
  const rungs = new Map<string, { scores: RungScores; fitted: number; reason: string | null }>();
  for (const { replay, source } of replays) {
    for (const { rung, probability, skipped } of replay?.entries ?? []) {
      const entry = rungs.get(rung.name) ?? {
        scores: {
          name: rung.name,
          title: rung.title,
          complexity: rung.complexity,
          ...(rung.isBase === true ? { isBase: true as const } : {}),
          ...(rung.isFloor === true ? { isFloor: true as const } : {}),
          own: new Float64Array(n).fill(Number.NaN),
          all: new Float64Array(0),
          fitted: 0,
          reason: null,
        },
        fitted: 0,
        reason: null,
      };
      rungs.set(rung.name, entry);
      if (skipped === null) entry.fitted++;
      else entry.reason = skipped;
      replay?.rows.forEach((row, k) => {
        const { panel, accounts } = source;
        const at = book.place.get(
          rowKey(panel.observation_date[row] as number, accounts[panel.account[row] as number] as string),
        );
        if (at !== undefined) entry.scores.own[at] = probability[k] as number;
      });
    }
  }
  return [...rungs.values()]
    .map(({ scores, fitted, reason }) => ({
      ...scores,
      all: asAll(scores.own),
      fitted,
      reason: fitted > 0 ? null : reason,
    }))
    .sort((a, b) => a.complexity - b.complexity || (a.name < b.name ? -1 : 1));
}

/**
 * The probability of leaving within the horizon. Accounts that may leave any day: their own. A decision within the
 * horizon: the probability that it is not renewed. Any other: the rate of early leaving known at the origin, the same
 * for all, because no model speaks of them.
 */
export function withinHorizon(
  book: BacktestBook,
  own: Float64Array,
  earlyRates: ReadonlyMap<number, number>,
): Float64Array {
  return own.map((p, i) => {
    if (book.basis[i] === 'leave') return p;
    // Before the first renewals had closed nothing is known of a decision that is due either.
    if (book.is_due[i] === 1 && !Number.isNaN(p)) return p;
    return earlyRates.get(book.origin[i] as number) ?? Number.NaN;
  });
}

/** A declared column as risk by row of the book; probabilities turned round where they tell safety. */
export function claimScores(book: BacktestBook, { prediction, values }: Claimed): Float64Array {
  const scores = new Float64Array(book.origin.length).fill(Number.NaN);
  for (const [day, byAccount] of values) {
    const origin = dayNumber(day);
    for (const [account, value] of byAccount) {
      const at = book.place.get(rowKey(origin, account));
      if (at === undefined) continue;
      const whole = prediction.kind === 'probability' ? 1 : 100;
      scores[at] = prediction.direction === 'risk' ? value : whole - value;
    }
  }
  return scores;
}

/** Rows of the book that count for a basis, with the labels of its question. */
export interface BasisRows {
  readonly rows: Uint32Array;
  readonly label: Uint8Array;
}

/**
 * Closed rows of a basis at the origins where its base rate was known (`reference`). For `all` the question is the same
 * for everybody: gone within the horizon?
 */
export function basisRows(
  book: BacktestBook,
  basis: Basis,
  reference: Float64Array,
  outcome: PredictedOutcome = 'churn',
): BasisRows {
  const leaving = basis === 'all' ? book.all_label : book.own_label;
  const label = outcome === 'expansion' ? book.expansion_label : leaving;
  const rows = Uint32Array.from(
    [...label.keys()].filter(
      (i) => !Number.isNaN(label[i]) && !Number.isNaN(reference[i]) && (basis === 'all' || book.basis[i] === basis),
    ),
  );
  return { rows, label: Uint8Array.from(rows, (row) => label[row] as number) };
}

/** A table of the figures of one prediction and basis. Scores are by row of the book. `outcome` as in `basisRows`. */
export function figureTable(
  book: BacktestBook,
  { rows, label }: BasisRows,
  frame: { readonly prediction: string; readonly basis: Basis },
  reference: Float64Array,
  candidates: readonly ScoredCandidate[],
  outcome: PredictedOutcome = 'churn',
): FigureTable {
  const pick = (values: ArrayLike<number>) => Float64Array.from(rows, (row) => values[row] as number);
  const text = <T>(value: (row: number) => T): T[] => Array.from(rows, value);
  return {
    ...frame,
    label,
    account: Int32Array.from(pick(book.account)),
    ids: book.ids,
    origin: Int32Array.from(pick(book.origin)),
    // The outcome of a renewal comes with its decision, of all else within the horizon.
    worked: Uint8Array.from(pick(frame.basis === 'renewal' ? book.worked_by_decision : book.worked)),
    amount: pick(book.amount),
    // Growing is read at the horizon: it has no day of its own.
    lead_days: outcome === 'expansion' ? new Float64Array(rows.length).fill(Number.NaN) : pick(book.left_days),
    reference: pick(reference),
    slices: {
      segment: text((row) => book.segment[row] ?? null),
      term: text((row) => book.term[row] as string),
      decision: text((row) => (book.is_inside[row] === 1 ? 'inside' : 'outside')),
      origin: text((row) => dayFromNumber(book.origin[row] as number)),
    },
    candidates: candidates.map((candidate) => ({ ...candidate, score: pick(candidate.score) })),
  };
}

/** Whether the accuracy of a model may be judged on these rows, by the decision rule of its ladder. */
export async function ladderVerdict(
  prediction: string,
  book: BacktestBook,
  given: BasisRows,
  basis: Basis,
  rungs: readonly RungScores[],
  config: Config,
  months: number,
  pool?: Pool,
): Promise<{ readonly verdict: BacktestVerdict; readonly ladder: LadderResult | undefined }> {
  const { rows, label } = given;
  const pick = (values: ArrayLike<number>) => Int32Array.from(rows, (row) => values[row] as number);
  const account = pick(book.account);
  const outcomes = new Set(account.filter((_, i) => label[i] === 1)).size;
  const origins = [...new Set(pick(book.origin))].sort((a, b) => a - b).map(dayFromNumber);
  const frame = { prediction, basis, outcome_count: outcomes };
  const few = tooFew(outcomes, months, config);
  if (few !== undefined)
    return { verdict: { ...frame, verdict: 'too_few_outcomes', sentence: few }, ladder: undefined };
  const panel: Panel = {
    columns: [],
    label,
    weight: new Float64Array(rows.length).fill(1),
    account,
    observation_date: pick(book.origin),
    closed_on: new Int32Array(rows.length),
  };
  const replayed = rungs.map((rung): Replayed => {
    const source = basis === 'all' ? rung.all : rung.own;
    return {
      rung: { ...rung, fit: () => ({ skipped: 'already replayed' }) },
      probability: Float64Array.from(rows, (row) => source[row] as number),
      fitted: rung.fitted,
      reason: rung.reason,
    };
  });
  const ladder = await judgeInPool(
    panel,
    { rows: Uint32Array.from(rows.keys()), rungs: replayed },
    { seed: config.seed },
    { outcomes, months, origins },
    pool,
  );
  const verdict = ladder.verdict === 'signal' ? 'signal' : 'no_signal';
  return { verdict: { ...frame, verdict, sentence: ladder.sentence }, ladder };
}

/** Why no accuracy may be judged, or undefined where it may. */
export function tooFew(outcomes: number, months: number, { model }: Config): string | undefined {
  if (outcomes < model.min_outcomes) {
    return `Too few outcomes for a verdict: ${counted(outcomes, 'account')} with the outcome at the tested dates, ${model.min_outcomes} needed.`;
  }
  if (months >= model.min_months) return undefined;
  return `Too little history for a verdict: ${counted(months, 'month')} of closed dates, ${model.min_months} needed.`;
}

/** Bases on which an outcome can be judged. */
export function basesOf(outcome: PredictedOutcome): readonly Basis[] {
  if (outcome === 'expansion') return ['all'];
  return outcome === 'churn' ? BASES : ['renewal' satisfies ChurnBasis];
}

function counted(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
