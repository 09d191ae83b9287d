import { forkRandom } from '../../lib/random.ts';
import { type BagSide, type BagTable, EarlyStopping, HeldOutLoss, packSide } from './bag.ts';
import { groupCount } from './binning.ts';
import { addTo } from './kernel.ts';
import type { StepLimits } from './leaf-search.ts';
import { cellHistogram, cellsOf, moveCells, stepCells } from './pair-kernel.ts';
import { levelOrders, type PairOrders } from './pair-ranking.ts';
import { CELL_UPDATE, framePair, type PairFrame, PairSearch } from './pair-search.ts';
import { type RoundSettings, Rounds, type Steps } from './rounds.ts';

export interface PairSettings extends RoundSettings {
  readonly limits: StepLimits;
  readonly max_rounds: number;
  readonly early_stopping_rounds: number;
  readonly early_stopping_tolerance: number;
}

/** Input of the job `ebm.pairs`. */
export interface PairsInput {
  readonly table: BagTable;
  readonly settings: PairSettings;
  readonly seed: number;
  /** What the bag learnt of single features; it stays as it is. */
  readonly intercept: number;
  readonly shapes: readonly Float64Array[];
  readonly pairs: readonly (readonly [number, number])[];
  readonly groups: readonly (Uint8Array | null)[];
}

/** What one bag learnt of pairs. */
export interface PairsResult {
  /** Log-odds by pair: lines of the first feature's pair bins, columns of the second's; not purified. */
  readonly tables: readonly Float64Array[];
  readonly rounds: number;
  readonly held_out_log_loss: number | null;
}

interface PairState {
  readonly frame: PairFrame;
  readonly orders: PairOrders;
  readonly cells: Uint16Array;
  readonly heldCells: Uint16Array;
  readonly stay: Float64Array | undefined;
  readonly table: Float64Array;
  readonly best: Float64Array;
}

/** Boosts the given pairs in one bag on top of its single features. */
export function boostPairs(input: PairsInput): PairsResult {
  const { settings } = input;
  const random = forkRandom(input.seed, 'pairs');
  const train = packSide(input.table, 0);
  const held = packSide(input.table, 1);
  const e = scoresOf(train, input).map((score) => Math.exp(-score));
  const loss = held.rowCount === 0 ? undefined : new HeldOutLoss(held, scoresOf(held, input));
  const states = input.pairs.map((pair) => stateOf(pair, input, train, held, e, loss));
  const search = new PairSearch(settings.limits);
  const stopping = new EarlyStopping(
    loss?.value() ?? Number.POSITIVE_INFINITY,
    settings.early_stopping_rounds,
    settings.early_stopping_tolerance,
  );
  const bag: Bag = { states, train, loss, search, e };
  const rounds = states.length === 0 ? undefined : new Rounds(stepsOf(bag), settings, random);
  let round = 0;
  while (rounds !== undefined && round < settings.max_rounds) {
    rounds.go(round++);
    if (loss === undefined) continue;
    if (stopping.isBetter(round, loss.value())) for (const { table, best } of states) best.set(table);
    else if (stopping.isOver(round)) break;
  }
  const keepsLast = loss === undefined || settings.early_stopping_rounds === 0;
  return {
    tables: states.map((state) => restoreOrder(keepsLast ? state.table : state.best, state)),
    rounds: keepsLast ? round : stopping.bestRound,
    held_out_log_loss: loss === undefined ? null : keepsLast ? loss.value() : stopping.best,
  };
}

/** A bag at work. */
interface Bag {
  readonly states: readonly PairState[];
  readonly train: BagSide;
  readonly loss: HeldOutLoss | undefined;
  readonly search: PairSearch;
  /** exp(−score) of the rows trained on. */
  readonly e: Float64Array;
}

/** Steps of the bag's pairs. */
function stepsOf(bag: Bag): Steps {
  const { states, search } = bag;
  const gains = new Float64Array(states.length);
  return {
    gains,
    take: (place) => takePair(bag, states[place] as PairState),
    seek(place, cuts) {
      const isChanged = search.step((states[place] as PairState).frame, cuts);
      gains[place] = search.gain;
      return isChanged;
    },
    move(place, isChanged, following) {
      if (isChanged) movePair(bag, states[place] as PairState, states[following] as PairState);
      else takePair(bag, states[following] as PairState);
    },
  };
}

/** Leaves the histogram of a pair in `CELL_SUMS`. */
function takePair({ train, e }: Bag, state: PairState): void {
  cellHistogram(e, state.cells, train.weight, state.table.length);
}

