import { statSync } from 'node:fs';
import type { Source } from '../../contract/config.ts';
import { type Engine, quoteName, quoteText } from '../../engine/engine.ts';
import { messageOf, UserError } from '../../lib/errors.ts';
import { findHeading, readCsvHeader, unknownColumn } from './csv-header.ts';
import { readHead } from './head.ts';

export type FileFormat = 'csv' | 'json' | 'ndjson' | 'parquet';

/** How one export file is read: a relation for a `from` clause, and where each source column is found in it. */
export interface Reader {
  readonly format: FileFormat;
  /**
   * `isCareful`: one thread and forgiving quotes, for files that DuckDB's parallel reader refuses. `types`: source
   * columns that the reader itself turns into a SQL type (CSV only); the rest is text.
   */
  relation(isCareful: boolean, types?: ReadonlyMap<string, string>): string;
  /** Expression of a source column's value as VARCHAR, to be read from the relation. */
  text(column: string): string;
  /** Delimiter, for finding lines in a second pass; undefined for other formats. */
  readonly delimiter: string | undefined;
  readonly columns: readonly string[];
  readonly isGzip: boolean;
  /** What is odd about the file and stops nothing, a sentence each. */
  readonly warnings: readonly string[];
}

/** Names of the tables in which DuckDB notes the CSV rows it could not split into fields. */
export interface NoteTables {
  readonly errors: string;
  readonly scans: string;
}

/**
 * The note tables of a canonical table. Each has its own: tables may be read side by side, and what DuckDB keeps beside a note
 * table is shared by all who use its name.
 */
export function noteTables(table: string): NoteTables {
  return { errors: `reject_errors_${table}`, scans: `reject_scans_${table}` };
}

/** The format a source is in: as declared, else by the file's ending, else by its first character. */
export function formatOf(file: string, source: Source): FileFormat {
  if (source.format !== undefined) return source.format;
  const name = file.toLowerCase().replace(/\.gz$/, '');
  if (name.endsWith('.parquet')) return 'parquet';
  if (/\.(ndjson|jsonl)$/.test(name)) return 'ndjson';
  return name.endsWith('.json') ? 'json' : 'csv';
}

/**
 * Prepares reading `file` for a mapping that needs the source columns `wanted`.
 * @param label the file as the user knows it, for messages
 * @throws UserError for whole-file faults: see readHead, readCsvHeader; JSON that is not an array; a broken Parquet file
 */
