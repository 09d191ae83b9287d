import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
import { UserError } from '../../lib/errors.ts';
import { nearest } from '../config-error.ts';

/** Marks of a file name that make it a pattern. */
const PATTERN = /[*?]/;

/**
 * The files that `file` (a name or a pattern with `*`, `**`, `?`, relative to `directory`) stands for, in name order.
 * A name that exists is taken as it is, so that a file called `a*b.csv` can be read.
 * @throws UserError when there is none, with the nearest name of the folder
 */
export function expandFiles(directory: string, file: string): string[] {
  const path = isAbsolute(file) ? file : join(directory, file);
  if (existsSync(path) && statSync(path).isFile()) return [path];
  if (!PATTERN.test(file)) {
    const near = existsSync(dirname(path)) ? nearest(basename(path), readdirSync(dirname(path))) : undefined;
    throw new UserError(`${file} does not exist in ${directory}`, {
      hint:
        near === undefined
          ? 'Correct `file:` in retain.yaml, or name the folder with --data.'
          : `Did you mean ${near}?`,
    });
  }
  const root = fixedPart(path);
  const matcher = patternMatcher(relative(root, path).split(sep).join('/'));
  const found = existsSync(root)
    ? readdirSync(root, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() || entry.isSymbolicLink())
        .map((entry) => join(entry.parentPath, entry.name))
        .filter((name) => matcher.test(relative(root, name).split(sep).join('/')))
        .sort()
    : [];
  if (found.length > 0) return found;
  throw new UserError(`no file in ${directory} matches ${file}`, {
    hint: 'Correct the pattern in retain.yaml, or name the folder with --data.',
  });
}

function fixedPart(path: string): string {
  let root = dirname(path);
  while (PATTERN.test(root)) root = dirname(root);
  return root;
}

function patternMatcher(pattern: string): RegExp {
  const source = pattern.replaceAll(/\*\*\/|\*|\?|[.+^${}()|[\]\\]/g, (mark) => {
    if (mark === '**/') return '(?:.*/)?';
    if (mark === '*') return '[^/]*';
    return mark === '?' ? '[^/]' : `\\${mark}`;
  });
  return new RegExp(`^${source}$`);
}
