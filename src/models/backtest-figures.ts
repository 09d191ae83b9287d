import { type BacktestFigure, type FigureDraws, type FigureRows, HEADLINE_METRICS } from '../contract/backtest.ts';
import type { Pool } from '../contract/model.ts';
import { forkRandom } from '../lib/random.ts';
import { wilson } from './interval.ts';
import { bootstrapMetrics, type Interval } from './metrics/bootstrap.ts';
import { leadShares, meanWithinOrigins, rankByOrigin } from './metrics/origins.ts';
import { clusteredMean } from './metrics/paired.ts';
import { gather, type ScoredRows } from './metrics/ranked.ts';
import { METRICS, type Metric, type MetricOptions } from './metrics/registry.ts';
import { type Draws, sharedDraws } from './metrics/replicates.ts';

/** Who predicted, and what of each row of the table; `NaN` = nothing was claimed of it. */
export interface ScoredCandidate {
  readonly name: string;
  /** Higher = the outcome sooner; for `probability` the probability itself. */
  readonly score: Float64Array;
  readonly kind: 'ranking' | 'probability';
  /** Every metric on every kind of rows, with intervals; else the main ones. */
  readonly isMain: boolean;
}

/** Tested rows of one prediction and basis: one an account and origin, all of them closed. */
export interface FigureTable {
  readonly prediction: string;
  readonly basis: BacktestFigure['basis'];
  readonly label: Uint8Array;
  readonly account: Int32Array;
  /** By account number: its id, for fingerprints that hold from run to run. */
  readonly ids: readonly string[];
  /** Days since 1970-01-01. */
  readonly origin: Int32Array;
  /** Whether a person worked the account, see `is_worked` of `data/panel.ts`; of renewals up to the decision. */
  readonly worked: Uint8Array;
  /** ARR, `NaN` = unknown. */
  readonly amount: Float64Array;
  /** Days from the origin to the outcome; read where label is 1. */
  readonly lead_days: Float64Array;
  /** The base rate known at the origin: what skill is measured against. */
  readonly reference: Float64Array;
  /** By kind (`segment`, `term`, …): the value of each row; null = in no slice of that kind. */
  readonly slices: Readonly<Record<string, readonly (string | null)[]>>;
  readonly candidates: readonly ScoredCandidate[];
}

export interface FigureOptions {
  /** Rows that a list has room for on one date. */
  readonly capacity: number;
  readonly seed: number;
  /** Bootstrap draws of main figures (default 500) and of all others (default 200). */
  readonly replicates?: number;
  readonly slice_replicates?: number;
  /** Days of warning that recall is told at, ascending; default `LEADS`. */
  readonly leads?: readonly number[];
}

/** Of fewer accounts with the outcome no interval is told: draws of so few held their truth in six of ten sample companies. */
const FEWEST = 5;
/** Days of warning that recall is always told at. */
export const LEADS: readonly number[] = [30, 60, 90];
const RANKING = [
  METRICS.roc_auc,
  METRICS.pr_auc,
  METRICS.lift,
  METRICS.precision_at_capacity,
  METRICS.precision_at_capacity_by_outcomes,
  METRICS.recall_at_capacity,
  METRICS.arr_recall,
  METRICS.arr_recall_of_perfect,
] as const;
const PROBABILITY = [
  METRICS.log_loss,
  METRICS.brier,
  METRICS.brier_skill,
  METRICS.calibration_error,
  METRICS.calibration_in_the_large,
  METRICS.arr_calibration,
] as const;
/** What a slice is told by; capacity belongs to the whole book. */
const SLICED: readonly Metric[] = [METRICS.roc_auc, METRICS.lift, METRICS.log_loss, METRICS.calibration_in_the_large];
/** Metrics that perfect knowledge cannot lift to 1. */
const CAPPED: ReadonlySet<string> = new Set([
  'lift',
  'precision_at_capacity',
  'precision_at_capacity_by_outcomes',
  'recall_at_capacity',
  'arr_recall',
]);

/**
 * Every figure of one prediction and basis. Ranking metrics are means within origins, weighted by outcomes; probability
 * metrics are over all rows. Intervals draw whole accounts. Rows of which a candidate claims nothing are left out of its
 * figures: `row_count` tells.
 */
export function figuresOf(table: FigureTable, options: FigureOptions): BacktestFigure[] {
  return table.candidates.flatMap((candidate) => candidateFigures({ ...table, candidates: [candidate] }, options));
}

