import { type Ranked, totals } from './ranked.ts';

/**
 * Area under the ROC curve: the chance that a row with the outcome stands above one without, ties counting half
 * (Mann–Whitney form, equal to scikit-learn's trapezoid). 0.5 is chance. `NaN` when one class is absent.
 */
export function rocAuc(ranked: Ranked): number {
  return drawnAuc(ranked, ranked.weight, undefined, { value: Number.NaN, outcome: 0 }).value;
}

/** An AUC, and the weight of the rows with the outcome that it rests on. */
export interface DrawnAuc {
  value: number;
  outcome: number;
}

/**
 * `rocAuc` with the weight of each place times the draws of its cluster, in one pass.
 * @param draw the cluster of each place and how often each cluster is drawn; undefined = every one once
 * @param into is filled and given back
 */
export function drawnAuc(
  { label, tieEnds }: Ranked,
  weight: Float64Array,
  draw: { readonly cluster: Int32Array; readonly counts: Uint16Array } | undefined,
  into: DrawnAuc,
): DrawnAuc {
  let positives = 0;
  let negatives = 0;
  let area = 0;
  let i = 0;
  for (let g = 0; g < tieEnds.length; g++) {
    const end = tieEnds[g] as number;
    let up = 0;
    let down = 0;
    for (; i < end; i++) {
      const times = draw === undefined ? 1 : (draw.counts[draw.cluster[i] as number] as number);
      const w = times * (weight[i] as number);
      if (label[i] === 1) up += w;
      else down += w;
    }
    area += down * (positives + up / 2);
    positives += up;
    negatives += down;
  }
  into.value = positives > 0 && negatives > 0 ? area / (positives * negatives) : Number.NaN;
  into.outcome = positives;
  return into;
}

/**
 * Average precision: Σ (recall_g − recall_{g−1}) · precision_g over distinct scores, ties as one step, without
 * interpolation (scikit-learn's `average_precision_score`). A constant score has the base rate. `NaN` without outcomes.
 */
export function prAuc(ranked: Ranked): number {
  const { label, weight, tieEnds } = ranked;
  let hit = 0;
  let seen = 0;
  let sum = 0;
  let i = 0;
  for (let g = 0; g < tieEnds.length; g++) {
    const end = tieEnds[g] as number;
    let up = 0;
    for (; i < end; i++) {
      const w = weight[i] as number;
      up += w * (label[i] as number);
      seen += w;
    }
    hit += up;
    if (up > 0) sum += up * (hit / seen);
  }
  return hit > 0 ? sum / hit : Number.NaN;
}

/** How much each row is worth, in ranked order. */
type Worth = Float64Array;

/** Money of the rows with the outcome; kept with the ranking, because it does not depend on the weights. */
function lostAmounts({ amount, label, known }: Ranked): Worth {
  if (amount === undefined) throw new Error('this metric needs the amount of each row');
  known.lost_amount ??= label.map((y, i) => y * (amount[i] as number));
  return known.lost_amount;
}

/** Places with any such money, largest amount first, ties in order; kept like the amounts. */
function lostPlaces(ranked: Ranked): Uint32Array {
  const amounts = lostAmounts(ranked);
  ranked.known.lost ??= Uint32Array.from(
    Array.from(amounts.keys())
      .filter((i) => (amounts[i] as number) > 0)
      .sort((i, j) => (amounts[j] as number) - (amounts[i] as number)),
  );
  return ranked.known.lost;
}

/** All money that was lost, by weight: a pass over the few places that have any. */
function lostMoney(ranked: Ranked): number {
  const amounts = lostAmounts(ranked);
  const { weight } = ranked;
  let all = 0;
  for (const i of lostPlaces(ranked)) all += (amounts[i] as number) * (weight[i] as number);
  return all;
}

/**
 * Worth of the first `room` rows by weight. The rows of the tie group that straddles the edge share what room is left
 * in proportion to their weight: the expected value over all orders of the ties, so that no tie is broken by the label.
 */
function worthOfTop(ranked: Ranked, room: number, worth: Worth): number {
  const { weight, tieEnds } = ranked;
  let used = 0;
  let sum = 0;
  let i = 0;
  for (let g = 0; g < tieEnds.length && used < room; g++) {
    const end = tieEnds[g] as number;
    let size = 0;
    let gain = 0;
    for (; i < end; i++) {
      const w = weight[i] as number;
      size += w;
      gain += w * (worth[i] as number);
    }
    if (size === 0) continue;
    const share = Math.min(1, (room - used) / size);
    sum += share * gain;
    used += size;
  }
  return sum;
}

