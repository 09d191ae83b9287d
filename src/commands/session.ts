import type { Command } from 'commander';
import type { CommonOptions } from '../contract/options.ts';
import type { RunReport } from '../contract/report.ts';
import type { SharedFlags } from './flags.ts';

/** Tells the door (cli.ts) which exit code a verb earned: 1 when it ran but a gate the user asked for failed. */
export type Finish = (exitCode: 0 | 1) => void;

/**
 * What the flags of the called verb, the terminal and the clock give together. The only place that reads the clock
 * and the terminal.
 */
export async function readOptions(command: Command): Promise<CommonOptions> {
  const { createProgress } = await import('../reports/progress.ts');
  const flags: SharedFlags = command.optsWithGlobals();
  const { stdout, stderr, env } = process;
  const toTerminal = stdout.isTTY === true && (flags.output === undefined || flags.output === '-');
  const noColor = (env.NO_COLOR ?? '') !== '' || env.TERM === 'dumb';
  const { list: _list, ...given } = flags;
  return {
    ...given,
    quiet: flags.quiet === true,
    debug: flags.debug === true,
    color: flags.color && toTerminal && !noColor,
    width: toTerminal ? (stdout.columns ?? 80) : widthAsked(env.COLUMNS),
    today: new Date().toISOString().slice(0, 10),
    progress: createProgress({
      write: (text) => stderr.write(text),
      isTerminal: stderr.isTTY === true,
      columns: () => stderr.columns ?? 80,
      now: () => performance.now(),
      quiet: flags.quiet === true,
    }),
  };
}

/** Into a pipe or a file nothing is cut, unless the environment names a width (`COLUMNS=80 retain health | lp`). */
function widthAsked(columns: string | undefined): number {
  return columns !== undefined && /^[1-9]\d{0,3}$/.test(columns) ? Number(columns) : Number.POSITIVE_INFINITY;
}

/** Renders a report in the format asked for, to stdout or into the file or directory of `--output`. */
export async function show(report: RunReport, options: CommonOptions, command: Command): Promise<void> {
  const { writeReport } = await import('./output.ts');
  const { list }: SharedFlags = command.optsWithGlobals();
  await writeReport(report, options, list);
}
