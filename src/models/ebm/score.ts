import type { Explanation, FeatureColumn } from '../../contract/model.ts';
import { sigmoid } from '../../lib/numbers.ts';
import { columnNamed } from '../design.ts';
import { normalQuantile } from '../interval.ts';
import { probabilitiesOf } from '../logistic.ts';
import { createBinner, groupCount } from './binning.ts';
import { BYTE_BINS } from './kernel.ts';
import type { BinnedColumn, EbmModel } from './types.ts';

/** A term ready to look up. */
interface CompiledTerm {
  readonly first: number;
  /** −1 for a single feature. */
  readonly second: number;
  readonly lines: Uint16Array;
  readonly columns: Uint8Array;
  readonly scores: Float64Array;
}

const compiledModels = new WeakMap<EbmModel, readonly CompiledTerm[]>();

/** The terms as typed arrays, made once a model. */
function compile(model: EbmModel): readonly CompiledTerm[] {
  const known = compiledModels.get(model);
  if (known !== undefined) return known;
  const terms = model.terms.map((term): CompiledTerm => {
    const [first, second = -1] = term.features;
    const scores = Float64Array.from(term.scores);
    const lines = model.features[first]?.pair_groups ?? [];
    const columns = model.features[second]?.pair_groups ?? [];
    const width = second < 0 ? 0 : groupCount(columns);
    return {
      first,
      second,
      lines: Uint16Array.from(second < 0 ? [] : lines, (line) => line * width),
      columns: Uint8Array.from(columns),
      scores,
    };
  });
  compiledModels.set(model, terms);
  return terms;
}

/** Adds a term to `out`, one place a row of the block. */
function addTerm(
  { first, second, lines, columns, scores }: CompiledTerm,
  bins: Block,
  rows: number,
  out: Float64Array,
): void {
  const a = bins[first] as Uint8Array;
  if (second < 0) {
    for (let i = 0; i < rows; i++) out[i] = (out[i] as number) + (scores[a[i] as number] as number);
    return;
  }
  const b = bins[second] as Uint8Array;
  for (let i = 0; i < rows; i++) {
    const cell = (lines[a[i] as number] as number) + (columns[b[i] as number] as number);
    out[i] = (out[i] as number) + (scores[cell] as number);
  }
}

/** Shapes added in one pass; four tables at one fixed place, so that a byte needs no bounds check. */
const TOGETHER = 4;
const SHAPES = new Float64Array(TOGETHER * BYTE_BINS);

/** Adds four single features to `out` in their order, the sum of each row kept in hand. */
function addFour(terms: readonly CompiledTerm[], bins: Block, rows: number, out: Float64Array): void {
  terms.forEach(({ scores }, k) => {
    SHAPES.set(scores, k * BYTE_BINS);
  });
  const [a, b, c, d] = terms.map(({ first }) => bins[first]) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  for (let i = 0; i < rows; i++) {
    out[i] =
      (out[i] as number) +
      (SHAPES[a[i] as number] as number) +
      (SHAPES[(b[i] as number) + BYTE_BINS] as number) +
      (SHAPES[(c[i] as number) + 2 * BYTE_BINS] as number) +
      (SHAPES[(d[i] as number) + 3 * BYTE_BINS] as number);
  }
}

/** Adds all terms to `out` in their order: the same additions as term by term, hence the same sums to the last bit. */
function addTerms(terms: readonly CompiledTerm[], bins: Block, rows: number, out: Float64Array): void {
  let t = 0;
  while (t < terms.length) {
    const four = terms.slice(t, t + TOGETHER);
    if (four.length === TOGETHER && four.every(({ second }) => second < 0)) {
      addFour(four, bins, rows, out);
      t += TOGETHER;
    } else addTerm(terms[t++] as CompiledTerm, bins, rows, out);
  }
}

/** Bins of every feature for a stretch of rows. */
type Block = readonly Uint8Array[];
/** Rows scored together: all that is touched stays near the processor. */
const BLOCK_ROWS = 4096;

