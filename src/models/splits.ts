import type { FeatureColumn, Random, TrainingTable } from '../contract/model.ts';
import { shuffle } from '../lib/random.ts';
import { tellsTreatment } from './treatment.ts';

/** A training table whose rows know when their label closed (as-of + horizon + grace), days since 1970-01-01. */
export interface Panel extends TrainingTable {
  readonly closed_on: Int32Array;
}

/** Rows of a table, in the order given. */
export function takeRows(table: TrainingTable, rows: Uint32Array): TrainingTable {
  return {
    columns: takeColumns(table.columns, rows),
    label: Uint8Array.from(rows, (row) => table.label[row] as number),
    weight: Float64Array.from(rows, (row) => table.weight[row] as number),
    account: Int32Array.from(rows, (row) => table.account[row] as number),
    observation_date: Int32Array.from(rows, (row) => table.observation_date[row] as number),
    ...(table.treatment === undefined
      ? {}
      : { treatment: Uint8Array.from(rows, (row) => table.treatment?.[row] as number) }),
  };
}

/** Rows of a panel, in the order given. */
export function takePanelRows(panel: Panel, rows: Uint32Array): Panel {
  return { ...takeRows(panel, rows), closed_on: Int32Array.from(rows, (row) => panel.closed_on[row] as number) };
}

/** Rows of feature columns, in the order given. */
export function takeColumns(columns: readonly FeatureColumn[], rows: Uint32Array): FeatureColumn[] {
  return columns.map((column) => {
    const values = new Float64Array(rows.length);
    for (let i = 0; i < values.length; i++) values[i] = column.values[rows[i] as number] as number;
    return { ...column, values };
  });
}

/** One step of a rolling-origin backtest. */
export interface OriginSplit {
  /** Observation date of the test rows, days since 1970-01-01. */
  readonly origin: number;
  /** Rows whose label was closed by `origin`: all that could be known that day. */
  readonly train: Uint32Array;
  /** Rows observed on `origin`. */
  readonly test: Uint32Array;
}

export interface OriginOptions {
  /** Test only on these dates; default every observation date. */
  readonly origins?: readonly number[];
  /** Test rows count only when their label closed by this day. Default: no limit. */
  readonly known_by?: number;
  /** Distinct accounts with the outcome that the training side must hold. Default 1. */
  readonly min_train_outcomes?: number;
  /**
   * 0 (default): an account's own closed past may stand in training, as it does when a model serves. k ≥ 2: each origin
   * is split k ways by account as well, and no account stands on both sides; an upper bound on what remembering
   * accounts can have earned.
   */
  readonly account_folds?: number;
  /** Needed with `account_folds`. */
  readonly random?: Random;
}

/**
 * Rolling-origin splits, earliest first: train on rows whose label closed by the test date (closed_on ≤ origin), test
 * on the rows of that date. The gap of horizon and grace between the two sides is in `closed_on`.
 */
export function rollingOrigins(panel: Panel, options: OriginOptions = {}): OriginSplit[] {
  const { known_by = Number.POSITIVE_INFINITY, min_train_outcomes = 1, account_folds = 0, random } = options;
  const dates = options.origins ?? [...new Set(panel.observation_date)];
  if (account_folds > 1 && random === undefined) throw new Error('account_folds needs a random source');
  const fold =
    account_folds > 1 && random !== undefined ? accountFolds(panel.account, account_folds, random) : undefined;
  const out: OriginSplit[] = [];
  for (const origin of [...dates].sort((a, b) => a - b)) {
    for (let k = 0; k < Math.max(1, account_folds); k++) {
      const train: number[] = [];
      const test: number[] = [];
      const outcomes = new Set<number>();
      for (let i = 0; i < panel.label.length; i++) {
        const isTestSide = fold === undefined || fold[i] === k;
        const isTrainSide = fold === undefined || fold[i] !== k;
        const closed = panel.closed_on[i] as number;
        if (panel.observation_date[i] === origin) {
          if (isTestSide && closed <= known_by) test.push(i);
        } else if (isTrainSide && closed <= origin && (panel.observation_date[i] as number) < origin) {
          train.push(i);
          if (panel.label[i] === 1) outcomes.add(panel.account[i] as number);
        }
      }
      if (test.length === 0 || outcomes.size < min_train_outcomes || !hasBothClasses(panel.label, train)) continue;
      out.push({ origin, train: Uint32Array.from(train), test: Uint32Array.from(test) });
    }
  }
  return out;
}

function hasBothClasses(label: Uint8Array, rows: readonly number[]): boolean {
  const first = label[rows[0] ?? 0];
  return rows.some((row) => label[row] !== first);
}

