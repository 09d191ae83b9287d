import type { Command } from 'commander';
import { withSharedFlags } from './flags.ts';
import { readOptions, show } from './session.ts';

/** `retain account ID`: one account in full. */
export function register(program: Command): void {
  withSharedFlags(program.command('account'))
    .argument('<id>', 'account id, as in the lists')
    .summary('one account in full: health, reasons, timeline, renewal, alerts')
    .description('Health tree, churn reasons, timeline, renewal and open alerts of one account.')
    .action(async (id: string, _flags: unknown, command: Command) => {
      const options = await readOptions(command);
      const { accountReport } = await import('../pipeline/account.ts');
      await show(await accountReport(options, id), options, command);
    });
}