/** Takes the step that stands in `CELL_UPDATE`; leaves in `CELL_SUMS` the histogram of the next pair. Compiled once, as its like in `mains.ts`. */
function movePair({ train, loss, e }: Bag, state: PairState, next: PairState): void {
  addTo(state.table, CELL_UPDATE);
  stepCells(e, state.cells, next.cells, train.weight, next.table.length);
  if (loss === undefined || state.stay === undefined) return;
  moveCells(loss.e, state.heldCells);
  loss.moved(state.stay, CELL_UPDATE);
}

function scoresOf(side: BagSide, { intercept, shapes }: PairsInput): Float64Array {
  const out = new Float64Array(side.rowCount).fill(intercept);
  shapes.forEach((shape, j) => {
    const values = side.values[j] as Uint8Array;
    for (let i = 0; i < out.length; i++) out[i] = (out[i] as number) + (shape[values[i] as number] as number);
  });
  return out;
}

function stateOf(
  [i, j]: readonly [number, number],
  input: PairsInput,
  train: BagSide,
  held: BagSide,
  e: Float64Array,
  loss: HeldOutLoss | undefined,
): PairState {
  const { features } = input.table;
  const [lines, columns] = [input.groups[i], input.groups[j]];
  if (!lines || !columns) throw new Error(`the features ${i} and ${j} have no pair bins`);
  const [height, width] = [groupCount(lines), groupCount(columns)];
  const orders = residualOrders(
    train,
    e,
    [i, j],
    [lines, columns],
    [features[i]?.isNominal === true, features[j]?.isNominal === true],
  );
  const [lineMap, columnMap] = [placesIn(lines, orders.lines), placesIn(columns, orders.columns)];
  const cells = cellsOf(train.values[i] as Uint8Array, lineMap, train.values[j] as Uint8Array, columnMap, width);
  const heldCells = cellsOf(held.values[i] as Uint8Array, lineMap, held.values[j] as Uint8Array, columnMap, width);
  const size = height * width;
  const labels = new Float64Array(size);
  const rows = new Float64Array(size);
  for (let k = 0; k < cells.length; k++) {
    const c = cells[k] as number;
    const w = train.weight === null ? 1 : (train.weight[k] as number);
    labels[c] = (labels[c] as number) + w * (train.label[k] as number);
    rows[c] = (rows[c] as number) + 1;
  }
  return {
    frame: framePair(height, width, labels, rows, input.settings.limits.min_rows),
    orders,
    cells,
    heldCells,
    stay: loss?.stayWeights(heldCells, size),
    table: new Float64Array(size),
    best: new Float64Array(size),
  };
}

/** Cutting orders of a pair on what the single features leave. */
function residualOrders(
  train: BagSide,
  e: Float64Array,
  [i, j]: readonly [number, number],
  [lines, columns]: readonly [Uint8Array, Uint8Array],
  [areLinesNominal, areColumnsNominal]: readonly [boolean, boolean],
): PairOrders {
  const [height, width] = [groupCount(lines), groupCount(columns)];
  const sums = new Float64Array(2 * height * width);
  if (areLinesNominal || areColumnsNominal) {
    const cells = cellsOf(train.values[i] as Uint8Array, lines, train.values[j] as Uint8Array, columns, width);
    for (let k = 0; k < cells.length; k++) {
      const p = 1 / (1 + (e[k] as number));
      const w = train.weight === null ? 1 : (train.weight[k] as number);
      const c = 2 * (cells[k] as number);
      sums[c] = (sums[c] as number) + w * ((train.label[k] as number) - p);
      sums[c + 1] = (sums[c + 1] as number) + w * p * (1 - p);
    }
  }
  return levelOrders(sums, height, width, areLinesNominal, areColumnsNominal);
}

/** Place in the cutting order of each bin. */
function placesIn(groups: Uint8Array, order: Uint8Array): Uint8Array {
  const place = new Uint8Array(order.length);
  order.forEach((group, at) => {
    place[group] = at;
  });
  return groups.map((group) => place[group] as number);
}

function restoreOrder(table: Float64Array, { frame, orders }: PairState): Float64Array {
  const out = new Float64Array(table.length);
  for (let a = 0; a < frame.height; a++) {
    for (let b = 0; b < frame.width; b++) {
      const cell = (orders.lines[a] as number) * frame.width + (orders.columns[b] as number);
      out[cell] = table[a * frame.width + b] as number;
    }
  }
  return out;
}
