// Runs the peers of bench/peers/settings.json in their Python and keeps what they answered.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = new URL('../peers/', import.meta.url);
const OUT = fileURLToPath(new URL('../out/accuracy/', import.meta.url));
const SCRIPT = fileURLToPath(new URL('fit.py', HERE));
const NICE = 10;

/** The settings that a run can ask for, each `{ peer, package, setting, params, … }`. */
export function peerSettings() {
  return JSON.parse(readFileSync(new URL('settings.json', HERE), 'utf8'));
}

/** Versions by package, and of Python; undefined when `python` lacks one of them. `why` then says it. */
export function peerVersions(python) {
  const { status, stdout, stderr, error } = spawnSync(python, [SCRIPT, '--versions'], { encoding: 'utf8' });
  if (status !== 0) return { why: error?.message ?? stderr.trim().split('\n').at(-1) };
  return { versions: JSON.parse(stdout) };
}

/**
 * Probabilities `[seed][split]` of one peer on a data set, with the mean seconds of a fit, the threads it had, and
 * whether all of it came from an earlier run. An answer is kept under the peer's version, the hash of rows and splits, and the setting: a
 * change of any of them asks again. With `onlyCached` nothing is asked: the seeds that are whole stand, undefined
 * where there is none.
 */
export function askPeer(entry, dataSet, { python, versions, seeds, jobs, onlyCached = false }) {
  const table = join(OUT, `${dataSet.name}-${dataSet.hash.slice(0, 12)}.json`);
  // What decides an answer, and no more: neither the seeds asked for nor the threads are part of it.
  const { max_seeds, is_deterministic, ...rest } = entry;
  const key = createHash('sha256')
    .update(JSON.stringify({ ...rest, version: versions[entry.package], script: scriptHash() }))
    .digest('hex');
  const name = `${entry.peer}-${versions[entry.package]}-${entry.setting.replaceAll(/\W+/g, '-')}-${key.slice(0, 12)}`;
  const place = join(OUT, `${dataSet.name}-${dataSet.hash.slice(0, 12)}`, name);
  const fileOf = ([seed, split]) => join(place, `seed-${seed}-split-${split}.json`);
  const count = is_deterministic ? 1 : Math.min(seeds, max_seeds ?? seeds);
  const every = Array.from({ length: count }, (_, i) => dataSet.splits.map((_split, split) => [i + 1, split]));
  const wanted = onlyCached ? every.filter((fits) => fits.every((fit) => existsSync(fileOf(fit)))) : every;
  if (wanted.length === 0) return undefined;
  const absent = wanted.flat().filter((fit) => !existsSync(fileOf(fit)));
  if (absent.length > 0) {
    mkdirSync(place, { recursive: true });
    if (!existsSync(table)) writeFileSync(table, dataSet.text);
    const { status, stderr, error } = spawnSync(
      'nice',
      [
        '-n',
        String(NICE),
        python,
        SCRIPT,
        '--table',
        table,
        '--job',
        JSON.stringify({ ...rest, jobs, fits: absent }),
        '--out',
        place,
      ],
      { encoding: 'utf8', stdio: ['ignore', 'inherit', 'pipe'] },
    );
    if (status !== 0)
      throw new Error(`${entry.peer} (${entry.setting}) failed: ${error?.message ?? stderr.slice(-3000)}`);
  }
  const answers = wanted.map((fits) => fits.map((fit) => JSON.parse(readFileSync(fileOf(fit), 'utf8'))));
  const seconds = answers.flat().map((answer) => answer.seconds);
  const threads = [...new Set(answers.flat().map((answer) => answer.jobs))].sort((a, b) => a - b);
  return {
    runs: answers.map((seed) => seed.map((answer) => answer.probability)),
    seconds: seconds.reduce((sum, value) => sum + value, 0) / seconds.length,
    threads: threads.join('–'),
    isCached: absent.length === 0,
  };
}

/** Forgets what peers answered on a data set. */
export function forgetPeers(dataSet) {
  rmSync(join(OUT, `${dataSet.name}-${dataSet.hash.slice(0, 12)}`), { recursive: true, force: true });
}

function scriptHash() {
  return createHash('sha256').update(readFileSync(SCRIPT)).digest('hex').slice(0, 12);
}
