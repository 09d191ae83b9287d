// How long a nightly run takes against the floor: loading the same files once and computing the same features.
//
//   npm run build && npx tsc -p bench && node bench/out/js/bench/run.js [--accounts N] [--usage-per-account N]
//     [--months N] [--repeat N] [--check]
//
// The sample and the first run's ledger are kept under bench/out and used again. `--check` makes the exit code 1 when a
// limit is passed: 2.0 x the floor, 2 GB of memory, 3 x `node -e 0` for the help.
import { spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openDuckDB } from '../src/engine/duckdb.ts';
import { quoteText } from '../src/engine/engine.ts';

const MAX_RATIO = 2;
const MAX_BYTES = 2 * 1024 ** 3;
const MAX_HELP_RATIO = 3;
const LAST_DAY = '2026-06-30';

// bench/out/js/bench/run.js → the repository
const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const OUT = join(ROOT, 'bench/out');
const PROGRAM = join(ROOT, 'bin/retain.js');

interface Measured {
  readonly seconds: number;
  /** Largest resident memory of the process; NaN where /proc does not exist. */
  readonly peakBytes: number;
  readonly stdout: string;
}

/** Runs one process to its end. Throws with what it said when it fails. */
async function run(args: readonly string[]): Promise<Measured> {
  const started = performance.now();
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: ROOT });
  let stdout = '';
  let stderr = '';
  let peakBytes = Number.NaN;
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString('utf8');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString('utf8');
  });
  // VmHWM only grows, so the last reading is short of the truth by what the last tenth of a second added.
  const timer = setInterval(() => {
    try {
      const kilobytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1];
      if (kilobytes !== undefined) peakBytes = Number(kilobytes) * 1024;
    } catch {
      // The process has ended, or this system has no /proc.
    }
  }, 100);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  clearInterval(timer);
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr.slice(-2000)}`);
  return { seconds: (performance.now() - started) / 1000, peakBytes, stdout };
}

/** The floor, in a process of its own: prints the seconds of its two parts. */
async function floor(directory: string): Promise<void> {
  const file = join(OUT, 'floor.duckdb');
  rmSync(file, { force: true });
  const engine = await openDuckDB({ memoryLimit: '1500MB', spillDirectory: join(OUT, 'floor-spill') });
  await engine.execute(`attach ${quoteText(file)} as floor`);
  await engine.execute('use floor');
  await engine.execute('set variable directory = $directory', { directory });
  await engine.execute('set variable as_of = $day::date', { day: LAST_DAY });
  const [load = '', features = ''] = readFileSync(join(ROOT, 'bench/floor.sql'), 'utf8').split('-- features\n');
  const started = performance.now();
  await engine.execute(load);
  const loaded = performance.now();
  await engine.execute(features);
  const done = performance.now();
  const [row] = await engine.rows('select count(*) as n from feature');
  engine.close();
  rmSync(file, { force: true });
  console.log(JSON.stringify({ load: (loaded - started) / 1000, features: (done - loaded) / 1000, rows: row?.n }));
}

/** Waits until what the one before has written is on the disk: else the next one pays for it. */
function settleDisk(): void {
  spawnSync('sync');
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low, high] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]];
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2;
}

function seconds(values: readonly number[]): string {
  return `${median(values).toFixed(2)} s (${values.map((value) => value.toFixed(2)).join(', ')})`;
}

/** The company, made once for its options. */
async function prepareSample(accounts: number, usagePerAccount: number, months: number): Promise<string> {
  const directory = join(OUT, `company-${accounts}-${usagePerAccount}-${months}`);
  const mark = join(directory, 'truth', 'complete.json');
  if (!existsSync(mark)) {
    console.error(`making ${accounts} accounts with ${accounts * usagePerAccount} usage events …`);
    const options = [
      '--accounts',
      accounts,
      '--usage-per-account',
      usagePerAccount,
      '--months',
      months,
      '--end',
      LAST_DAY,
    ];
    const made = await run([PROGRAM, 'sample', directory, ...options.map(String), '--seed', '1', '--force', '--quiet']);
    console.error(`made in ${made.seconds.toFixed(1)} s, peak ${(made.peakBytes / 1e9).toFixed(2)} GB`);
    writeFileSync(mark, JSON.stringify({ seconds: made.seconds, peakBytes: made.peakBytes }));
  }
  return directory;
}

/** Seconds of what is done once for a company and kept. */
function once(value: number): string {
  return Number.isNaN(value) ? 'done before' : `${value.toFixed(1)} s`;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      accounts: { type: 'string', default: '20000' },
      'usage-per-account': { type: 'string', default: '1000' },
      months: { type: 'string', default: '24' },
      repeat: { type: 'string', default: '3' },
      check: { type: 'boolean', default: false },
      floor: { type: 'string' },
    },
  });
  if (values.floor !== undefined) {
    await floor(values.floor);
    return 0;
  }
  const repeat = Number(values.repeat);
  mkdirSync(OUT, { recursive: true });
  const directory = await prepareSample(
    Number(values.accounts),
    Number(values['usage-per-account']),
    Number(values.months),
  );
  const store = `${directory}-store`;
  const place = ['--data', directory, '--store', store, '--as-of', LAST_DAY, '--quiet', '--format', 'json'];
  const nightly = [PROGRAM, 'run', ...place];
  const ledger = join(store, 'ledger.duckdb');
  const kept = join(store, 'ledger-after-first.duckdb');

  let first = Number.NaN;
  let training = Number.NaN;
  if (!existsSync(kept)) {
    rmSync(store, { recursive: true, force: true });
    first = (await run(nightly)).seconds;
    // The first run's model is that of the first week it replays, too old for the next night: a month's training is due.
    training = (await run([PROGRAM, 'train', ...place])).seconds;
    copyFileSync(ledger, kept);
  }

  const runs: Measured[] = [];
  const floors: (Measured & { readonly load: number; readonly features: number })[] = [];
  for (let k = 0; k < repeat; k++) {
    // Each repetition starts from the ledger the first run left, with nothing cached; the two take turns, so that a
    // busy machine slows both.
    copyFileSync(kept, ledger);
    rmSync(join(store, 'cache'), { recursive: true, force: true });
    settleDisk();
    runs.push(await run(nightly));
    settleDisk();
    const measured = await run([fileURLToPath(import.meta.url), '--floor', directory]);
    const parts: { load: number; features: number } = JSON.parse(measured.stdout);
    floors.push({ ...measured, ...parts });
  }
  const helps: number[] = [];
  const nodes: number[] = [];
  for (let k = 0; k < 15; k++) {
    helps.push((await run([PROGRAM, '--help'])).seconds);
    nodes.push((await run(['-e', '0'])).seconds);
  }

  const runSeconds = runs.map((item) => item.seconds);
  const floorSeconds = floors.map((item) => item.load + item.features);
  const ratio = median(runSeconds) / median(floorSeconds);
  const peak = Math.max(...runs.map((item) => item.peakBytes));
  const helpRatio = median(helps) / median(nodes);
  const bytes = readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
  console.log(
    [
      `exports: ${values.accounts} accounts, about ${Number(values.accounts) * Number(values['usage-per-account'])} usage events, ${(bytes / 1e9).toFixed(2)} GB of CSV; ${cpus().length} processors, Node ${process.version}`,
      `first run (trains, replays eight weeks): ${once(first)}; training as of the day: ${once(training)}`,
      `second run, no cache, model at hand: median ${seconds(runSeconds)}, peak memory ${(peak / 1e9).toFixed(2)} GB (limit ${(MAX_BYTES / 1e9).toFixed(2)})`,
      `floor: median ${seconds(floorSeconds)}, of it loading ${median(floors.map((item) => item.load)).toFixed(2)} s, features ${median(floors.map((item) => item.features)).toFixed(2)} s`,
      `ratio: ${ratio.toFixed(2)} (limit ${MAX_RATIO.toFixed(1)})`,
      `retain --help: median ${(1000 * median(helps)).toFixed(0)} ms, node -e 0: ${(1000 * median(nodes)).toFixed(0)} ms, ratio ${helpRatio.toFixed(2)} (limit ${MAX_HELP_RATIO.toFixed(1)})`,
    ].join('\n'),
  );
  const isGood = ratio <= MAX_RATIO && !(peak > MAX_BYTES) && helpRatio <= MAX_HELP_RATIO;
  return values.check && !isGood ? 1 : 0;
}

process.exitCode = await main();
