import type { Command } from 'commander';
import { withAllowLeak, withSharedFlags } from './flags.ts';
import { refuseChoice } from './replay-flags.ts';
import { checkList, readOptions, show } from './session.ts';

/** `retain signals`: the signal register, and weights and bands that the evidence proposes. */
export function register(program: Command): void {
  withAllowLeak(withSharedFlags(program.command('signals')))
    .summary('which health signals predict, which mislead; proposes weights')
    .description(
      'Judges every feature, measure and component against who left: AUC within dates, lift, lead time, leading or ' +
        'merely confirmatory, direction, stability, leaks. Where later dates bear it out, a change of weights and bands ' +
        'is written to proposals/ for a person to apply.',
    )
    .action(async (_flags: unknown, command: Command) => {
      const options = await readOptions(command);
      refuseChoice(
        options.csm === undefined ? {} : { csm: options.csm },
        'For one kind of account give --segment NAME.',
      );
      const { SIGNALS_LISTS, signals } = await import('../pipeline/signals.ts');
      checkList(command, SIGNALS_LISTS);
      await show(await signals(options), options, command);
    });
}
