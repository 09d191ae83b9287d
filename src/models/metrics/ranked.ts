import { descendingOrder } from './order.ts';

/** 0 or 1 for each row; 1 = the outcome happened. */
export type Labels = Uint8Array | Float64Array;

/** Rows to be judged. All arrays are equally long; what is left out is not needed by the metric asked for. */
export interface ScoredRows {
  /** Higher = sooner on the list. For probability metrics the probability itself, in [0, 1]. */
  readonly score: Float64Array;
  readonly label: Labels;
  /** ≥ 0; a weight of 2 is the same as the row twice. Default 1. */
  readonly weight?: Float64Array | undefined;
  /** Money of the row (ARR) for the ARR metrics. `NaN` and negative amounts count as 0. */
  readonly amount?: Float64Array | undefined;
  /** Days from the row's date to its outcome, for recall at a lead; read only where label is 1. */
  readonly lead_days?: Float64Array | undefined;
  /** The probability of the rival, for skill scores: usually the base rate known at the row's origin. */
  readonly reference?: Float64Array | undefined;
}

/** Rows put in falling order of score, ties grouped: what every metric reads. Made once, read by many. */
export interface Ranked {
  readonly rowCount: number;
  /** Row of the input that stands at each place. */
  readonly order: Uint32Array;
  /** Exclusive end of each group of equal scores. */
  readonly tieEnds: Uint32Array;
  readonly score: Float64Array;
  readonly label: Float64Array;
  readonly weight: Float64Array;
  readonly amount: Float64Array | undefined;
  readonly lead_days: Float64Array | undefined;
  readonly reference: Float64Array | undefined;
  /** Totals of the weights, where they were added up before. */
  readonly totals?: Totals | undefined;
  /** What does not depend on the weights, worked out once however often the rows are weighed anew. */
  readonly known: RankedFacts;
}

/** Weight of all rows, and of those with the outcome. */
export interface Totals {
  weight: number;
  outcome: number;
}

/** Filled in by the metrics that first need them; in ranked order. */
export interface RankedFacts {
  /** Log loss of each row, nats. */
  losses?: Float64Array;
  /** Money of each row with the outcome, else 0; and the places of those with any, largest first, ties in order. */
  lost_amount?: Float64Array;
  lost?: Uint32Array;
}

/** Sorts once; throws on `NaN` scores, unequal lengths, and labels other than 0 and 1. */
export function rankRows(rows: ScoredRows): Ranked {
  const n = rows.score.length;
  for (const [name, array] of Object.entries(rows) as [string, ArrayLike<number> | undefined][]) {
    if (array !== undefined && array.length !== n) throw new Error(`${name} has ${array.length} rows, score has ${n}`);
  }
  const order = descendingOrder(rows.score);
  const score = gather(rows.score, order);
  const label = gather(rows.label, order);
  for (let i = 0; i < n; i++) {
    if (label[i] !== 0 && label[i] !== 1) throw new Error(`the label of row ${order[i]} is ${label[i]}, not 0 or 1`);
  }
  const ends = new Uint32Array(n);
  let groups = 0;
  for (let i = 0; i < n; i++) if (i + 1 === n || score[i + 1] !== score[i]) ends[groups++] = i + 1;
  return {
    rowCount: n,
    order,
    tieEnds: ends.slice(0, groups),
    score,
    label,
    weight: rows.weight === undefined ? new Float64Array(n).fill(1) : gather(rows.weight, order),
    amount: rows.amount && moneyOf(gather(rows.amount, order)),
    lead_days: rows.lead_days && gather(rows.lead_days, order),
    reference: rows.reference && gather(rows.reference, order),
    known: {},
  };
}

/** `values` at `rows`, as doubles. */
export function gather(values: ArrayLike<number>, rows: ArrayLike<number>): Float64Array {
  const out = new Float64Array(rows.length);
  for (let i = 0; i < out.length; i++) out[i] = values[rows[i] as number] as number;
  return out;
}

function moneyOf(amount: Float64Array): Float64Array {
  for (let i = 0; i < amount.length; i++) if (!((amount[i] as number) > 0)) amount[i] = 0;
  return amount;
}

/**
 * The same ranking with other weights, already in ranked order; nothing is sorted again. What is known goes along.
 * @param sums totals of these weights, for callers that write others into `weight` and keep the sums in step
 */
export function reweighted(ranked: Ranked, weight: Float64Array, sums?: Totals): Ranked {
  return { ...ranked, weight, totals: sums };
}

/** Sum of the weights, and of the weights of rows with the outcome. */
export function totals(ranked: Ranked): Readonly<Totals> {
  const { label, weight, rowCount } = ranked;
  if (ranked.totals !== undefined) return ranked.totals;
  let all = 0;
  let outcome = 0;
  for (let i = 0; i < rowCount; i++) {
    const w = weight[i] as number;
    all += w;
    outcome += w * (label[i] as number);
  }
  return { weight: all, outcome };
}
