import type { Command } from 'commander';
import { withAllowLeak, withSharedFlags } from './flags.ts';
import { checkList, type Finish, readOptions, show } from './session.ts';

/** `retain run`: the nightly job. */
export function register(program: Command, finish: Finish): void {
  withAllowLeak(withSharedFlags(program.command('run')))
    .summary('the nightly job: check, ingest, features, agents, ledger, lists')
    .description(
      'Reads the exports, computes every account as of one day, runs the agents and the supervisor, ' +
        'commits the result to the ledger in one step and prints the lists.',
    )
    .action(async (_flags: unknown, command: Command) => {
      const options = await readOptions(command);
      const { RUN_LISTS, runNightly } = await import('../pipeline/run.ts');
      checkList(command, RUN_LISTS);
      const { report, exitCode } = await runNightly(options);
      finish(exitCode);
      await show(report, options, command);
    });
}
