import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openDuckDB } from '../../src/engine/duckdb.ts';
import { type Engine, quoteName } from '../../src/engine/engine.ts';
import { listRuns } from '../../src/ledger/index.ts';
import { compileLedger, startChild } from './process.ts';

const ROWS = 20_000;
const FIRST = { run_id: 'r1', as_of: '2024-10-01', rows: ROWS };
const SECOND = { run_id: 'r2', as_of: '2024-10-02', rows: ROWS };

let compiled: ReturnType<typeof compileLedger>;
let folder: string;
let file: string;
let engine: Engine;

beforeAll(() => {
  compiled = compileLedger();
});
afterAll(() => compiled.remove());
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ledger-'));
  file = join(folder, 'ledger.duckdb');
  engine = await openDuckDB({ threads: 1 });
});
afterEach(() => {
  engine.close();
  rmSync(folder, { recursive: true, force: true });
});

const start = (verb: string, options: Readonly<Record<string, unknown>>, blocks?: number) =>
  startChild(compiled.folder, verb, file, options, blocks);

/** Every table of the ledger with its rows' count and order-free checksum, read from the file itself. */
async function contents(path: string): Promise<string> {
  if (!existsSync(path)) return 'no ledger';
  await engine.execute(`attach '${path}' as seen (read_only)`);
  try {
    const lines: string[] = [];
    const tables = await engine.rows(
      `select table_name as name from duckdb_tables() where database_name = 'seen' order by name`,
    );
    for (const { name } of tables) {
      const [row] = await engine.rows(
        `select count(*) as n, coalesce(sum(hash(t)::hugeint), 0)::varchar as sum from seen.${quoteName(String(name))} as t`,
      );
      if (row?.n !== 0 && name !== 'schema_version') lines.push(`${name} ${row?.n} ${row?.sum}`);
    }
    return lines.length === 0 ? 'no ledger' : lines.join('\n');
  } finally {
    await engine.execute('detach seen');
  }
}

async function commit(options: Readonly<Record<string, unknown>>): Promise<void> {
  const child = start('commit', options);
  const code = await child.ended;
  if (code !== 0) throw new Error(child.lines.join('\n'));
}

/** Kills one commit at a moment, checks that all or nothing of it is there, and that the next run succeeds. */
async function killAt(
  moment: { readonly line: string; readonly ms: number },
  options: Readonly<Record<string, unknown>>,
  states: { readonly before: string; readonly after: string },
): Promise<'before' | 'after'> {
  const child = start('commit', options);
  await child.said(moment.line);
  if (moment.ms > 0) await new Promise((wake) => setTimeout(wake, moment.ms));
  child.process.kill('SIGKILL');
  await child.ended;
  const found = await contents(file);
  expect([states.before, states.after]).toContain(found);
  return found === states.before ? 'before' : 'after';
}

async function restore(saved: string | undefined): Promise<void> {
  for (const name of readdirSync(folder)) if (name.startsWith('ledger.duckdb')) rmSync(join(folder, name));
  if (saved !== undefined) copyFileSync(saved, file);
}

describe('a run killed', { timeout: 600_000 }, () => {
  test('between its writes leaves the state before; the next run succeeds', async () => {
    await commit(FIRST);
    const saved = join(folder, 'saved');
    copyFileSync(file, saved);
    const before = await contents(file);
    const whole = start('commit', SECOND);
    await whole.ended;
    const after = await contents(file);
    expect(after).not.toBe(before);
    const writes = whole.lines.filter((line) => line.startsWith('wrote '));
    expect(writes.length).toBeGreaterThanOrEqual(6);
    for (let i = 0; i < 14; i++) {
      await restore(saved);
      const line = writes[i % writes.length] ?? 'begin';
      const where = await killAt({ line, ms: 3 * i }, { ...SECOND, pauseMs: 100 }, { before, after });
      expect(where).toBe('before');
    }
    await commit(SECOND);
    expect(await contents(file)).toBe(after);
  });

  test('at any moment leaves the state before or the whole new one', async () => {
    await commit(FIRST);
    const saved = join(folder, 'saved');
    copyFileSync(file, saved);
    const before = await contents(file);
    const began = performance.now();
    const whole = start('commit', SECOND);
    await whole.said('begin');
    const from = performance.now();
    await whole.ended;
    const span = performance.now() - from;
    expect(from).toBeGreaterThan(began);
    const after = await contents(file);
    const found: string[] = [];
    for (let i = 0; i < 14; i++) {
      await restore(saved);
      found.push(await killAt({ line: 'begin', ms: (span * (i + 0.5)) / 14 }, SECOND, { before, after }));
      if (i % 5 === 0 && found.at(-1) === 'before') {
        await commit(SECOND);
        expect(await contents(file)).toBe(after);
      }
    }
    expect(found).toContain('before');
  });

  test('while it makes the ledger leaves none, or an empty or a whole one', async () => {
    await commit(FIRST);
    const after = await contents(file);
    for (let i = 0; i < 8; i++) {
      await restore(undefined);
      const moment = i < 4 ? { line: 'wrote run', ms: i } : { line: 'begin', ms: 12 * (i - 4) };
      await killAt(moment, { ...FIRST, pauseMs: i < 4 ? 50 : 0 }, { before: 'no ledger', after });
      expect(await listRuns(engine, file)).toHaveLength((await contents(file)) === after ? 1 : 0);
    }
    await restore(undefined);
    await commit(FIRST);
    expect(await contents(file)).toBe(after);
    // What the killed ones left of half-made ledgers is gone with the next run.
    expect(readdirSync(folder).sort()).toEqual(['ledger.duckdb']);
  });
});

