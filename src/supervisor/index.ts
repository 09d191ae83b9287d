/**
 * The supervisor: one plan for each account, one list for each CSM that fits their week. Pure; it reads no clock and
 * no file. `step` is one day of it, `restoreState` and `stepRows` are its way out of and into the ledger,
 * `alertStatistics` says how good its alerts were.
 */
export { compareKeys, expectedLossKey, factsKey } from './order.ts';
export { restoreState, type StepRows, stepRows } from './record.ts';
export { type AlertHistory, type AlertStatistics, alertStatistics, type Share } from './statistics.ts';
export { EMPTY_STATE, poolOf, STEP_DEFAULTS, step } from './step.ts';