/** Goes through a table block by block, binning each feature once a block. */
function forEachBlock(
  model: EbmModel,
  columns: readonly FeatureColumn[],
  visit: (bins: Block, from: number, rows: number) => void,
): void {
  const binners = model.features.map((feature) => createBinner(feature, columnNamed(columns, feature.name)));
  const bins = binners.map(() => new Uint8Array(BLOCK_ROWS));
  const rowCount = columns[0]?.values.length ?? 0;
  for (let from = 0; from < rowCount; from += BLOCK_ROWS) {
    const rows = Math.min(BLOCK_ROWS, rowCount - from);
    binners.forEach((binner, j) => {
      binner(from, from + rows, bins[j] as Uint8Array);
    });
    visit(bins, from, rows);
  }
}

/** Log-odds of each row, the very numbers that `explainColumns` takes apart. */
export function logOdds(model: EbmModel, columns: readonly FeatureColumn[]): Float64Array {
  const out = new Float64Array(columns[0]?.values.length ?? 0).fill(model.intercept);
  const terms = compile(model);
  forEachBlock(model, columns, (bins, from, rows) => {
    const block = out.subarray(from, from + rows);
    addTerms(terms, bins, rows, block);
  });
  return out;
}

/** Probabilities in (0, 1), one per row. Columns are found by name, levels by their text. */
export function predictColumns(model: EbmModel, columns: readonly FeatureColumn[]): Float64Array {
  return probabilitiesOf(logOdds(model, columns));
}

/** Probabilities of rows that are binned already, by this model's own bins, in the order of its features. */
export function predictBinned(model: EbmModel, columns: readonly BinnedColumn[]): Float64Array {
  const out = new Float64Array(columns[0]?.values.length ?? 0).fill(model.intercept);
  const terms = compile(model);
  for (let from = 0; from < out.length; from += BLOCK_ROWS) {
    const rows = Math.min(BLOCK_ROWS, out.length - from);
    const bins = columns.map(({ values }) => values.subarray(from, from + rows));
    addTerms(terms, bins, rows, out.subarray(from, from + rows));
  }
  return probabilitiesOf(out);
}

/** What each term adds to each row's log-odds. */
export function explainColumns(model: EbmModel, columns: readonly FeatureColumn[]): Explanation {
  const log_odds = logOdds(model, columns);
  const terms = compile(model);
  const contributions = terms.map(() => new Float64Array(log_odds.length));
  forEachBlock(model, columns, (bins, from, rows) => {
    terms.forEach((term, t) => {
      addTerm(term, bins, rows, (contributions[t] as Float64Array).subarray(from, from + rows));
    });
  });
  return { intercept: model.intercept, terms: model.terms.map((term) => term.name), contributions, log_odds };
}

/** Interval of each row's probability. */
export interface EbmInterval {
  readonly low: Float64Array;
  readonly high: Float64Array;
  /** Standard error of the log-odds over accounts. */
  readonly log_odds_se: Float64Array;
}

/**
 * Interval of each probability from the bags: the spread of their log-odds, scaled to a standard error over accounts as
 * a delete-group jackknife, normal around the model's own log-odds. It holds the doubt about the fit, not that about
 * the future. `level` in (0, 1).
 */
export function intervalColumns(model: EbmModel, columns: readonly FeatureColumn[], level = 0.9): EbmInterval {
  const center = logOdds(model, columns);
  const n = center.length;
  const sum = new Float64Array(n);
  const squares = new Float64Array(n);
  const bags = model.bags.map(({ intercept, scores }) => ({
    intercept,
    terms: compile(model).map((term, t): CompiledTerm => ({ ...term, scores: Float64Array.from(scores[t] ?? []) })),
  }));
  forEachBlock(model, columns, (bins, from, rows) => {
    const out = new Float64Array(rows);
    for (const { intercept, terms } of bags) {
      out.fill(intercept);
      addTerms(terms, bins, rows, out);
      for (let i = 0; i < rows; i++) {
        const gap = (out[i] as number) - (center[from + i] as number);
        sum[from + i] = (sum[from + i] as number) + gap;
        squares[from + i] = (squares[from + i] as number) + gap * gap;
      }
    }
  });
  const count = model.bags.length;
  const log_odds_se = squares.map((square, i) =>
    count < 2
      ? Number.NaN
      : model.bag_scale * Math.sqrt(Math.max(0, square - (sum[i] as number) ** 2 / count) / (count - 1)),
  );
  const z = normalQuantile((1 + level) / 2);
  const at = (sign: number) => log_odds_se.map((se, i) => sigmoid((center[i] as number) + sign * z * se));
  return { low: at(-1), high: at(1), log_odds_se };
}