/** `figuresOf`, a candidate a job of the pool: they share draws, and nothing else. */
export async function figuresInPool(table: FigureTable, options: FigureOptions, pool: Pool): Promise<BacktestFigure[]> {
  const orders = table.candidates.map((candidate) => ({ table: { ...table, candidates: [candidate] }, options }));
  return (await pool.map<FigureOrder, BacktestFigure[]>(FIGURES, orders)).flat();
}

interface FigureOrder {
  /** With one candidate. */
  readonly table: FigureTable;
  readonly options: FigureOptions;
}

const FIGURES = 'backtest figures';

/** What a pool's threads can do of this file. */
export const FIGURE_JOBS: Readonly<Record<string, (input: never) => unknown>> = {
  [FIGURES]: ({ table, options }: FigureOrder) => candidateFigures(table, options),
};

function candidateFigures(table: FigureTable, options: FigureOptions): BacktestFigure[] {
  const [candidate] = table.candidates;
  // A component that nobody has (its feed is not connected) is no candidate.
  if (candidate === undefined || (candidate.name !== 'served' && candidate.score.every(Number.isNaN))) return [];
  const every = Uint32Array.from(table.label.keys());
  const unworked = every.filter((row) => table.worked[row] === 0);
  // The same draws for every metric, candidate and prediction: what accounts share cancels in their differences.
  const draws = sharedDraws(() => forkRandom(options.seed, 'figures'));
  const measure = (chosen: Uint32Array, rows: FigureRows, slice: string) =>
    measured(table, candidate, chosen, rows, slice, options, draws);
  const whole = measure(every, 'all', 'all');
  const figures = [...whole];
  // Nobody was worked, or nobody can tell: the same rows, the same figures.
  if (unworked.length === every.length)
    figures.push(...whole.map((figure) => ({ ...figure, rows: 'unworked' as const })));
  else figures.push(...measure(unworked, 'unworked', 'all'));
  for (const [kind, values] of Object.entries(table.slices)) {
    for (const value of [...new Set(values)].filter((name) => name !== null).sort()) {
      const rows = every.filter((row) => values[row] === value);
      const slice = `${kind}:${value}`;
      // One slice that holds every row is the whole: drawn anew, the same rows would stand there with another interval.
      figures.push(...(rows.length === every.length ? asSlice(whole, candidate, slice) : measure(rows, 'all', slice)));
    }
  }
  return figures;
}

/** The figures of the whole book under the name of a slice that holds all of it, as far as slices have them. */
function asSlice(whole: readonly BacktestFigure[], candidate: ScoredCandidate, slice: string): BacktestFigure[] {
  const told = new Set(metricsOf(candidate, false, slice).map(({ name }) => name));
  return whole
    .filter(({ metric }) => told.has(metric))
    .map(({ draws: _dropped, ...figure }) => ({ ...figure, slice, cap: null }));
}

function measured(
  table: FigureTable,
  candidate: ScoredCandidate,
  chosen: Uint32Array,
  rows: FigureRows,
  slice: string,
  options: FigureOptions,
  draws: Draws,
): BacktestFigure[] {
  const index = chosen.filter((row) => !Number.isNaN(candidate.score[row]));
  const scored = scoredRows(table, candidate.score, index);
  const account = Int32Array.from(index, (row) => table.account[row] as number);
  const origin = Int32Array.from(index, (row) => table.origin[row] as number);
  const frame = {
    prediction: table.prediction,
    candidate: candidate.name,
    basis: table.basis,
    rows,
    slice,
    row_count: index.length,
    outcome_count: new Set(account.filter((_, i) => scored.label[i] === 1)).size,
  };
  const isWhole = slice === 'all';
  const replicates = isWhole && candidate.isMain ? (options.replicates ?? 500) : (options.slice_replicates ?? 200);
  const metrics = metricsOf(candidate, isWhole, slice);
  const settings: MetricOptions = { capacity: options.capacity };
  const perfect = isWhole ? rankByOrigin({ ...scored, score: perfectScore(scored) }, origin) : [];
  const fingerprint = isWhole ? rowsFingerprint(rowTexts(table, index), options.seed) : '';
  const draw = (kind: Metric['kind']) => {
    const chosen = metrics.filter((metric) => metric.kind === kind);
    const intervals = bootstrapMetrics(chosen, scored, account, draws, {
      ...settings,
      keep_draws: isWhole,
      replicates: frame.outcome_count === 0 ? 0 : replicates,
      origin: kind === 'ranking' ? origin : undefined,
    });
    return chosen.map((metric, k): BacktestFigure => {
      const interval = intervals[k] as Interval;
      const cap = isWhole && CAPPED.has(metric.name) ? meanWithinOrigins(perfect, metric, settings) : Number.NaN;
      const figure = { ...frame, metric: metric.name, ...bounds(interval, frame.outcome_count), cap: known(cap) };
      if (interval.draws === undefined) return figure;
      const draws: FigureDraws = { rows: fingerprint, values: interval.draws };
      return { ...figure, draws };
    });
  };
  const figures = [...draw('ranking'), ...draw('probability')];
  return isWhole ? [...figures, ...leadFigures(scored, account, origin, frame, options)] : figures;
}