/** Share of the rows that a lift is taken over, and what it can at most be. */
export function liftCap(ranked: Ranked, fraction: number): number {
  const { weight, outcome } = totals(ranked);
  return outcome > 0 ? Math.min(1 / fraction, weight / outcome) : Number.NaN;
}

/**
 * Lift in the top `fraction` (0–1] of the rows: their outcome rate over the rate of all. 1 is chance, and a constant
 * score has exactly 1; at most `liftCap`. `NaN` without outcomes.
 */
export function liftAtFraction(ranked: Ranked, fraction: number): number {
  if (!(fraction > 0 && fraction <= 1)) throw new Error(`fraction is ${fraction}, not in (0, 1]`);
  const { weight, outcome } = totals(ranked);
  if (outcome === 0) return Number.NaN;
  if (ranked.tieEnds.length === 1) return 1;
  return worthOfTop(ranked, fraction * weight, ranked.label) / (fraction * outcome);
}

/** Share of the first `capacity` rows that have the outcome, 0–1. With fewer rows than that, of all rows. */
export function precisionAtCapacity(ranked: Ranked, capacity: number): number {
  checkCapacity(capacity);
  const { weight } = totals(ranked);
  return weight > 0 ? worthOfTop(ranked, capacity, ranked.label) / Math.min(capacity, weight) : Number.NaN;
}

/** Share of all outcomes that stand among the first `capacity` rows, 0–1. `NaN` without outcomes. */
export function recallAtCapacity(ranked: Ranked, capacity: number): number {
  checkCapacity(capacity);
  const { outcome } = totals(ranked);
  return outcome > 0 ? worthOfTop(ranked, capacity, ranked.label) / outcome : Number.NaN;
}

/** Share of the lost money (amount of rows with the outcome) among the first `capacity` rows, 0–1. */
export function arrRecallAtCapacity(ranked: Ranked, capacity: number): number {
  checkCapacity(capacity);
  const all = lostMoney(ranked);
  return all > 0 ? worthOfTop(ranked, capacity, lostAmounts(ranked)) / all : Number.NaN;
}

/** What `arrRecallAtCapacity` is for someone who knows the future: the largest lost amounts first. */
export function perfectArrRecallAtCapacity(ranked: Ranked, capacity: number): number {
  checkCapacity(capacity);
  const amounts = lostAmounts(ranked);
  const { weight } = ranked;
  const all = lostMoney(ranked);
  let room = capacity;
  let sum = 0;
  for (const i of lostPlaces(ranked)) {
    if (room <= 0) break;
    const w = weight[i] as number;
    sum += (amounts[i] as number) * Math.min(room, w);
    room -= w;
  }
  return all > 0 ? sum / all : Number.NaN;
}

/** `arrRecallAtCapacity` as a share (0–1) of what perfect knowledge would reach with the same capacity. */
export function arrRecallOfPerfect(ranked: Ranked, capacity: number): number {
  return arrRecallAtCapacity(ranked, capacity) / perfectArrRecallAtCapacity(ranked, capacity);
}

/**
 * Of the outcomes that were still at least `leadDays` away, the share among the first `capacity` rows. Rows with a
 * nearer outcome keep their slots: they are warnings too, only late ones. One list; over several dates see
 * `outcomeRecallAtLead`.
 */
export function recallAtLead(ranked: Ranked, capacity: number, leadDays: number): number {
  checkCapacity(capacity);
  const lead = ranked.lead_days;
  if (lead === undefined) throw new Error('this metric needs lead_days of each row');
  const early = ranked.label.map((y, i) => ((lead[i] as number) >= leadDays ? y : 0));
  const all = worthOfTop(ranked, Number.POSITIVE_INFINITY, early);
  return all > 0 ? worthOfTop(ranked, capacity, early) / all : Number.NaN;
}

/** Share of each input row (0–1) that the first `capacity` places hold; 1 or 0 except in the tie group at the edge. */
export function shareOnList(ranked: Ranked, capacity: number): Float64Array {
  const out = new Float64Array(ranked.rowCount);
  let used = 0;
  let i = 0;
  for (let g = 0; g < ranked.tieEnds.length && used < capacity; g++) {
    const end = ranked.tieEnds[g] as number;
    let size = 0;
    for (let j = i; j < end; j++) size += ranked.weight[j] as number;
    const share = size === 0 ? 0 : Math.min(1, (capacity - used) / size);
    for (; i < end; i++) out[ranked.order[i] as number] = share;
    used += size;
  }
  return out;
}

function checkCapacity(capacity: number): void {
  if (!(capacity > 0)) throw new Error(`capacity is ${capacity}, not a number of rows above 0`);
}
