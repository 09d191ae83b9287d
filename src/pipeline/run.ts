import type { CommonOptions, RunResult } from '../contract/options.ts';
import type { RunReport } from '../contract/report.ts';
import { liveNight } from './night.ts';
import { commitNight } from './run-record.ts';
import { nightReport } from './run-report.ts';
import { openWorkspace } from './workspace.ts';

/** The nightly job: exports → accounts as of one day → agents → supervisor → ledger, and the report of it. */
export async function runNightly(options: CommonOptions & { readonly dry?: boolean }): Promise<RunResult<RunReport>> {
  const startedAt = new Date().toISOString();
  const workspace = await openWorkspace(options);
  const night = await liveNight(workspace, options);
  const report = await nightReport(night, options);
  if (options.dry !== true) await commitNight(night, options, startedAt);
  return { report, exitCode: 0 };
}
