import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { withSharedFlags } from './flags.ts';
import { checkList, type Finish, readOptions, show } from './session.ts';

const SAMPLE = fileURLToPath(new URL('../../fixtures/sample', import.meta.url));

/** `retain demo-run` (hidden, `npm start`): the nightly job on the sample company that comes with the program. */
export function register(program: Command, finish: Finish): void {
  withSharedFlags(program.command('demo-run', { hidden: true }))
    .description('Runs the nightly job on the sample company; keeps its ledger in .retain/demo.')
    .action(async (_flags: unknown, command: Command) => {
      const given = await readOptions(command);
      const config = join(SAMPLE, 'retain.yaml');
      const options = {
        ...given,
        data: given.data ?? SAMPLE,
        store: given.store ?? join('.retain', 'demo'),
        ...(given.config === undefined && given.data === undefined && existsSync(config) ? { config } : {}),
      };
      const { RUN_LISTS, runNightly } = await import('../pipeline/run.ts');
      checkList(command, RUN_LISTS);
      const { report, exitCode } = await runNightly(options);
      finish(exitCode);
      await show(report, options, command);
    });
}
