import { createWriteStream, existsSync, mkdirSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { CommonOptions } from '../contract/options.ts';
import type { RenderOptions, ReportList, RunReport } from '../contract/report.ts';
import { fileFaultOf, UserError } from '../lib/errors.ts';
import { RENDERERS, untoldOutcomes } from '../reports/index.ts';

/**
 * Writes a report in the format asked for: to stdout, into one file, or, for several lists as CSV, one file a list into
 * a directory. A file appears only when it is complete. What a machine format leaves out is told on stderr.
 *
 * @param list only this list of the report (`--list`)
 * @throws UserError for a list the report does not have and for a place that cannot be written
 */
export async function writeReport(report: RunReport, options: CommonOptions, list?: string): Promise<void> {
  const chosen = list === undefined ? report : { ...report, lists: [listNamed(report, list)] };
  options.progress.done();
  const { output } = options;
  if (options.format === 'csv') tellWarnings(report, options);
  const isCut = options.format === 'csv' && chosen.lists.length > 1;
  const hasSeveral = isCut && chosen.lists.filter(({ isBlock }) => isBlock !== true).length > 1;
  if (output === undefined || output === '-') {
    if (isCut) tellOtherLists(chosen, options);
    await write(chosen, options, process.stdout);
  } else if (hasSeveral || (options.format === 'csv' && isDirectory(output))) {
    await writeDirectory(chosen, options, output);
  } else {
    if (isCut) tellOtherLists(chosen, options);
    await writeFile(chosen, options, output);
  }
}

function isDirectory(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}

function listNamed(report: RunReport, name: string): ReportList {
  const found = report.lists.find((list) => list.name === name);
  if (found !== undefined) return found;
  const names = report.lists.map((list) => list.name).join(', ');
  throw new UserError(`--list ${name} is not in this report`, {
    hint: names === '' ? 'This report has no lists.' : `It has ${names}.`,
  });
}

async function write(report: RunReport, options: CommonOptions, target: Writable): Promise<void> {
  const source = Readable.from(rendered(report, options));
  if (target === process.stdout) await pipeline(source, target, { end: false });
  else await pipeline(source, target);
}

function rendered(report: RunReport, { format, width, color, quiet, top }: CommonOptions): AsyncIterable<string> {
  const render: RenderOptions = { format, width, color, quiet, ...(top === undefined ? {} : { top }) };
  return RENDERERS[format](report, render);
}

async function writeFile(report: RunReport, options: CommonOptions, file: string): Promise<void> {
  await writePieces(rendered(report, options), file, options);
}

/** Writes text into a file, which appears only when it is complete. `UserError` where it cannot be written. */
export async function writePieces(
  pieces: AsyncIterable<string>,
  file: string,
  { progress }: Pick<CommonOptions, 'progress'>,
): Promise<void> {
  if (isDirectory(file)) {
    throw new UserError(`cannot write ${file}: it is a directory`, {
      hint: `Name a file, for example ${join(file, 'report')}.`,
    });
  }
  try {
    await writeTo(file, pieces);
  } catch (error) {
    throw unwritable(file, error);
  }
  progress.note(`wrote ${file}`);
}

/** Names of what a process has open already (`/dev/stdout`, `/dev/fd/3`): a file behind one may hold more than this report. */
const OPEN_ALREADY = /^\/(?:dev\/(?:stdout|stderr|fd\/\d+)|proc\/[^/]+\/fd\/\d+)$/;

/** Into the file that stands there once all is written; into a device or pipe (/dev/null, /dev/stdout, `>(…)`) as it comes. */
async function writeTo(file: string, pieces: AsyncIterable<string>): Promise<void> {
  const isThere = existsSync(file);
  // Renaming over a device would put a plain file in its place, for every program of the machine.
  if (isThere && (!statSync(file).isFile() || OPEN_ALREADY.test(file))) {
    await pipeline(Readable.from(pieces), createWriteStream(file, { flags: 'a' }));
    return;
  }
  const place = isThere ? realpathSync(file) : file;
  const part = `${place}.part`;
  try {
    await pipeline(Readable.from(pieces), createWriteStream(part));
    renameSync(part, place);
  } catch (error) {
    discard(part);
    throw error;
  }
}

async function writeDirectory(report: RunReport, options: CommonOptions, directory: string): Promise<void> {
  if (existsSync(directory) && !isDirectory(directory)) {
    throw new UserError(`--output ${directory} is a file, and this report has ${report.lists.length} lists`, {
      hint: 'Name a directory, which gets one CSV file a list, or choose a list with --list NAME.',
    });
  }
  try {
    mkdirSync(directory, { recursive: true });
  } catch (error) {
    throw unwritable(directory, error);
  }
  for (const list of report.lists) {
    await writeFile({ ...report, lists: [list] }, options, join(directory, `${list.name}.csv`));
  }
}

/** Takes away a part that was begun; where nothing could be begun, the first error is the one to tell. */
function discard(part: string): void {
  try {
    rmSync(part, { force: true });
  } catch {}
}

function unwritable(path: string, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (typeof code !== 'string' || !/^E[A-Z]+$/.test(code)) return error;
  return new UserError(`cannot write ${path}: ${fileFaultOf(error)}`, {
    hint: 'Check that its directory exists, may be written and has room, or name another place.',
    cause: error,
  });
}

/** CSV has no place for warnings: they go where talk goes. */
function tellWarnings(report: RunReport, options: CommonOptions): void {
  for (const { what, consequence, remedy } of report.warnings) {
    options.progress.note(`warning: ${[what, consequence, remedy].filter((part) => part !== '').join('; ')}`);
  }
  for (const outcome of untoldOutcomes(report)) {
    if (outcome.status === 'failed') options.progress.note(`warning: ${outcome.agent} failed: ${outcome.error}`);
  }
}

function tellOtherLists(report: RunReport, options: CommonOptions): void {
  const [first, ...others] = report.lists.map((list) => list.name);
  options.progress.note(`csv holds one list, ${first}; --list NAME gives another: ${others.join(', ')}`);
}
