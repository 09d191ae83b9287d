import type { Command } from 'commander';
import { UserError } from '../lib/errors.ts';
import { withAllowLeak, withSharedFlags } from './flags.ts';
import { type ReplayFlags, refuseChoice, withReplayFlags } from './replay-flags.ts';
import { checkList, readOptions, show } from './session.ts';

/** `retain compare A.yaml B.yaml`: two configurations replayed over the same past. */
export function register(program: Command): void {
  const verb = program
    .command('compare')
    .argument('<a>', 'configuration')
    .argument('<b>', 'the one it is compared with');
  withAllowLeak(withSharedFlags(withReplayFlags(verb)))
    .summary('two configurations over the same past: bands, alerts, accuracy')
    .description(
      'Replays both configurations at the same origins and tells which accounts and how much ARR change band, which ' +
        'alerts are added and removed for each CSM, and by how much each figure of accuracy differs, paired, with its ' +
        'interval. Of the ledger it reads who was worked; it writes none.',
    )
    .action(async (first: string, second: string, flags: ReplayFlags, command: Command) => {
      const options = await readOptions(command);
      if (options.config !== undefined) {
        throw new UserError('--config chooses nothing here: a comparison names its two configurations', {
          hint: 'Leave it out: retain compare A.yaml B.yaml',
        });
      }
      refuseChoice(options, 'The lists bands and alerts name the CSM of each account: --list bands --format csv.');
      const { COMPARE_LISTS, compare } = await import('../pipeline/compare.ts');
      checkList(command, COMPARE_LISTS);
      const { report } = await compare({ ...options, ...flags, first, second });
      await show(report, options, command);
    });
}
