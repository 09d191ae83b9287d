import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { retain } from '../helpers/cli.ts';
import { expectGolden } from '../helpers/golden.ts';
import { ROOT } from '../helpers/source.ts';

/**
 * `fixtures/<case>/` → `test/golden/<case>/`: the verbs that are run there, in order, over one store, by the file that
 * their stdout is kept in.
 */
const CASES: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  tiny: {
    'run.txt': ['run'],
    'at-risk.md': ['at-risk', '--format', 'markdown'],
    'at-risk.json': ['at-risk', '--format', 'json'],
    'health.txt': ['health'],
    'churn.txt': ['churn'],
    'renewal.txt': ['renewal'],
    'check.txt': ['check'],
  },
};

describe.each(Object.entries(CASES))('the output of fixtures/%s', (name, files) => {
  it('is what it was', { timeout: 1_200_000 }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'retain-golden-'));
    try {
      cpSync(join(ROOT, 'fixtures', name), join(folder, 'data'), { recursive: true });
      const found = new Map<string, string>();
      for (const [file, args] of Object.entries(files)) {
        const { code, stdout, stderr } = retain([...args, '--data', 'data', '--store', 'store'], { cwd: folder });
        expect(code, stderr).toBe(0);
        found.set(file, stdout.replaceAll(folder, '<dir>'));
      }
      expectGolden(name, found);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
