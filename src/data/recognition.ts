import type { Source } from '../contract/config.ts';
import { type Engine, quoteName } from '../engine/engine.ts';
import { messageOf } from '../lib/errors.ts';
import { firstRecord, repeatedHeadings } from './ingest/csv-header.ts';
import { type CandidateFile, type FileGroup, readerOf } from './recognition-files.ts';
import { jsonLeaves, rowsPath } from './recognition-json.ts';

/** What the values of a column look like, whatever its heading says. */
export type ContentKind =
  | 'unmeasured'
  | 'empty'
  | 'boolean'
  | 'integer'
  | 'number'
  | 'date'
  | 'timestamp'
  | 'month'
  | 'email'
  | 'json'
  | 'text';

/** One column of an export, measured over its values. */
export interface ColumnProfile {
  /** Heading, or dotted JSON path, exactly as a mapping must write it. */
  readonly name: string;
  readonly kind: ContentKind;
  /** Rows with a value. */
  readonly filled: number;
  readonly distinct: number;
  /** Order of day, month and year, decided from every value; `undefined` for columns without dates. */
  readonly dateOrder: NonNullable<Source['date_order']> | undefined;
  /** True when no value decides between day-first and month-first. */
  readonly isOrderOpen: boolean;
  /** Smallest and largest number; `undefined` where values are not numbers. */
  readonly min: number | undefined;
  readonly max: number | undefined;
  /** Values of a column with at most 40 different ones, most frequent first. */
  readonly values: readonly { readonly value: string; readonly count: number }[];
  /** Longest value, characters. */
  readonly longest: number;
  /** Share of values that look like a Salesforce id (15 or 18 characters with a digit and a capital). */
  readonly salesforceShare: number;
}

/** A table found in a file, loaded as text into the engine under `relation` with `row_order` from 1. */
export interface TableProfile {
  /** File or glob as `retain.yaml` names it. */
  readonly file: string;
  readonly format: NonNullable<Source['format']>;
  readonly delimiter: Source['delimiter'];
  readonly jsonPath: string | undefined;
  readonly relation: string;
  readonly rows: number;
  /** Whether only the first `SAMPLE_ROWS` rows were looked at. */
  readonly isSample: boolean;
  readonly columns: readonly ColumnProfile[];
}

/** Rows of one file that are looked at; larger files are recognised from their beginning. */
export const SAMPLE_ROWS = 1_000_000;
/** Rows on which the patterns of values are tried; counts, uniqueness and date order use all loaded rows. */
const PATTERN_ROWS = 20_000;

/**
 * Loads one group of files into the engine as text and measures every column.
 *
 * @param wanted headings that need measuring, given all of them; the others are listed as `unmeasured`. Default: all
 * @returns the profile, or a sentence why the file cannot be read as a table
 */
export async function profileGroup(
  engine: Engine,
  directory: string,
  group: FileGroup,
  relation: string,
  wanted: (headings: readonly string[]) => ReadonlySet<string> | undefined = () => undefined,
): Promise<TableProfile | { readonly reason: string }> {
  const [first] = group.members;
  if (first === undefined) return { reason: 'has no files' };
  try {
    let jsonPath: string | undefined;
    if (first.format === 'json' || first.format === 'ndjson') {
      const path = await loadJson(engine, readerOf(directory, group), first.format, relation);
      if (path === undefined) return { reason: 'is JSON without a list of records in it' };
      jsonPath = path === '' ? undefined : path;
    } else {
      await engine.execute(
        `create or replace table ${quoteName(relation)} as
         select row_number() over () as row_order, * from ${readerOf(directory, group)} limit ${SAMPLE_ROWS}`,
      );
    }
    const found = (await engine.describe(`select * exclude (row_order) from ${quoteName(relation)}`)).map(
      ({ name }) => name,
    );
    const info = withoutRepeats(first, found);
    const [count] = await engine.rows(`select count(*) as n from ${quoteName(relation)}`);
    const rows = Number(count?.['n']);
    if (rows === 0) return { reason: 'has a heading and no rows' };
    if (info.length === 1 && first.format === 'csv')
      return { reason: 'has a single column; its delimiter is not comma, semicolon, tab or pipe' };
    if (info.every((name) => /^column\d+$/.test(name))) return { reason: 'has no heading line' };
    return {
      file: group.file,
      format: first.format,
      delimiter: first.delimiter,
      jsonPath,
      relation,
      rows,
      isSample: rows === SAMPLE_ROWS,
      columns: await profileColumns(engine, relation, info, rows, wanted(info)),
    };
  } catch (error) {
    return { reason: `cannot be read: ${messageOf(error).split('\n')[0]?.slice(0, 200)}` };
  }
}

