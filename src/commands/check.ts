import type { Command } from 'commander';
import { withSharedFlags } from './flags.ts';
import { type Finish, readOptions, show } from './session.ts';

/** `retain check`: the exports against the data contract. */
export function register(program: Command, finish: Finish): void {
  const verb = program
    .command('check')
    .option('--churn-definitions', 'count the outcomes under every churn definition the exports allow');
  withSharedFlags(verb)
    .summary('validates the exports; data quality in rows and ARR')
    .description(
      'Reads the exports, puts bad rows into rejects/ with file, line, column, value and reason, and ' +
        'reports what is missing, contradictory or late, in rows and in the ARR it touches.',
    )
    .action(async (flags: { churnDefinitions?: true }, command: Command) => {
      const options = await readOptions(command);
      const { check } = await import('../pipeline/check.ts');
      const { report, exitCode } = await check({ ...options, churnDefinitions: flags.churnDefinitions === true });
      finish(exitCode);
      await show(report, options, command);
    });
}
