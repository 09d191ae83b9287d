// Kills `retain run` at forty moments, half of them between the first and the last write of its commit, and compares
// the ledger with the state before and the whole new one; after each the next run must succeed. The tests do it at
// eight moments.
//
//   npm run build && node bench/kill.js [N]
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const kills = Number(process.argv[2] ?? 40);
const began = performance.now();
const { status } = spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', 'test/cli/kill.test.ts'], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, RETAIN_KILLS: String(kills) },
});
const verdict = status === 0 ? 'passed' : 'failed';
console.log(`N = ${kills} kills, ${verdict}, ${Math.round((performance.now() - began) / 1000)} s`);
process.exitCode = status ?? 1;
