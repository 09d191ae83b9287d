import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../helpers/source.ts';

/** The package as `npm pack` makes it, unpacked the way `npm install` would, beside the packages it depends on. */
describe('the packed package', () => {
  let folder = '';
  let files: string[] = [];

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'retain-package-'));
    const pack = spawnSync('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
      cwd: ROOT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [made] = JSON.parse(pack.stdout) as { filename: string; files: { path: string }[] }[];
    files = (made?.files ?? []).map((file) => file.path);
    const modules = join(folder, 'node_modules');
    mkdirSync(join(modules, '.bin'), { recursive: true });
    const tar = spawnSync('tar', ['-xzf', join(folder, made?.filename ?? ''), '-C', modules], { encoding: 'utf8' });
    expect(tar.status).toBe(0);
    spawnSync('mv', [join(modules, 'package'), join(modules, 'retain')]);
    symlinkSync(join(ROOT, 'node_modules'), join(modules, 'retain', 'node_modules'));
    symlinkSync('../retain/bin/retain.js', join(modules, '.bin', 'retain'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('holds the program, its SQL, the sample and the docs, and no sources or tests', () => {
    expect(files).toEqual(
      expect.arrayContaining(['bin/retain.js', 'dist/cli.js', 'README.md', 'LICENSE', 'CHANGELOG.md']),
    );
    expect(files.some((path) => /^dist\/data\/views\/.+\.sql$/.test(path))).toBe(true);
    expect(files.some((path) => path.startsWith('fixtures/sample/'))).toBe(true);
    expect(files.filter((path) => /^(src|test|bench)\/|\.stamp$/.test(path))).toEqual([]);
  });

  it('runs by its name from any directory', () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'retain-elsewhere-'));
    const { status, stdout } = spawnSync(join(folder, 'node_modules', '.bin', 'retain'), ['--version'], {
      cwd: elsewhere,
      encoding: 'utf8',
    });
    rmSync(elsewhere, { recursive: true });
    expect({ status, stdout }).toEqual({ status: 0, stdout: '0.1.0\n' });
  });
});
