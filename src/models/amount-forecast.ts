import { logit, sigmoid } from '../lib/numbers.ts';
import { normalCritical } from './distributions.ts';

/** One amount that comes in whole or not at all. */
export interface UncertainAmount {
  /** ≥ 0, any currency. */
  readonly amount: number;
  /** That it comes in, 0–1. */
  readonly probability: number;
  /** Doubt about that probability itself: standard deviation of its log-odds, ≥ 0. */
  readonly doubt: number;
}

/** What a sum of uncertain amounts is expected to be, and the range that holds it with the probability asked for. */
export interface AmountRange {
  readonly expected: number;
  readonly low: number;
  readonly high: number;
}

/** Cells that the whole sum is divided into. */
const CELLS = 1000;
/** Values that the shared doubt is tried at. */
const DOUBTS = 11;

/**
 * A sum of amounts of which each comes in or not (Poisson-binomial, weighted). Given the probabilities the amounts are
 * independent; the probabilities are not: a model that is too hopeful is so of every account, so that the doubt moves all of
 * them together, by the same number of standard deviations (the widest case). The distribution is computed, not drawn, on 1,000
 * cells of the sum of all; an amount between two cells is shared between them so that its mean stays exact.
 *
 * @param level of the range, 0–1: (1 − level) ÷ 2 lies below `low` and as much above `high`; more where the sum jumps
 */
export function amountRange(parts: readonly UncertainAmount[], level: number): AmountRange {
  // The smallest first: the sums so far are then short for as long as can be. And no sum hangs on the order given.
  const paying = parts
    .filter(({ amount }) => amount > 0)
    .sort((a, b) => a.amount - b.amount || a.probability - b.probability || a.doubt - b.doubt);
  const all = paying.reduce((sum, { amount }) => sum + amount, 0);
  const expected = paying.reduce((sum, { amount, probability }) => sum + amount * probability, 0);
  if (all === 0) return { expected: 0, low: 0, high: 0 };
  const step = all / CELLS;
  const total = new Float64Array(CELLS + 1);
  const tries = paying.some(({ doubt }) => doubt > 0) ? sharedDoubts() : [0];
  for (const doubts of tries) {
    const sum = distributionOf(paying, step, doubts);
    for (let cell = 0; cell <= CELLS; cell++)
      total[cell] = (total[cell] as number) + (sum[cell] as number) / tries.length;
  }
  return {
    expected,
    low: step * cellAt(total, (1 - level) / 2),
    high: step * cellAt(total, (1 + level) / 2),
  };
}

/** Eleven equally likely values of a standard normal, stretched to variance 1. */
function sharedDoubts(): number[] {
  const values = Array.from({ length: DOUBTS }, (_, k) => {
    const place = (k + 0.5) / DOUBTS;
    return place === 0.5 ? 0 : Math.sign(place - 0.5) * normalCritical(2 * Math.min(place, 1 - place));
  });
  const spread = Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / DOUBTS);
  return values.map((value) => value / spread);
}

/** Probability of each cell of the sum, where every log-odds stands `doubts` standard deviations from where it is told. */
function distributionOf(parts: readonly UncertainAmount[], step: number, doubts: number): Float64Array {
  let cells = new Float64Array(CELLS + 2);
  let next = new Float64Array(CELLS + 2);
  cells[0] = 1;
  let reached = 0;
  for (const { amount, probability, doubt } of parts) {
    const told = doubt === 0 || probability <= 0 || probability >= 1;
    const p = told ? probability : sigmoid(logit(probability) + doubts * doubt);
    const shift = Math.floor(amount / step + 1e-9);
    const rest = Math.max(0, amount / step - shift);
    next.fill(0, 0, Math.min(CELLS + 2, reached + shift + 3));
    for (let cell = 0; cell <= reached; cell++) {
      const here = cells[cell] as number;
      if (here === 0) continue;
      next[cell] = (next[cell] as number) + (1 - p) * here;
      const near = Math.min(CELLS, cell + shift);
      const far = Math.min(CELLS, near + 1);
      next[near] = (next[near] as number) + p * (1 - rest) * here;
      next[far] = (next[far] as number) + p * rest * here;
    }
    reached = Math.min(CELLS, reached + shift + (rest > 0 ? 1 : 0));
    [cells, next] = [next, cells];
  }
  return cells;
}

/** The first cell up to which at least `probability` lies. */
function cellAt(cells: Float64Array, probability: number): number {
  let sum = 0;
  for (let cell = 0; cell < CELLS; cell++) {
    sum += cells[cell] as number;
    // Sums of many products: what is equal on paper may be a digit short.
    if (sum >= probability - 1e-12) return cell;
  }
  return CELLS;
}

/** Doubt of a probability told with the interval `low`–`high` at `level`, normal on the log-odds; 0 where it has none. */
export function doubtOfInterval(low: number, high: number, level: number): number {
  if (!(low > 0 && high < 1 && high > low)) return 0;
  return (logit(high) - logit(low)) / (2 * normalCritical(1 - level));
}

/** Doubt of a rate seen `outcomes` times in about `outcomes` ÷ `rate` cases. */
export function doubtOfRate(outcomes: number, rate: number): number {
  if (!(outcomes > 0 && rate > 0 && rate < 1)) return 0;
  return Math.sqrt(1 / (outcomes + 0.5) + 1 / (outcomes / rate - outcomes + 0.5));
}
