import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where a golden folder lies and who may write it; handed in by the tests of this file. */
export interface GoldenPlace {
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const PLACE: GoldenPlace = {
  folder: fileURLToPath(new URL('../golden', import.meta.url)),
  env: process.env,
};

/**
 * Compares files (path → text) with `test/golden/<name>/`, folder against folder: a missing, an additional and a
 * different file all count. With `UPDATE_GOLDEN` (and never while `CI` is set) the folder is written instead. A mismatch
 * is kept as `<name>-changed/`, and the error names each file and its first differing line.
 *
 * @throws Error on any difference, and when `CI` is set together with `UPDATE_GOLDEN`
 */
export function expectGolden(name: string, files: ReadonlyMap<string, string>, place: GoldenPlace = PLACE): void {
  const expected = join(place.folder, name);
  const changed = `${expected}-changed`;
  const isSet = (key: string): boolean => (place.env[key] ?? '') !== '';
  if (files.size === 0) throw new Error(`golden ${name}: nothing was produced`);
  rmSync(changed, { recursive: true, force: true });
  if (isSet('UPDATE_GOLDEN')) {
    if (isSet('CI')) throw new Error('golden files are never written while CI is set');
    rmSync(expected, { recursive: true, force: true });
    writeFolder(expected, files);
    return;
  }
  const differences = differencesOf(readFolder(expected), files);
  if (differences.length === 0) return;
  writeFolder(changed, files);
  throw new Error(
    `golden ${name} differs (kept as ${name}-changed; npm run golden accepts it)\n${differences.join('\n')}`,
  );
}

function differencesOf(expected: ReadonlyMap<string, string>, found: ReadonlyMap<string, string>): string[] {
  const paths = [...new Set([...expected.keys(), ...found.keys()])].sort();
  return paths.flatMap((path) => {
    const [before, after] = [expected.get(path), found.get(path)];
    if (before === after) return [];
    if (before === undefined) return [`${path}: not expected`];
    if (after === undefined) return [`${path}: missing`];
    const [old, now] = [before.split('\n'), after.split('\n')];
    const line = old.findIndex((text, index) => text !== now[index]);
    const at = line < 0 ? old.length : line;
    return [
      `${path}:${at + 1}\n  expected ${JSON.stringify(old[at] ?? null)}\n  found    ${JSON.stringify(now[at] ?? null)}`,
    ];
  });
}

function readFolder(folder: string): Map<string, string> {
  if (!existsSync(folder)) return new Map();
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    paths.map((path) => [path.slice(folder.length + 1).replaceAll('\\', '/'), readFileSync(path, 'utf8')]),
  );
}

function writeFolder(folder: string, files: ReadonlyMap<string, string>): void {
  for (const [path, text] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}
