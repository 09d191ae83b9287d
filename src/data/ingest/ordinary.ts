import type { Config } from '../../contract/config.ts';
import { type Engine, quoteText } from '../../engine/engine.ts';
import type { PartMeta } from './cache.ts';
import { dropNotes } from './faults.ts';
import { writeParquet } from './parquet.ts';
import type { PartRequest } from './part.ts';
import { plainTypes, projectionSql } from './projection.ts';
import { noteTables, type Reader } from './reader.ts';

/**
 * Reads files of usage whose every cell is ordinary, parsed by the reader itself: the long feed, where parsing text in
 * SQL would be the longest part of a night. Undefined, with nothing kept, when any cell or line is out of the ordinary;
 * reading as text then decides and names it.
 */
export async function readOrdinary(
  engine: Engine,
  config: Config,
  request: PartRequest,
  target: string,
  files: readonly { reader: Reader; label: string; file: string }[],
): Promise<PartMeta | undefined> {
  const [only, ...others] = files;
  if (request.table !== 'usage' || only === undefined || others.length > 0 || only.reader.isGzip) return undefined;
  const { date_order, timezone } = request.source;
  const context = { dateOrder: date_order, sourceZone: timezone ?? config.timezone, zone: config.timezone };
  const types = plainTypes({ ...request, context, files });
  if (types === undefined) return undefined;
  const notes = noteTables(request.table);
  await dropNotes(engine, notes);
  try {
    const sql = projectionSql({ ...request, context, files, isCareful: false, types });
    await writeParquet(engine, sql, target, 'dictionary_size_limit 3000');
  } catch {
    // A cell is out of the ordinary, or reading as text meets the same fault and has the words for it.
    return undefined;
  }
  const [noted] = await engine.rows(`select count(*) as found from ${notes.errors}`);
  await dropNotes(engine, notes);
  if (noted?.['found'] !== 0 || !(await isOrdinary(engine, target))) return undefined;
  const [counted] = await engine.rows(`select count(*) as rows from read_parquet(${quoteText(target)})`);
  const columns = (await engine.describe(`select * from read_parquet(${quoteText(target)})`)).map(({ name }) => name);
  const warnings = files.flatMap(({ reader }) => reader.warnings);
  return {
    file: only.label,
    rows: Number(counted?.['rows']),
    quarantined: 0,
    dateOrder: undefined,
    columns,
    rejects: [],
    rejectCount: 0,
    warnings,
  };
}

/**
 * Whether all dates and whole numbers of a part lie where reading as text would have left them: 1900-01-02 to 2199,
 * fifteen digits. Asks the statistics in the file, not its rows.
 */
async function isOrdinary(engine: Engine, target: string): Promise<boolean> {
  const [row] = await engine.rows(
    `with bound as (
       select converted_type, coalesce(stats_min_value, stats_min) as low, coalesce(stats_max_value, stats_max) as high,
         num_values > stats_null_count as has_values
       from parquet_metadata(${quoteText(target)}) as chunk
       join (select name, converted_type from parquet_schema(${quoteText(target)})) as field on field.name = chunk.path_in_schema
       where type in ('INT64', 'INT32')
     )
     select count(*) filter (has_values is null or (has_values and not coalesce(case
       when converted_type in ('DATE', 'TIMESTAMP_MICROS') then low > '1900-01-02' and high < '2200'
       else abs(try_cast(low as hugeint)) < 1e15 and abs(try_cast(high as hugeint)) < 1e15 end, false))) as odd
     from bound`,
  );
  return row?.['odd'] === 0;
}
