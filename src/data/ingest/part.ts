import { createReadStream, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { Config, Source } from '../../contract/config.ts';
import { type Engine, quoteText } from '../../engine/engine.ts';
import { messageOf, UserError } from '../../lib/errors.ts';
import { contractTable } from '../contract.ts';
import { type DateOrder, detectDateOrder } from '../date-order.ts';
import { findLines, LOOKED_UP, type Reject } from '../rejects.ts';
import type { IngestCache, PartMeta } from './cache.ts';
import { countFaults, dropNotes } from './faults.ts';
import { findJsonLines } from './json-lines.ts';
import { type CustomColumn, type MappedColumn, sourceColumns } from './mapping.ts';
import { readOrdinary } from './ordinary.ts';
import { writeParquet } from './parquet.ts';
import { FAULT_MARK, FIELD_MARK, NEVER, projectionSql, REJECT_VALUE_LENGTH, type UsageMaps } from './projection.ts';
import { jsonError, type NoteTables, noteTables, openReader, type Reader } from './reader.ts';

/** One part to be made: some files of one source of one table. */
export interface PartRequest {
  readonly table: string;
  readonly source: Source;
  readonly files: readonly string[];
  readonly columns: readonly MappedColumn[];
  readonly custom: readonly CustomColumn[];
  readonly maps: UsageMaps | undefined;
  /** Hash of what the maps hold; part of the part's name. */
  readonly mapsHash: string | undefined;
}

export interface Part {
  readonly parquet: string;
  readonly source: Source;
  readonly meta: PartMeta;
}

/** Rejects kept of one part; the rest is counted. */
const KEPT_REJECTS = 20_000;

/**
 * The rows of some files as one Parquet file of the cache, made in one streaming pass unless it is there already.
 * A file whose content is not known to be unchanged is hashed beside the pass.
 */
export async function makePart(
  engine: Engine,
  config: Config,
  cache: IngestCache,
  request: PartRequest,
): Promise<Part> {
  const name = async () =>
    cache.partName(request.table, [
      engine.name,
      await Promise.all(request.files.map((file) => cache.hash(file))),
      request.files.map((file) => labelOf(config, file)),
      request.source,
      request.custom,
      config.timezone,
      request.mapsHash ?? null,
    ]);
  const isKnown = request.files.every((file) => cache.knownHash(file) !== undefined);
  const before = isKnown ? await name() : undefined;
  const meta = before === undefined ? undefined : cache.find(before);
  if (before !== undefined && meta !== undefined)
    return { parquet: cache.parquet(before), source: request.source, meta };
  const hashing = name();
  // The pass may fail first; its error is the one to tell.
  hashing.catch(() => undefined);
  const temporary = cache.temporary('.parquet');
  try {
    const made = await readFiles(engine, config, request, temporary);
    const final = await hashing;
    const twin = cache.find(final);
    if (twin === undefined) cache.commit(final, temporary, made);
    return { parquet: cache.parquet(final), source: request.source, meta: twin ?? made };
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** A file as the user knows it: relative to the data directory where it lies inside. */
export function labelOf(config: Config, file: string): string {
  return file.startsWith(`${config.data}/`) ? file.slice(config.data.length + 1) : file;
}

async function readFiles(engine: Engine, config: Config, request: PartRequest, target: string): Promise<PartMeta> {
  const wanted = sourceColumns(request.columns, request.source);
  const notes = noteTables(request.table);
  const files: { reader: Reader; label: string; file: string }[] = [];
  for (const file of request.files) {
    const label = labelOf(config, file);
    files.push({
      file,
      label,
      reader: await openReader(
        engine,
        file,
        label,
        request.source,
        [...wanted, ...request.custom.map((custom) => custom.from)],
        notes,
      ),
    });
  }
  const ordinary = await readOrdinary(engine, config, request, target, files);
  if (ordinary !== undefined) return ordinary;
  const warnings: string[] = files.flatMap(({ reader }) => reader.warnings);
  const run = async (dateOrder: DateOrder | undefined) => {
    const context = { dateOrder, sourceZone: request.source.timezone ?? config.timezone, zone: config.timezone };
    const sql = (isCareful: boolean) => projectionSql({ ...request, context, files, isCareful });
    await dropNotes(engine, notes);
    const gzip = Promise.all(
      files.filter((item) => item.reader.isGzip).map((item) => checkGzip(item.file, item.label)),
    );
    gzip.catch(() => undefined);
    await copy(engine, sql, target, files, notes, warnings);
    await gzip;
  };
  let dateOrder = request.source.date_order;
  await run(dateOrder);
  let faults = await countFaults(engine, target);
  if (faults.faulty > 0 && dateOrder === undefined) {
    dateOrder = await decideOrder(engine, request, target, files[0]?.label ?? request.source.file, warnings);
    if (dateOrder !== undefined) {
      await run(dateOrder);
      faults = await countFaults(engine, target);
    }
  }
  const structural = await structuralRejects(engine, notes, files);
  const cells = faults.faulty === 0 ? [] : await cellRejects(engine, target, request, files);
  if (faults.bad > 0) await dropBadRows(engine, target);
  const columns = (await engine.describe(`select * from read_parquet(${quoteText(target)})`)).map(
    (column) => column.name,
  );
  const rejects = [...structural, ...cells];
  return {
    rows: faults.rows - faults.bad,
    quarantined: faults.bad + structural.length,
    dateOrder,
    columns,
    rejects: rejects.slice(0, KEPT_REJECTS),
    rejectCount: structural.length + faults.faulty,
    warnings,
  };
}

async function copy(
  engine: Engine,
  sql: (isCareful: boolean) => string,
  target: string,
  files: readonly { reader: Reader; label: string }[],
  notes: NoteTables,
  warnings: string[],
): Promise<void> {
  const write = (isCareful: boolean) => writeParquet(engine, sql(isCareful), target);
  try {
    await write(false);
  } catch (error) {
    const labels = files.map((item) => item.label).join(', ');
    if (/no space left|disk full|could not write|enospc/i.test(messageOf(error))) {
      throw new UserError(`the cache cannot be written while reading ${labels}: the disk is full`, {
        hint: 'Free some space, or put the store elsewhere with --store.',
        cause: error,
      });
    }
    if (messageOf(error).includes(target) && /permission denied|read-only|cannot open file/i.test(messageOf(error))) {
      throw new UserError(`the cache ${dirname(target)} cannot be written while reading ${labels}`, {
        hint: 'Make it writable for this user, or give another directory with --store.',
        cause: error,
      });
    }
    if (files.some((item) => item.reader.format === 'json' || item.reader.format === 'ndjson'))
      throw jsonError(error, labels);
    if (!files.every((item) => item.reader.format === 'csv')) throw error;
    await dropNotes(engine, notes);
    try {
      await write(true);
    } catch (second) {
      throw new UserError(
        `${labels}: the CSV cannot be read (${(messageOf(second).split('\n')[0] ?? '').replace(/^\w[\w ]*Error: /, '')})`,
        { hint: 'Check its quotes and line ends, or export it again.', cause: second },
      );
    }
    warnings.push(`${labels}: mixed line ends or quotes; read carefully by one thread, which is slower`);
  }
}

async function checkGzip(file: string, label: string): Promise<void> {
  const sink = new Writable({ highWaterMark: 1 << 20, write: (_chunk, _encoding, done) => done() });
  try {
    await pipeline(createReadStream(file), createGunzip(), sink);
  } catch (error) {
    throw new UserError(`${label} is cut off or damaged: its gzip data ends too early`, {
      hint: 'Copy or export the file again.',
      cause: error,
    });
  }
}

/** Decides the date order of a file from every date that is not year-first, all columns together. */
async function decideOrder(
  engine: Engine,
  request: PartRequest,
  target: string,
  label: string,
  warnings: string[],
): Promise<DateOrder | undefined> {
  const dates = request.columns
    .filter((column) => column.type === 'date' || column.type === 'timestamp')
    .map((column) => column.name);
  const rows = await engine.rows(
    `select distinct split_part(item, ${quoteText(FIELD_MARK)}, 1) as name, split_part(item, ${quoteText(FIELD_MARK)}, 2) as value
     from (select unnest(string_split(fault, ${quoteText(FAULT_MARK)})) as item from read_parquet(${quoteText(target)}) where fault is not null)
     order by name, value`,
  );
  const values = rows
    .filter((row) => dates.includes(String(row.name)) && !NEVER.test(String(row.value)))
    .map((row) => String(row.value));
  const evidence = detectDateOrder(values);
  if (evidence.dayFirst + evidence.monthFirst + evidence.ambiguous === 0) return undefined;
  if (evidence.order === 'dmy' || evidence.order === 'mdy') {
    const example = evidence.order === 'dmy' ? evidence.dayFirstExample : evidence.monthFirstExample;
    warnings.push(
      `${label}: dates are read as ${evidence.order === 'dmy' ? 'day, month, year' : 'month, day, year'} because ${example} fits no other order; write date_order: ${evidence.order} to settle it`,
    );
    return evidence.order;
  }
  const column = String(rows.find((row) => dates.includes(String(row.name)) && String(row.value) === values[0])?.name);
  if (evidence.dayFirst > 0) {
    throw new UserError(
      `${label}, column ${sourceOf(request, column)}: dates stand in two orders, ${evidence.dayFirstExample} and ${evidence.monthFirstExample}`,
      {
        hint: 'Write date_order: dmy or mdy for this file; values that do not fit it then go to the rejects.',
      },
    );
  }
  throw new UserError(
    `${label}, column ${sourceOf(request, column)}: dates such as ${values[0]} can be read day first or month first`,
    {
      hint: 'Write date_order: dmy or date_order: mdy for this file in retain.yaml.',
    },
  );
}

function sourceOf(request: PartRequest, column: string): string {
  return request.columns.find((item) => item.name === column)?.mapping.from ?? column;
}

const REASONS: Readonly<Record<string, string>> = {
  'TOO MANY COLUMNS': 'the line has more fields than the header',
  'MISSING COLUMNS': 'the line has fewer fields than the header',
  'INVALID ENCODING': 'the text is not UTF-8',
  'LINE SIZE OVER MAXIMUM': 'the line is longer than 2 MB',
  'UNQUOTED VALUE': 'a quote is opened and not closed where the field ends',
};

/** Rows that could not be split into fields, with the reader's own line numbers. */
async function structuralRejects(
  engine: Engine,
  notes: NoteTables,
  files: readonly { reader: Reader; label: string; file: string }[],
): Promise<Reject[]> {
  const [note] = await engine.rows(
    `select count(*) as found from duckdb_tables() where table_name = '${notes.errors}'`,
  );
  if (Number(note?.found) === 0) return [];
  const rows = await engine.rows(
    `select scans.file_path as path, errors.line, min(errors.error_type) as kind, left(min(errors.csv_line), ${REJECT_VALUE_LENGTH}) as text,
       max(contains(trim(errors.csv_line, chr(10) || chr(13)), chr(10))) as is_long, min(errors.error_message) as message
     from ${notes.errors} as errors join ${notes.scans} as scans on scans.scan_id = errors.scan_id and scans.file_id = errors.file_id
     group by scans.file_path, errors.line order by scans.file_path, errors.line`,
  );
  await dropNotes(engine, notes);
  return rows.map((row): Reject => {
    const label = files.find((item) => item.file === row.path)?.label ?? String(row.path);
    const kind = String(row.kind);
    if (row.is_long === true && (kind === 'UNQUOTED VALUE' || kind === 'LINE SIZE OVER MAXIMUM')) {
      throw new UserError(
        `${label}, line ${row.line}: a quote is opened and never closed, which swallows the lines after it`,
        { hint: 'Close or double the quote in that line, or export the file again.' },
      );
    }
    const text = String(row.text ?? '').replaceAll(/^[\r\n]+|[\r\n]+$/g, '');
    return {
      file: label,
      line: Number(row.line),
      key: null,
      column: null,
      value: text,
      reason: REASONS[kind] ?? String(row.message),
      kind: 'row',
      rows: 1,
    };
  });
}

async function cellRejects(
  engine: Engine,
  target: string,
  request: PartRequest,
  files: readonly { reader: Reader; label: string; file: string }[],
): Promise<Reject[]> {
  const rows = await engine.rows(
    `select source_file, row_key_text, is_bad, fault from read_parquet(${quoteText(target)}) where fault is not null
     order by source_file, row_key_text, fault limit ${KEPT_REJECTS}`,
  );
  const rejects = rows.flatMap((row) =>
    String(row.fault)
      .split(FAULT_MARK)
      .map((item): Reject => {
        const [column = '', value = ''] = item.split(FIELD_MARK);
        return {
          file: String(row.source_file),
          line: null,
          key: row.row_key_text === null ? null : String(row.row_key_text),
          column,
          value,
          reason: reasonOf(request, column, value),
          kind: row.is_bad === true ? 'row' : 'cell',
          rows: 1,
        };
      }),
  );
  const sources = new Map(
    request.columns.flatMap((column): [string, string][] =>
      column.mapping.from === undefined ? [] : [[column.name, column.mapping.from]],
    ),
  );
  const key = contractTable(request.table).key.find((name) => sources.has(name));
  const found: Reject[] = [];
  for (const { file, label, reader } of files) {
    const own = rejects.filter((reject) => reject.file === label);
    if (own.length > 0 && reader.format === 'ndjson')
      found.push(
        ...(await findJsonLines(own, {
          file,
          label,
          isGzip: reader.isGzip,
          sources,
          valueLength: REJECT_VALUE_LENGTH,
        })),
      );
    else if (own.length === 0 || reader.delimiter === undefined) found.push(...own);
    else
      found.push(
        ...(await findLines(own.slice(0, LOOKED_UP), {
          file,
          isGzip: reader.isGzip,
          delimiter: reader.delimiter,
          headings: reader.columns,
          sources,
          keySource: key === undefined ? undefined : sources.get(key),
          valueLength: REJECT_VALUE_LENGTH,
        })),
        ...own.slice(LOOKED_UP),
      );
  }
  return found;
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  date: 'a date',
  timestamp: 'a date and time',
  integer: 'a whole number within range',
  money: 'an amount',
  rate: 'a number',
  boolean: 'yes or no',
};

function reasonOf(request: PartRequest, column: string, value: string): string {
  if (value === '') return 'is required and empty';
  const type = request.columns.find((item) => item.name === column)?.type ?? 'rate';
  if ((type === 'date' || type === 'timestamp') && NEVER.test(value))
    return 'lies outside the years 1900 to 2199 and says no more than "always" or "never"';
  return `is not ${TYPE_WORDS[type] ?? type} that can be read`;
}

/** Rewrites a part without its unusable rows; only parts that have some pay for it. */
async function dropBadRows(engine: Engine, target: string): Promise<void> {
  const again = `${target}.clean`;
  try {
    await engine.execute(
      `copy (select * from read_parquet(${quoteText(target)}) where not is_bad) to ${quoteText(again)} (format parquet, compression snappy)`,
    );
    renameSync(again, target);
  } finally {
    rmSync(again, { force: true });
  }
}
