import { spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BIN, type Outcome, retain, shell } from '../helpers/cli.ts';
import { ROOT } from '../helpers/source.ts';

/** What a folder of fixtures/broken must lead to; test/broken reads the same files without a process. */
interface Expected {
  readonly level: 'config' | 'ingest' | 'cli';
  readonly exit: 0 | 2;
  readonly stderr_contains: readonly string[];
  readonly rejects?: readonly { readonly table: string }[];
  readonly generate?: 'long_line';
  readonly setup?: 'disk_full' | 'read_only_store' | 'ledger_held';
}

const BROKEN = join(ROOT, 'fixtures/broken');
const CASES = readdirSync(BROKEN)
  .filter((name) => existsSync(join(BROKEN, name, 'expected.json')))
  .map((name) => ({
    name,
    expected: JSON.parse(readFileSync(join(BROKEN, name, 'expected.json'), 'utf8')) as Expected,
  }));
const SETUPS = CASES.filter(({ expected }) => expected.setup !== undefined);

let folder = '';
let ledger: Buffer;

/** A copy of the exports of a case, with a store that holds the ledger of an earlier night. */
function companyOf(name: string): string {
  const company = mkdtempSync(join(folder, `${name}-`));
  cpSync(join(BROKEN, name), company, { recursive: true });
  mkdirSync(join(company, '.retain'));
  writeFileSync(join(company, '.retain', 'ledger.duckdb'), ledger);
  return company;
}

/** One sentence and a remedy after whatever was told of the stages, no stack, and the ledger byte for byte as it was. */
function expectTold(outcome: Outcome, company: string, texts: readonly string[]): void {
  const lines = outcome.stderr.split('\n').filter((line) => line !== '' && !/\(\d+\.\d s\)$/.test(line));
  expect(outcome.code, outcome.stderr).toBe(2);
  expect(outcome.stdout).toBe('');
  expect(lines.length, outcome.stderr).toBe(2);
  expect(lines[0]).toMatch(/^retain: /);
  for (const text of texts) expect(lines.join('\n')).toContain(text);
  expect(outcome.stderr).not.toContain('fault of retain');
  expect(outcome.stderr).not.toMatch(/^ {4}at /m);
  expectUntouched(company);
}

function expectUntouched(company: string): void {
  const store = join(company, '.retain');
  expect(readFileSync(join(store, 'ledger.duckdb')).equals(ledger)).toBe(true);
  const left = readdirSync(store, { recursive: true, encoding: 'utf8' });
  // A log that broke off before its commit stands for nothing: the next run, tried below, drops it.
  expect(left.filter((name) => /\.part$|\.new-|tmp/.test(name))).toEqual([]);
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'retain-broken-cli-'));
  cpSync(join(BROKEN, 'second-run'), join(folder, 'sound'), { recursive: true });
  const night = retain(['run', '--data', join(folder, 'sound')]);
  expect(night.code, night.stderr).toBe(0);
  ledger = readFileSync(join(folder, 'sound', '.retain', 'ledger.duckdb'));
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a broken export, by the real program', () => {
  it.each(CASES.filter(({ expected }) => expected.setup === undefined))('$name', ({ name, expected }) => {
    const company = companyOf(name);
    if (expected.generate === 'long_line') {
      appendFileSync(
        join(company, 'usage.csv'),
        `A1,${'x'.repeat(10_000_000)},2024-03-01 10:00:00,1\nA2,u2,2024-03-02 10:00:00,1\n`,
      );
    }
    const outcome = retain([expected.exit === 2 ? 'run' : 'check'], { cwd: company });
    if (expected.exit === 2) {
      expectTold(outcome, company, expected.stderr_contains);
      return;
    }
    expect(outcome.code, outcome.stderr).toBe(0);
    expectUntouched(company);
    const tables = [...new Set((expected.rejects ?? []).map(({ table }) => `${table}.csv`))].sort();
    const rejects = join(company, '.retain', 'rejects');
    expect(existsSync(rejects) ? readdirSync(rejects).sort() : []).toEqual(tables);
  });
});

