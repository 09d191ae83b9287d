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

/** Values tried for a feature, and features whose pairs are tried. */
const CANDIDATES = 10;
const PAIRED = 5;

/**
 * The smallest change of one or two features that brings a row's probability below `threshold`: only features that
 * someone can act on and whose healthy direction is known, moved that way, to values that other rows really have. Small
 * is measured in accounts passed on the way, so that days and rates compare. Two features are tried only where one does
 * not suffice. Undefined when neither does. It says what the model would answer, not what an action would cause.
 *
 * @param columns of all rows of the basis, which are the values to choose from
 * @param movable feature → 1 (higher is healthier) or −1
 */
export function leastChange(
  basis: BasisModel,
  columns: readonly FeatureColumn[],
  row: number,
  threshold: number,
  movable: ReadonlyMap<string, 1 | -1>,
): LeastChange | undefined {
  const steps = columns.flatMap((column): Step[] => {
    const direction = movable.get(column.name);
    return direction === undefined || column.kind !== 'continuous' ? [] : stepsOf(column, row, direction);
  });
  const single = judge(
    basis,
    columns,
    row,
    steps.map((step) => [step]),
  );
  const best = smallest(single, threshold);
  if (best !== undefined) return best;
  const deepest = new Map<string, number>();
  for (const { moves, probability } of single) {
    const name = moves[0]?.feature ?? '';
    deepest.set(name, Math.min(deepest.get(name) ?? 1, probability));
  }
  const names = [...deepest.entries()].sort((a, b) => a[1] - b[1] || (a[0] < b[0] ? -1 : 1)).slice(0, PAIRED);
  const kept = steps.filter((step) => names.some(([name]) => name === step.feature));
  const pairs = kept.flatMap((first, i) =>
    kept.slice(i + 1).flatMap((second) => (second.feature === first.feature ? [] : [[first, second]])),
  );
  return smallest(judge(basis, columns, row, pairs), threshold);
}

interface Step extends FeatureMove {
  readonly distance: number;
}

/** Healthier values of other rows, the nearest first, spread over what lies beyond. */
function stepsOf(column: FeatureColumn, row: number, direction: 1 | -1): Step[] {
  const from = column.values[row] as number;
  if (!Number.isFinite(from)) return [];
  const all = column.values.filter((value) => Number.isFinite(value));
  const healthier = all.filter((value) => direction * (value - from) > 0).sort();
  const distinct = [...new Set(direction === 1 ? healthier : healthier.reverse())];
  const count = Math.min(CANDIDATES, distinct.length);
  const chosen = Array.from({ length: count }, (_, k) =>
    count === 1 ? distinct[0] : distinct[Math.round((k * (distinct.length - 1)) / (count - 1))],
  ) as number[];
  return [...new Set(chosen)].map((to) => ({
    feature: column.name,
    from,
    to,
    distance: healthier.filter((value) => direction * (to - value) >= 0).length / all.length,
  }));
}

/** What the model says after each set of steps. */
function judge(
  basis: BasisModel,
  columns: readonly FeatureColumn[],
  row: number,
  sets: readonly (readonly Step[])[],
): LeastChange[] {
  if (sets.length === 0) return [];
  const changed = columns.map((column): FeatureColumn => {
    const values = new Float64Array(sets.length).fill(column.values[row] as number);
    sets.forEach((steps, k) => {
      const step = steps.find(({ feature }) => feature === column.name);
      if (step !== undefined) values[k] = step.to;
    });
    return { ...column, values };
  });
  const probability = probabilitiesOfBasis(basis, changed);
  return sets.map((steps, k) => ({
    moves: steps.map(({ feature, from, to }) => ({ feature, from, to })),
    probability: probability[k] as number,
    distance: steps.reduce((sum, step) => sum + step.distance, 0),
  }));
}

function smallest(found: readonly LeastChange[], threshold: number): LeastChange | undefined {
  return found
    .filter(({ probability }) => probability < threshold)
    .sort((a, b) => a.distance - b.distance || a.probability - b.probability)[0];
}
