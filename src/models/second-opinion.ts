import LogisticRegression from 'ml-logistic-regression';
import { Matrix } from 'ml-matrix';
import type { FeatureColumn, Pool, TrainingTable } from '../contract/model.ts';
import { encode, learnEncoding } from './design.ts';
import { OPINION, type OpinionOrder, sharedPanel } from './ladder-jobs.ts';
import { checkTable } from './logistic.ts';
import { meanWithinOrigins, rankByOrigin } from './metrics/origins.ts';
import { METRICS } from './metrics/registry.ts';
import { compositesOf } from './rungs.ts';
import { type OriginSplit, type Panel, takeColumns, takePanelRows, takeRows } from './splits.ts';
import { TREATMENT, withTreatment } from './treatment.ts';

/** Rows above which the second opinion is not asked: its gradient descent walks over all rows at every step. */
export const SECOND_OPINION_ROWS = 5_000;
/** AUC by which the two may differ before it is a warning. */
export const SECOND_OPINION_GAP = 0.01;

const STEPS = 150;
const RARE_WEIGHT = 20;

export type SecondOpinion = { readonly score: Float64Array; readonly steps: number } | { readonly skipped: string };

/**
 * An independent fit of the logistic rung by the package ml-logistic-regression: gradient descent without penalty, on the
 * same standardised columns with a column of ones for the intercept, step 1/n (less where the columns are so correlated
 * that 1/n would diverge). Its scores for `columns` are for ranking beside the rung's, never shown as probabilities.
 * The package knows no weights: rows of weight 0 are left out, others count once.
 */
export function secondOpinion(table: TrainingTable, columns: readonly FeatureColumn[]): SecondOpinion {
  const rows: number[] = [];
  for (let i = 0; i < table.label.length; i++) if ((table.weight[i] as number) > 0) rows.push(i);
  if (rows.length > SECOND_OPINION_ROWS) {
    return { skipped: `${rows.length} rows; the second opinion is asked for up to ${SECOND_OPINION_ROWS}` };
  }
  checkTable(table);
  const encodings = table.columns.map((column) => learnEncoding(column, table.weight, RARE_WEIGHT));
  const design = encodings.flatMap((encoding, j) => encode(encoding, table.columns[j] as FeatureColumn));
  const asked = encodings.flatMap((encoding) => {
    const column = columns.find((candidate) => candidate.name === encoding.name);
    if (column === undefined) throw new Error(`the table has no column ${encoding.name}`);
    return encode(encoding, column);
  });
  const features = Matrix.zeros(rows.length, design.length + 1);
  rows.forEach((row, i) => {
    features.set(i, 0, 1);
    design.forEach((column, j) => {
      features.set(i, j + 1, column[row] as number);
    });
  });
  const model = new LogisticRegression({
    numSteps: STEPS,
    learningRate: Math.min(1, 4 / largestEigenvalue(features)) / rows.length,
  });
  model.train(features, Matrix.columnVector(rows.map((row) => table.label[row] as number)));
  const n = columns[0]?.values.length ?? 0;
  const scored = Matrix.zeros(n, asked.length + 1);
  for (let i = 0; i < n; i++) {
    scored.set(i, 0, 1);
    asked.forEach((column, j) => {
      scored.set(i, j + 1, column[i] as number);
    });
  }
  const score = n === 0 ? [] : (model.classifiers[0]?.testScores(scored) ?? []);
  return { score: Float64Array.from(score), steps: STEPS };
}

/** The second opinion beside the logistic rung, out of time. */
export interface SecondOpinionRecord {
  /** Means within dates, weighted by outcomes; null where it was not asked. */
  readonly auc: number | null;
  readonly logistic_auc: number | null;
  /** The two AUCs differ by more than `SECOND_OPINION_GAP`. */
  readonly is_warning: boolean;
  readonly sentence: string;
}

