import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { constants, gunzipSync } from 'node:zlib';
import type { Source } from '../contract/config.ts';
import { quoteText } from '../engine/engine.ts';

/** A file that may hold a table, with what its name and first bytes say. */
export interface CandidateFile {
  /** Path relative to the data directory, `/` between folders. */
  readonly path: string;
  readonly bytes: number;
  readonly format: NonNullable<Source['format']>;
  readonly delimiter?: NonNullable<Source['delimiter']>;
  /** First bytes as text, without a byte order mark; empty for Parquet. */
  readonly head: string;
}

/** Files seen in a directory: those that may hold tables, and those passed over with the reason. */
export interface Inventory {
  readonly files: readonly CandidateFile[];
  readonly passed: readonly { readonly path: string; readonly reason: string }[];
}

const FORMATS: readonly [pattern: RegExp, format: CandidateFile['format'] | 'any-json' | 'any-text'][] = [
  [/\.parquet$/i, 'parquet'],
  [/\.(ndjson|jsonl)(\.gz)?$/i, 'ndjson'],
  [/\.json(\.gz)?$/i, 'any-json'],
  [/\.(csv|tsv|tab)(\.gz)?$/i, 'any-text'],
  [/\.txt(\.gz)?$/i, 'any-text'],
];
const DELIMITERS = [',', ';', '\t', '|'] as const;
const HEAD_BYTES = 262_144;
/** Files that retain itself writes or that are never exports. */
const OWN = /^(retain.*\.ya?ml|readme.*|license.*|package(-lock)?\.json|tsconfig.*\.json)$/i;
const SKIPPED_FOLDERS = /^(\.|node_modules$|rejects$|outbox$|dist$|truth$)/;

/**
 * Lists the files under `directory`, at most two folders down, in path order, and tells format and delimiter from
 * name and first bytes. Nothing is read beyond the first 256 KiB of a file.
 */
export function listFiles(directory: string): Inventory {
  const files: CandidateFile[] = [];
  const passed: { path: string; reason: string }[] = [];
  for (const path of walk(directory, '', 0)) {
    const name = path.split('/').at(-1) ?? path;
    if (OWN.test(name)) continue;
    const known = FORMATS.find(([pattern]) => pattern.test(name));
    if (known === undefined) {
      const isSheet = /\.(xlsx?|ods|numbers)$/i.test(name);
      if (isSheet) passed.push({ path, reason: 'is a workbook; save each of its sheets as CSV' });
      else if (!/\.(md|pdf|docx?|png|jpe?g|svg|sql|py|ya?ml|html?|log|tbl|lock|duckdb|wal|zip)$/i.test(name)) {
        passed.push({ path, reason: 'has an ending that is not CSV, TSV, JSON, NDJSON or Parquet' });
      }
      continue;
    }
    const full = join(directory, path);
    const bytes = statSync(full).size;
    if (bytes === 0) {
      passed.push({ path, reason: 'is empty' });
      continue;
    }
    const head = known[1] === 'parquet' ? '' : readHead(full, name.endsWith('.gz'));
    if (known[1] !== 'parquet' && head.trim() === '') {
      passed.push({ path, reason: 'has no text in it' });
      continue;
    }
    if (head.includes('\0')) {
      passed.push({ path, reason: 'holds NUL bytes (UTF-16 or a binary file); save it as UTF-8' });
      continue;
    }
    files.push(describe(path, bytes, known[1], head));
  }
  return { files, passed };
}

function walk(root: string, below: string, depth: number): string[] {
  const entries = readdirSync(join(root, below), { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) return depth < 2 && !SKIPPED_FOLDERS.test(entry.name) ? walk(root, path, depth + 1) : [];
    return entry.name.startsWith('.') ? [] : [path];
  });
}

function describe(path: string, bytes: number, kind: (typeof FORMATS)[number][1], head: string): CandidateFile {
  if (kind === 'parquet' || kind === 'ndjson') return { path, bytes, format: kind, head };
  const first = head.trimStart()[0];
  if (kind === 'any-json' || first === '{' || first === '[') {
    return { path, bytes, format: isLineDelimited(head) ? 'ndjson' : 'json', head };
  }
  return { path, bytes, format: 'csv', delimiter: delimiterOf(head), head };
}

