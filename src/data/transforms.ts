import type { ColumnMapping, Transform } from '../contract/config.ts';
import { quoteText } from '../engine/engine.ts';
import { type ColumnType, SQL_TYPES } from './contract.ts';
import type { DateOrder } from './date-order.ts';

/** What every cell of one file shares: how its dates are written and where its clocks stand. */
export interface CellContext {
  /** Order of numeric dates; undefined: only year-first and month-name dates are read. */
  readonly dateOrder: DateOrder | undefined;
  /** IANA zone of timestamps without an offset. */
  readonly sourceZone: string;
  /** IANA zone in which a day begins for retain (`timezone:`); timestamps are kept on its clock. */
  readonly zone: string;
}

/** A SQL expression and what it holds on the way from the export's text to the contract's type. */
interface Piece {
  readonly sql: string;
  readonly kind: 'text' | 'number' | 'timestamp' | 'boolean';
}

/** Currencies whose smallest unit is not a hundredth (ISO 4217). */
const NO_DECIMALS = 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'.split(' ');
const THREE_DECIMALS = 'BHD IQD JOD KWD LYD OMR TND'.split(' ');

/** Words that exports write for "nothing"; never a fault in a number, date or boolean column. */
export const EMPTY_WORDS: readonly string[] = [
  '',
  '-',
  'null',
  'none',
  'na',
  'n/a',
  'nan',
  'nat',
  '#n/a',
  '\\n',
  '0000-00-00',
  '0000-00-00 00:00:00',
];

/**
 * The SQL expression of one contract cell: the raw text `raw` (and `by`, the second source column) through the
 * mapping's `values` and transforms to the column's SQL type. Null where the value cannot be read.
 * @param monthDay the day that a bare month (`2024-05`) stands for in a date
 */
export function cellExpression(
  mapping: ColumnMapping,
  type: ColumnType,
  raw: string,
  by: string | undefined,
  context: CellContext,
  monthDay: 'first' | 'last' = 'first',
): string {
  let piece: Piece = { sql: raw, kind: 'text' };
  for (const transform of [mapping.transform ?? []].flat())
    piece = applyTransform(transform, piece, by ?? 'null', context);
  if (mapping.values !== undefined && Object.keys(mapping.values).length > 0) {
    const whens = Object.entries(mapping.values).map(
      ([from, to]) => `when ${quoteText(from.toLowerCase())} then ${quoteText(to)}`,
    );
    const text = asText(piece);
    piece = { sql: `case lower(trim(${text})) ${whens.join(' ')} else ${text} end`, kind: 'text' };
  }
  return castTo(piece, type, context, monthDay);
}

function applyTransform(transform: Transform, piece: Piece, by: string, context: CellContext): Piece {
  const number = () => asNumber(piece);
  switch (transform) {
    case 'cents':
    case 'percent':
      return { sql: `(${number()} * cast(0.01 as decimal(3, 2)))`, kind: 'number' };
    case 'minor_units': {
      const currency = `upper(trim(${by}))`;
      const factor = `case when ${currency} in (${list(NO_DECIMALS)}) then 1 when ${currency} in (${list(THREE_DECIMALS)}) then 0.001 else 0.01 end`;
      return { sql: `(${number()} * cast(${factor} as decimal(4, 3)))`, kind: 'number' };
    }
    case 'epoch_seconds':
      return { sql: epoch(number(), 1_000_000, context), kind: 'timestamp' };
    case 'epoch_millis':
      return { sql: epoch(number(), 1_000, context), kind: 'timestamp' };
    case 'minutes_after':
      return { sql: after(number(), 60, by, context), kind: 'timestamp' };
    case 'hours_after':
      return { sql: after(number(), 3600, by, context), kind: 'timestamp' };
    case 'per_interval_month':
      return { sql: `try_cast(${number()} / ${intervalMonths(by)} as decimal(18, 4))`, kind: 'number' };
    case 'annual_to_monthly':
      return { sql: `cast(${number()} / 12 as decimal(18, 4))`, kind: 'number' };
    case 'months_to_billing_period':
      return {
        sql: `case try_cast(${number()} as integer) when 1 then 'month' when 3 then 'quarter' when 6 then 'half_year' when 12 then 'year' else cast(try_cast(${number()} as integer) as varchar) || ' months' end`,
        kind: 'text',
      };
    case 'salesforce_id':
      return { sql: salesforceId(asText(piece)), kind: 'text' };
    case 'email_domain':
      return { sql: `nullif(lower(trim(split_part(${asText(piece)}, '@', 2))), '')`, kind: 'text' };
    case 'lowercase':
      return { sql: `lower(${asText(piece)})`, kind: 'text' };
    case 'not':
      return { sql: `(not ${asBoolean(piece)})`, kind: 'boolean' };
  }
}