/** The columns a mapping may name: of a heading that stands more than once, none can be told apart. */
function withoutRepeats(file: CandidateFile, columns: readonly string[]): string[] {
  const headings = (file.format === 'csv' ? firstRecord(file.head, file.delimiter ?? ',') : undefined) ?? [];
  const repeated = new Set(repeatedHeadings(headings.map((heading) => heading.trim())).flatMap(({ places }) => places));
  return columns.filter((_, place) => headings.length !== columns.length || !repeated.has(place));
}

async function loadJson(
  engine: Engine,
  reader: string,
  format: 'json' | 'ndjson',
  relation: string,
): Promise<string | undefined> {
  const raw = quoteName(`${relation}_raw`);
  await engine.execute(`create or replace table ${raw} as select json from ${reader} limit ${SAMPLE_ROWS}`);
  let path: string | undefined = '';
  let rows = `select json from ${raw}`;
  if (format === 'json') {
    const structure = await structureOf(engine, rows);
    path = rowsPath(structure);
    // One record a file, not wrapped, is a record all the same when several alike files were given.
    if (path === undefined) return undefined;
    const inside =
      path === ''
        ? '$[*]'
        : `$.${path
            .split('.')
            .map((key) => `"${key}"`)
            .join('.')}[*]`;
    rows = `select unnest(json_extract(json, '${inside.replaceAll("'", "''")}')) as json from ${raw}`;
  }
  const leaves = jsonLeaves(await structureOf(engine, rows));
  if (leaves.length === 0) return undefined;
  const list = leaves.map(
    ({ name, path: leaf }) => `json_extract_string(json, '${leaf.replaceAll("'", "''")}') as ${quoteName(name)}`,
  );
  await engine.execute(
    `create or replace table ${quoteName(relation)} as
     select row_number() over () as row_order, ${list.join(', ')} from (${rows})`,
  );
  await engine.execute(`drop table ${raw}`);
  return path;
}

async function structureOf(engine: Engine, rows: string): Promise<unknown> {
  const [row] = await engine.rows(`select json_group_structure(json) as structure from (${rows} limit 10000)`);
  const text = row?.['structure'];
  return typeof text === 'string' ? JSON.parse(text) : text;
}

const ISO = '^\\d{4}-\\d{2}-\\d{2}([T ]\\d{2}:\\d{2}.*)?$';
const YEAR_FIRST = '^\\d{4}[/.]\\d{1,2}[/.]\\d{1,2}([T ].*)?$';
const YEAR_LAST = '^\\d{1,2}[-/.]\\d{1,2}[-/.](\\d{4}|\\d{2})([T ].*)?$';

/** Shares of filled values that each pattern fits, one aggregate a pattern. */
const PATTERNS: Readonly<Record<string, string>> = {
  integer: "regexp_full_match(v, '[-+]?\\d{1,18}')",
  number: "regexp_full_match(v, '[-+]?(\\d+([.,]\\d+)?|\\d{1,3}(,\\d{3})+(\\.\\d+)?|\\.\\d+)([eE][-+]?\\d+)?')",
  boolean: "lower(v) in ('true', 'false', 'yes', 'no', 't', 'f', 'y', 'n')",
  iso: `regexp_full_match(v, '${ISO}')`,
  year_first: `regexp_full_match(v, '${YEAR_FIRST}')`,
  year_last: `regexp_full_match(v, '${YEAR_LAST}')`,
  month: "regexp_full_match(v, '\\d{4}-\\d{2}')",
  clock:
    "regexp_full_match(v, '.*\\d[T ]\\d{1,2}:\\d{2}.*') and not regexp_full_match(v, '.*[T ]00:00(:00(\\.0+)?)?Z?')",
  email: "regexp_full_match(v, '[^@\\s,]+@[^@\\s,]+\\.[^@\\s,]+')",
  json: "v[1:1] in ('{', '[')",
  salesforce:
    "regexp_full_match(v, '[a-zA-Z0-9]{15}([A-Z0-5]{3})?') and regexp_matches(v, '[0-9]') and regexp_matches(v, '[A-Z]')",
};

