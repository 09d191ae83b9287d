import { type Command, Option } from 'commander';
import type { Format } from '../contract/options.ts';
import { isDay } from '../lib/dates.ts';
import { UserError } from '../lib/errors.ts';

const FORMATS: readonly Format[] = ['table', 'csv', 'json', 'markdown'];

/** Heading of the shared flags in the help of a verb. */
export const SHARED = 'Shared options:';

/** The shared flags as commander hands them over, after their parsers ran. */
export interface SharedFlags {
  readonly config?: string;
  readonly data?: string;
  readonly store?: string;
  readonly asOf?: string;
  readonly format: Format;
  readonly output?: string;
  readonly list?: string;
  readonly csm?: string;
  readonly segment?: string;
  readonly top?: number;
  readonly seed?: number;
  readonly wait: number;
  readonly allowLeak?: readonly string[];
  readonly quiet?: true;
  readonly debug?: true;
  readonly color: boolean;
}

/** Adds the flags every verb knows; the one place where they are declared. */
export function withSharedFlags(command: Command): Command {
  const option = <T>(flag: string, value: string, help: string, parse: (flag: string, value: string) => T) =>
    new Option(`${flag} <${value}>`, help).argParser((given) => parse(flag, given));
  const flags = [
    option('--config', 'file', 'configuration (default: retain.yaml beside the exports, then here)', text),
    option('--data', 'dir', 'directory of the exports', text),
    option('--store', 'dir', 'directory of the ledger and the cache (default: .retain)', text),
    option('--as-of', 'date', 'use the knowledge of this day, YYYY-MM-DD (default: last full day)', day),
    option('--format', 'format', `one of ${FORMATS.join(', ')}`, format).default('table'),
    option('--output', 'file', 'write there; a directory for several lists as csv; - is stdout', text),
    option('--list', 'name', 'only this list of the report', text),
    option('--csm', 'name', 'only accounts of this person', text),
    option('--segment', 'name', 'only accounts of this segment', text),
    option('--top', 'n', 'at most n rows a list', count),
    option('--seed', 'n', 'seed of everything drawn', (flag, value) => wholeNumber(flag, value, 0, 2 ** 32 - 1)),
    option('--wait', 'seconds', 'how long to wait for a ledger in use', seconds).default(30),
    new Option('--quiet', 'results only: no progress, no notes'),
    new Option('--debug', 'show the stack of an error'),
    new Option('--no-color', 'no colour (as NO_COLOR does)'),
  ];
  for (const flag of flags) command.addOption(flag.helpGroup(SHARED));
  return command;
}

/** `--allow-leak`, any number of times: for the verbs that fit models. */
export function withAllowLeak(command: Command): Command {
  return command.addOption(
    new Option(
      '--allow-leak <name>',
      'let this column pass although the leak audit flags it (again for more)',
    ).argParser((given: string, before: readonly string[] | undefined) => [
      ...(before ?? []),
      text('--allow-leak', given),
    ]),
  );
}

/** A day of the calendar, `YYYY-MM-DD`. Throws `UserError` otherwise. */
export function day(flag: string, value: string): string {
  if (isDay(value)) return value;
  throw new UserError(`${flag} ${value} is not a day of the calendar`, {
    hint: `Write it as YYYY-MM-DD, for example ${flag} 2024-10-01.`,
  });
}

/** A whole number from 1. Throws `UserError` otherwise. */
export function count(flag: string, value: string): number {
  return wholeNumber(flag, value, 1, Number.MAX_SAFE_INTEGER);
}

/** Text that is not empty: an empty one is a shell variable that was not set. Throws `UserError`. */
export function text(flag: string, value: string): string {
  if (value.trim() !== '') return value;
  throw new UserError(`${flag} was given an empty value`, {
    hint: 'Give it a value; if it comes from a shell variable, that one is not set.',
  });
}

/** Parser of `--outreach`: of 100, a whole number from 0 to 100. Throws `UserError` otherwise. */
export function outreachPercent(value: string): number {
  return wholeNumber('--outreach', value, 0, 100);
}

/** Parser of a flag that takes a count, see `count`. */
export function counted(flag: string): (value: string) => number {
  return (value) => count(flag, value);
}

function wholeNumber(flag: string, value: string, low: number, high: number): number {
  const number = Number(value);
  if (/^\d+$/.test(value) && number >= low && number <= high) return number;
  const range = high === Number.MAX_SAFE_INTEGER ? `from ${low}` : `from ${low} to ${high}`;
  throw new UserError(`${flag} ${value} is not a whole number ${range}`, {
    hint: `Write it in digits, for example ${flag} ${Math.max(low, 10)}.`,
  });
}

function seconds(flag: string, value: string): number {
  const number = Number(value);
  if (value.trim() !== '' && number >= 0 && number <= 86_400) return number;
  throw new UserError(`${flag} ${value} is not a number of seconds`, {
    hint: `Give 0 to 86400; ${flag} 0 does not wait at all.`,
  });
}

function format(flag: string, value: string): Format {
  const found = FORMATS.find((name) => name === value);
  if (found !== undefined) return found;
  throw new UserError(`${flag} ${value} is not known`, { hint: `Use one of ${FORMATS.join(', ')}.` });
}
