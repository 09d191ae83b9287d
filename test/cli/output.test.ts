import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeReport } from '../../src/commands/output.ts';
import type { CellRow } from '../../src/contract/agent.ts';
import type { CommonOptions } from '../../src/contract/options.ts';
import { UserError } from '../../src/lib/errors.ts';
import { listOf, reportOf, wholeReport } from '../helpers/reports.ts';

describe('writeReport', () => {
  let folder = '';
  let talk: string[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'retain-output-'));
    talk = [];
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const options = (more: Partial<CommonOptions>): CommonOptions => ({
    ...{ format: 'csv', quiet: false, debug: false, color: false, width: Number.POSITIVE_INFINITY, wait: 0 },
    today: '2024-10-02',
    progress: { stage() {}, detail() {}, done() {}, note: (text) => void talk.push(text) },
    ...more,
  });

  it('writes one CSV file a list into a directory, and says where', async () => {
    await writeReport(wholeReport(), options({ output: join(folder, 'lists') }));
    expect(readdirSync(join(folder, 'lists')).sort()).toEqual(['at_risk.csv', 'health.csv', 'notice_given.csv']);
    expect(readFileSync(join(folder, 'lists/notice_given.csv'), 'utf8')).toBe('account_id\n');
    expect(talk.filter((line) => line.startsWith('wrote '))).toHaveLength(3);
    expect(talk.join('\n')).toContain('warning: the ticket feed stopped');
    expect(talk.join('\n')).toContain('warning: expansion failed');
  });

  it('writes the list that was asked for into a file', async () => {
    const output = join(folder, 'health.csv');
    await writeReport(wholeReport(), options({ output }), 'health');
    expect(readFileSync(output, 'utf8')).toMatch(/^rank,account_id,/);
    await writeReport(wholeReport(), options({ output: join(folder, 'run.json'), format: 'json' }));
    expect(JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8'))).toMatchObject({ schema_version: 1 });
  });

  it('writes the one list of a verb into the file, its blocks only by name or into a directory', async () => {
    const block = listOf([{ key: 'a', label: 'A', kind: 'integer' }], [{ a: 1 }], { name: 'in_hand', isBlock: true });
    const report = reportOf([listOf([{ key: 'b', label: 'B', kind: 'integer' }], [{ b: 2 }]), block]);
    const output = join(folder, 'list.csv');
    await writeReport(report, options({ output }));
    expect(readFileSync(output, 'utf8')).toBe('b\n2\n');
    expect(talk.join('\n')).toContain('csv holds one list, health; --list NAME gives another: in_hand');
    await writeReport(report, options({ output }), 'in_hand');
    expect(readFileSync(output, 'utf8')).toBe('a\n1\n');
    await writeReport(report, options({ output: folder }));
    expect(readdirSync(folder).sort()).toEqual(['health.csv', 'in_hand.csv', 'list.csv']);
  });

  it('leaves what was there when the rows break off', async () => {
    const rows: AsyncIterable<readonly CellRow[]> = {
      async *[Symbol.asyncIterator]() {
        yield [{ a: 1 }];
        throw new Error('engine closed');
      },
    };
    const list = listOf([{ key: 'a', label: 'A', kind: 'integer' }], [], { rows, rowCount: 2 });
    const output = join(folder, 'x.csv');
    writeFileSync(output, 'before');
    await expect(writeReport(reportOf([list]), options({ output }))).rejects.toThrow('engine closed');
    expect(readFileSync(output, 'utf8')).toBe('before');
    expect(existsSync(`${output}.part`)).toBe(false);
  });

  it('writes through a link into the file it names, and leaves the link', async () => {
    const [file, link] = [join(folder, 'file.json'), join(folder, 'link.json')];
    writeFileSync(file, 'before');
    symlinkSync(file, link);
    await writeReport(wholeReport(), options({ output: link, format: 'json' }));
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ schema_version: 1 });
  });

  it.skipIf(process.platform === 'win32')('writes into a pipe, which stays one', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const read = readFile(pipe, 'utf8');
    await writeReport(wholeReport(), options({ output: pipe, format: 'json' }));
    expect(JSON.parse(await read)).toMatchObject({ schema_version: 1 });
    expect(lstatSync(pipe).isFIFO()).toBe(true);
    expect(readdirSync(folder)).toEqual(['pipe']);
  });

  it.skipIf(process.platform === 'win32')('writes behind what an open file holds, as >> does', async () => {
    const log = join(folder, 'log');
    writeFileSync(log, 'before\n');
    const open = openSync(log, 'a');
    await writeReport(wholeReport(), options({ output: `/dev/fd/${open}`, format: 'json' }));
    writeSync(open, 'after\n');
    closeSync(open);
    const [first, ...rest] = readFileSync(log, 'utf8').trimEnd().split('\n');
    expect([first, rest.pop()]).toEqual(['before', 'after']);
    expect(JSON.parse(rest.join('\n'))).toMatchObject({ schema_version: 1 });
    expect(readdirSync(folder)).toEqual(['log']);
  });

  it('refuses with a sentence and a remedy', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const attempts: [Partial<CommonOptions>, string | undefined, string][] = [
      [{ output: file }, undefined, 'is a file, and this report has 3 lists'],
      [{ output: join(folder, 'no', 'x.json'), format: 'json' }, undefined, 'cannot write'],
      [{ output: join(file, 'x.json'), format: 'json' }, undefined, 'cannot write'],
      [{ output: folder, format: 'json' }, undefined, 'it is a directory'],
      [{ output: join(file, 'lists') }, undefined, 'cannot write'],
      [{}, 'helth', '--list helth is not in this report'],
    ];
    for (const [more, list, message] of attempts) {
      const error: unknown = await writeReport(wholeReport(), options(more), list).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(UserError);
      expect((error as UserError).message).toContain(message);
      expect((error as UserError).hint).toBeTruthy();
    }
    expect(readdirSync(folder)).toEqual(['file']);
  });
});
