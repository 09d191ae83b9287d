import type { Command } from 'commander';
import type { CommonOptions } from '../contract/options.ts';
import type { RunReport } from '../contract/report.ts';
import { withSharedFlags } from './flags.ts';
import { readOptions, show } from './session.ts';

/** `retain model show|list|compare`: the stored models. */
export function register(program: Command): void {
  const model = program
    .command('model')
    .summary('the stored models: show a card, list them, compare two')
    .description(
      'What models the ledger holds, which one serves and why, what each was measured on, and how two differ.',
    );
  withSharedFlags(model.command('show'))
    .argument('[id]', 'a model of the list, or the beginning of its name; default: the one that serves')
    .summary('the card of a model')
    .action(async (id: string | undefined, _flags: unknown, command: Command) => {
      const { showModel } = await import('../pipeline/model-list.ts');
      await print(command, (options) => showModel(options, id));
    });
  withSharedFlags(model.command('list'))
    .summary('every stored model, whether it serves, and why')
    .action(async (_flags: unknown, command: Command) => {
      const { listModels } = await import('../pipeline/model-list.ts');
      await print(command, listModels);
    });
  withSharedFlags(model.command('compare'))
    .argument('<a>', 'a model of the list')
    .argument('<b>', 'another one')
    .summary('two models on the rows that both predicted out of time, and what differs')
    .action(async (a: string, b: string, _flags: unknown, command: Command) => {
      const { compareModels } = await import('../pipeline/model-compare.ts');
      await print(command, (options) => compareModels(options, a, b));
    });
}

async function print(command: Command, report: (options: CommonOptions) => Promise<RunReport>): Promise<void> {
  const options = await readOptions(command);
  await show(await report(options), options, command);
}
