import { readFileSync } from 'node:fs';
import { Command, CommanderError, Help } from 'commander';
import { register as account } from './commands/account.ts';
import { register as atRisk } from './commands/at-risk.ts';
import { register as backtest } from './commands/backtest.ts';
import { register as check } from './commands/check.ts';
import { register as churn } from './commands/churn.ts';
import { register as compare } from './commands/compare.ts';
import { register as completion } from './commands/completion.ts';
import { register as demoRun } from './commands/demo-run.ts';
import { SHARED } from './commands/flags.ts';
import { register as health } from './commands/health.ts';
import { register as init } from './commands/init.ts';
import { register as model } from './commands/model.ts';
import { register as renewal } from './commands/renewal.ts';
import { register as retro } from './commands/retro.ts';
import { register as run } from './commands/run.ts';
import { register as sample } from './commands/sample.ts';
import type { Finish } from './commands/session.ts';
import { register as signals } from './commands/signals.ts';
import { register as train } from './commands/train.ts';
import { messageOf, UserError } from './lib/errors.ts';

// No SIGINT handler on purpose: the default ends the process at once (130 in a shell) even while native code or a
// long calculation holds the event loop, and a run is atomic wherever it is stopped.

/** Verbs in the order of the help: set up, nightly, lists, models, shell. */
const VERBS = [
  sample,
  init,
  check,
  run,
  atRisk,
  health,
  churn,
  renewal,
  account,
  train,
  model,
  backtest,
  compare,
  signals,
  retro,
  completion,
  demoRun,
];

/** Builds the program. Nothing below `commands/` is loaded until a verb's action runs. */
function createProgram(finish: Finish): Command {
  const program = new Command('retain')
    .description('Command-line analytics for customer success teams. Local: no data leaves the machine.')
    .version(version(), '-V, --version', 'print the version')
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'retain: ')) })
    .showSuggestionAfterError()
    .configureHelp({ groupItems: ownFlagsFirst })
    .addHelpText('after', '\nStart with: retain init DIR, then retain run. Flags of a verb: retain VERB --help');
  for (const register of VERBS) register(program, finish);
  return program;
}

/** Groups of a help page, the flags that every verb has at its end. */
const ownFlagsFirst: Help['groupItems'] = (unsorted, visible, groupOf) => {
  const groups = new Help().groupItems(unsorted, visible, groupOf);
  const shared = groups.get(SHARED);
  if (shared !== undefined && groups.delete(SHARED)) groups.set(SHARED, shared);
  return groups;
};

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : '0';
}

/** The remedy of a fault of the machine rather than of the program. */
function systemHint(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOSPC') return 'The disk is full: free some space, or give --store and --output on another one.';
  if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM') {
    return 'It may not be written or read: check its permissions, or give another --store or --output.';
  }
  return code === 'EMFILE' ? 'Too many files are open: raise the limit with ulimit -n.' : undefined;
}

/** What stands on stderr for anything thrown, and the exit code: the one catch of the program. */
function explain(error: unknown, isDebug: boolean): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  // Over the line of progress that the error has left standing.
  const clear = process.stderr.isTTY === true ? '\r\u001b[2K' : '';
  process.stderr.write(`${clear}retain: ${messageOf(error)}\n`);
  const hint = error instanceof UserError ? error.hint : systemHint(error);
  if (hint !== undefined) {
    process.stderr.write(`${hint}\n`);
  } else if (!(error instanceof UserError) && !isDebug) {
    process.stderr.write('This is a fault of retain, not of your data: run it again with --debug for the details.\n');
  }
  if (isDebug && error instanceof Error) {
    process.stderr.write(`${error.stack ?? ''}\n`);
    for (let cause = error.cause; cause instanceof Error; cause = cause.cause) {
      process.stderr.write(`caused by ${cause.stack ?? cause.message}\n`);
    }
  }
  return 2;
}

let earned: 0 | 1 = 0;
const isDebug = process.argv.includes('--debug');
// A reader that has seen enough (`retain run | head`) is no error of anyone's; a disk that is full is.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? earned : explain(error, isDebug));
});
// Nobody listens to the talk any more: the work goes on.
process.stderr.on('error', () => {});
process.on('uncaughtException', (error) => process.exit(explain(error, isDebug)));
try {
  await createProgram((exitCode) => {
    earned = exitCode;
  }).parseAsync(process.argv);
  process.exitCode = earned;
} catch (error) {
  process.exitCode = explain(error, isDebug);
}