/** Two objects on two lines, neither wrapped in an array: newline-delimited JSON, whatever the ending says. */
function isLineDelimited(head: string): boolean {
  const [first = '', second = ''] = head.trimStart().split(/\r?\n/, 2);
  if (!first.startsWith('{') || !second.trimStart().startsWith('{')) return false;
  try {
    JSON.parse(first);
    return true;
  } catch {
    return false;
  }
}

/** The delimiter that stands equally often, and most often, in the first lines, quoted text left aside. */
export function delimiterOf(head: string): (typeof DELIMITERS)[number] {
  const lines = head
    .replaceAll(/"(?:[^"]|"")*"/g, '')
    .split(/\r?\n/)
    .filter((line) => line !== '')
    .slice(0, 20);
  let best: (typeof DELIMITERS)[number] = ',';
  let bestScore = 0;
  for (const delimiter of DELIMITERS) {
    const counts = lines.map((line) => line.split(delimiter).length - 1);
    const header = counts[0] ?? 0;
    const alike = counts.filter((count) => count === header).length / Math.max(counts.length, 1);
    const score = header * alike;
    if (score > bestScore) {
      best = delimiter;
      bestScore = score;
    }
  }
  return best;
}

function readHead(path: string, isCompressed: boolean): string {
  const buffer = Buffer.alloc(HEAD_BYTES);
  const handle = openSync(path, 'r');
  let bytes: Buffer;
  try {
    bytes = buffer.subarray(0, readSync(handle, buffer, 0, HEAD_BYTES, 0));
  } finally {
    closeSync(handle);
  }
  if (isCompressed) {
    try {
      // A cut-off stream is expected here: only its beginning is wanted.
      bytes = gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, HEAD_BYTES);
    } catch {
      return '';
    }
  }
  return bytes.toString('utf8').replace(/^\uFEFF/, '');
}

/** Files of one table: a single file, or alike files whose names differ in digits only, as one glob. */
export interface FileGroup {
  /** Path or glob relative to the data directory. */
  readonly file: string;
  readonly members: readonly CandidateFile[];
}

/**
 * Joins files of one folder whose names differ only in digits and whose first lines are the same
 * (`usage-2024-01.csv`, `usage-2024-02.csv` → `usage-*.csv`).
 */
export function groupFiles(files: readonly CandidateFile[]): FileGroup[] {
  const groups = new Map<string, CandidateFile[]>();
  for (const file of files) {
    const name = file.path.split('/').at(-1) ?? file.path;
    const pattern = name.replaceAll(/\d+([-_.]\d+)*/g, '*');
    const first = file.format === 'csv' ? (file.head.split(/\r?\n/, 1)[0] ?? '') : '';
    const key = pattern.includes('*') ? `${dirname(file.path)}\n${pattern}\n${first}\n${file.format}` : file.path;
    groups.set(key, [...(groups.get(key) ?? []), file]);
  }
  return [...groups.values()].map((members) => {
    const [only] = members;
    if (members.length === 1 && only !== undefined) return { file: only.path, members };
    const path = members[0]?.path ?? '';
    const folder = path.includes('/') ? `${dirname(path)}/` : '';
    const name = path.slice(folder.length).replaceAll(/\d+([-_.]\d+)*/g, '*');
    return { file: `${folder}${name}`, members };
  });
}

/** The table function that reads a group of files with every column as text, for `from` in a select. */
export function readerOf(directory: string, group: FileGroup): string {
  const [first] = group.members;
  const paths = group.members.map((member) => quoteText(join(directory, member.path))).join(', ');
  switch (first?.format) {
    case 'parquet':
      return `read_parquet([${paths}])`;
    case 'csv':
      return (
        `read_csv([${paths}], delim = ${quoteText(first.delimiter ?? ',')}, header = true, all_varchar = true, ` +
        `quote = '"', escape = '"', null_padding = true, ignore_errors = true, strict_mode = false, ` +
        'max_line_size = 20000000, union_by_name = true)'
      );
    default: {
      const size = Math.max(...group.members.map((member) => member.bytes)) * 20 + 1_048_576;
      const format = first?.format === 'ndjson' ? 'newline_delimited' : 'unstructured';
      return `read_json_objects([${paths}], format = '${format}', ignore_errors = ${first?.format === 'ndjson'}, maximum_object_size = ${Math.min(size, 2_000_000_000)})`;
    }
  }
}
