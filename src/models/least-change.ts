import type { BasisModel } from '../contract/churn-model.ts';
import type { FeatureColumn } from '../contract/model.ts';
import { probabilitiesOfBasis } from './churn-model.ts';

/** One feature moved. */
export interface FeatureMove {
  readonly feature: string;
  readonly from: number;
  readonly to: number;
}

/** The smallest change found, and what the model says after it: predicted again, not extrapolated. */
export interface LeastChange {
  /** One or two. */
  readonly moves: readonly FeatureMove[];
  /** Calibrated probability after the change; below the threshold asked for. */
  readonly probability: number;
  /** Share of accounts that stand between the account and its new place, summed over the moves: 0–2. */
  readonly distance: number;
}

/** A row whose probability shall come below `threshold`. */
export interface ChangeRequest {
  readonly row: number;
  readonly threshold: number;
}

/** Values tried for a feature, and features whose pairs are tried. */
const CANDIDATES = 10;
const PAIRED = 5;
/** Rows predicted in one go: a whole book's changes at once would not fit the memory. */
const BLOCK_ROWS = 50_000;

/** The change of one row alone; see `leastChanges`. */
export function leastChange(
  basis: BasisModel,
  columns: readonly FeatureColumn[],
  row: number,
  threshold: number,
  movable: ReadonlyMap<string, 1 | -1>,
): LeastChange | undefined {
  return leastChanges(basis, columns, [{ row, threshold }], movable)[0];
}

/**
 * For each request the smallest change of one or two features that brings the row's probability below its threshold: only
 * features that someone can act on and whose healthy direction is known, moved that way, to values that other rows really
 * have. Small is measured in accounts passed on the way, so that days and rates compare. Two features are tried only where
 * one does not suffice. Undefined when neither does. It says what the model would answer, not what an action would cause.
 *
 * @param columns of all rows of the basis, which are the values to choose from
 * @param movable feature → 1 (higher is healthier) or −1
 */
export function leastChanges(
  basis: BasisModel,
  columns: readonly FeatureColumn[],
  requests: readonly ChangeRequest[],
  movable: ReadonlyMap<string, 1 | -1>,
): (LeastChange | undefined)[] {
  if (requests.length === 0) return [];
  const places = columns.flatMap((column, place): MovableColumn[] => {
    const direction = movable.get(column.name);
    return direction === undefined || column.kind !== 'continuous' ? [] : [movableColumn(column, place, direction)];
  });
  const steps = requests.map(({ row }) => places.flatMap((column) => stepsOf(column, row)));
  const singles = predict(
    basis,
    columns,
    requests,
    steps.map((list) => list.map((step) => [step] as const)),
  );
  const found = requests.map((request, r) =>
    smallest(
      (steps[r] ?? []).map((step) => [step] as const),
      singles[r],
      request,
    ),
  );
  const missing = found.flatMap((change, r) => (change === undefined ? [r] : []));
  const left = missing.flatMap((r) => requests[r] ?? []);
  const sets = missing.map((r) => pairsOf(steps[r] ?? [], singles[r] ?? new Float64Array()));
  const pairs = predict(basis, columns, left, sets);
  for (const [k, r] of missing.entries()) found[r] = smallest(sets[k] ?? [], pairs[k], requests[r]);
  return found;
}

/** One step, or two of different features. */
type StepSet = readonly [Step] | readonly [Step, Step];

/** Steps of different features, two by two, of the features that alone come furthest. */
function pairsOf(steps: readonly Step[], probability: Float64Array): StepSet[] {
  const deepest = new Map<string, number>();
  for (const [k, { feature }] of steps.entries()) {
    deepest.set(feature, Math.min(deepest.get(feature) ?? 1, probability[k] as number));
  }
  const ranked = [...deepest.entries()].sort((a, b) => a[1] - b[1] || (a[0] < b[0] ? -1 : 1)).slice(0, PAIRED);
  const names = new Set(ranked.map(([name]) => name));
  const kept = steps.filter(({ feature }) => names.has(feature));
  const pairs: StepSet[] = [];
  for (const [i, first] of kept.entries()) {
    for (let j = i + 1; j < kept.length; j++) {
      const second = kept[j] as Step;
      if (second.feature !== first.feature) pairs.push([first, second]);
    }
  }
  return pairs;
}

