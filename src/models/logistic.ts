import type { Explanation, FeatureColumn, FittedModel, Model, Random, TrainingTable } from '../contract/model.ts';
import { UserError } from '../lib/errors.ts';
import { clamp, sigmoid } from '../lib/numbers.ts';
import { accountPlaces } from './account-places.ts';
import { columnNamed, type Encoding, encode, learnEncoding } from './design.ts';
import { logLossOf, PROBABILITY_FLOOR } from './metrics/probability.ts';
import { type RidgeSolution, solveRidge, solveRidgePath } from './ridge.ts';
import { accountFolds, sampleAccounts, takeRows } from './splits.ts';
import { TREATMENT } from './treatment.ts';

export interface LogisticParams {
  /** Penalty λ on standardised columns (scikit-learn's 1/C), > 0; `auto` = by account-grouped cross-validation. */
  readonly ridge: number | 'auto';
  /** Candidates of `auto`, and the folds it uses (fewer when fewer accounts have the outcome). */
  readonly ridge_grid: readonly number[];
  readonly folds: number;
  /** Rows that cross-validation looks at, at most; larger tables are sampled by account. */
  readonly validation_rows: number;
  /** Rows the fit itself looks at, at most; larger tables are sampled by account and weighted. */
  readonly max_rows: number;
  /** Levels of a nominal feature with less weight than this in training share one column. */
  readonly rare_weight: number;
  readonly max_steps: number;
}

/** One feature of a fitted model: its encoding, and a coefficient for each design column it makes. */
export type LogisticFeature = Encoding & { readonly coefficients: readonly number[] };

/** A fitted ridge logistic regression: plain JSON, all numbers needed to score by hand. */
export interface LogisticModel extends FittedModel {
  readonly kind: 'logistic';
  readonly intercept: number;
  readonly features: readonly LogisticFeature[];
  readonly ridge: number;
  /** How λ came about: declared, cross-validated, or the default because outcomes were too few to choose. */
  readonly ridge_basis: 'declared' | 'cross_validated' | 'too_few_outcomes';
  readonly converged: boolean;
  /** Why it did not converge; `null` when it did. */
  readonly reason: string | null;
  readonly steps: number;
  readonly rows: number;
  readonly accounts: number;
  /** Distinct accounts with the outcome. */
  readonly outcomes: number;
}

const FALLBACK_RIDGE = 30;
/** The penalty of the treatment's slope is that of the others divided by the square of this. */
const TREATMENT_STRETCH = 30;

const DEFAULTS: LogisticParams = {
  ridge: 'auto',
  ridge_grid: [1, 5, 25, 125, 625, 3125],
  folds: 4,
  validation_rows: 10_000,
  max_rows: 300_000,
  rare_weight: 20,
  max_steps: 25,
};

/**
 * Ridge logistic regression by iteratively reweighted least squares. Everything is learnt inside the fit: the signed
 * logarithm of heavy tails, means and scales, levels, λ. Missing values take the mean and an indicator; unseen levels
 * join the rare ones. Columns are centred, so the intercept is the log-odds of the average row and a contribution is
 * what sets this row apart from it.
 */
export const logistic: Model<LogisticParams, LogisticModel> = {
  kind: 'logistic',
  defaults: DEFAULTS,
  async fit(table, params, random) {
    return fitLogistic(table, params, random);
  },
  predict: predictLogistic,
  explain: explainLogistic,
};

/** `logistic.fit` without the promise. */
export function fitLogistic(table: TrainingTable, params: Partial<LogisticParams>, random: Random): LogisticModel {
  const settings = { ...DEFAULTS, ...params };
  const { rowCount, accounts, outcomes } = checkTable(table);
  if (settings.ridge !== 'auto' && !(settings.ridge > 0)) {
    throw new UserError(`The ridge strength is ${settings.ridge}; it must be above 0.`, { hint: 'Set ridge to auto.' });
  }
  const sample = sampleAccounts(table, settings.max_rows, random);
  const used: TrainingTable =
    sample.rows.length === rowCount ? table : { ...takeRows(table, sample.rows), weight: sample.weight };
  const encodings = used.columns.map((column) => encodingOf(column, used.weight, settings.rare_weight));
  const chosen = settings.ridge === 'auto' ? chooseRidge(used, encodings, settings, random) : undefined;
  const ridge = settings.ridge === 'auto' ? (chosen ?? FALLBACK_RIDGE) : settings.ridge;
  const blocks = encodings.map((encoding, j) => encode(encoding, used.columns[j] as FeatureColumn));
  const solution = solveRidge({
    columns: blocks.flat(),
    label: used.label,
    weight: used.weight,
    ridge,
    max_steps: settings.max_steps,
  });
  let place = 0;
  const features = encodings.map((encoding, j): LogisticFeature => {
    const width = blocks[j]?.length ?? 0;
    const coefficients = [...solution.coefficients.subarray(place, place + width)];
    place += width;
    return freeze({ ...encoding, coefficients });
  });
  return freeze({
    kind: 'logistic',
    schema_version: 1,
    feature_names: features.map((feature) => feature.name),
    intercept: solution.intercept,
    features,
    ridge,
    ridge_basis: settings.ridge !== 'auto' ? 'declared' : chosen === undefined ? 'too_few_outcomes' : 'cross_validated',
    converged: solution.converged,
    reason: solution.reason ?? null,
    steps: solution.steps,
    rows: rowCount,
    accounts,
    outcomes,
  });
}