describe('two processes', { timeout: 300_000 }, () => {
  test('the second waits for the first', async () => {
    await commit(FIRST);
    const holder = start('hold', { ms: 800 });
    await holder.said('held');
    await commit({ ...SECOND, rows: 10 });
    expect((await listRuns(engine, file)).map((run) => run.run_id)).toEqual(['r2', 'r1']);
    await holder.ended;
  });

  test('a wait in vain ends in one sentence that names who holds it, and nothing is written', async () => {
    await commit(FIRST);
    const before = await contents(file);
    const holder = start('hold', { ms: 30_000 });
    await holder.said('held');
    const child = start('commit', { ...SECOND, waitSeconds: 0.3 });
    expect(await child.ended).toBe(2);
    expect(child.lines.at(-1)).toMatch(
      new RegExp(`^UserError: The ledger ${file} is held by process ${holder.process.pid} \\(.+\\); waited 0.3 s\\.$`),
    );
    await expect(listRuns(engine, file, { waitSeconds: 0 })).rejects.toThrow(/is held by process/);
    holder.process.kill('SIGKILL');
    await holder.ended;
    expect(await contents(file)).toBe(before);
  });

  test('six first runs at once all end, each whole', async () => {
    const children = Array.from({ length: 6 }, (_, i) =>
      start('commit', { run_id: `p${i}`, as_of: `2024-10-0${i + 1}`, rows: 50 }),
    );
    expect(await Promise.all(children.map((child) => child.ended))).toEqual([0, 0, 0, 0, 0, 0]);
    const runs = await listRuns(engine, file);
    expect(runs.map((run) => run.run_id).sort()).toEqual(['p0', 'p1', 'p2', 'p3', 'p4', 'p5']);
    expect(runs.map((run) => run.run_number)).toEqual([6, 5, 4, 3, 2, 1]);
    expect(readdirSync(folder)).toEqual(['ledger.duckdb']);
  });

  test('of two runs from the same state one is written and the other says so', async () => {
    await commit(FIRST);
    const based = { rows: 50, isBased: true, pauseMs: 30 };
    const one = start('commit', { ...based, run_id: 'x', as_of: '2024-10-02' });
    const two = start('commit', { ...based, run_id: 'y', as_of: '2024-10-02' });
    const codes = await Promise.all([one.ended, two.ended]);
    // Started one after the other they may also simply follow each other.
    expect(codes.filter((code) => code === 0).length).toBeGreaterThanOrEqual(1);
    const refused = [one, two].filter((_, i) => codes[i] !== 0);
    for (const child of refused)
      expect(child.lines.at(-1)).toMatch(/^UserError: Another run \([xy], as of 2024-10-02\)/);
    expect(await listRuns(engine, file)).toHaveLength(3 - refused.length);
  });
});

describe.skipIf(process.platform === 'win32')('a full disk', { timeout: 300_000 }, () => {
  test('is told in one sentence and leaves the ledger as it was', async () => {
    await commit(FIRST);
    const saved = join(folder, 'saved');
    copyFileSync(file, saved);
    const before = await contents(file);
    const found = new Set<number | null>();
    for (const blocks of [1, 16, 400, 2000, 4000, 6000]) {
      await restore(saved);
      const child = start('commit', SECOND, blocks);
      const code = await child.ended;
      found.add(code);
      if (code === 0) continue;
      expect(child.lines.at(-1)).toBe(`UserError: The ledger ${file} could not be written: the disk is full.`);
      expect(code).toBe(2);
      expect(await contents(file)).toBe(before);
    }
    expect(found).toContain(2);
    await restore(saved);
    await commit(SECOND);
  });

  test('leaves no half-made ledger', async () => {
    const child = start('commit', FIRST, 16);
    expect(await child.ended).toBe(2);
    expect(child.lines.at(-1)).toMatch(/disk is full/);
    expect(readdirSync(folder)).toEqual([]);
  });
});
