import { forkRandom } from '../../lib/random.ts';
import { type BagSide, type BagTable, baseLogOdds, EarlyStopping, HeldOutLoss, packSide } from './bag.ts';
import { addTo, histogram, step, stepAndHistogram } from './kernel.ts';
import { LeafSearch, type StepLimits, type TermFrame, UPDATE } from './leaf-search.ts';
import { rankPairs } from './pair-ranking.ts';
import { type RoundSettings, Rounds, type Steps } from './rounds.ts';

export interface MainsSettings extends RoundSettings {
  readonly limits: StepLimits;
  readonly max_rounds: number;
  readonly early_stopping_rounds: number;
  readonly early_stopping_tolerance: number;
}

/** Input of the job `ebm.mains`. */
export interface MainsInput {
  readonly table: BagTable;
  readonly settings: MainsSettings;
  readonly seed: number;
  /** Pair bin of each bin, by feature, `null` where the feature enters no pair; `null` = pairs are not ranked. */
  readonly groups: readonly (Uint8Array | null)[] | null;
}

/** What one bag learnt of single features. */
export interface MainsResult {
  readonly intercept: number;
  /** Log-odds by feature and bin, not centred. */
  readonly shapes: readonly Float64Array[];
  readonly rounds: number;
  readonly held_out_log_loss: number | null;
  /** Strength of each pair of features in the order (0,1), (0,2) …; `null` where pairs were not ranked. */
  readonly strengths: Float64Array | null;
}

/** Boosts single features in one bag, step by small step, and ranks the pairs on what is left. */
export function boostMains(input: MainsInput): MainsResult {
  const train = packSide(input.table, 0);
  const result = boost(input, train);
  const strengths = input.groups === null ? null : rankPairs(train, input.table.features, result, input.groups);
  return { ...result, strengths };
}

function boost(input: MainsInput, train: BagSide): Omit<MainsResult, 'strengths'> {
  const { table, settings } = input;
  const random = forkRandom(input.seed, 'mains');
  const intercept = baseLogOdds(train);
  const held = packSide(table, 1);
  const loss = held.rowCount === 0 ? undefined : new HeldOutLoss(held, new Float64Array(held.rowCount).fill(intercept));
  const terms = table.features.map((_, j) => j).filter((j) => isUsable(train.values[j] as Uint8Array));
  const frames = table.features.map((feature, j): TermFrame => frameOf(feature, train, train.values[j] as Uint8Array));
  const stays = frames.map((frame, j) => loss?.stayWeights(held.values[j] as Uint8Array, frame.bins));
  const shapes = frames.map((frame) => new Float64Array(frame.bins));
  const best = shapes.map((shape) => shape.slice());
  const stopping = new EarlyStopping(
    loss?.value() ?? Number.POSITIVE_INFINITY,
    settings.early_stopping_rounds,
    settings.early_stopping_tolerance,
  );
  const search = new LeafSearch(settings.limits);
  const e = new Float64Array(train.rowCount).fill(Math.exp(-intercept));
  const bag: Bag = { terms, train, held, loss, frames, stays, shapes, search, e };
  const rounds = terms.length === 0 ? undefined : new Rounds(stepsOf(bag), settings, random);
  let round = 0;
  while (rounds !== undefined && round < settings.max_rounds) {
    rounds.go(round++);
    if (loss === undefined) continue;
    if (stopping.isBetter(round, loss.value())) for (const [j, shape] of shapes.entries()) best[j]?.set(shape);
    else if (stopping.isOver(round)) break;
  }
  const keepsLast = loss === undefined || settings.early_stopping_rounds === 0;
  return {
    intercept,
    shapes: keepsLast ? shapes : best,
    rounds: keepsLast ? round : stopping.bestRound,
    held_out_log_loss: loss === undefined ? null : keepsLast ? loss.value() : stopping.best,
  };
}

/** A bag at work. */
interface Bag {
  /** Features that can tell something. */
  readonly terms: readonly number[];
  readonly train: BagSide;
  readonly held: BagSide;
  readonly loss: HeldOutLoss | undefined;
  readonly frames: readonly TermFrame[];
  /** Held-out weight without the outcome, by feature and bin. */
  readonly stays: readonly (Float64Array | undefined)[];
  readonly shapes: readonly Float64Array[];
  readonly search: LeafSearch;
  /** exp(−score) of the rows trained on. */
  readonly e: Float64Array;
}

/** Steps of the bag's features. */
function stepsOf(bag: Bag): Steps {
  const { terms, search, frames } = bag;
  const gains = new Float64Array(terms.length);
  return {
    gains,
    take: (place) => takeFeature(bag, terms[place] as number),
    seek(place, cuts) {
      const isChanged = search.step(frames[terms[place] as number] as TermFrame, cuts);
      gains[place] = search.gain;
      return isChanged;
    },
    move(place, isChanged, following) {
      if (isChanged) moveFeature(bag, terms[place] as number, terms[following] as number);
      else takeFeature(bag, terms[following] as number);
    },
  };
}

/** Leaves the histogram of feature `j` in `SUMS`. */
function takeFeature({ train, frames, e }: Bag, j: number): void {
  histogram(e, train.values[j] as Uint8Array, train.weight, (frames[j] as TermFrame).bins);
}

/**
 * Takes the step of feature `j` that stands in `UPDATE`, and leaves in `SUMS` the histogram of the feature that follows. A
 * function of its own is compiled once; the loop around it would be compiled anew in every bag.
 */
function moveFeature(bag: Bag, j: number, following: number): void {
  const { train, loss, frames, e } = bag;
  const next = train.values[following] as Uint8Array;
  addTo(bag.shapes[j] as Float64Array, UPDATE);
  stepAndHistogram(e, train.values[j] as Uint8Array, next, train.weight, (frames[following] as TermFrame).bins);
  if (loss === undefined) return;
  step(loss.e, bag.held.values[j] as Uint8Array);
  loss.moved(bag.stays[j] as Float64Array, UPDATE);
}

function frameOf(feature: BagTable['features'][number], side: BagSide, values: Uint8Array): TermFrame {
  const { bins } = feature;
  // Rows of each bin without and with the outcome in turn: whole numbers, counted in one go.
  const counts = new Int32Array(2 * bins);
  for (let i = 0; i < values.length; i++) {
    const k = 2 * (values[i] as number) + (side.label[i] as number);
    counts[k] = (counts[k] as number) + 1;
  }
  const labels = new Float64Array(bins);
  const rows = new Float64Array(bins);
  for (let b = 0; b < bins; b++) {
    labels[b] = counts[2 * b + 1] as number;
    rows[b] = (counts[2 * b] as number) + (counts[2 * b + 1] as number);
  }
  if (side.weight !== null) {
    labels.fill(0);
    for (let i = 0; i < values.length; i++) {
      const b = values[i] as number;
      labels[b] = (labels[b] as number) + (side.weight[i] as number) * (side.label[i] as number);
    }
  }
  return { ...feature, labels, rows };
}

/** A column of one bin can tell nothing. */
function isUsable(values: Uint8Array): boolean {
  for (let i = 1; i < values.length; i++) if (values[i] !== values[0]) return true;
  return false;
}
