import { createReadStream, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { parse } from 'csv-parse';
import { findHeading } from './ingest/csv-header.ts';

/** A row or cell of an export that could not be used, as written to `rejects/<table>.csv`. */
export interface Reject {
  readonly file: string;
  /** Line in the file, from 1; null where it was not looked up (beyond the first 1,000) or the format has none. */
  readonly line: number | null;
  /** The row's key as the export writes it; null where it has none. */
  readonly key: string | null;
  /** Contract column; null when the whole row is at fault. */
  readonly column: string | null;
  readonly value: string | null;
  readonly reason: string;
  /** `row`: the row is left out; `cell`: only the cell is empty; `unjoined`: kept, but it belongs to no account. */
  readonly kind: 'row' | 'cell' | 'unjoined';
  /** Rows that this line stands for. */
  readonly rows: number;
}

/** Rejects whose line is looked up in a second pass over the file. */
export const LOOKED_UP = 1000;

/** Columns of a rejects file, in order. */
export const REJECT_COLUMNS = ['file', 'line', 'key', 'column', 'value', 'reason', 'kind', 'rows'] as const;

/**
 * Writes `<directory>/<table>.csv`, or removes it when there is nothing to write. Order: file, line, column, value.
 */
export function writeRejects(directory: string, table: string, rejects: readonly Reject[]): void {
  const file = join(directory, `${table}.csv`);
  if (rejects.length === 0) {
    rmSync(file, { force: true });
    return;
  }
  mkdirSync(directory, { recursive: true });
  const sorted = [...rejects].sort(
    (a, b) =>
      compare(a.file, b.file) ||
      (a.line ?? Infinity) - (b.line ?? Infinity) ||
      compare(a.column ?? '', b.column ?? '') ||
      compare(a.value ?? '', b.value ?? '') ||
      compare(a.key ?? '', b.key ?? ''),
  );
  const lines = sorted.map((reject) => REJECT_COLUMNS.map((column) => field(reject[column])).join(','));
  // Renamed into place, so that a run that is stopped leaves the file of the run before or the whole new one.
  const part = `${file}.part`;
  try {
    writeFileSync(part, `${REJECT_COLUMNS.join(',')}\n${lines.join('\n')}\n`);
    renameSync(part, file);
  } finally {
    rmSync(part, { force: true });
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function field(value: string | number | null): string {
  const text = value === null ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Where the lines of a file's rejects are looked for. */
export interface LineSearch {
  readonly file: string;
  readonly isGzip: boolean;
  readonly delimiter: string;
  readonly headings: readonly string[];
  /** Contract column → source heading. */
  readonly sources: ReadonlyMap<string, string>;
  /** Heading of the key column; undefined where rows have none. */
  readonly keySource: string | undefined;
  readonly valueLength: number;
}

/**
 * Fills in the lines of the first {@link LOOKED_UP} rejects that lack one, by a quote-aware pass over the CSV file
 * that stops once all are found. A reject is matched by column, value and key; equal ones take their lines in order.
 */
export async function findLines(rejects: readonly Reject[], search: LineSearch): Promise<Reject[]> {
  const wanted = new Map<string, number[]>();
  const columns = new Map<number, string>();
  for (const [index, reject] of rejects.slice(0, LOOKED_UP).entries()) {
    if (reject.line !== null || reject.column === null) continue;
    const source = search.sources.get(reject.column.split(' or ')[0] ?? '');
    const at = source === undefined ? undefined : findHeading(search.headings, source);
    if (at === undefined) continue;
    columns.set(at, reject.column);
    const mark = [reject.column, reject.value ?? '', reject.key ?? ''].join('\u001f');
    wanted.set(mark, [...(wanted.get(mark) ?? []), index]);
  }
  if (wanted.size === 0) return [...rejects];
  const keyAt = search.keySource === undefined ? undefined : findHeading(search.headings, search.keySource);
  const found = [...rejects];
  for await (const { line, record } of csvRecords(search)) {
    const key = keyAt === undefined ? '' : (record[keyAt] ?? '').slice(0, search.valueLength);
    for (const [at, column] of columns) {
      const value = (record[at] ?? '').slice(0, search.valueLength);
      const mark = [column, value, key].join('\u001f');
      const index = wanted.get(mark)?.shift();
      const reject = index === undefined ? undefined : rejects[index];
      if (index === undefined || reject === undefined) continue;
      found[index] = { ...reject, line };
      if (wanted.get(mark)?.length === 0) wanted.delete(mark);
    }
    if (wanted.size === 0) break;
  }
  return found;
}

/** The records of a CSV file below its header, quote-aware, each with the line it begins on. Ends where it cannot be read. */
export async function* csvRecords(
  given: Pick<LineSearch, 'file' | 'isGzip' | 'delimiter'>,
): AsyncGenerator<{ readonly line: number; readonly record: readonly string[] }> {
  const input = createReadStream(given.file);
  const parser = parse({
    delimiter: given.delimiter,
    bom: true,
    info: true,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    from: 2,
  });
  const plain = given.isGzip ? input.pipe(createGunzip()) : input;
  // A file that cannot be read to its end has told its fault elsewhere; here lines simply stay unknown.
  plain.on('error', () => parser.end());
  plain.pipe(parser);
  try {
    for await (const { info, record } of parser as AsyncIterable<{ info: { lines: number }; record: string[] }>) {
      const inner = record.join('').split('\n').length - 1;
      yield { line: info.lines - inner, record };
    }
  } catch {
    return;
  } finally {
    input.destroy();
  }
}
