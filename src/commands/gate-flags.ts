import { existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { BacktestReport, FigureRows } from '../contract/backtest.ts';
import type { CommonOptions } from '../contract/options.ts';
import { UserError } from '../lib/errors.ts';
import { text } from './flags.ts';

/** What `retain backtest` is asked to show, and where else it writes. */
export interface GateFlags {
  readonly gate?: readonly string[];
  readonly gateRows?: FigureRows;
  readonly baseline?: string;
  readonly save?: string;
  readonly junit?: string;
  readonly annotations: 'auto' | 'github' | 'none';
}

/** Adds the flags of gates, baseline and the files a CI job reads. */
export function withGateFlags(verb: Command): Command {
  const file = (flag: string, help: string) =>
    new Option(`${flag} <file>`, help).argParser((given) => text(flag, given));
  return verb
    .option('--gate <gate...>', "what must hold, else exit code 1, e.g. 'auc>=0.75' 'vs:base_rate.auc>+0.05'")
    .addOption(new Option('--gate-rows <rows>', 'rows of gates that name none').choices(['all', 'unworked']))
    .addOption(file('--baseline', 'a backtest stored with --save; exit code 1 on a significant drop'))
    .addOption(file('--save', 'store the backtest there as JSON, for --baseline'))
    .addOption(file('--junit', 'write gates and verdicts there as JUnit XML'))
    .addOption(
      new Option('--annotations <kind>', 'notes for the job page on stderr; auto: where GITHUB_ACTIONS is true')
        .choices(['auto', 'github', 'none'])
        .default('auto'),
    );
}

/**
 * Refuses places that cannot be written, before minutes of work are spent: a directory that does not exist, a directory
 * where a file is wanted, one file for two outputs.
 */
export function checkPlaces(flags: GateFlags, options: CommonOptions): void {
  const places = [
    ['--save', flags.save],
    ['--junit', flags.junit],
    ['--output', options.output === '-' ? undefined : options.output],
  ] as const;
  const taken = new Map<string, string>();
  for (const [flag, place] of places) {
    if (place === undefined) continue;
    const path = resolve(place);
    if (flag !== '--output' && !existsSync(dirname(path))) {
      throw new UserError(`${flag} ${place}: there is no directory ${dirname(place)}`, { hint: 'Create it first.' });
    }
    if (flag !== '--output' && existsSync(path) && statSync(path).isDirectory()) {
      throw new UserError(`${flag} ${place} is a directory`, { hint: 'Name a file in it.' });
    }
    const other = taken.get(path);
    if (other !== undefined) {
      throw new UserError(`${other} and ${flag} both write ${place}`, { hint: 'Give each a file of its own.' });
    }
    taken.set(path, flag);
  }
}

/** Writes the stored form, the JUnit file and the annotations; the report itself is shown by `show`. */
export async function writeGateOutputs(
  report: BacktestReport,
  flags: GateFlags,
  options: CommonOptions,
): Promise<void> {
  const { CI_RENDERERS, RENDERERS } = await import('../reports/index.ts');
  const { writePieces } = await import('./output.ts');
  const whole = { format: 'json', width: Number.POSITIVE_INFINITY, color: false } as const;
  if (flags.save !== undefined) await writePieces(RENDERERS.json(report, whole), flags.save, options);
  if (flags.junit !== undefined) await writePieces(CI_RENDERERS.junit(report), flags.junit, options);
  const isWanted =
    flags.annotations === 'auto' ? process.env['GITHUB_ACTIONS'] === 'true' : flags.annotations === 'github';
  // On stderr, where GitHub reads them too: stdout belongs to the report.
  if (isWanted) for await (const line of CI_RENDERERS.annotations(report)) process.stderr.write(line);
}
