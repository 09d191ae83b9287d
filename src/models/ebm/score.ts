import type { Explanation, FeatureColumn } from '../../contract/model.ts';
import { sigmoid } from '../../lib/numbers.ts';
import { columnNamed } from '../design.ts';
import { normalQuantile } from '../interval.ts';
import { probabilitiesOf } from '../logistic.ts';
import { applyBins, groupCount } from './binning.ts';
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

/** The bins of every feature of the model, found by name; throws where the table lacks one. */
function binAll(model: EbmModel, columns: readonly FeatureColumn[]): Uint8Array[] {
  return model.features.map((feature) => applyBins(feature, columnNamed(columns, feature.name)));
}

function addTerm(
  { first, second, lines, columns, scores }: CompiledTerm,
  bins: readonly Uint8Array[],
  out: Float64Array,
): void {
  const a = bins[first] as Uint8Array;
  if (second < 0) {
    for (let i = 0; i < a.length; i++) out[i] = (out[i] as number) + (scores[a[i] as number] as number);
    return;
  }
  const b = bins[second] as Uint8Array;
  for (let i = 0; i < a.length; i++) {
    const cell = (lines[a[i] as number] as number) + (columns[b[i] as number] as number);
    out[i] = (out[i] as number) + (scores[cell] as number);
  }
}

function logOdds(model: EbmModel, bins: readonly Uint8Array[]): Float64Array {
  const out = new Float64Array(bins[0]?.length ?? 0).fill(model.intercept);
  for (const term of compile(model)) addTerm(term, bins, out);
  return out;
}

/** Probabilities in (0, 1), one per row. Columns are found by name, levels by their text. */
export function predictColumns(model: EbmModel, columns: readonly FeatureColumn[]): Float64Array {
  return probabilitiesOf(logOdds(model, binAll(model, columns)));
}

/** Probabilities of rows that are binned already, by this model's own bins. */
export function predictBinned(model: EbmModel, columns: readonly BinnedColumn[]): Float64Array {
  return probabilitiesOf(
    logOdds(
      model,
      columns.map(({ values }) => values),
    ),
  );
}

/** What each term adds to each row's log-odds. */
export function explainColumns(model: EbmModel, columns: readonly FeatureColumn[]): Explanation {
  const bins = binAll(model, columns);
  const log_odds = logOdds(model, bins);
  const contributions = compile(model).map((term) => {
    const out = new Float64Array(log_odds.length);
    addTerm(term, bins, out);
    return out;
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
  const bins = binAll(model, columns);
  const center = logOdds(model, bins);
  const n = center.length;
  const terms = compile(model);
  const sum = new Float64Array(n);
  const squares = new Float64Array(n);
  for (const bag of model.bags) {
    const out = new Float64Array(n).fill(bag.intercept);
    terms.forEach((term, t) => {
      addTerm({ ...term, scores: Float64Array.from(bag.scores[t] ?? []) }, bins, out);
    });
    for (let i = 0; i < n; i++) {
      const gap = (out[i] as number) - (center[i] as number);
      sum[i] = (sum[i] as number) + gap;
      squares[i] = (squares[i] as number) + gap * gap;
    }
  }
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
