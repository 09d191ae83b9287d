import type { BasisModel } from '../contract/churn-model.ts';
import type { Explanation, FeatureColumn, FittedModel } from '../contract/model.ts';
import { sigmoid } from '../lib/numbers.ts';
import { foldCalibration } from './calibration.ts';
import { horizonProbabilities } from './horizons.ts';
import { quantileOf } from './metrics/bootstrap.ts';
import { explainServing, logOddsServing } from './serving.ts';

/** What a basis says of each row. */
export interface ChurnScores {
  /** Calibrated probability in (0, 1). */
  readonly churn_probability: Float64Array;
  /** 5 % and 95 % of the account-clustered refits; `NaN` where the basis has none. */
  readonly low: Float64Array;
  readonly high: Float64Array;
  /** Log-odds taken apart, calibration folded in: intercept + contributions = log-odds of `churn_probability`. */
  readonly explanation: Explanation;
  /** By days: the probability of a further horizon, in the same order; `NaN` where it was not earned. */
  readonly horizons: ReadonlyMap<number, Float64Array>;
}

/** Share of the refits below `low` and above `high`. */
const TAIL = 0.05;

/**
 * Scores rows with the rung that serves. Throws when the basis has no serving rung: a probability nobody earned is never
 * made up.
 * @param ownDays the horizon of the model
 */
export function scoreBasis(basis: BasisModel, columns: readonly FeatureColumn[], ownDays: number): ChurnScores {
  if (basis.served === null) throw new Error(`the basis ${basis.basis} has no serving rung`);
  const explanation = calibrated(explainServing(basis.served, columns), basis.calibration);
  const churn_probability = explanation.log_odds.map(sigmoid);
  const refits = basis.refits.map((model) => calibratedLogOdds(model, columns, basis.calibration));
  const rowCount = churn_probability.length;
  const low = new Float64Array(rowCount);
  const high = new Float64Array(rowCount);
  for (let i = 0; i < rowCount; i++) {
    const sorted = refits.map((logOdds) => logOdds[i] as number).sort((a, b) => a - b);
    low[i] = sigmoid(Math.min(quantileOf(sorted, TAIL), explanation.log_odds[i] as number));
    high[i] = sigmoid(Math.max(quantileOf(sorted, 1 - TAIL), explanation.log_odds[i] as number));
  }
  const horizons = new Map(
    basis.horizons.map((fit) => [fit.days, horizonProbabilities(fit, churn_probability, ownDays)]),
  );
  return { churn_probability, low, high, explanation, horizons };
}

/** Calibrated probabilities of the serving rung alone, in (0, 1): what `scoreBasis` gives, without intervals and reasons. */
export function probabilitiesOfBasis(basis: BasisModel, columns: readonly FeatureColumn[]): Float64Array {
  if (basis.served === null) throw new Error(`the basis ${basis.basis} has no serving rung`);
  return calibratedLogOdds(basis.served, columns, basis.calibration).map(sigmoid);
}

function calibratedLogOdds(
  model: FittedModel,
  columns: readonly FeatureColumn[],
  calibration: BasisModel['calibration'],
): Float64Array {
  const log_odds = logOddsServing(model, columns);
  if (calibration === null) return log_odds;
  return log_odds.map((value) => calibration.intercept + calibration.slope * value);
}

function calibrated(explanation: Explanation, calibration: BasisModel['calibration']): Explanation {
  return calibration === null ? explanation : foldCalibration(explanation, { kind: 'platt', ...calibration });
}