/** A treatment is to be learnt in full and stands next to unrestrained: its column is stretched, which thins its penalty. */
function encodingOf(column: FeatureColumn, weight: Float64Array, rareWeight: number): Encoding {
  const encoding = learnEncoding(column, weight, rareWeight);
  if (column.name !== TREATMENT || encoding.kind !== 'continuous') return encoding;
  return { ...encoding, scale: encoding.scale / TREATMENT_STRETCH };
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    for (const child of Object.values(value)) freeze(child);
    Object.freeze(value);
  }
  return value;
}

/** What a training table holds, rows without weight left out except in `rowCount`. */
export interface TableFacts {
  readonly rowCount: number;
  readonly accounts: number;
  /** Accounts with the outcome, and accounts with a row without it; one may be both. */
  readonly outcomes: number;
  readonly stays: number;
}

/** Counts rows with weight, their accounts and the accounts with the outcome; refuses labels of one class. */
export function checkTable(table: TrainingTable): TableFacts {
  const { places, count } = accountPlaces(table.account);
  const hasRow = new Uint8Array(count);
  const hasOutcome = new Uint8Array(count);
  const hasStay = new Uint8Array(count);
  let ones = 0;
  let zeros = 0;
  for (let i = 0; i < places.length; i++) {
    if (!((table.weight[i] as number) > 0)) continue;
    const place = places[i] as number;
    hasRow[place] = 1;
    if (table.label[i] === 1) {
      ones++;
      hasOutcome[place] = 1;
    } else {
      zeros++;
      hasStay[place] = 1;
    }
  }
  if (ones === 0 || zeros === 0) {
    const what = ones + zeros === 0 ? 'no rows' : ones === 0 ? 'no row with the outcome' : 'only rows with the outcome';
    throw new UserError(`A model cannot be fitted: the training table has ${what}.`, {
      hint: 'Give a longer history, or choose another churn.definition; `retain init` counts outcomes under each.',
    });
  }
  const marked = (flags: Uint8Array): number => flags.reduce((sum, flag) => sum + flag, 0);
  return {
    rowCount: table.label.length,
    accounts: marked(hasRow),
    outcomes: marked(hasOutcome),
    stays: marked(hasStay),
  };
}

/** λ with the least held-out log loss over account folds; a tie takes the stronger. Undefined with under 2 outcomes. */
function chooseRidge(
  table: TrainingTable,
  encodings: readonly Encoding[],
  settings: LogisticParams,
  random: Random,
): number | undefined {
  const sample = sampleAccounts(table, settings.validation_rows, random);
  const small = { ...takeRows(table, sample.rows), weight: Float64Array.from(sample.weight) };
  const { accounts, outcomes } = checkTable(small);
  const folds = Math.min(settings.folds, outcomes, accounts - outcomes);
  if (folds < 2) return undefined;
  const fold = accountFolds(small.account, folds, random, small.label);
  const columns = encodings.flatMap((encoding, j) => encode(encoding, small.columns[j] as FeatureColumn));
  // From strong to weak, so that each solution is a good start for the next.
  const grid = [...settings.ridge_grid].sort((a, b) => b - a);
  const losses = new Float64Array(grid.length);
  for (let k = 0; k < folds; k++) {
    const weight = small.weight.map((w, i) => (fold[i] === k ? 0 : w));
    solveRidgePath({ columns, label: small.label, weight }, grid).forEach((solution, g) => {
      losses[g] = (losses[g] as number) + heldOutLoss(columns, solution, small, fold, k);
    });
  }
  let best = 0;
  for (let g = 1; g < grid.length; g++) if ((losses[g] as number) < (losses[best] as number)) best = g;
  return grid[best];
}

function heldOutLoss(
  columns: readonly Float64Array[],
  solution: RidgeSolution,
  table: TrainingTable,
  fold: Uint8Array,
  k: number,
): number {
  let sum = 0;
  for (let i = 0; i < fold.length; i++) {
    if (fold[i] !== k) continue;
    let eta = solution.intercept;
    for (let j = 0; j < columns.length; j++) {
      eta += (solution.coefficients[j] as number) * ((columns[j] as Float64Array)[i] as number);
    }
    sum += (table.weight[i] as number) * logLossOf(sigmoid(eta), table.label[i] as number);
  }
  return sum;
}

/** Log-odds taken apart by original feature: an indicator or a level counts for the feature it was made from. */
export function explainLogistic(model: LogisticModel, columns: readonly FeatureColumn[]): Explanation {
  const rowCount = columns[0]?.values.length ?? 0;
  const log_odds = new Float64Array(rowCount).fill(model.intercept);
  const contributions = model.features.map((feature) => {
    const out = new Float64Array(rowCount);
    encode(feature, columnNamed(columns, feature.name)).forEach((design, d) => {
      const coefficient = feature.coefficients[d] as number;
      for (let i = 0; i < rowCount; i++) out[i] = (out[i] as number) + coefficient * (design[i] as number);
    });
    for (let i = 0; i < rowCount; i++) log_odds[i] = (log_odds[i] as number) + (out[i] as number);
    return out;
  });
  return { intercept: model.intercept, terms: model.feature_names, contributions, log_odds };
}

/** Probabilities in (0, 1): the logistic function of `explain`'s log-odds. */
export function predictLogistic(model: LogisticModel, columns: readonly FeatureColumn[]): Float64Array {
  return probabilitiesOf(explainLogistic(model, columns).log_odds);
}

/** Log-odds as probabilities, kept a double's smallest step away from 0 and 1. */
export function probabilitiesOf(logOdds: Float64Array): Float64Array {
  return logOdds.map((eta) => clamp(sigmoid(eta), PROBABILITY_FLOOR, 1 - PROBABILITY_FLOOR));
}
