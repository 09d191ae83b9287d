import { existsSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
import { UserError } from '../../lib/errors.ts';
import { nearest } from '../../lib/spelling.ts';

/** Marks of a file name that make it a pattern. */
const PATTERN = /[*?]/;

/**
 * The files that `file` (a name or a pattern with `*`, `**`, `?`, relative to `directory`) stands for, in name order.
 * A name that exists is taken as it is, so that a file called `a*b.csv` can be read.
 * @throws UserError when there is none, with the nearest name of the folder
 */
export function expandFiles(directory: string, file: string): string[] {
  const path = isAbsolute(file) ? file : join(directory, file);
  if (isFile(path)) return [path];
  if (!PATTERN.test(file)) {
    const instead = insteadOf(path);
    if (instead !== undefined) {
      throw new UserError(`${file} in ${directory} is ${instead}, not a file`, {
        hint: 'Correct `file:` in retain.yaml: name a file, or a pattern such as `folder/*.csv`.',
      });
    }
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
        .filter((name) => matcher.test(relative(root, name).split(sep).join('/')) && isFile(name))
        .sort()
    : [];
  if (found.length > 0) return found;
  throw new UserError(`no file in ${directory} matches ${file}`, {
    hint: 'Correct the pattern in retain.yaml, or name the folder with --data.',
  });
}

/** Whether the path leads to a file; links are followed, and one that leads nowhere or in a circle is none. */
function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** What stands at a path that is no file, in words; undefined where nothing does. */
function insteadOf(path: string): string | undefined {
  if (existsSync(path)) return statSync(path).isDirectory() ? 'a directory' : 'a device or pipe';
  const link = lstatSync(path, { throwIfNoEntry: false });
  return link?.isSymbolicLink() === true ? 'a link that leads nowhere' : undefined;
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