const HEADLINES: ReadonlySet<string> = new Set(HEADLINE_METRICS);

/** The figures as a file holds them: draws of headline metrics alone, or it would hold millions of numbers. */
export function storedFigures(figures: readonly BacktestFigure[]): BacktestFigure[] {
  return figures.map((figure) => {
    if (HEADLINES.has(figure.metric)) return figure;
    const { draws: _dropped, ...rest } = figure;
    return rest;
  });
}

/** Account, date and label of each row. */
function* rowTexts({ ids, account, origin, label }: FigureTable, index: Uint32Array): Iterable<string> {
  for (const row of index) yield `${ids[account[row] as number]} ${origin[row]} ${label[row]}`;
}

/** Fingerprint of rows in their order and of the seed they are redrawn by: two 32-bit FNV-1a hashes, 16 hex digits. */
export function rowsFingerprint(rows: Iterable<string>, seed: number): string {
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  const add = (text: string): void => {
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      a = Math.imul(a ^ code, 16777619);
      b = Math.imul(b ^ code, 16777619) ^ (b >>> 15);
    }
  };
  add(`${seed}`);
  for (const row of rows) add(`|${row}`);
  return [a, b].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
}

type Frame = Pick<
  BacktestFigure,
  'prediction' | 'candidate' | 'basis' | 'rows' | 'slice' | 'row_count' | 'outcome_count'
>;

function metricsOf(candidate: ScoredCandidate, isWhole: boolean, slice: string): readonly Metric[] {
  const isProbability = candidate.kind === 'probability';
  if (isWhole) return isProbability ? [...RANKING, ...PROBABILITY] : RANKING;
  if (slice.startsWith('origin:') || !candidate.isMain) return [METRICS.roc_auc];
  return SLICED.filter(({ kind }) => isProbability || kind === 'ranking');
}

function scoredRows(table: FigureTable, score: Float64Array, index: Uint32Array): ScoredRows {
  const pick = (values: ArrayLike<number>) => gather(values, index);
  return {
    score: pick(score),
    label: pick(table.label),
    amount: pick(table.amount),
    lead_days: pick(table.lead_days),
    reference: pick(table.reference),
  };
}

/** The score of someone who knows the future: who has the outcome, largest amount first. */
function perfectScore({ label, amount }: ScoredRows): Float64Array {
  return Float64Array.from(label, (y, i) => (y === 1 ? 1 + Math.max(0, amount?.[i] || 0) : 0));
}

/** `recall_at_lead_30`, …: of the accounts seen so early, the share that stood on a list of that date or an earlier one. */
function leadFigures(
  scored: ScoredRows,
  account: Int32Array,
  origin: Int32Array,
  frame: Frame,
  { capacity, leads = LEADS }: FigureOptions,
): BacktestFigure[] {
  const origins = rankByOrigin(scored, origin);
  return leads.map((days): BacktestFigure => {
    const shares = [...leadShares(origins, account, capacity, days).values()];
    const { mean, standard_error } = clusteredMean(
      Float64Array.from(shares),
      Int32Array.from(shares.keys()),
      new Float64Array(shares.length).fill(1),
    );
    const isTold = shares.length >= FEWEST;
    // One number an account, nearly always 0 or 1.
    const { low, high } = wilson(mean * shares.length, shares.length);
    return {
      ...frame,
      metric: `recall_at_lead_${days}`,
      value: shares.length === 0 ? null : mean,
      low: isTold ? low : null,
      high: isTold ? high : null,
      standard_error: isTold ? standard_error : null,
      cap: null,
      outcome_count: shares.length,
    };
  });
}

function bounds(
  { value, low, high, standard_error }: Interval,
  outcomes: number,
): Pick<BacktestFigure, 'value' | 'low' | 'high' | 'standard_error'> {
  const told = (end: number) => (outcomes < FEWEST ? null : known(end));
  return { value: known(value), low: told(low), high: told(high), standard_error: told(standard_error) };
}

function known(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
