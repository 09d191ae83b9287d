import { existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import type { CommonOptions } from '../contract/options.ts';
import type { RunReport } from '../contract/report.ts';
import { UserError } from '../lib/errors.ts';
import { shellWord } from '../lib/shell.ts';
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
  checkOutput(flags);
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

/** Refuses an `--output` that cannot be written before minutes of work are spent and a ledger is changed. */
function checkOutput({ output, format }: SharedFlags): void {
  if (output === undefined || output === '-') return;
  if (format !== 'csv' && existsSync(output) && statSync(output).isDirectory()) {
    throw new UserError(`--output ${output} is a directory`, { hint: 'Name a file in it.' });
  }
  const directory = dirname(resolve(output));
  // Of several lists as CSV the directory is made, with those above it; a name within a file cannot be.
  let above = directory;
  while (format === 'csv' && !existsSync(above) && above !== dirname(above)) above = dirname(above);
  if (existsSync(above) && statSync(above).isDirectory()) return;
  throw new UserError(`--output ${output}: there is no directory ${dirname(output)}`, {
    hint: 'Create it first, or name another place.',
  });
}

/**
 * Refuses a `--list` that a verb's report can never have, before anything is computed or kept.
 * @param names of every list it may have
 */
export function checkList(command: Command, names: readonly string[]): void {
  const { list }: SharedFlags = command.optsWithGlobals();
  if (list === undefined || names.includes(list)) return;
  throw new UserError(`--list ${list} is not in this report`, { hint: `It has ${names.join(', ')}.` });
}

/** Into a pipe or a file nothing is cut, unless the environment names a width (`COLUMNS=80 retain health | lp`). */
function widthAsked(columns: string | undefined): number {
  return columns !== undefined && /^[1-9]\d{0,3}$/.test(columns) ? Number(columns) : Number.POSITIVE_INFINITY;
}

/** Renders a report in the format asked for, to stdout or into the file or directory of `--output`. */
export async function show(report: RunReport, options: CommonOptions, command: Command): Promise<void> {
  const { writeReport } = await import('./output.ts');
  const flags: SharedFlags = command.optsWithGlobals();
  // Machine formats say the same wherever a run was started from.
  const isRead = options.format === 'table';
  const next = isRead ? report.next.map((line) => withPlaces(line, flags)) : report.next;
  await writeReport({ ...report, next }, options, flags.list);
}

/** A command that is suggested, with the places that this one was given: without them it would look elsewhere. */
export function withPlaces(
  line: string,
  { config, data, store }: Pick<SharedFlags, 'config' | 'data' | 'store'>,
): string {
  if (!line.startsWith('retain ')) return line;
  const places = Object.entries({ config, data, store }).flatMap(([name, place]) => {
    // A comparison names its configurations itself.
    const isGiven = line.includes(`--${name} `) || (name === 'config' && line.startsWith('retain compare '));
    return place === undefined || isGiven ? [] : [`--${name} ${shellWord(place)}`];
  });
  return [line, ...places].join(' ');
}
