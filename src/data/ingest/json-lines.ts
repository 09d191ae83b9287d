import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { LOOKED_UP, type Reject } from '../rejects.ts';

/** Where the lines of an NDJSON file's rejects are looked for. */
export interface JsonLineSearch {
  readonly file: string;
  readonly label: string;
  readonly isGzip: boolean;
  /** Contract column → dotted path in the object. */
  readonly sources: ReadonlyMap<string, string>;
  readonly valueLength: number;
}

/**
 * Finds the lines of an NDJSON file's rejects in a second pass. A line that is not JSON reached the engine as a row
 * without values; its rejects become one that says so.
 */
export async function findJsonLines(rejects: readonly Reject[], search: JsonLineSearch): Promise<Reject[]> {
  const open = new Map<string, Reject[]>();
  for (const reject of rejects) {
    const mark = `${reject.column}\u001f${reject.value ?? ''}`;
    open.set(mark, [...(open.get(mark) ?? []), reject]);
  }
  const columns = [...new Set(rejects.map((reject) => reject.column ?? ''))];
  const found: Reject[] = [];
  const plain = search.isGzip ? createReadStream(search.file).pipe(createGunzip()) : createReadStream(search.file);
  let line = 0;
  for await (const text of createInterface({ input: plain, crlfDelay: Number.POSITIVE_INFINITY })) {
    line++;
    if (text.trim() === '') continue;
    let row: unknown;
    try {
      row = JSON.parse(text);
    } catch {
      const value = text.slice(0, search.valueLength);
      if (found.length < LOOKED_UP)
        found.push({
          file: search.label,
          line,
          key: null,
          column: null,
          value,
          reason: 'the line is not valid JSON',
          kind: 'row',
          rows: 1,
        });
      continue;
    }
    for (const column of columns) {
      const value = textAt(row, search.sources.get(column.split(' or ')[0] ?? '') ?? column).slice(
        0,
        search.valueLength,
      );
      const reject = open.get(`${column}\u001f${value}`)?.shift();
      if (reject !== undefined) found.push({ ...reject, line });
    }
  }
  // What is left without a value stands for the broken lines told above.
  return [...found, ...[...open.values()].flat().filter((reject) => reject.value !== '' && reject.value !== null)];
}

/** The text at a dotted path of a parsed object; empty where nothing stands there. */
export function textAt(row: unknown, path: string): string {
  let at = row;
  for (const key of path.split('.'))
    at = typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[key] : undefined;
  if (at === undefined || at === null) return '';
  return typeof at === 'string' ? at : JSON.stringify(at);
}