function list(words: readonly string[]): string {
  return words.map(quoteText).join(', ');
}

function asText(piece: Piece): string {
  return piece.kind === 'text' ? piece.sql : `cast(${piece.sql} as varchar)`;
}

function asBoolean(piece: Piece): string {
  if (piece.kind === 'boolean') return piece.sql;
  return `coalesce(try_cast(${piece.sql} as boolean), case lower(trim(${piece.sql})) when 'on' then true when 'off' then false when '1.0' then true when '0.0' then false end)`;
}

function asNumber(piece: Piece): string {
  return piece.kind === 'text' ? numberFromText(piece.sql, 'decimal(22, 6)') : piece.sql;
}

/** Digits of a whole number that is still read; sums of longer ones would leave the range of BIGINT. */
const WHOLE_DIGITS = 15;

/** Types that cells are read as where that is narrower than the column: a trillion a month fits it as a yearly sum. */
const READ_TYPES: Partial<Record<ColumnType, string>> = { money: 'decimal(16, 4)' };

/**
 * A number as people and spreadsheets write it: plain first; where that fails, without currency signs and spaces, with
 * thousands commas (1,234.50) or, where only that reading is possible, a decimal comma (1.234,50 · 12,5).
 */
function numberFromText(text: string, type: string): string {
  const isWhole = type === 'BIGINT';
  const cast = (sql: string) =>
    isWhole ? `cast(try_cast(${sql} as decimal(${WHOLE_DIGITS}, 0)) as bigint)` : `try_cast(${sql} as ${type})`;
  const bare = `regexp_replace(${text}, '[\\s$€£¥%\\x{a0}'']|^[A-Za-z]{3}|[A-Za-z]{3}$', '', 'g')`;
  // Digits are counted before a whole number is read: a wider type would cost every row of the largest table.
  const plain = isWhole
    ? `case when strlen(${text}) <= ${WHOLE_DIGITS} then try_cast(${text} as bigint) end`
    : cast(text);
  return `coalesce(${plain}, case
    when ${text} is null then null
    when regexp_matches(${bare}, '^[+-]?\\d{1,3}(,\\d{3})+(\\.\\d+)?$') then ${cast(`replace(${bare}, ',', '')`)}
    when regexp_matches(${bare}, '^[+-]?(\\d+|\\d{1,3}(\\.\\d{3})+),\\d+$') then ${cast(`replace(replace(${bare}, '.', ''), ',', '.')`)}
    else ${cast(bare)} end)`;
}

function epoch(number: string, factor: number, context: CellContext): string {
  const instant = `make_timestamp(try_cast(${number} * ${factor} as bigint))`;
  return context.zone === 'UTC' ? instant : `((${instant} at time zone 'UTC') at time zone ${quoteText(context.zone)})`;
}

function after(number: string, seconds: number, by: string, context: CellContext): string {
  // Eight digits before the point are beyond any deadline; a longer number would leave the range of timestamps.
  const span = `cast(try_cast(${number} as decimal(14, 6)) as decimal(28, 6)) * ${seconds * 1_000_000}`;
  return `(${timestampFromText(by, context)} + to_microseconds(cast(${span} as bigint)))`;
}

/** Months in a billing interval named in words or as a number of months; null where it cannot be read. */
function intervalMonths(by: string): string {
  return `case
    when regexp_matches(lower(trim(${by})), '^(day|daily)') then 12.0 / 365
    when regexp_matches(lower(trim(${by})), '^week') then 84.0 / 365
    when regexp_matches(lower(trim(${by})), '^month') then 1
    when regexp_matches(lower(trim(${by})), '^quarter') then 3
    when regexp_matches(lower(trim(${by})), '^(half|semi|biannual)') then 6
    when regexp_matches(lower(trim(${by})), '^(year|annual|yearly)') then 12
    else nullif(try_cast(${by} as double), 0) end`;
}

/** 15 characters → 18: each group of five adds a letter that tells which of the five are capitals. */
function salesforceId(text: string): string {
  const letter = (start: number) => {
    const bits = [0, 1, 2, 3, 4].map(
      (bit) => `case when substr(${text}, ${start + bit}, 1) between 'A' and 'Z' then ${2 ** bit} else 0 end`,
    );
    return `substr('ABCDEFGHIJKLMNOPQRSTUVWXYZ012345', 1 + ${bits.join(' + ')}, 1)`;
  };
  return `case when regexp_matches(${text}, '^[A-Za-z0-9]{15}$') then ${text} || ${letter(1)} || ${letter(6)} || ${letter(11)} else ${text} end`;
}