/** Columns measured in one statement: more are compiled longer than they run. */
const BATCH = 16;

async function profileColumns(
  engine: Engine,
  relation: string,
  names: readonly string[],
  rows: number,
  wanted: ReadonlySet<string> | undefined,
): Promise<ColumnProfile[]> {
  const measured = names.filter((name) => wanted === undefined || wanted.has(name));
  const profiles = new Map<string, ColumnProfile>();
  for (let start = 0; start < measured.length; start += BATCH) {
    for (const profile of await profileBatch(engine, relation, measured.slice(start, start + BATCH), rows)) {
      profiles.set(profile.name, profile);
    }
  }
  return names.map((name) => profiles.get(name) ?? blank(name, 'unmeasured'));
}

function blank(name: string, kind: ContentKind): ColumnProfile {
  return {
    name,
    kind,
    filled: 0,
    distinct: 0,
    dateOrder: undefined,
    isOrderOpen: false,
    min: undefined,
    max: undefined,
    values: [],
    longest: 0,
    salesforceShare: 0,
  };
}

function cellSql(name: string): string {
  return `nullif(trim(cast(${quoteName(name)} as varchar)), '')`;
}

async function profileBatch(
  engine: Engine,
  relation: string,
  names: readonly string[],
  rows: number,
): Promise<ColumnProfile[]> {
  const cells = names.map((name, index) => `${cellSql(name)} as c${index}`).join(', ');
  const counts = names.map(
    (_, index) =>
      `count(c${index}) as filled${index}, count(distinct c${index}) as distinct${index}, coalesce(max(length(c${index})), 0) as longest${index}`,
  );
  const step = Math.max(1, Math.floor(rows / PATTERN_ROWS));
  const shares = names.flatMap((_, index) =>
    Object.entries(PATTERNS).map(
      ([key, sql]) =>
        `coalesce(avg(case when c${index} is null then null when ${sql.replaceAll(/\bv\b/g, `c${index}`)} then 1.0 else 0.0 end), 0) as ${key}${index}`,
    ),
  );
  const [whole] = await engine.rows(
    `with cells as (select ${cells} from ${quoteName(relation)}) select ${counts.join(', ')} from cells`,
  );
  const [found] = await engine.rows(
    `with cells as (select ${cells} from ${quoteName(relation)} where row_order % ${step} = 0 or row_order <= 100)
     select ${shares.join(', ')} from cells`,
  );
  const profiles: ColumnProfile[] = [];
  for (const [index, name] of names.entries()) {
    const share = (key: string) => Number(found?.[`${key}${index}`] ?? 0);
    const filled = Number(whole?.[`filled${index}`]);
    const distinct = Number(whole?.[`distinct${index}`]);
    const base = { ...blank(name, 'empty'), filled, distinct, longest: Number(whole?.[`longest${index}`]) };
    profiles.push(filled === 0 ? base : await finishColumn(engine, relation, base, share));
  }
  return profiles;
}

async function finishColumn(
  engine: Engine,
  relation: string,
  base: ColumnProfile,
  share: (key: string) => number,
): Promise<ColumnProfile> {
  const kind = kindOf(share, base.distinct);
  const cell = cellSql(base.name);
  const values = base.distinct <= 40 && kind !== 'json' ? await valuesOf(engine, relation, cell) : [];
  const dates = kind === 'date' || kind === 'timestamp' ? await dateOrderOf(engine, relation, cell) : undefined;
  const range = kind === 'integer' || kind === 'number' ? await rangeOf(engine, relation, cell) : undefined;
  return {
    ...base,
    kind,
    values,
    dateOrder: dates?.order,
    isOrderOpen: dates?.isOpen ?? false,
    min: range?.min,
    max: range?.max,
    salesforceShare: share('salesforce'),
  };
}

