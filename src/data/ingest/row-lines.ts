import { createReadStream, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import type { ColumnMapping, Source } from '../../contract/config.ts';
import { csvRecords, LOOKED_UP, type Reject } from '../rejects.ts';
import { findHeading, readCsvHeader } from './csv-header.ts';
import { readHead } from './head.ts';
import { textAt } from './json-lines.ts';
import { formatOf } from './reader.ts';

/** What tells the rows apart that a fault found by comparison is about. */
export type RowMark =
  /** Rows in which one of these columns holds the id: the first of them is meant. */
  | { readonly kind: 'id'; readonly columns: readonly string[]; readonly id: string | null }
  /** Rows with this key; `nth` of them is meant, from 1. */
  | { readonly kind: 'key'; readonly cells: Readonly<Record<string, string>>; readonly nth: number }
  /** A row that repeats an earlier one cell for cell. */
  | { readonly kind: 'copy' };

/** A fault found by comparison, before its line is known. */
export interface MarkedReject {
  readonly reject: Reject;
  readonly mark: RowMark;
}

/** Largest file that is gone through once more for lines, bytes; in larger ones rejects carry their key alone. */
export const SEARCHED_BYTES = 1 << 26;

/**
 * Gives rejects of one file their lines by a second pass over it, quote-aware, which ends when all are found: the first
 * {@link LOOKED_UP} of a CSV or NDJSON file of at most {@link SEARCHED_BYTES} bytes; other formats have no lines.
 */
export async function findRowLines(marked: readonly MarkedReject[], file: string, source: Source): Promise<Reject[]> {
  const found = marked.map(({ reject }) => reject);
  const format = formatOf(file, source);
  if ((format !== 'csv' && format !== 'ndjson') || statSync(file).size > SEARCHED_BYTES) return found;
  const search = new Search(marked.slice(0, LOOKED_UP), source);
  for await (const row of format === 'csv' ? csvRows(file, source) : jsonRows(file)) {
    for (const index of search.hits(row)) {
      const reject = found[index];
      if (reject !== undefined) found[index] = { ...reject, line: row.line };
    }
    if (search.isDone) break;
  }
  return found;
}

/** A record of a file: its line, its cells as text by source column, and all of it. */
interface SourceRow {
  readonly line: number;
  cell(column: string): string;
  readonly whole: string;
}

async function* csvRows(file: string, source: Source): AsyncGenerator<SourceRow> {
  const head = readHead(file, file);
  const mapped = Object.values(source.columns).flatMap((mapping) =>
    typeof mapping === 'string' ? [mapping] : mapping.from === undefined ? [] : [mapping.from],
  );
  const { headings, delimiter } = readCsvHeader(head.text, file, mapped, source.delimiter);
  const places = new Map<string, number | undefined>();
  const placeOf = (column: string) => {
    if (!places.has(column)) places.set(column, findHeading(headings, column));
    return places.get(column);
  };
  for await (const { line, record } of csvRecords({ file, isGzip: head.isGzip, delimiter })) {
    yield {
      line,
      cell: (column) => record[placeOf(column) ?? -1] ?? '',
      whole: record.join('\u001f'),
    };
  }
}

async function* jsonRows(file: string): AsyncGenerator<SourceRow> {
  const plain = readHead(file, file).isGzip ? createReadStream(file).pipe(createGunzip()) : createReadStream(file);
  let line = 0;
  for await (const text of createInterface({ input: plain, crlfDelay: Number.POSITIVE_INFINITY })) {
    line++;
    let row: unknown;
    try {
      row = JSON.parse(text);
    } catch {
      continue;
    }
    yield { line, cell: (column) => textAt(row, column), whole: text.trim() };
  }
}

/** Holds what is still looked for, by the text that a row must show. */
class Search {
  readonly #source: Source;
  readonly #ids = new Map<string, number>();
  readonly #idColumns = new Set<string>();
  readonly #keys = new Map<string, { readonly index: number; left: number }>();
  readonly #keyColumns: readonly string[];
  readonly #copies: number[] = [];
  readonly #seen = new Set<string>();

  constructor(marked: readonly MarkedReject[], source: Source) {
    this.#source = source;
    const keyColumns = new Set<string>();
    for (const [index, { mark }] of marked.entries()) {
      if (mark.kind === 'copy') this.#copies.push(index);
      else if (mark.kind === 'id') {
        for (const column of mark.columns) this.#idColumns.add(column);
        this.#ids.set(mark.id ?? '', index);
      } else for (const column of Object.keys(mark.cells)) keyColumns.add(column);
    }
    this.#keyColumns = [...keyColumns].filter((column) => source.columns[column] !== undefined);
    for (const [index, { mark }] of marked.entries()) {
      if (mark.kind !== 'key') continue;
      const key = this.#keyColumns.map((column) => mark.cells[column] ?? '').join('\u001f');
      this.#keys.set(key, { index, left: mark.nth });
    }
  }

  get isDone(): boolean {
    return this.#ids.size === 0 && this.#keys.size === 0 && this.#copies.length === 0;
  }

  /** Places of the rejects that this row is meant by. */
  hits(row: SourceRow): number[] {
    const hits: number[] = [];
    if (!this.#isKept(row)) return hits;
    if (this.#ids.size > 0) {
      const texts = [...this.#idColumns].map((column) => this.#text(row, column));
      for (const text of texts.every((item) => item === '') ? [''] : texts.filter((item) => item !== '')) {
        const index = this.#ids.get(text);
        if (index === undefined) continue;
        this.#ids.delete(text);
        hits.push(index);
      }
    }
    if (this.#keys.size > 0) {
      const key = this.#keyColumns.map((column) => this.#text(row, column)).join('\u001f');
      const entry = this.#keys.get(key);
      if (entry !== undefined && --entry.left === 0) {
        this.#keys.delete(key);
        hits.push(entry.index);
      }
    }
    if (this.#copies.length > 0) {
      const isCopy = this.#seen.has(row.whole);
      const index = isCopy ? this.#copies.shift() : undefined;
      if (index !== undefined) hits.push(index);
      this.#seen.add(row.whole);
    }
    return hits;
  }

  /** Whether the mapping's `filter` lets the row in. */
  #isKept(row: SourceRow): boolean {
    return Object.entries(this.#source.filter ?? {}).every(([column, values]) => {
      const cell = row.cell(column).trim().toLowerCase();
      return values.some((value) => String(value).trim().toLowerCase() === cell);
    });
  }

  #text(row: SourceRow, column: string): string {
    const given = this.#source.columns[column];
    if (given === undefined) return '';
    const mapping: ColumnMapping = typeof given === 'string' ? { from: given } : given;
    if (mapping.from === undefined) return mapping.value === undefined ? '' : String(mapping.value);
    return keyText(row.cell(mapping.from), mapping);
  }
}

/** An id as ingest writes it: the twin of the text transforms of data/transforms.ts; others leave the text alone. */
function keyText(raw: string, mapping: ColumnMapping): string {
  let text = raw;
  for (const transform of [mapping.transform ?? []].flat()) {
    if (transform === 'lowercase') text = text.toLowerCase();
    if (transform === 'email_domain') text = (text.split('@')[1] ?? '').trim().toLowerCase();
    if (transform === 'salesforce_id') text = salesforceId(text);
  }
  const listed = Object.entries(mapping.values ?? {}).find(
    ([from]) => from.toLowerCase() === text.trim().toLowerCase(),
  );
  return (listed?.[1] ?? text).trim();
}

/** 15 characters → 18: each group of five adds a letter that tells which of the five are capitals. */
function salesforceId(text: string): string {
  if (!/^[A-Za-z0-9]{15}$/.test(text)) return text;
  const letter = (start: number) => {
    const bits = [...text.slice(start, start + 5)].reduce(
      (sum, char, bit) => sum + (char >= 'A' && char <= 'Z' ? 2 ** bit : 0),
      0,
    );
    return 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345'[bits] ?? '';
  };
  return text + letter(0) + letter(5) + letter(10);
}
