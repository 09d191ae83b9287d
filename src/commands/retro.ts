import type { Command } from 'commander';
import { withSharedFlags } from './flags.ts';
import { checkList, readOptions, show } from './session.ts';

/** `retain retro`: earlier runs against what happened since. */
export function register(program: Command): void {
  withSharedFlags(program.command('retro'))
    .summary('last predictions against outcomes; a retro per lost account')
    .description(
      'Holds what earlier runs predicted, showed and proposed against what has happened since: calibration, ranking, ' +
        'drift, the story of each lost account, humans against the model. Changes it would make are written to ' +
        'proposals/ for a person to apply; the ledger stays as it is.',
    )
    .action(async (_flags: unknown, command: Command) => {
      const options = await readOptions(command);
      const { RETRO_LISTS } = await import('../pipeline/retro-lists.ts');
      checkList(command, RETRO_LISTS);
      const { retro } = await import('../pipeline/retro.ts');
      await show(await retro(options), options, command);
    });
}
