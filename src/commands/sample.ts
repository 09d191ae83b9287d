import type { Command } from 'commander';
import { counted, day, outreachPercent, withSharedFlags } from './flags.ts';
import { readOptions, show } from './session.ts';

interface SampleFlags {
  readonly accounts: number;
  readonly months: number;
  readonly end: string;
  readonly usagePerAccount: number;
  readonly threeExports?: true;
  readonly daily?: true;
  readonly plainCalendar?: true;
  readonly outreach: number;
  readonly uselessOutreach?: true;
  readonly gzip?: true;
  readonly withoutConfig?: true;
  readonly force?: true;
}

/** `retain sample DIR`: the exports of a synthetic company, with the truth that was planted in a folder of its own. */
export function register(program: Command): void {
  withSharedFlags(program.command('sample'))
    .argument('<dir>', 'directory to write to')
    .option('--accounts <n>', 'accounts in the CRM', counted('--accounts'), 400)
    .option('--months <n>', 'months of history, 24 to 60', counted('--months'), 30)
    .option('--end <date>', 'last day of every export', (value: string) => day('--end', value), '2026-06-30')
    .option('--usage-per-account <n>', 'usage rows an account over all months', counted('--usage-per-account'), 1000)
    .option('--three-exports', 'only usage, tickets and contracts, with three kinds of ids and nothing to join them')
    .option('--daily', 'usage as sums a day, user and feature instead of single events')
    .option('--plain-calendar', 'the same company without holidays, outages and the missing feed, to compare with')
    .option('--outreach <n>', 'of 100 times that trouble is seen, how often a CSM acts', outreachPercent, 50)
    .option('--useless-outreach', 'that outreach keeps nobody: the same company, to tell its effect by')
    .option('--gzip', 'compress the longest files')
    .option('--without-config', 'leave out retain.yaml, so that retain init has something to find out')
    .option('--force', 'overwrite an earlier sample')
    .summary("writes a synthetic company's exports, with planted truth beside them")
    .description(
      'Writes what the CRM, the product, the help desk and the billing system of a made-up company would export, ' +
        'and retain.yaml for it. The planted truth goes into DIR/truth, which no other verb reads. Same seed, same bytes.',
    )
    .action(async (directory: string, flags: SampleFlags, command: Command) => {
      const options = await readOptions(command);
      const { writeSample } = await import('../pipeline/sample.ts');
      const { accounts, months, end, usagePerAccount, plainCalendar = false, outreach } = flags;
      const report = await writeSample({
        ...options,
        directory,
        ...{ accounts, months, end, usagePerAccount, plainCalendar, outreachPercent: outreach },
        uselessOutreach: flags.uselessOutreach === true,
        form: {
          threeExports: flags.threeExports === true,
          dailyUsage: flags.daily === true,
          gzip: flags.gzip === true,
        },
        writeConfig: flags.withoutConfig !== true,
        force: flags.force === true,
      });
      await show(report, options, command);
    });
}
