/**
 * The library's door: `import { rocAuc, rankRows } from 'retain/models'`. Everything here is pure calculation over typed
 * arrays: no file, no clock, no engine, no global state; chance comes in as a seeded source. Columns are `Float64Array`
 * with `NaN` for missing, labels `Uint8Array` of 0 and 1, days whole numbers since 1970-01-01.
 *
 * - Measuring: `rankRows`, then any of `METRICS` (each knows which way is better); `bootstrapMetric` for its interval.
 * - Fitting: `fitEbm` (the glass box; plain or typed arrays), `predict` and `explain` for any fitted model; `ebm` and
 *   `logistic` (the contract `Model`); `secondOpinion` beside them; `chooseCalibration`, `foldCalibration`.
 * - Deciding: `rollingOrigins` splits a `Panel`; `climbLadder` says which rung, if any, beats the base rate.
 * - Health: `freezeCalibration`, `scoreHealth`, `decideBand`, `decomposeChange`.
 * - Small samples: `wilson`, `newcombe`, `shrinkRates`, `kaplanMeier`.
 */
export type {
  Explanation,
  FeatureColumn,
  FittedModel,
  Model,
  Pool,
  Random,
  TrainingTable,
} from '../contract/model.ts';
export { createRandom, forkRandom } from '../lib/random.ts';
export { accountWeights } from './account-weights.ts';
export {
  type Band,
  type BandInput,
  type BandResult,
  decideBand,
  type HealthOverride,
  nextBand,
  plainBand,
  rollUp,
} from './bands.ts';
export {
  type BetaCalibration,
  type Calibration,
  type CalibrationChoice,
  type CalibrationRows,
  calibrate,
  chooseCalibration,
  fitBeta,
  fitIsotonic,
  fitPlatt,
  foldCalibration,
  type IsotonicCalibration,
  type PlattCalibration,
} from './calibration.ts';
export { churnRungs, LIGHT_EBM } from './churn-rungs.ts';
export * from './ebm/index.ts';
export { type FamilyResult, testFamily } from './family-test.ts';
export {
  type CalibrationInput,
  freezeCalibration,
  type HealthCalibration,
  type MeasureCalibration,
  type MeasureHistory,
  type OwnNorm,
  peerRank,
} from './health-calibration.ts';
export {
  type ChangeInput,
  type ChangeParts,
  decomposeChange,
  type HealthReading,
  roundedParts,
  type Yardstick,
} from './health-change.ts';
export { type Direction, directionOf, MEASURE_DIRECTIONS } from './health-measures.ts';
export {
  type Count,
  type DifferenceInterval,
  newcombe,
  normalBelow,
  normalQuantile,
  priorStrength,
  type RateInterval,
  type ShrunkRates,
  shrink,
  shrinkRates,
  wilson,
} from './interval.ts';
export {
  climbLadder,
  type JudgeOptions,
  judgeReplay,
  type LadderOptions,
  type LadderResult,
  type LadderRow,
  type LadderVerdict,
  type OutOfTime,
} from './ladder.ts';
export {
  explainLogistic,
  fitLogistic,
  type LogisticFeature,
  type LogisticModel,
  type LogisticParams,
  logistic,
  predictLogistic,
} from './logistic.ts';
export * from './metrics/index.ts';
export { type Cell, type ColumnInput, columnsOf, type TableInput, tableOf } from './plain-table.ts';
export { type AnyModel, explain, predict } from './predict.ts';
export { type RefitInterval, type RefitOptions, refitInterval } from './refit.ts';
export {
  joinReplays,
  type Replay,
  type Replayed,
  replaySplit,
  type SplitEntry,
  type SplitReplay,
  sharedReplays,
} from './replay.ts';
export { applyRule, bestRule, type Rule } from './rule.ts';
export {
  baselineRungs,
  baseRateRung,
  bestSingleRuleRung,
  columnRung,
  type FittedRung,
  LADDER_COLUMNS,
  type LadderColumns,
  type ModelRungOptions,
  modelRung,
  type Rung,
  type SkippedRung,
} from './rungs.ts';
export { type HealthRows, type HealthScores, scoreHealth } from './scorecard.ts';
export { SECOND_OPINION_GAP, SECOND_OPINION_ROWS, type SecondOpinion, secondOpinion } from './second-opinion.ts';
export {
  accountFolds,
  innerOrigins,
  type OriginOptions,
  type OriginSplit,
  type Panel,
  permuteWithinDates,
  rollingOrigins,
  type Sample,
  sampleAccounts,
  takeColumns,
  takePanelRows,
  takeRows,
} from './splits.ts';
export { kaplanMeier, type SurvivalCurve, survivalAt, type TimeQuantile, timeQuantile } from './survival.ts';
