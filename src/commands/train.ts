import type { Command } from 'commander';
import { withAllowLeak, withSharedFlags } from './flags.ts';
import { checkList, readOptions, show } from './session.ts';

/** `retain train`: fits, calibrates, validates and saves the models. */
export function register(program: Command): void {
  withAllowLeak(withSharedFlags(program.command('train')))
    .summary('fits, calibrates, validates and saves the models; prints the model card')
    .description(
      'Fits every rung of the ladder on closed outcomes only, compares them out of time, takes the simplest ' +
        'that holds, and saves it; where nothing beats the base rate, the verdict is "no signal".',
    )
    .action(async (_flags: unknown, command: Command) => {
      const options = await readOptions(command);
      const { TRAIN_LISTS, train } = await import('../pipeline/train.ts');
      checkList(command, TRAIN_LISTS);
      const { report, cards } = await train(options);
      const { writeReport } = await import('./output.ts');
      for (const card of cards) await writeReport(card.report, { ...options, format: 'markdown', output: card.file });
      await show(report, options, command);
    });
}