describe.skipIf(process.platform === 'win32')('a store that cannot be written', () => {
  const text = (setup: Expected['setup']) =>
    SETUPS.find(({ expected }) => expected.setup === setup)?.expected.stderr_contains ?? [];

  it('has its three cases', () => {
    expect(SETUPS.map(({ expected }) => expected.setup).sort()).toEqual([
      'disk_full',
      'ledger_held',
      'read_only_store',
    ]);
  });

  it('is held by another run: told who holds it after the wait', async () => {
    const company = companyOf('second-run');
    // DuckDB's lock is the system's; python or flock would do as well, a second program of ours is nearest to the truth.
    const holder = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `import { DuckDBInstance } from '@duckdb/node-api';
         await DuckDBInstance.create(${JSON.stringify(join(company, '.retain', 'ledger.duckdb'))});
         console.log('held'); setTimeout(() => {}, 600000);`,
      ],
      { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const ended = new Promise((resolve) => holder.on('close', resolve));
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    const outcome = retain(['run', '--wait', '0.2'], { cwd: company });
    holder.kill('SIGKILL');
    await ended;
    expectTold(outcome, company, [...text('ledger_held'), `process ${holder.pid}`]);
  });

  it('a disk that is full, wherever it fills up', () => {
    const codes: (number | null)[] = [];
    for (const blocks of [1, 8, 4000]) {
      const company = companyOf('disk-full');
      // A limit on the size of a file, with its signal ignored, fails a write as a full disk does: 1 KB in the cache, 8 KB
      // in the commit; where only the ledger itself may not grow, the run stands in its log.
      const outcome = shell(`trap '' XFSZ; ulimit -f ${blocks}; $RETAIN run`, { cwd: company });
      codes.push(outcome.code);
      if (outcome.code !== 0) expectTold(outcome, company, text('disk_full'));
      const next = retain(['run', '--quiet', '--format', 'json'], { cwd: company });
      expect(next.code, next.stderr).toBe(0);
      // Runs are numbered by what the ledger holds: the first night, this one where it was written, the next.
      expect(JSON.parse(next.stdout)).toMatchObject({
        header: { run_id: expect.stringContaining(outcome.code === 0 ? '-0003-' : '-0002-') },
      });
    }
    expect(codes.filter((code) => code === 2).length).toBeGreaterThanOrEqual(2);
  });

  it('a store that is read-only', () => {
    const company = companyOf('read-only-store');
    const store = join(company, '.retain');
    spawnSync('chmod', ['-R', 'a-w', store]);
    // Root writes where nobody may, unless it gives that privilege up.
    const humble = process.getuid?.() === 0 ? 'setpriv --bounding-set=-dac_override,-dac_read_search ' : '';
    expect(shell(`${humble}touch .retain/probe`, { cwd: company }).code, 'the store can still be written').not.toBe(0);
    const outcome = shell(`${humble}$RETAIN run`, { cwd: company });
    spawnSync('chmod', ['-R', 'u+w', store]);
    expectTold(outcome, company, text('read_only_store'));
  });

  it('a file where the store should be', () => {
    const company = companyOf('read-only-store');
    writeFileSync(join(company, 'file'), '');
    const outcome = retain(['run', '--store', join('file', 'store')], { cwd: company });
    expectTold(outcome, company, text('read_only_store'));
  });
});

it('a limit of the data passed: check says so with exit code 1, and reports all the same', () => {
  const company = companyOf('too-many-rejects');
  const outcome = retain(['check', '--format', 'json'], { cwd: company });
  expect(outcome.code, outcome.stderr).toBe(1);
  const report = JSON.parse(outcome.stdout);
  expect(report.summary).toMatch(/^1 limit passed: quality\.max_rejected_rate; /);
  expect(report.warnings).toContainEqual({
    what: '1 of 3 usage rows (33.3 %) cannot be read, 28.3 points more than quality.max_rejected_rate (0.05) allows',
    consequence: 'retain run stops',
    remedy: 'See rejects/usage.csv and mend the export, or raise quality.max_rejected_rate.',
  });
  writeFileSync(join(company, 'retain.yaml'), 'quality: { max_rejected_rate: 0.34 }\n', { flag: 'a' });
  expect(retain(['check', '--format', 'json'], { cwd: company }).code).toBe(0);
});

