import { type Command, Option } from 'commander';
import type { Day } from '../contract/agent.ts';
import type { CommonOptions } from '../contract/options.ts';
import { UserError } from '../lib/errors.ts';
import { count, day } from './flags.ts';

/** Which past dates are lived through again. */
export interface ReplayFlags {
  readonly from?: Day;
  readonly to?: Day;
  readonly every?: 'month' | 'week';
  readonly origins?: number;
  readonly horizon?: number;
}

/** Adds the flags that choose origins and horizon of a replay. */
export function withReplayFlags(verb: Command): Command {
  const dated = (flag: string, help: string) =>
    new Option(`${flag} <date>`, help).argParser((value) => day(flag, value));
  const whole = (flag: string, name: string, help: string) =>
    new Option(`${flag} <${name}>`, help).argParser((value) => count(flag, value));
  return verb
    .addOption(dated('--from', 'first day that may be an origin'))
    .addOption(dated('--to', 'last day that may be an origin'))
    .addOption(
      new Option('--every <period>', 'how far apart origins are; default: model.every').choices(['month', 'week']),
    )
    .addOption(whole('--origins', 'n', 'at most so many, the latest (default: 12; with --from all)'))
    .addOption(whole('--horizon', 'days', 'days in which the outcome is counted'));
}

/**
 * A replay is of the whole company: alert budgets, peers and models are shared, so rows of one person or segment cannot be
 * replayed alone, and a flag that chooses them must not pass in silence.
 * @throws UserError when `--csm` or `--segment` was given
 */
export function refuseChoice({ csm, segment }: Pick<CommonOptions, 'csm' | 'segment'>, hint: string): void {
  const flag = csm === undefined ? (segment === undefined ? undefined : '--segment') : '--csm';
  if (flag === undefined) return;
  throw new UserError(`${flag} chooses nothing here: the past is replayed and measured for all accounts`, { hint });
}
