/** The glass-box model: an explainable boosting machine; see docs/ebm.md. */
export { type FitOptions, fitBinned } from './fit.ts';
export { EBM_JOBS } from './jobs.ts';
export { ebm, explainEbm, fitEbm, intervalEbm, predictEbm } from './model.ts';
export { ebmRung } from './rung.ts';
export { type EbmInterval, logOdds as logOddsEbm, predictBinned } from './score.ts';
export { EBM_DEFAULTS } from './settings.ts';
export type {
  BinnedColumn,
  BinnedTable,
  ContinuousBins,
  EbmBag,
  EbmFeature,
  EbmModel,
  EbmParams,
  EbmTerm,
  EbmTraining,
  FeatureBins,
  Monotone,
  NominalBins,
} from './types.ts';