export async function openReader(
  engine: Engine,
  file: string,
  label: string,
  source: Source,
  wanted: readonly string[],
  notes: NoteTables,
): Promise<Reader> {
  const format = formatOf(file, source);
  if (format === 'parquet') return parquetReader(engine, file, label, wanted);
  const head = readHead(file, label);
  if (format === 'csv') {
    if (/^\s*[[{]/.test(head.text) && source.format === undefined)
      return openReader(engine, file, label, { ...source, format: 'json' }, wanted, notes);
    return csvReader(file, head, label, source, wanted, notes);
  }
  return jsonReader(engine, file, head, label, source, format, wanted);
}

function csvReader(
  file: string,
  { text, isGzip }: { readonly text: string; readonly isGzip: boolean },
  label: string,
  source: Source,
  wanted: readonly string[],
  notes: NoteTables,
): Reader {
  const header = readCsvHeader(text, label, wanted, source.delimiter);
  const columns = (types: ReadonlyMap<string, string> = new Map()) => {
    const places = new Map([...types].map(([name, type]) => [findHeading(header.headings, name), type]));
    const list = header.columns.map((name, place) => `${quoteText(name)}: '${places.get(place) ?? 'VARCHAR'}'`);
    return `columns = {${list.join(', ')}}`;
  };
  const options = [
    'auto_detect = false',
    'header = true',
    `delim = ${quoteText(header.delimiter)}`,
    `quote = '"'`,
    `escape = '"'`,
    'store_rejects = true',
    `rejects_table = '${notes.errors}'`,
    `rejects_scan = '${notes.scans}'`,
    ...(isGzip ? [`compression = 'gzip'`] : []),
  ];
  return {
    format: 'csv',
    delimiter: header.delimiter,
    columns: header.headings,
    isGzip,
    warnings: header.warnings,
    relation: (isCareful, types) =>
      `read_csv(${quoteText(file)}, ${[columns(types), ...options, ...(isCareful ? ['parallel = false', 'strict_mode = false'] : [])].join(', ')})`,
    text: (column) => quoteName(header.columns[findHeading(header.headings, column) ?? -1] ?? column),
  };
}

async function parquetReader(engine: Engine, file: string, label: string, wanted: readonly string[]): Promise<Reader> {
  const relation = `read_parquet(${quoteText(file)})`;
  const info = await engine.describe(`select * from ${relation}`).catch((error: unknown) => {
    throw new UserError(`${label} is not a readable Parquet file`, {
      hint: 'Export it again, or correct `format:` in retain.yaml.',
      cause: error,
    });
  });
  const columns = info.map((column) => column.name);
  for (const name of wanted) if (findHeading(columns, name) === undefined) throw unknownColumn(label, name, columns);
  return {
    format: 'parquet',
    delimiter: undefined,
    columns,
    isGzip: false,
    warnings: [],
    relation: () => relation,
    text: (column) => {
      const found = info[findHeading(columns, column) ?? -1];
      const name = quoteName(found?.name ?? column);
      // An instant would print in the session's zone; written as UTC it can be read back on any clock.
      if (found?.type === 'TIMESTAMP WITH TIME ZONE')
        return `strftime(${name} at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')`;
      return found?.type === 'VARCHAR' ? name : `cast(${name} as varchar)`;
    },
  };
}

async function jsonReader(
  engine: Engine,
  file: string,
  head: { text: string; isGzip: boolean },
  label: string,
  source: Source,
  declared: 'json' | 'ndjson',
  wanted: readonly string[],
): Promise<Reader> {
  const shape = jsonShape(head.text, label, source, declared);
  const roots = [...new Set(wanted.map((name) => name.split('.')[0] as string))];
  const types = new Map(roots.map((root) => [root, wanted.includes(root) ? 'VARCHAR' : 'JSON']));
  const maximum = Math.max(1 << 27, shape === 'ndjson' ? 0 : statSync(file).size * (head.isGzip ? 20 : 1) + 1024);
  const gzip = head.isGzip ? `, compression = 'gzip'` : '';
  const objects =
    shape === 'wrapped'
      ? `(select unnest(cast(json_extract(json, ${quoteText(`$."${source.json_path ?? wrappedKey(head.text) ?? ''}"[*]`)}) as json[])) as item
          from read_json_objects(${quoteText(file)}, format = 'unstructured', maximum_object_size = ${maximum}${gzip}))`
      : `(select json as item from read_json_objects(${quoteText(file)}, format = '${shape === 'ndjson' ? 'newline_delimited' : 'array'}', maximum_object_size = ${maximum}${gzip}${shape === 'ndjson' ? ', ignore_errors = true' : ''}))`;
  await checkJson(engine, objects, label, source, wanted);
  const columns = [...types].map(([name, type]) => `${quoteText(name)}: '${type}'`).join(', ');
  const direct = `read_json(${quoteText(file)}, format = '${shape === 'ndjson' ? 'newline_delimited' : 'array'}', records = true, columns = {${columns}}, maximum_object_size = ${maximum}${gzip}${shape === 'ndjson' ? ', ignore_errors = true' : ''})`;
  const isDirect = shape !== 'wrapped' && roots.length > 0;
  return {
    format: shape === 'ndjson' ? 'ndjson' : 'json',
    delimiter: undefined,
    columns: roots,
    isGzip: head.isGzip,
    warnings: [],
    relation: () => (isDirect ? direct : objects),
    text: (column) => {
      const [root = column, ...rest] = column.split('.');
      if (!isDirect) return `json_extract_string(item, ${quoteText(jsonPath(column.split('.')))})`;
      if (types.get(root) === 'VARCHAR' && rest.length === 0) return quoteName(root);
      const from = types.get(root) === 'VARCHAR' ? `try_cast(${quoteName(root)} as json)` : quoteName(root);
      return `json_extract_string(${from}, ${quoteText(jsonPath(rest))})`;
    },
  };
}

/** A dotted path as DuckDB's JSON path; digits are places in a list (`items.data.0.price`). */
function jsonPath(keys: readonly string[]): string {
  const steps = keys.map((key) => (/^\d+$/.test(key) ? `[${key}]` : `."${key.replaceAll('"', '\\"')}"`));
  return `$${steps.join('')}`;
}

type JsonShape = 'array' | 'ndjson' | 'wrapped';

function jsonShape(text: string, label: string, source: Source, declared: 'json' | 'ndjson'): JsonShape {
  const start = text.trimStart();
  if (source.json_path !== undefined) return 'wrapped';
  if (start.startsWith('[')) return 'array';
  if (!start.startsWith('{')) {
    throw new UserError(`${label}, line 1: this is not JSON, it starts with "${start.slice(0, 12).split('\n')[0]}"`, {
      hint: 'Correct `format:` of this file in retain.yaml, or export it again.',
    });
  }
  if (declared === 'ndjson' || isObjectLine(start)) return 'ndjson';
  if (wrappedKey(text) !== undefined) return 'wrapped';
  throw new UserError(`${label}, line 1: the JSON is one object, not an array of rows`, {
    hint: 'Name the key that holds the rows with json_path: in retain.yaml, or export an array or one object a line.',
  });
}

function isObjectLine(text: string): boolean {
  const [first = '', second = ''] = text.split('\n', 2);
  try {
    JSON.parse(first);
    return (
      second.trimStart().startsWith('{') ||
      (second.trim() === '' &&
        !Object.values(JSON.parse(first) as object).some(Array.isArray) &&
        text.trim() !== first.trim())
    );
  } catch {
    return false;
  }
}

/** The first key of an object whose value is an array of objects, found in the head without parsing the whole. */
function wrappedKey(text: string): string | undefined {
  return /^\s*\{(?:\s*"[^"]*"\s*:\s*(?:"[^"]*"|[^\s"[{,]+)\s*,)*\s*"([^"]+)"\s*:\s*\[\s*\{/.exec(text)?.[1];
}

async function checkJson(
  engine: Engine,
  objects: string,
  label: string,
  source: Source,
  wanted: readonly string[],
): Promise<void> {
  const rows = await engine
    .rows(
      `select distinct unnest(json_keys(item)) as name from (select item from ${objects} limit 2000) where json_type(item) = 'OBJECT' order by name`,
    )
    .catch((error: unknown) => {
      throw jsonError(error, label);
    });
  const known = rows.map((row) => String(row.name));
  if (known.length === 0) {
    throw new UserError(
      `${label}, line 1: ${source.json_path === undefined ? 'the JSON holds no objects' : `there is no array of rows under ${source.json_path}`}`,
      {
        hint: 'Rows must be objects in an array; name the key that holds it with json_path: in retain.yaml.',
      },
    );
  }
  for (const name of wanted) {
    if (!known.includes(name.split('.')[0] as string)) throw unknownColumn(label, name, known);
  }
}

/** The sentence for JSON that DuckDB could not parse. */
export function jsonError(error: unknown, label: string): UserError {
  const text = messageOf(error);
  const place = /at byte (\d+)/.exec(text)?.[1];
  const line = /in record\/value (\d+)|line (\d+)/i.exec(text);
  const where = [
    line === null ? undefined : `row ${line[1] ?? line[2]}`,
    place === undefined ? undefined : `byte ${place}`,
  ].filter((part) => part !== undefined);
  return new UserError(`${label}${where.length === 0 ? '' : `, ${where.join(', ')}`}: the JSON is broken or cut off`, {
    hint: 'Export the file again; one object a line (NDJSON) loses only the broken line.',
    cause: error,
  });
}
