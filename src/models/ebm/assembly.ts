import { groupCount } from './binning.ts';
import { purifyPair, weightedMean } from './purify.ts';
import type { BinnedColumn, EbmBag, EbmFeature, EbmTerm } from './types.ts';

/** What one bag learnt, raw. */
export interface RawBag {
  readonly intercept: number;
  readonly shapes: readonly Float64Array[];
  readonly tables: readonly Float64Array[];
  readonly rounds: number;
  readonly pair_rounds: number;
  readonly held_out_log_loss: number | null;
}

export interface AssemblyInput {
  readonly columns: readonly BinnedColumn[];
  readonly features: readonly EbmFeature[];
  readonly weight: Float64Array;
  /** Training weight by feature and bin. */
  readonly mainWeights: readonly Float64Array[];
  readonly pairs: readonly (readonly [number, number])[];
  readonly bags: readonly RawBag[];
  /** Factor from the spread of the bags to a standard error. */
  readonly bag_scale: number;
}

export interface Assembly {
  readonly intercept: number;
  readonly terms: readonly EbmTerm[];
  readonly bags: readonly EbmBag[];
}

/** Powers of ten by which numbers are rounded: 6 decimals of scores, 4 of bags. */
const SCORE_DIGITS = 1e6;
const BAG_DIGITS = 1e4;

/**
 * Purifies and centres every bag on the training weights, averages the bags, and reads standard errors from their
 * spread. Stored numbers are rounded: the model is what is stored, so that explanations of it are exact.
 */
export function assemble(input: AssemblyInput): Assembly {
  const { features, mainWeights, pairs } = input;
  const pairWeights = pairs.map((pair) => cellWeights(input, pair));
  const clean = input.bags.map((bag) => cleanBag(bag, input, mainWeights, pairWeights));
  const weights = [...mainWeights, ...pairWeights];
  const places = [...features.map((_, j) => [j] as const), ...pairs];
  const terms = places.map((place, t): EbmTerm => {
    const shapes = clean.map(({ scores }) => scores[t] as Float64Array);
    const mean = meanOf(shapes);
    const scores = Array.from(mean, (score) => rounded(score, SCORE_DIGITS));
    const termWeights = weights[t] as Float64Array;
    return {
      name: place.map((j) => features[j]?.name).join(' × '),
      features: place,
      scores,
      standard_errors: Array.from(spreadOf(shapes, mean), (spread) => rounded(input.bag_scale * spread, BAG_DIGITS)),
      weights: Array.from(termWeights, (w) => rounded(w, SCORE_DIGITS)),
      importance: rounded(weightedMean(scores.map(Math.abs), termWeights), SCORE_DIGITS),
    };
  });
  const intercept = clean.reduce((sum, bag) => sum + bag.intercept, 0) / clean.length;
  const bags = clean.map((bag, k): EbmBag => {
    const { rounds, pair_rounds, held_out_log_loss } = input.bags[k] as RawBag;
    return {
      intercept: rounded(bag.intercept, BAG_DIGITS),
      scores: bag.scores.map((shape) => Array.from(shape, (score) => rounded(score, BAG_DIGITS))),
      rounds,
      pair_rounds,
      held_out_log_loss: held_out_log_loss === null ? null : rounded(held_out_log_loss, SCORE_DIGITS),
    };
  });
  return { intercept: rounded(intercept, SCORE_DIGITS), terms, bags };
}

/** Training weight of each cell of a pair. */
function cellWeights({ columns, features, weight }: AssemblyInput, [i, j]: readonly [number, number]): Float64Array {
  const [lines, across] = [features[i]?.pair_groups, features[j]?.pair_groups];
  const [a, b] = [columns[i]?.values, columns[j]?.values];
  if (!lines || !across || !a || !b) throw new Error(`the features ${i} and ${j} have no pair bins`);
  const width = groupCount(across);
  const out = new Float64Array(groupCount(lines) * width);
  for (let k = 0; k < a.length; k++) {
    const cell = (lines[a[k] as number] as number) * width + (across[b[k] as number] as number);
    out[cell] = (out[cell] as number) + (weight[k] as number);
  }
  return out;
}

/** Moves single-feature parts of pairs into the single features, and means into the intercept. */
function cleanBag(
  bag: RawBag,
  { features, pairs }: AssemblyInput,
  mainWeights: readonly Float64Array[],
  pairWeights: readonly Float64Array[],
): { intercept: number; scores: Float64Array[] } {
  const shapes = bag.shapes.map((shape) => shape.slice());
  const tables = pairs.map(([i, j], k) => {
    const [lines, columns] = [features[i]?.pair_groups ?? [], features[j]?.pair_groups ?? []];
    const pure = purifyPair(
      bag.tables[k] as Float64Array,
      pairWeights[k] as Float64Array,
      groupCount(lines),
      groupCount(columns),
    );
    addGroups(shapes[i] as Float64Array, lines, pure.lines);
    addGroups(shapes[j] as Float64Array, columns, pure.columns);
    return pure.table;
  });
  let intercept = bag.intercept;
  shapes.forEach((shape, j) => {
    const weights = mainWeights[j] as Float64Array;
    const mean = weightedMean(shape, weights);
    intercept += mean;
    // A bin without weight is one that training never saw: it tells nothing.
    for (let b = 0; b < shape.length; b++) shape[b] = weights[b] === 0 ? 0 : (shape[b] as number) - mean;
  });
  return { intercept, scores: [...shapes, ...tables] };
}

function addGroups(shape: Float64Array, groups: readonly number[], parts: Float64Array): void {
  for (let b = 0; b < shape.length; b++) shape[b] = (shape[b] as number) + (parts[groups[b] as number] as number);
}

function meanOf(shapes: readonly Float64Array[]): Float64Array {
  const [first = new Float64Array(0)] = shapes;
  return first.map((_, b) => shapes.reduce((sum, shape) => sum + (shape[b] as number), 0) / shapes.length);
}

/** Standard deviation over the bags; 0 where there is only one. */
function spreadOf(shapes: readonly Float64Array[], mean: Float64Array): Float64Array {
  if (shapes.length < 2) return new Float64Array(mean.length);
  return mean.map((center, b) => {
    const squares = shapes.reduce((sum, shape) => sum + ((shape[b] as number) - center) ** 2, 0);
    return Math.sqrt(squares / (shapes.length - 1));
  });
}

/** Rounded, and never −0, which JSON does not know. */
function rounded(value: number, digits: number): number {
  const scaled = Math.round(value * digits) / digits;
  return scaled === 0 ? 0 : scaled;
}
