/**
 * The ledger: `<store>/ledger.duckdb`, what retain remembers from run to run.
 *
 * No one keeps it open. A command copies what it needs into the engine's schema `state` (`readState`), works there,
 * and commits all it computed in one short transaction (`commitRun` for a run, `commitRows` for decisions, overrides,
 * models and printed lists). A lock is waited for and then told in one sentence. Killed at any moment, the file holds
 * the previous state or the whole new one.
 *
 * History is append-only. A run writes its readings under its `run_id` for one or more as-of dates (`run_date`); a later
 * run of the same date marks the earlier one superseded, and every reader sees the current one only.
 */
export {
  type CommitOptions,
  commitRows,
  commitRun,
  type ListSource,
  type RowSource,
  type RunManifest,
  type RunRecord,
} from './commit.ts';
export { readCopies, type ValueSource } from './copies.ts';
export { exists, type WaitOptions } from './file.ts';
export { listRuns, type RunDetail, type RunSummary, readList, readRun } from './lists.ts';
export { LEDGER_TABLES, SCHEMA_VERSION } from './schema.ts';
export {
  beginDate,
  emptyState,
  keepWork,
  type ReadStateOptions,
  readState,
  type StateInfo,
  type StatePart,
} from './state.ts';
export { LEDGER_VIEW_NAMES } from './views.ts';
