export {
  type BootstrapOptions,
  bootstrapDifference,
  bootstrapMetric,
  bootstrapMetrics,
  type Interval,
  quantileOf,
} from './bootstrap.ts';
export { leadShares, meanWithinOrigins, type OriginRanking, outcomeRecallAtLead, rankByOrigin } from './origins.ts';
export {
  type ClusteredMean,
  type ClusterSums,
  clusteredMean,
  clusterSums,
  meanOfSums,
  pairedDifference,
} from './paired.ts';
export {
  arrCalibration,
  brier,
  brierSkill,
  calibrationInTheLarge,
  expectedCalibrationError,
  logLoss,
  logLosses,
  logLossOf,
  PROBABILITY_FLOOR,
  type ReliabilityBin,
  reliability,
} from './probability.ts';
export { type Labels, type Ranked, rankRows, reweighted, type ScoredRows, totals } from './ranked.ts';
export {
  arrRecallAtCapacity,
  arrRecallOfPerfect,
  liftAtFraction,
  liftCap,
  perfectArrRecallAtCapacity,
  prAuc,
  precisionAtCapacity,
  recallAtCapacity,
  recallAtLead,
  rocAuc,
  shareOnList,
} from './ranking.ts';
export { isBetter, METRICS, type Metric, type MetricName, type MetricOptions } from './registry.ts';
export { type Clusters, clustersOf, type Draws, drawCounts, sharedDraws } from './replicates.ts';
