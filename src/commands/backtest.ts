import { type Command, Option } from 'commander';
import type { Day } from '../contract/agent.ts';
import { count, day, withSharedFlags } from './flags.ts';
import { readOptions, show } from './session.ts';

interface BacktestFlags {
  readonly from?: Day;
  readonly to?: Day;
  readonly every?: 'month' | 'week';
  readonly origins?: number;
  readonly horizon?: number;
}

const whole = (flag: string) => (value: string) => count(flag, value);

/** `retain backtest`: replays the past and scores every prediction against what happened. */
export function register(program: Command): void {
  withSharedFlags(program.command('backtest'))
    .addOption(
      new Option('--from <date>', 'first day that may be an origin').argParser((value) => day('--from', value)),
    )
    .addOption(new Option('--to <date>', 'last day that may be an origin').argParser((value) => day('--to', value)))
    .addOption(new Option('--every <period>', 'one of month, week').choices(['month', 'week']))
    .addOption(
      new Option('--origins <n>', 'at most so many, the latest (default: 12; with --from all)').argParser(
        whole('--origins'),
      ),
    )
    .addOption(new Option('--horizon <days>', 'days in which the outcome is counted').argParser(whole('--horizon')))
    .summary('replays the past and scores predictions against what happened')
    .description(
      'At each origin every list that claims to tell an outcome is made from what was known that day and scored\n' +
        'against what happened: churn (all rungs), health and its components, renewals, the at-risk list as shown.\n' +
        'Reads no ledger and writes none.',
    )
    .action(async (flags: BacktestFlags, command: Command) => {
      const options = await readOptions(command);
      const { backtest } = await import('../pipeline/backtest.ts');
      const { report } = await backtest({ ...options, ...flags });
      await show(report, options, command);
    });
}