function untreatedTest(panel: Panel, split: OriginSplit): OriginSplit {
  const { treatment } = panel;
  if (treatment === undefined || !tellsTreatment(takeRows({ ...panel, columns: [] }, split.train))) return split;
  return { ...split, test: split.test.filter((row) => treatment[row] !== 1) };
}

/**
 * The origins that a decision inside a training side may use: the latest `count` observation dates whose own labels
 * closed by `knownBy` (the outer origin), each with at least `minTrainOutcomes` accounts with the outcome before it. Where
 * the training side tells what acting does, rows that somebody acted on are not tested: what became of them does not tell
 * what would have become of them.
 */
export function innerOrigins(panel: Panel, knownBy: number, count = 12, minTrainOutcomes = 10): OriginSplit[] {
  return rollingOrigins(panel, { known_by: knownBy, min_train_outcomes: minTrainOutcomes })
    .filter((split) => split.origin < knownBy)
    .map((split) => untreatedTest(panel, split))
    .filter(({ test }) => test.length > 0)
    .slice(-count);
}

/**
 * Fold 0 … k − 1 of each row, whole accounts together. Accounts are dealt in shuffled order, so that folds hold nearly
 * equal numbers of accounts; where labels are given, accounts with the outcome are dealt first, so that each fold gets
 * its share of them.
 */
export function accountFolds(account: Int32Array, k: number, random: Random, label?: Uint8Array): Uint8Array {
  const hasOutcome = new Map<number, boolean>();
  for (let i = 0; i < account.length; i++) {
    const id = account[i] as number;
    hasOutcome.set(id, (hasOutcome.get(id) ?? false) || label?.[i] === 1);
  }
  // Sorted before the shuffle, so that the order of rows changes nothing.
  const ids = shuffle(
    [...hasOutcome.keys()].sort((a, b) => a - b),
    random,
  );
  const dealt = [...ids.filter((id) => hasOutcome.get(id)), ...ids.filter((id) => !hasOutcome.get(id))];
  const foldOf = new Map(dealt.map((id, place) => [id, place % k]));
  return Uint8Array.from(account, (id) => foldOf.get(id) as number);
}

/** Rows to train on when there are too many, with the weights that make up for the rest. */
export interface Sample {
  readonly rows: Uint32Array;
  readonly weight: Float64Array;
}

/**
 * At most about `maxRows` rows by whole accounts: every account with the outcome (unless they alone are more than half
 * of the room), and a random draw of the others, weighted up to stand for all. The table itself when it is small enough.
 */
export function sampleAccounts(table: TrainingTable, maxRows: number, random: Random): Sample {
  const n = table.label.length;
  if (n <= maxRows) {
    const rows = new Uint32Array(n);
    for (let i = 0; i < n; i++) rows[i] = i;
    return { rows, weight: table.weight };
  }
  const info = new Map<number, { rows: number; outcome: boolean }>();
  for (let i = 0; i < n; i++) {
    const id = table.account[i] as number;
    const entry = info.get(id) ?? { rows: 0, outcome: false };
    entry.rows++;
    entry.outcome ||= table.label[i] === 1;
    info.set(id, entry);
  }
  const ids = shuffle(
    [...info.keys()].sort((a, b) => a - b),
    random,
  );
  const scale = new Map<number, number>();
  let left = maxRows;
  for (const outcome of [true, false]) {
    const group = ids.filter((id) => info.get(id)?.outcome === outcome);
    const total = group.reduce((sum, id) => sum + (info.get(id)?.rows ?? 0), 0);
    const room = Math.min(total, outcome ? maxRows / 2 : left);
    let used = 0;
    const kept: number[] = [];
    for (const id of group) {
      if (used >= room) break;
      kept.push(id);
      used += info.get(id)?.rows ?? 0;
    }
    for (const id of kept) scale.set(id, total / used);
    left -= used;
  }
  const rows: number[] = [];
  for (let i = 0; i < n; i++) if (scale.has(table.account[i] as number)) rows.push(i);
  return {
    rows: Uint32Array.from(rows),
    weight: Float64Array.from(
      rows,
      (i) => (table.weight[i] as number) * (scale.get(table.account[i] as number) as number),
    ),
  };
}

/** Labels shuffled among the rows of each date: keeps every date's base rate and breaks every link to the features. */
export function permuteWithinDates(label: Uint8Array, date: Int32Array, random: Random): Uint8Array {
  const rows = new Map<number, number[]>();
  for (let i = 0; i < date.length; i++) {
    const day = date[i] as number;
    const list = rows.get(day);
    if (list === undefined) rows.set(day, [i]);
    else list.push(i);
  }
  const out = new Uint8Array(label.length);
  for (const list of rows.values()) {
    const mixed = shuffle([...list], random);
    list.forEach((row, place) => {
      out[row] = label[mixed[place] as number] as number;
    });
  }
  return out;
}
