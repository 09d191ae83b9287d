import { type Command, Option } from 'commander';
import type { Day } from '../contract/agent.ts';
import { count, day, withAllowLeak, withSharedFlags } from './flags.ts';
import { checkPlaces, type GateFlags, withGateFlags, writeGateOutputs } from './gate-flags.ts';
import { type Finish, readOptions, show } from './session.ts';

interface BacktestFlags extends GateFlags {
  readonly from?: Day;
  readonly to?: Day;
  readonly every?: 'month' | 'week';
  readonly origins?: number;
  readonly horizon?: number;
}

const whole = (flag: string) => (value: string) => count(flag, value);

/** `retain backtest`: replays the past and scores every prediction against what happened. */
export function register(program: Command, finish: Finish): void {
  const verb = program
    .command('backtest')
    .addOption(
      new Option('--from <date>', 'first day that may be an origin').argParser((value) => day('--from', value)),
    )
    .addOption(new Option('--to <date>', 'last day that may be an origin').argParser((value) => day('--to', value)))
    .addOption(
      new Option('--every <period>', 'how far apart origins are; default: model.every').choices(['month', 'week']),
    )
    .addOption(
      new Option('--origins <n>', 'at most so many, the latest (default: 12; with --from all)').argParser(
        whole('--origins'),
      ),
    )
    .addOption(new Option('--horizon <days>', 'days in which the outcome is counted').argParser(whole('--horizon')));
  withAllowLeak(withSharedFlags(withGateFlags(verb)))
    .summary('replays the past and scores predictions against what happened')
    .description(
      'At each origin every list that claims to tell an outcome is made from what was known that day and scored ' +
        'against what happened: churn (all rungs), health and its components, renewals, the at-risk list as shown. ' +
        'Reads no ledger and writes none. Ends with 1 when a gate falls or a figure drops below the baseline.',
    )
    .action(async (flags: BacktestFlags, command: Command) => {
      const options = await readOptions(command);
      checkPlaces(flags, options);
      const { gatedBacktest } = await import('../pipeline/gate.ts');
      const { report, exitCode } = await gatedBacktest({ ...options, ...flags });
      finish(exitCode);
      await writeGateOutputs(report, flags, options);
      await show(report, options, command);
    });
}
