import { type Document, isMap, isNode, isPair, isScalar, isSeq, type LineCounter, type Node } from 'yaml';
import type { z } from 'zod';
import { UserError } from '../lib/errors.ts';
import { nearest } from '../lib/spelling.ts';

/** A parsed YAML text that can say where a path stands. */
export interface Located {
  readonly file: string;
  readonly document: Document;
  readonly lines: LineCounter;
}

/** One fault of a configuration. `path` is a path in the YAML; `atKey` points at the key rather than its value. */
export interface Fault {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly atKey?: boolean;
  readonly hint?: string;
}

/**
 * The error for the first of `faults` in text order: `file:line:column: path message`, with the number of further
 * ones, so that the sentence stays one sentence.
 */
export function faultError(located: Located, faults: readonly Fault[]): UserError {
  const placed = faults
    .map((fault) => ({ fault, offset: offsetOf(located.document, fault.path, fault.atKey === true) }))
    .sort(
      (a, b) =>
        a.offset - b.offset ||
        Number(b.fault.atKey === true) - Number(a.fault.atKey === true) ||
        a.fault.message.localeCompare(b.fault.message),
    );
  const first = placed[0];
  if (first === undefined) throw new Error('faultError needs a fault');
  const { line, col } = located.lines.linePos(first.offset);
  const more = placed.length > 1 ? ` (and ${placed.length - 1} more)` : '';
  const name = first.fault.path.map(String).join('.');
  const subject = name === '' ? '' : `${name} `;
  return new UserError(
    `${located.file}:${Math.max(line, 1)}:${Math.max(col, 1)}: ${subject}${first.fault.message}${more}`,
    {
      hint: first.fault.hint ?? `Correct line ${Math.max(line, 1)} of ${located.file}.`,
    },
  );
}

/** Zod's issues as faults; `keysAt` gives the keys that are known at a path, for "did you mean". */
export function faultsOf(
  issues: readonly z.core.$ZodIssue[],
  keysAt: (path: readonly PropertyKey[]) => readonly string[],
  base: readonly PropertyKey[] = [],
): Fault[] {
  return issues.flatMap((issue): Fault[] => {
    const path = [...base, ...issue.path];
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => unknownKey([...path, key], keysAt(path)));
    }
    if (issue.code === 'invalid_union') {
      const branch = likeliestBranch(issue.errors);
      if (branch !== undefined) return faultsOf(branch, keysAt, path);
      return [{ path, message: `has the wrong form${given(issue.input)}` }];
    }
    return [{ path, message: sentenceOf(issue) }];
  });
}

/** A key that does not exist, with the nearest one that does. */
export function unknownKey(path: readonly PropertyKey[], known: readonly string[], what = 'is not a known key'): Fault {
  const near = nearest(String(path.at(-1)), known);
  return {
    path,
    atKey: true,
    message: near === undefined ? what : `${what}; did you mean ${near}?`,
    hint:
      near === undefined
        ? `Known here: ${known.join(', ')}.`
        : `Write ${near}, or remove the line. Known here: ${known.join(', ')}.`,
  };
}

function sentenceOf(issue: z.core.$ZodIssue): string {
  const value = given(issue.input);
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is missing' : `must be ${article(issue.expected)}${value}`;
    case 'invalid_value': {
      const near = typeof issue.input === 'string' ? nearest(issue.input, issue.values.map(String)) : undefined;
      if (near !== undefined) return `must be one of the known words${value}; did you mean ${near}?`;
      return `must be ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map(String).join(', ')}${value}`;
    }
    case 'too_small':
      if (issue.origin === 'array') return 'must not be an empty list';
      if (issue.origin === 'string') return 'must not be empty';
      return `must be ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${value}`;
    case 'too_big':
      return `must be ${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}${value}`;
    default:
      return `${issue.message}${value}`;
  }
}

function given(input: unknown): string {
  if (input === undefined || (typeof input === 'object' && input !== null)) return '';
  return `, not ${JSON.stringify(input)}`;
}

function article(expected: string): string {
  const names: Record<string, string> = {
    string: 'a text',
    number: 'a number',
    int: 'a whole number',
    boolean: 'true or false',
    array: 'a list',
    object: 'a group of keys',
    record: 'a group of keys',
  };
  return names[expected] ?? `of type ${expected}`;
}

/** The alternative the writer had in mind: the one that does not fail at its very root. */
function likeliestBranch(branches: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] | undefined {
  return branches.find((issues) => !issues.some((issue) => issue.path.length === 0 && issue.code === 'invalid_type'));
}

/** Text offset of a path; a list index over a single item stands for the item itself. */
function offsetOf(document: Document, path: readonly PropertyKey[], atKey: boolean): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const [depth, segment] of path.entries()) {
    if (isMap(node)) {
      if (typeof segment === 'number') continue;
      const pair = node.items.find((item) => isPair(item) && keyText(item.key) === String(segment));
      if (pair === undefined) return offset;
      const keyOffset = startOf(pair.key) ?? offset;
      node = pair.value;
      const wantsKey = atKey && depth === path.length - 1;
      offset = wantsKey ? keyOffset : (startOf(node) ?? keyOffset);
      if (isMap(node) && !wantsKey) offset = keyOffset;
    } else if (isSeq(node) && typeof segment === 'number') {
      node = node.items[segment];
      offset = startOf(node) ?? offset;
    } else {
      return offset;
    }
  }
  return offset;
}

function keyText(key: unknown): string {
  return isScalar(key) ? String(key.value) : String(key);
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? (node as Node).range?.[0] : undefined;
}
