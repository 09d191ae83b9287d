import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface Import {
  /** As written. */
  readonly specifier: string;
  /** Path from src/ of a relative import, else undefined. */
  readonly file: string | undefined;
  readonly isTypeOnly: boolean;
  readonly isDynamic: boolean;
}

/** One TypeScript file of src/. */
export interface SourceFile {
  /** Path from src/, with forward slashes. */
  readonly path: string;
  /** First folder of the path, or the file's own name without ending at the top (`cli`). */
  readonly room: string;
  readonly text: string;
  /** The text with comments, strings and the fixed parts of templates blanked out, so that words in them do not count. */
  readonly code: string;
  readonly imports: readonly Import[];
}

/** Every TypeScript file below `folder` (default src/), in path order. */
export function readSources(folder = join(ROOT, 'src')): SourceFile[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => path.split(sep).join('/'))
    .sort()
    .map((path) => sourceFile(path, readFileSync(join(folder, path), 'utf8')));
}

/** Paths of every file below `folder`, from the checkout. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}

/** A file read into what the rules look at. */
export function sourceFile(path: string, text: string): SourceFile {
  const room = path.includes('/') ? (path.split('/')[0] ?? '') : path.replace(/\.ts$/, '');
  return { path, room, text, code: blanked(text, true), imports: importsOf(path, text) };
}

function importsOf(path: string, text: string): Import[] {
  const code = blanked(text, false);
  const found: Import[] = [];
  const add = (specifier: string, isTypeOnly: boolean, isDynamic: boolean): void => {
    const file = specifier.startsWith('.') ? posix.join(dirname(path), specifier) : undefined;
    found.push({ specifier, file, isTypeOnly, isDynamic });
  };
  for (const match of code.matchAll(/^[ \t]*(?:import|export)\s+(type\s)?[^'"`;()]*?from\s*['"]([^'"]+)['"]/gm)) {
    add(match[2] ?? '', match[1] !== undefined, false);
  }
  for (const match of code.matchAll(/^[ \t]*import\s*['"]([^'"]+)['"]/gm)) add(match[1] ?? '', false, false);
  for (const match of code.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g)) add(match[1] ?? '', false, true);
  return found;
}

/**
 * `text` with comments, and where asked strings and templates, replaced by spaces of the same length. Code inside `${}`
 * stays. A `/` is a regular expression where no value can stand before it.
 */
export function blanked(text: string, withStrings: boolean): string {
  let out = '';
  let i = 0;
  const templates: number[] = [];
  let depth = 0;
  const blank = (end: number, keep: boolean): void => {
    out += keep ? text.slice(i, end) : text.slice(i, end).replace(/[^\n]/g, ' ');
    i = end;
  };
  const templateEnd = (from: number): number => {
    let at = from;
    while (at < text.length && text[at] !== '`' && !text.startsWith('${', at)) at += text[at] === '\\' ? 2 : 1;
    return at;
  };
  while (i < text.length) {
    const rest = text.slice(i, i + 2);
    const character = text[i] ?? '';
    if (rest === '//') {
      const end = text.indexOf('\n', i);
      blank(end < 0 ? text.length : end, false);
    } else if (rest === '/*') {
      const end = text.indexOf('*/', i + 2);
      blank(end < 0 ? text.length : end + 2, false);
    } else if (character === "'" || character === '"') {
      let end = i + 1;
      while (end < text.length && text[end] !== character && text[end] !== '\n') end += text[end] === '\\' ? 2 : 1;
      blank(end + 1, !withStrings);
    } else if (character === '/' && /(^|[=(,:[!&|?{};+\-*%<>~^]|\breturn|\btypeof)\s*$/.test(out.slice(-40))) {
      let end = i + 1;
      let inClass = false;
      while (end < text.length && text[end] !== '\n' && (inClass || text[end] !== '/')) {
        if (text[end] === '[') inClass = true;
        if (text[end] === ']') inClass = false;
        end += text[end] === '\\' ? 2 : 1;
      }
      blank(end + 1, false);
    } else if (character === '`' || (character === '}' && templates.at(-1) === depth)) {
      if (character === '}') templates.pop();
      const end = templateEnd(i + 1);
      blank(Math.min(text.length, end + (text[end] === '`' ? 1 : 2)), !withStrings);
      if (text[end] === '$') templates.push(depth);
    } else {
      if (character === '{') depth++;
      if (character === '}') depth--;
      out += character;
      i++;
    }
  }
  return out;
}
