/** A value as it leaves the engine; see values.ts for how each SQL type arrives here. */
export type Value = string | number | boolean | null | readonly Value[] | { readonly [key: string]: Value };

/** A row of a small result. Never used on a big path: take `columns` or `stream` there. */
export type Row = Readonly<Record<string, Value>>;

/** Values bound to `$name` placeholders. Values are bound, never pasted into SQL. */
export type Bindings = Readonly<Record<string, string | number | boolean | null>>;

export interface ColumnInfo {
  readonly name: string;
  /** The engine's name of the SQL type, e.g. `VARCHAR`, `BIGINT`, `DECIMAL(18,4)`. */
  readonly type: string;
}

/** A result column by column. Numbers, decimals, counts and booleans (0/1) come as `Float64Array` with `NaN` for null. */
export interface Columnar {
  readonly rowCount: number;
  readonly info: readonly ColumnInfo[];
  /** Throws when the column is absent or not numeric. */
  number(name: string): Float64Array;
  /** Any column as text or null; dates as `YYYY-MM-DD`. */
  text(name: string): readonly (string | null)[];
}

/**
 * Where SQL runs. Statements may be started at once; they run one after the other, in the order they were asked for, except
 * `beside`. DuckDB is the default; a distributed engine answers the same portable SQL (dialect.ts holds the few differences).
 */
export interface Engine {
  readonly name: string;
  readonly capabilities: ReadonlySet<'store_rejects' | 'attach' | 'parquet' | 'macros'>;
  /** Runs one or several statements for their effect. Bindings only with a single statement. */
  execute(sql: string, bindings?: Bindings): Promise<void>;
  /** All rows of a small result. */
  rows(sql: string, bindings?: Bindings): Promise<Row[]>;
  /** All columns of a result, typed arrays for numbers. */
  columns(sql: string, bindings?: Bindings): Promise<Columnar>;
  /**
   * The rows of a result of any size, a chunk at a time. The query has run to its end when the first chunk comes, so that an
   * error is never taken for the last row; other statements may run before the last chunk is read.
   */
  stream(sql: string, bindings?: Bindings): AsyncIterable<readonly Row[]>;
  /** Creates or replaces table `name` with the result of `sql`. */
  materialise(name: string, sql: string, bindings?: Bindings): Promise<void>;
  /**
   * Appends columns (equally long) to an existing table; text as string arrays, numbers as typed arrays.
   * @param info the table's columns in their order, where the caller has just made it; default: the table is asked
   */
  append(
    table: string,
    columns: Readonly<Record<string, ArrayLike<string | number | boolean | null>>>,
    info?: readonly ColumnInfo[],
  ): Promise<void>;
  /** Column names and types of a select, without running it. */
  describe(sql: string): Promise<ColumnInfo[]>;
  /** Names of the tables and table macros that a select reads (not its own common table expressions). */
  references(sql: string): Promise<string[]>;
  /**
   * Hands `work` a second way into the same data, whose statements run side by side with this one's. Tables are shared;
   * variables, search path, temporary tables and temporary macros are its own. It ends with `work`: nothing may hold it longer.
   * @param signal breaks off the statement it is running, which then fails
   */
  beside<T>(work: (engine: Engine) => Promise<T>, signal?: AbortSignal): Promise<T>;
  close(): void;
}

/** An identifier made safe for SQL text. Only names known to the program or checked columns come here, never values. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** SQL of a row's key as one text: its columns with a separator that no id holds; null where one of them is. */
export function joinedKey(columns: readonly string[], alias?: string): string {
  const of = alias === undefined ? '' : `${quoteName(alias)}.`;
  return columns.map((name) => `${of}${quoteName(name)}::varchar`).join(' || chr(31) || ');
}

/** Days bound as `dates`, joined by commas, one a row in the column `day`. */
export const BOUND_DAYS = "(select cast(unnest(string_split($dates, ',')) as date) as day)";

/** A text literal for the few places that cannot bind (file names in table functions, ATTACH). */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
