import type { Command } from 'commander';
import { Option } from 'commander';
import { text, withSharedFlags } from './flags.ts';
import { readOptions, show } from './session.ts';

/** `retain churn`: who will leave, why, and how sure that is; `--explain ID` takes one account apart. */
export function register(program: Command): void {
  const explain = new Option('--explain <id>', 'take one account of the last run apart: reasons, groups, terms');
  withSharedFlags(program.command('churn').addOption(explain.argParser((given) => text('--explain', given))))
    .summary('who will leave, with calibrated probabilities and reasons')
    .description(
      'Churn probabilities beside their base rate, highest first; where no model beats the base rate, the ' +
        'list says so and gives facts instead.',
    )
    .action(async (flags: { readonly explain?: string }, command: Command) => {
      const options = await readOptions(command);
      if (flags.explain !== undefined) {
        const { explainChurn } = await import('../pipeline/churn-explain.ts');
        await show(await explainChurn(options, flags.explain), options, command);
        return;
      }
      const { listFromLedger } = await import('../pipeline/lists.ts');
      await show(await listFromLedger(options, 'churn'), options, command);
    });
}