function kindOf(share: (key: string) => number, distinct: number): ContentKind {
  const dates = share('iso') + share('year_first') + share('year_last');
  if (dates >= 0.95) return share('clock') > 0.02 ? 'timestamp' : 'date';
  if (share('month') >= 0.98) return 'month';
  if (share('boolean') >= 0.98) return 'boolean';
  if (share('integer') >= 0.98) return 'integer';
  if (share('number') >= 0.98) return 'number';
  if (share('email') >= 0.9) return 'email';
  if (share('json') >= 0.98 && distinct > 0) return 'json';
  return 'text';
}

async function valuesOf(engine: Engine, relation: string, cell: string): Promise<ColumnProfile['values']> {
  const rows = await engine.rows(
    `with cells as (select ${cell} as v from ${quoteName(relation)})
     select v, count(*) as n from cells where v is not null group by v order by n desc, v limit 40`,
  );
  return rows.map((row) => ({ value: String(row['v']), count: Number(row['n']) }));
}

async function rangeOf(
  engine: Engine,
  relation: string,
  cell: string,
): Promise<{ min: number; max: number } | undefined> {
  const [row] = await engine.rows(
    `with cells as (select try_cast(${cell} as double) as v from ${quoteName(relation)})
     select min(v) as low, max(v) as high from cells`,
  );
  return row?.['low'] === null || row === undefined ? undefined : { min: Number(row['low']), max: Number(row['high']) };
}

/**
 * Decides the order of day and month from the whole column: a first part above 12 is a day, a second part above 12
 * makes the first a month. Both at once is a column of two orders: the more frequent evidence wins and the rest is
 * rejected by ingest with its lines.
 */
async function dateOrderOf(
  engine: Engine,
  relation: string,
  cell: string,
): Promise<{ order: NonNullable<Source['date_order']>; isOpen: boolean }> {
  const [row] = await engine.rows(
    `with cells as (select ${cell} as v from ${quoteName(relation)}),
     parts as (
       select
         try_cast(regexp_extract(v, '^(\\d{1,2})[-/.](\\d{1,2})[-/.]', 1) as integer) as one,
         try_cast(regexp_extract(v, '^(\\d{1,2})[-/.](\\d{1,2})[-/.]', 2) as integer) as two
       from cells where v is not null
     )
     select count(one) as year_last, count_if(one > 12) as day_first, count_if(two > 12) as month_first,
       count(distinct one) as firsts, count(distinct two) as seconds from parts`,
  );
  const number = (key: string) => Number(row?.[key] ?? 0);
  if (number('year_last') === 0) return { order: 'ymd', isOpen: false };
  const [dayFirst, monthFirst] = [number('day_first'), number('month_first')];
  if (dayFirst === 0 && monthFirst === 0)
    return { order: number('firsts') > number('seconds') ? 'dmy' : 'mdy', isOpen: true };
  return { order: dayFirst >= monthFirst ? 'dmy' : 'mdy', isOpen: false };
}

/** SQL that reads a text column as a day by the order found for it; null where it cannot. */
export function daySql(column: ColumnProfile, alias = ''): string {
  const cell = `nullif(trim(cast(${alias}${quoteName(column.name)} as varchar)), '')`;
  if (column.kind === 'month') return `try_cast(${cell} || '-01' as date)`;
  if (column.dateOrder === 'dmy' || column.dateOrder === 'mdy') {
    const [day, month] = column.dateOrder === 'dmy' ? [1, 2] : [2, 1];
    const part = (index: number) =>
      `regexp_extract(${cell}, '^(\\d{1,2})[-/.](\\d{1,2})[-/.](\\d{4}|\\d{2})', ${index})`;
    const year = `(case when length(${part(3)}) = 2 then '20' else '' end || ${part(3)})`;
    return `coalesce(try_cast(${year} || '-' || lpad(${part(month)}, 2, '0') || '-' || lpad(${part(day)}, 2, '0') as date), try_cast(${cell}[1:10] as date))`;
  }
  return `try_cast(replace(replace(${cell}[1:10], '/', '-'), '.', '-') as date)`;
}