function castTo(piece: Piece, type: ColumnType, context: CellContext, monthDay: 'first' | 'last'): string {
  const { sql, kind } = piece;
  switch (type) {
    case 'id':
      return `nullif(trim(${asText(piece)}), '')`;
    case 'text':
      return kind === 'text' ? `nullif(${sql}, '')` : asText(piece);
    case 'date':
      if (kind === 'timestamp') return `cast(${sql} as date)`;
      return kind === 'text' ? dateFromText(sql, context, monthDay) : `try_cast(${sql} as date)`;
    case 'timestamp':
      return kind === 'text' ? timestampFromText(sql, context) : `try_cast(${sql} as timestamp)`;
    case 'boolean':
      return asBoolean(piece);
    default:
      return `try_cast(${kind === 'text' ? numberFromText(sql, READ_TYPES[type] ?? SQL_TYPES[type]) : sql} as ${SQL_TYPES[type]})`;
  }
}

/**
 * Year-first text from 1900-01-02 to 2199: outside these years a date is a sentinel or a misreading, never a customer's.
 * A comparison of text, so that the cast is written (and run) once; `2/10/21`, whose fifth character is a stroke too, is none.
 */
function isYearFirst(text: string): string {
  return `(${text} > '1900-01-01' and ${text} < '2200' and substr(${text}, 5, 1) in ('-', '/') and substr(${text}, 2, 3) >= '000' and ${text} not like '1900-01-01%')`;
}

function dateFromText(text: string, context: CellContext, monthDay: 'first' | 'last'): string {
  const month = `try_cast(replace(${text}, '/', '-') || '-01' as date)`;
  return `case when length(${text}) <= 10 and ${isYearFirst(text)} then
      case when length(${text}) > 7 then try_cast(${text} as date)
        else ${monthDay === 'first' ? month : `last_day(${month})`} end
    else cast(${timestampFromText(text, context)} as date) end`;
}

function timestampFromText(text: string, context: CellContext): string {
  const naive = `try_cast(${text} as timestamp)`;
  const onClock = (instant: string) => `(${instant} at time zone ${quoteText(context.zone)})`;
  const utc = context.zone === 'UTC' ? naive : onClock(`(${naive} at time zone 'UTC')`);
  const offset = ':\\d\\d(\\.\\d+)?\\s?[+-]\\d\\d(:?\\d\\d)?$';
  const slow = `try_strptime(regexp_replace(trim(${text}), '^(\\d{1,2})[./-](\\d{1,2})[./-](\\d{2,4})', '\\1-\\2-\\3'), ${formats(context.dateOrder)})`;
  return `case
    when ${text} is null then null
    when ${isYearFirst(text)} then case
      when ${text} like '%Z' then ${utc}
      when length(${text}) <= 19 then ${shifted(naive, context)}
      when regexp_matches(${text}, '${offset}|[A-Za-z]+/[A-Za-z_]+$|(UTC|GMT)$') then
        ${onClock(`try_cast(regexp_replace(replace(${text}, 'GMT', 'UTC'), '\\s+([+-]\\d\\d(:?\\d\\d)?)$', '\\1') as timestamptz)`)}
      else ${shifted(naive, context)} end
    when regexp_matches(${text}, '(9999|2999|1900|0001)( |$)') then null
    else ${shifted(slow, context)} end`;
}

function shifted(timestamp: string, context: CellContext): string {
  if (context.sourceZone === context.zone) return timestamp;
  return `((${timestamp} at time zone ${quoteText(context.sourceZone)}) at time zone ${quoteText(context.zone)})`;
}

const CLOCKS = [
  '',
  ' %H:%M',
  ' %H:%M:%S',
  ' %H:%M:%S.%g',
  ' %I:%M %p',
  ' %I:%M:%S %p',
  ', %I:%M %p',
  ', %H:%M',
  'T%H:%M:%S',
];

/** Formats tried in order. Two-digit years come first: `%Y` would read 24 as the year 24. */
function formats(order: DateOrder | undefined): string {
  const numeric = order === 'dmy' ? ['%d-%m-%y', '%d-%m-%Y'] : order === 'mdy' ? ['%m-%d-%y', '%m-%d-%Y'] : [];
  const named = [
    '%d-%b-%y',
    '%d-%b-%Y',
    '%d %b %Y',
    '%d %B %Y',
    '%b %d, %Y',
    '%B %d, %Y',
    '%b %d %Y',
    '%a %b %d %Y',
    '%Y%m%d',
  ];
  return `[${[...numeric, ...named].flatMap((day) => CLOCKS.map((clock) => quoteText(day + clock))).join(', ')}]`;
}
