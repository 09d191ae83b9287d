import type { Command } from 'commander';
import { withSharedFlags } from './flags.ts';
import { readOptions, show } from './session.ts';

/** `retain init [DIR]`: looks at the exports and writes a commented `retain.yaml`. */
export function register(program: Command): void {
  withSharedFlags(program.command('init'))
    .argument('[dir]', 'directory of the exports (default: --data, else here)')
    .option('--force', 'overwrite an earlier retain.yaml and account_alias.csv')
    .summary('recognises the exports and writes retain.yaml')
    .description(
      'Looks at every file of a directory, recognises tables, columns, keys and joins, and writes a ' +
        'commented retain.yaml here (or to --config FILE). Says how sure it is of each guess, which files ' +
        'it could not place, who left under every churn definition, and what these files give you.',
    )
    .action(async (directory: string | undefined, flags: { force?: true }, command: Command) => {
      const options = await readOptions(command);
      const { init } = await import('../pipeline/init.ts');
      const report = await init({
        ...options,
        ...(directory === undefined ? {} : { directory }),
        force: flags.force === true,
      });
      await show(report, options, command);
    });
}
