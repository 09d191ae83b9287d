import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Outcome, retain, retainOnTerminal, shell } from '../helpers/cli.ts';
import { ROOT } from '../helpers/source.ts';

const COLOR = '\u001b[';

/** The nightly job on the committed sample, once, in a directory of its own; the other verbs read its ledger. */
describe('the nightly job on the sample company', () => {
  let folder = '';
  let night: Outcome;
  const inFolder = (...args: string[]): Outcome =>
    retain([...args, '--data', 'company', '--store', 'store'], { cwd: folder });

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'retain-run-'));
    cpSync(join(ROOT, 'fixtures/sample'), join(folder, 'company'), { recursive: true });
    night = inFolder('run');
  }, 900_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('prints lists on stdout and talk on stderr, the most important line last', () => {
    expect(night.code, night.stderr).toBe(0);
    for (const title of ['At risk', 'as of ']) expect(night.stdout).toContain(title);
    expect(night.stdout.trimEnd().split('\n').at(-1)).toMatch(/at risk|at-risk/);
    expect(night.stdout).toMatch(/^next: retain /m);
    expect(night.stderr).toMatch(/^.+ \(\d+\.\d s\)$/m);
    expect(night.stdout + night.stderr).not.toContain(COLOR);
    expect(existsSync(join(folder, 'store', 'ledger.duckdb'))).toBe(true);
  });

  it('prints each list again from the ledger', () => {
    for (const verb of ['at-risk', 'health', 'churn', 'renewal']) {
      const { code, stdout, stderr } = inFolder(verb, '--quiet', '--format', 'json');
      expect({ code, stderr }, verb).toEqual({ code: 0, stderr: '' });
      const { lists } = JSON.parse(stdout) as { lists: { rows: unknown[]; row_count: number }[] };
      expect(lists[0]?.rows.length, verb).toBe(lists[0]?.row_count);
    }
  });

  it('prints one account, and refuses one it does not know', () => {
    const ids = inFolder('health', '--quiet', '--format', 'csv', '--top', '1').stdout.trim().split('\n');
    const position = (ids[0] ?? '').split(',').indexOf('account_id');
    const id = (ids[1] ?? '').split(',')[position] ?? '';
    const account = inFolder('account', id);
    expect(account.code, account.stderr).toBe(0);
    expect(account.stdout).toContain(id);
    const unknown = inFolder('account', 'no-such-account');
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toMatch(/^retain: .*no-such-account/m);
  });

  it('gives the same bytes from the same ledger, in every machine format', () => {
    for (const format of ['csv', 'json', 'markdown']) {
      const [first, second] = [0, 1].map(() => inFolder('health', '--quiet', '--format', format));
      expect(first?.stdout.length, format).toBeGreaterThan(1000);
      expect(second?.stdout === first?.stdout, format).toBe(true);
    }
  });

  it('ends quietly when the reader has seen enough', () => {
    const line = '$RETAIN health --data company --store store --format json | head -c 10; echo " $PIPESTATUS"';
    const { stdout, stderr } = shell(line, { cwd: folder });
    expect(stdout).toBe('{"schema_v 0\n');
    expect(stderr).not.toContain('EPIPE');
  });

  it('has colour on a terminal only, and none with NO_COLOR or --no-color', async () => {
    const args = ['at-risk', '--data', 'company', '--store', 'store', '--quiet'];
    const plain = await retainOnTerminal(args, 80, { cwd: folder });
    if (plain === undefined) return;
    expect(plain.code).toBe(0);
    expect(plain.stdout).toContain(COLOR);
    const without = await retainOnTerminal(args, 80, { cwd: folder, env: { NO_COLOR: '1' } });
    expect(without?.stdout).not.toContain(COLOR);
    const flagged = await retainOnTerminal([...args, '--no-color'], 80, { cwd: folder });
    expect(flagged?.stdout).not.toContain(COLOR);
    expect(flagged?.stdout).toBe(without?.stdout);
  });

  it('writes files when asked', () => {
    const { code, stdout } = inFolder('health', '--format', 'json', '--output', 'health.json');
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(JSON.parse(readFileSync(join(folder, 'health.json'), 'utf8'))).toMatchObject({ schema_version: 1 });
  });

  it.runIf(process.platform !== 'win32')('stops at once on Ctrl-C with 130 and leaves the ledger as it was', () => {
    const before = readFileSync(join(folder, 'store', 'ledger.duckdb'));
    const line = '$RETAIN run --data company --store store & sleep 1; kill -INT $!; wait $!; echo $?';
    // A shell without job control starts background work with the interrupt ignored, hence -m.
    const { stdout } = shell(`set -m; ${line}`, { cwd: folder });
    expect(stdout.trim().split('\n').at(-1)).toBe('130');
    expect(readFileSync(join(folder, 'store', 'ledger.duckdb')).equals(before)).toBe(true);
  });
});

describe('data that is not there', () => {
  it.each([
    ['run', '--data', 'no-such-folder'],
    ['check', '--data', 'no-such-folder'],
    ['run', '--config', 'no-such-file.yaml'],
    ['health', '--store', 'no-such-store', '--data', '.'],
  ])('%s %s %s is told in a sentence with its remedy, exit code 2', (...args) => {
    const folder = mkdtempSync(join(tmpdir(), 'retain-empty-'));
    const { code, stdout, stderr } = retain(args, { cwd: folder });
    rmSync(folder, { recursive: true });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^retain: .+\n.+\n/m);
    expect(stderr).not.toContain('fault of retain');
    expect(stderr).not.toMatch(/^ {4}at /m);
  });
});