describe('hostile input', () => {
  it('a directory, a dangling link, a link in a circle in place of a file', () => {
    for (const make of [
      (path: string) => mkdirSync(path),
      (path: string) => symlinkSync('nowhere.csv', path),
      (path: string) => symlinkSync('usage.csv', path),
    ]) {
      const company = companyOf('second-run');
      rmSync(join(company, 'usage.csv'));
      make(join(company, 'usage.csv'));
      expectTold(retain(['run'], { cwd: company }), company, ['usage.csv', 'not a file', 'retain.yaml']);
    }
  });

  it('a configuration that names no accounts, or multiplies by its aliases', () => {
    const company = companyOf('second-run');
    const file = join(company, 'retain.yaml');
    writeFileSync(file, '');
    expectTold(retain(['run'], { cwd: company }), company, ['retain.yaml', 'contract', 'retain init']);
    const layers = ['b', 'c', 'd', 'e'].map(
      (name, i) => `${name}: &${name} [${'*a, '.replace('a', 'abcd'[i] ?? 'a').repeat(9)}1]`,
    );
    writeFileSync(file, `a: &a [1, 2]\n${layers.join('\n')}\n`);
    expectTold(retain(['run'], { cwd: company }), company, ['retain.yaml', 'aliases']);
  });

  it('ids of quotes, line breaks, colour codes, formulas and SQL; amounts and counts beyond reason', () => {
    const company = companyOf('second-run');
    const ids = [`"O'Brien ""x"""`, '"two\nlines"', '\u001b[31mred', "=cmd|' /C calc'!A0", "'; drop table account; --"];
    ids.push('../../etc', '__proto__', '$run_id', '\u202eevil');
    // What is hostile here is each value; that a fifth of the rows cannot be read is told elsewhere.
    appendFileSync(join(company, 'retain.yaml'), 'quality: { max_rejected_rate: 1 }\n');
    const rows = ids.map(
      (id, i) => `${id},H${i},2023-01-01,${[100_000, -5, '1e300', 'Infinity', 999_999_999_999][i % 5]}`,
    );
    appendFileSync(
      join(company, 'contracts.csv'),
      `${rows.join('\n')}\n,H90,2023-01-01,1\nA9,H91,0001-01-01,1\nA8,H92,9999-12-31,1\n`,
    );
    const counts = ['9223372036854775807', '9223372036854775807', '-7', '1e18'];
    const usage = ids.flatMap((id) => counts.map((count) => `${id},u,2024-02-24 10:00:00,${count}`));
    appendFileSync(
      join(company, 'usage.csv'),
      `${usage.join('\n')}\n,u,2024-02-24 10:00:00,1\nA1,u,0001-01-01 00:00:00,1\n`,
    );
    const outcome = retain(['run', '--format', 'csv', '--list', 'health_score'], { cwd: company });
    expect(outcome.code, outcome.stderr).toBe(0);
    expect(outcome.stderr).not.toContain('failed');
    const table = retain(['health'], { cwd: company });
    expect(table.code, table.stderr).toBe(0);
    for (const sign of ['\u001b', '\u202e']) expect(table.stdout + table.stderr).not.toContain(sign);
  });

  it.each([
    [['--as-of', '2130-01-01'], 'lies after today'],
    [['--as-of', 'nonsense'], 'not a day'],
    [['--as-of', '0001-01-01'], 'before the first recorded action'],
  ])('run %j', (flags, message) => {
    const company = companyOf('second-run');
    expectTold(retain(['run', ...flags], { cwd: company }), company, [message]);
  });

  it('a store among the exports, and a reader that has closed its end', () => {
    const company = companyOf('second-run');
    mkdirSync(join(company, 'inside'));
    copyFileSync(join(company, '.retain', 'ledger.duckdb'), join(company, 'inside', 'ledger.duckdb'));
    const outcome = shell('$RETAIN run --store inside >&-', { cwd: company });
    expect(outcome.stderr).not.toContain('fault of retain');
    expect(outcome.stderr).not.toMatch(/^ {4}at /m);
    expect(retain(['health', '--store', 'inside', '--quiet'], { cwd: company }).code).toBe(0);
  });
});

describe.skipIf(process.platform === 'win32')('two runs at once', () => {
  it('end one after the other, or the second says whose run came between', async () => {
    const company = companyOf('second-run');
    const start = () =>
      new Promise<{ code: number | null; stderr: string }>((resolve) => {
        const child = spawn(process.execPath, [BIN, 'run', '--quiet'], {
          cwd: company,
          stdio: ['ignore', 'ignore', 'pipe'],
        });
        let stderr = '';
        child.stderr.on('data', (chunk: Buffer) => {
          stderr += chunk.toString('utf8');
        });
        child.on('close', (code) => resolve({ code, stderr }));
      });
    const ends = await Promise.all([start(), start()]);
    expect(ends.some(({ code }) => code === 0)).toBe(true);
    for (const { code, stderr } of ends) {
      if (code === 0) continue;
      expect(code).toBe(2);
      expect(stderr).toMatch(/^retain: Another run \(\S+, as of \S+\) was written to .+\nRun it again.+\n$/);
    }
    const again = retain(['run', '--quiet'], { cwd: company });
    expect(again.code, again.stderr).toBe(0);
  });
});
