import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectGolden } from './golden.ts';

describe('expectGolden', () => {
  let folder = '';
  const check = (files: Record<string, string>, env: Record<string, string> = {}): void =>
    expectGolden('case', new Map(Object.entries(files)), { folder, env });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'retain-golden-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('passes what equals the golden folder and keeps a mismatch beside it', () => {
    check({ 'a.txt': '1\n2\n', 'sub/b.txt': 'x' }, { UPDATE_GOLDEN: '1' });
    check({ 'a.txt': '1\n2\n', 'sub/b.txt': 'x' });
    expect(() => check({ 'a.txt': '1\n3\n', 'sub/b.txt': 'x' })).toThrow('a.txt:2\n  expected "2"\n  found    "3"');
    expect(readFileSync(join(folder, 'case-changed/a.txt'), 'utf8')).toBe('1\n3\n');
    expect(readFileSync(join(folder, 'case/a.txt'), 'utf8')).toBe('1\n2\n');
    check({ 'a.txt': '1\n2\n', 'sub/b.txt': 'x' });
    expect(existsSync(join(folder, 'case-changed'))).toBe(false);
  });

  it('counts missing and additional files', () => {
    check({ 'a.txt': '1' }, { UPDATE_GOLDEN: '1' });
    expect(() => check({ 'b.txt': '1' })).toThrow('a.txt: missing\nb.txt: not expected');
    expect(() => check({})).toThrow('nothing was produced');
  });

  it('never writes while CI is set, not even a folder that is missing', () => {
    expect(() => check({ 'a.txt': '1' }, { UPDATE_GOLDEN: '1', CI: 'true' })).toThrow('never written while CI is set');
    expect(() => check({ 'a.txt': '1' }, { CI: 'true' })).toThrow('a.txt: not expected');
    expect(existsSync(join(folder, 'case'))).toBe(false);
  });
});
