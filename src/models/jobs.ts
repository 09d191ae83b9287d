import { FIGURE_JOBS } from './backtest-figures.ts';
import { EBM_JOBS } from './ebm/jobs.ts';
import { LADDER_JOBS } from './ladder-jobs.ts';

/** Work of `models/` that a pool's threads can be asked for, by name. It takes and gives, or promises, plain data and typed arrays. */
export const JOBS: Readonly<Record<string, (input: never) => unknown>> = {
  ...EBM_JOBS,
  ...FIGURE_JOBS,
  ...LADDER_JOBS,
};
