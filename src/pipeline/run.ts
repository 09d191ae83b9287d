import { AGENTS } from '../agents/index.ts';
import type { CommonOptions, RunResult } from '../contract/options.ts';
import type { RunReport } from '../contract/report.ts';
import type { QualityFinding } from '../data/quality.ts';
import { passedLimits } from '../data/quality-limits.ts';
import { clearViews } from '../data/standing.ts';
import { UserError } from '../lib/errors.ts';
import { BLOCK_NAMES } from './at-risk-blocks.ts';
import { liveNight } from './night.ts';
import { commitNight } from './run-record.ts';
import { nightReport } from './run-report.ts';
import { settleSelection } from './selection.ts';
import { openWorkspace, type Workspace } from './workspace.ts';

/** Every list that a run's report may have: the at-risk list, its blocks, and each agent's first table. */
export const RUN_LISTS: readonly string[] = [
  'at_risk',
  ...BLOCK_NAMES,
  ...AGENTS.flatMap(({ writes: [first] }) => (first === undefined ? [] : [first])),
];

/**
 * The nightly job: exports → accounts as of one day → agents → supervisor → ledger, and the report of it.
 * @throws UserError when the exports pass a limit of `quality`: nothing is written
 */
export async function runNightly(given: CommonOptions & { readonly dry?: boolean }): Promise<RunResult<RunReport>> {
  const startedAt = new Date().toISOString();
  const workspace = await openWorkspace(given);
  // A mistyped name is told before the night is lived through; segments are known only after it.
  const options = await settleSelection(workspace.engine, given, ['main.account']);
  // What reading alone has shown is told before the night is lived through.
  holdLimits(workspace, []);
  const night = await liveNight(workspace, options);
  holdLimits(workspace, night.quality);
  const report = await nightReport(night, await settleSelection(workspace.engine, options, ['dated.account_state']));
  // The lists stand in `finding`; what they were made of would only share the memory that writing needs.
  await clearViews(workspace.engine);
  if (options.dry !== true) await commitNight(night, options, startedAt);
  return { report, exitCode: 0 };
}

function holdLimits({ config, ingested }: Workspace, findings: readonly QualityFinding[]): void {
  const [first, ...more] = passedLimits(config, ingested.feeds, ingested.rejects, findings);
  if (first === undefined) return;
  throw new UserError(`${first.message}${more.length === 0 ? '' : ` (and ${more.length} more)`}`, {
    hint: `${first.remedy} All that is wrong: retain check`,
  });
}
