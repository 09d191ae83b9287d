import { spawn } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDuckDB } from '../../src/engine/duckdb.ts';
import { type Engine, quoteName, quoteText } from '../../src/engine/engine.ts';
import { BIN, retain } from '../helpers/cli.ts';
import { ROOT } from '../helpers/source.ts';

/** Kills in all, half of them inside the commit; `node bench/kill.js` does forty. */
const KILLS = Number(process.env['RETAIN_KILLS'] ?? 8);
const PAUSE_MS = 60;
const EVE = '2024-12-22';
const NIGHT = '2024-12-29';
const FIRST_WRITE = 'wrote run';
const LAST_WRITE = 'wrote prune';

/** Where a run is killed: so long after it said a line, or after it was started. */
interface Moment {
  readonly line?: string;
  readonly ms: number;
}

describe.skipIf(process.platform === 'win32')(`retain run killed at ${KILLS} moments`, () => {
  let folder = '';
  let ledger = '';
  let engine: Engine;
  let before = '';
  let after = '';
  let writes: readonly string[] = [];
  let span = 0;

  const args = (asOf: string) => [BIN, 'run', '--data', 'company', '--store', 'store', '--as-of', asOf];

  /** Every table of the ledger, in an order-free checksum; clock times are no part of a state. */
  async function digest(): Promise<string> {
    if (!existsSync(ledger)) return 'no ledger';
    await engine.execute(`attach ${quoteText(ledger)} as seen (read_only)`);
    try {
      const tables = await engine.rows(
        "select table_name as name from duckdb_tables() where database_name = 'seen' order by name",
      );
      const lines: string[] = [];
      for (const { name } of tables) {
        const [row] = await engine.rows(
          `select count(*) as n, coalesce(sum(hash(t)::hugeint), 0)::varchar as sum
           from (select columns(c -> c not in ('started_at', 'seen_on')) from seen.${quoteName(String(name))}) as t`,
        );
        lines.push(`${name} ${row?.n} ${row?.sum}`);
      }
      return lines.join('\n');
    } finally {
      await engine.execute('detach seen');
    }
  }

  function restore(isCold: boolean): void {
    const store = join(folder, 'store');
    for (const name of readdirSync(store)) if (name.startsWith('ledger.duckdb')) rmSync(join(store, name));
    if (isCold) rmSync(join(store, 'cache'), { recursive: true });
    copyFileSync(join(folder, 'saved.duckdb'), ledger);
  }

  /** Starts a run that pauses after each write and kills it at the moment; its exit code, null when it was killed. */
  function killAt(moment: Moment): Promise<number | null> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, args(NIGHT), {
        cwd: folder,
        env: { ...process.env, RETAIN_TEST_COMMIT_PAUSE_MS: String(PAUSE_MS) },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      const said: string[] = [];
      let isReached = moment.line === undefined;
      const strike = () => setTimeout(() => child.kill('SIGKILL'), moment.ms);
      if (isReached) strike();
      createInterface({ input: child.stderr }).on('line', (line) => {
        said.push(line);
        if (line !== moment.line || isReached) return;
        isReached = true;
        strike();
      });
      child.on('error', reject);
      child.on('close', (code) => {
        if (isReached) resolve(code);
        else reject(new Error(`it ended before "${moment.line}": ${said.join(' | ')}`));
      });
    });
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'retain-kill-'));
    ledger = join(folder, 'store', 'ledger.duckdb');
    engine = await openDuckDB({ threads: 1 });
    cpSync(join(ROOT, 'fixtures/tiny'), join(folder, 'company'), { recursive: true });
    const config = join(folder, 'company', 'retain.yaml');
    writeFileSync(config, `${readFileSync(config, 'utf8')}\nmodel:\n  max_age_days: 400\n`);
    const eve = retain(args(EVE).slice(1), { cwd: folder });
    expect(eve.code, eve.stderr).toBe(0);
    copyFileSync(ledger, join(folder, 'saved.duckdb'));
    before = await digest();
    // A value that changed between the two nights, so that the second one also writes dated copies.
    const accounts = join(folder, 'company', 'accounts.csv');
    writeFileSync(accounts, readFileSync(accounts, 'utf8').replaceAll('high_touch', 'pooled'));
    const began = performance.now();
    const night = retain(args(NIGHT).slice(1), { cwd: folder, env: { RETAIN_TEST_COMMIT_PAUSE_MS: '1' } });
    span = performance.now() - began;
    expect(night.code, night.stderr).toBe(0);
    after = await digest();
    writes = night.stderr.split('\n').filter((line) => line.startsWith('wrote '));
  }, 600_000);

  afterAll(() => {
    engine.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Kills one run, finds the state before or the whole new one, and sees the next run succeed. */
  async function survive(moment: Moment, isCold: boolean): Promise<'before' | 'after'> {
    restore(isCold);
    const code = await killAt(moment);
    const found = await digest();
    const where = found === before ? 'before' : 'after';
    expect(found, JSON.stringify(moment)).toBe(where === 'before' ? before : after);
    if (where === 'before') expect(code).toBe(null);
    const next = retain(args(NIGHT).slice(1), { cwd: folder });
    expect(next.code, next.stderr).toBe(0);
    const now = await digest();
    if (where === 'before') expect(now, JSON.stringify(moment)).toBe(after);
    else expect(now).not.toBe(before);
    expect(readdirSync(join(folder, 'store')).sort()).toEqual(['cache', 'ledger.duckdb']);
    return where;
  }

  it('tells its writes, the first and the last among them', () => {
    expect(before).not.toBe(after);
    expect(writes.length).toBeGreaterThanOrEqual(15);
    expect(writes[0]).toBe(FIRST_WRITE);
    expect(writes.at(-1)).toBe(LAST_WRITE);
  });

  it('between the first and the last write: the state before, each time', { timeout: 1_800_000 }, async () => {
    const half = Math.floor(KILLS / 2);
    for (let i = 0; i < half; i++) {
      const line = writes[Math.floor((i * (writes.length - 1)) / half)] ?? FIRST_WRITE;
      expect(await survive({ line, ms: (i * 17) % PAUSE_MS }, false)).toBe('before');
    }
    console.log(
      `${half} kills between the first and the last of ${writes.length} writes: ${half} times the state before`,
    );
  });

  it('at any other moment: the state before or the whole new one', { timeout: 1_800_000 }, async () => {
    const half = Math.ceil(KILLS / 2);
    const count = { before: 0, after: 0 };
    for (let i = 0; i < half; i++) {
      // Every fourth around the commit itself, the others from the start of the process to its end.
      const around = { line: LAST_WRITE, ms: PAUSE_MS + 4 * i };
      const moment = i % 4 === 3 ? around : { ms: (span * (i + 0.5)) / half };
      count[await survive(moment, i % 2 === 0)]++;
    }
    expect(count.before).toBeGreaterThan(0);
    console.log(`${half} kills from start to end: ${count.before} times the state before, ${count.after} the new one`);
  });
});