/** The second opinion at one date, fitted on what had closed by it: scores of the rows tested there. */
export function opinionAt(panel: Panel, { train, test }: OriginSplit): SecondOpinion {
  const composites = compositesOf();
  const table = { ...panel, columns: panel.columns.filter(({ name }) => !composites.includes(name)) };
  const learnt = withTreatment(takeRows(table, train));
  const asked = takeColumns(table.columns, test);
  const untold = { name: TREATMENT, kind: 'continuous', values: new Float64Array(test.length) } as const;
  return secondOpinion(learnt, learnt.columns.length > asked.length ? [...asked, untold] : asked);
}

/**
 * Asks the second opinion at the dates of the ladder, each fitted on what had closed by it, and sets its AUC beside that of
 * the logistic rung. Not asked of panels of more than `SECOND_OPINION_ROWS` rows.
 * @param logisticAuc of the ladder's table; null where that rung was skipped
 * @param pool asks at the dates side by side, to the same answer
 */
export async function opinionOutOfTime(
  panel: Panel,
  splits: readonly OriginSplit[],
  logisticAuc: number | null,
  pool?: Pool,
): Promise<SecondOpinionRecord> {
  const none = (sentence: string) => ({ auc: null, logistic_auc: logisticAuc, is_warning: false, sentence });
  if (logisticAuc === null) return none('The logistic rung was skipped: there is nothing to be asked about.');
  if (panel.label.length > SECOND_OPINION_ROWS) {
    return none(
      `No second opinion: ${panel.label.length} rows; it is asked for up to ${SECOND_OPINION_ROWS}, because it walks over all of them at every step.`,
    );
  }
  const shared = pool === undefined ? panel : sharedPanel(panel);
  const orders = splits.map((split): OpinionOrder => ({ panel: shared, split }));
  const opinions =
    pool === undefined
      ? orders.map((order) => opinionAt(order.panel, order.split))
      : await pool.map<OpinionOrder, SecondOpinion>(OPINION, orders);
  const scores: number[] = [];
  for (const opinion of opinions) {
    if ('skipped' in opinion) return none(`No second opinion: ${opinion.skipped}.`);
    scores.push(...opinion.score);
  }
  const tested = takePanelRows(panel, Uint32Array.from(splits.flatMap(({ test }) => [...test])));
  const auc = meanWithinOrigins(
    rankByOrigin({ score: Float64Array.from(scores), label: tested.label }, tested.observation_date),
    METRICS.roc_auc,
  );
  const gap = Math.abs(auc - logisticAuc);
  const is_warning = gap > SECOND_OPINION_GAP;
  const words = `ml-logistic-regression ranks with an AUC of ${auc.toFixed(3)} where the logistic rung has ${logisticAuc.toFixed(3)}`;
  return {
    auc,
    logistic_auc: logisticAuc,
    is_warning,
    sentence: is_warning
      ? `Second opinion: ${words}; they differ by ${gap.toFixed(3)}, more than ${SECOND_OPINION_GAP}: one of the two fits has not settled, or the penalty decides.`
      : `Second opinion: ${words}; they agree within ${SECOND_OPINION_GAP}.`,
  };
}

/** Largest eigenvalue of XᵀX ÷ n by power iteration; gradient descent on log loss is stable up to step 8 ÷ it ÷ n. */
function largestEigenvalue(features: Matrix): number {
  const width = features.columns;
  const gram = features.transpose().mmul(features);
  let vector = new Float64Array(width).fill(1);
  let value = 1;
  for (let step = 0; step < 50; step++) {
    const next = new Float64Array(width);
    for (let j = 0; j < width; j++) {
      for (let k = 0; k < width; k++) next[j] = (next[j] as number) + gram.get(j, k) * (vector[k] as number);
    }
    value = Math.hypot(...next) / Math.hypot(...vector);
    const norm = Math.hypot(...next) || 1;
    vector = next.map((x) => x / norm);
  }
  return value / features.rows;
}