/** A feature that may be moved, and which values its rows have. */
interface MovableColumn {
  readonly place: number;
  readonly name: string;
  readonly values: Float64Array;
  readonly direction: 1 | -1;
  /** Distinct known values, ascending. */
  readonly distinct: Float64Array;
  /** How many known values lie below each of them; one more entry, the count of all. */
  readonly below: Int32Array;
}

interface Step extends FeatureMove {
  /** Of the feature among the columns. */
  readonly place: number;
  readonly distance: number;
}

function movableColumn(column: FeatureColumn, place: number, direction: 1 | -1): MovableColumn {
  const known = column.values.filter((value) => Number.isFinite(value)).sort();
  const starts = known.reduce<number[]>((list, value, k) => {
    if (k === 0 || value !== known[k - 1]) list.push(k);
    return list;
  }, []);
  return {
    place,
    name: column.name,
    values: column.values,
    direction,
    distinct: Float64Array.from(starts, (k) => known[k] as number),
    below: Int32Array.from([...starts, known.length]),
  };
}

/** Healthier values of other rows, the nearest first, spread over what lies beyond. */
function stepsOf({ place, name, values, direction, distinct, below }: MovableColumn, row: number): Step[] {
  const from = values[row] as number;
  if (!Number.isFinite(from)) return [];
  const own = placeOf(distinct, from);
  const all = below[distinct.length] as number;
  const beyond = direction === 1 ? distinct.length - own - 1 : own;
  const count = Math.min(CANDIDATES, beyond);
  const offsets = Array.from({ length: count }, (_, k) =>
    count === 1 ? 0 : Math.round((k * (beyond - 1)) / (count - 1)),
  );
  return [...new Set(offsets)].map((offset) => {
    const at = own + direction * (offset + 1);
    // Rows that stand between the two, the new place included.
    const passed =
      direction === 1
        ? (below[at + 1] as number) - (below[own + 1] as number)
        : (below[own] as number) - (below[at] as number);
    return { feature: name, place, from, to: distinct[at] as number, distance: passed / all };
  });
}

/** Place of a value that stands in an ascending array. */
function placeOf(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What the model says after each set of steps of each request. */
function predict(
  basis: BasisModel,
  columns: readonly FeatureColumn[],
  requests: readonly ChangeRequest[],
  sets: readonly (readonly StepSet[])[],
): Float64Array[] {
  const out: Float64Array[] = [];
  for (let from = 0; from < requests.length; ) {
    let until = from;
    let count = 0;
    while (until < requests.length && (until === from || count + (sets[until]?.length ?? 0) <= BLOCK_ROWS)) {
      count += sets[until]?.length ?? 0;
      until++;
    }
    const changed = columns.map((column) => ({ ...column, values: new Float64Array(count) }));
    let start = 0;
    for (let r = from; r < until; r++) {
      const own = sets[r] ?? [];
      const { row } = requests[r] as ChangeRequest;
      for (const [place, { values }] of changed.entries()) {
        values.fill(columns[place]?.values[row] as number, start, start + own.length);
      }
      for (let k = 0; k < own.length; k++) {
        for (const { place, to } of own[k] as StepSet) (changed[place] as FeatureColumn).values[start + k] = to;
      }
      start += own.length;
    }
    const probability = count === 0 ? new Float64Array() : probabilitiesOfBasis(basis, changed);
    start = 0;
    for (let r = from; r < until; r++) {
      const length = sets[r]?.length ?? 0;
      out.push(probability.subarray(start, start + length));
      start += length;
    }
    from = until;
  }
  return out;
}

/** Of the sets that come below the threshold the one with the least distance, then the least probability. */
function smallest(
  sets: readonly StepSet[],
  probability: Float64Array | undefined,
  request: ChangeRequest | undefined,
): LeastChange | undefined {
  if (probability === undefined || request === undefined) return undefined;
  let best: LeastChange | undefined;
  for (const [k, steps] of sets.entries()) {
    const after = probability[k] as number;
    if (!(after < request.threshold)) continue;
    const distance = steps.reduce((sum, step) => sum + step.distance, 0);
    if (best !== undefined && (distance > best.distance || (distance === best.distance && after >= best.probability))) {
      continue;
    }
    best = { moves: steps.map(({ feature, from, to }) => ({ feature, from, to })), probability: after, distance };
  }
  return best;
}
