import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const STAMP = join(ROOT, 'node_modules', '.retain-built');
const LOCK = join(ROOT, 'node_modules', '.retain-build');

/**
 * Global set-up of the tests: brings dist/ up to date once, before tests that run the real binary. A call that names
 * only other tests (`vitest run test/models`) skips it. A faulty type does not stop the tests: the compiler writes the
 * output all the same, and the type check is a step of its own.
 */
export default function setup(): void {
  const named = process.argv.slice(2).filter((word) => word.startsWith('test'));
  if (named.length > 0 && !named.some((word) => /^test\/?$|cli|golden|\bci\b/.test(word))) return;
  if (!isStale()) return;
  lock();
  try {
    if (!isStale()) return;
    const began = new Date();
    spawnSync(process.execPath, [join(ROOT, 'build.js')], { stdio: ['ignore', 'ignore', 'inherit'] });
    if (!existsSync(join(ROOT, 'dist', 'cli.js'))) throw new Error('node build.js left no dist/cli.js');
    writeFileSync(STAMP, '');
    // Stamped with the start, so that a source saved during the build counts as newer.
    utimesSync(STAMP, began, began);
  } finally {
    rmdirSync(LOCK);
  }
}

/** Whether a source file or folder is newer than the last build. */
function isStale(): boolean {
  if (!existsSync(STAMP) || !existsSync(join(ROOT, 'dist', 'cli.js'))) return true;
  const built = statSync(STAMP).mtimeMs;
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).map((path) =>
    join('src', path),
  );
  return [...sources, 'package.json', 'build.js', 'tsconfig.json'].some(
    (path) => statSync(join(ROOT, path)).mtimeMs > built,
  );
}

/** Waits for another test run's build; one that died leaves a lock that is broken after a minute. */
function lock(): void {
  for (;;) {
    try {
      mkdirSync(LOCK);
      return;
    } catch {
      const age = existsSync(LOCK) ? Date.now() - statSync(LOCK).mtimeMs : 0;
      if (age > 60_000) rmdirSync(LOCK);
      else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    }
  }
}
