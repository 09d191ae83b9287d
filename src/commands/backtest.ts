import { type Command, Option } from 'commander';
import { counted, withAllowLeak, withSharedFlags } from './flags.ts';
import { checkPlaces, type GateFlags, withGateFlags, writeGateOutputs } from './gate-flags.ts';
import { type ReplayFlags, refuseChoice, withReplayFlags } from './replay-flags.ts';
import { checkList, type Finish, readOptions, show } from './session.ts';

type BacktestFlags = ReplayFlags & GateFlags & { readonly lead?: number };

/** `--lead`: how long before the outcome an account must have been listed to count. */
function lead(): Option {
  const help = 'also tell recall of accounts that leave so many days later or more (told always: 30, 60, 90)';
  return new Option('--lead <days>', help).argParser(counted('--lead'));
}

/** `retain backtest`: replays the past and scores every prediction against what happened. */
export function register(program: Command, finish: Finish): void {
  withAllowLeak(withSharedFlags(withGateFlags(withReplayFlags(program.command('backtest')).addOption(lead()))))
    .summary('replays the past and scores predictions against what happened')
    .description(
      'At each origin every list that claims to tell an outcome is made from what was known that day and scored ' +
        'against what happened: churn (all rungs), health and its components, renewals, the at-risk list as shown. ' +
        'Of the ledger it reads who was worked; it writes none. Ends with 1 when a gate falls or a figure drops below the baseline.',
    )
    .action(async (flags: BacktestFlags, command: Command) => {
      const options = await readOptions(command);
      refuseChoice(options, 'For the figures by segment give --list slices.');
      checkPlaces(flags, options);
      const { GATED_LISTS, gatedBacktest } = await import('../pipeline/gate.ts');
      checkList(command, GATED_LISTS);
      const { report, exitCode } = await gatedBacktest({ ...options, ...flags });
      finish(exitCode);
      await writeGateOutputs(report, flags, options);
      await show(report, options, command);
    });
}
