import {
  type DuckDBConnection,
  DuckDBDataChunk,
  DuckDBDateValue,
  DuckDBDoubleVector,
  DuckDBInstance,
  type DuckDBResult,
  type DuckDBValue,
  type DuckDBVector,
} from '@duckdb/node-api';
import { type Bindings, type Columnar, type ColumnInfo, type Engine, quoteName, type Row } from './engine.ts';
import { dayText, toNumber, toValue } from './values.ts';

export interface DuckDBOptions {
  /** Threads; default: the machine's. */
  readonly threads?: number;
  /** DuckDB's memory limit, e.g. `1500MB`; larger work spills to `spillDirectory`. */
  readonly memoryLimit?: string;
  readonly spillDirectory?: string;
}

/** Opens an in-memory DuckDB. Files (cache, ledger) are read as Parquet or attached for one short transaction. */
export async function openDuckDB(options: DuckDBOptions = {}): Promise<Engine> {
  const config: Record<string, string> = { preserve_insertion_order: 'false' };
  if (options.threads !== undefined) config['threads'] = String(options.threads);
  if (options.memoryLimit !== undefined) config['memory_limit'] = options.memoryLimit;
  if (options.spillDirectory !== undefined) config['temp_directory'] = options.spillDirectory;
  config['autoinstall_known_extensions'] = 'false';
  config['autoload_known_extensions'] = 'false';
  const instance = await DuckDBInstance.create(':memory:', config);
  return new DuckDBEngine(instance, await connect(instance));
}

async function connect(instance: DuckDBInstance): Promise<DuckDBConnection> {
  const connection = await instance.connect();
  // A setting of the time zone extension, which is loaded after the options of the instance are read.
  await connection.run("set TimeZone = 'UTC'");
  return connection;
}

class DuckDBEngine implements Engine {
  readonly name = 'duckdb';
  readonly capabilities = new Set(['store_rejects', 'attach', 'parquet', 'macros'] as const);
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;
  /** What each select reads, by its text: agents ask the same ones on every date. */
  readonly #references = new Map<string, readonly string[]>();
  /** Settles when the connection is free. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance;
    this.#connection = connection;
  }

  async execute(sql: string, bindings?: Bindings): Promise<void> {
    await this.#run(sql, bindings);
  }

  async rows(sql: string, bindings?: Bindings): Promise<Row[]> {
    const rows: Row[] = [];
    for await (const chunk of this.stream(sql, bindings)) rows.push(...chunk);
    return rows;
  }

  async *stream(sql: string, bindings?: Bindings): AsyncGenerator<readonly Row[]> {
    const result = await this.#run(sql, bindings);
    const names = result.deduplicatedColumnNames();
    for (;;) {
      const chunk = await result.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) return;
      const columns = chunk.getColumns();
      yield Array.from({ length: chunk.rowCount }, (_, index) =>
        Object.fromEntries(names.map((name, j) => [name, toValue(columns[j]?.[index] as DuckDBValue)])),
      );
    }
  }

  async columns(sql: string, bindings?: Bindings): Promise<Columnar> {
    const result = await this.#run(sql, bindings);
    const info = infoOf(result);
    const parts: Part[][] = info.map(() => []);
    let rowCount = 0;
    for (;;) {
      const chunk = await result.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) break;
      rowCount += chunk.rowCount;
      for (let j = 0; j < info.length; j++) parts[j]?.push(partOf(chunk.getColumnVector(j)));
    }
    return new ColumnarResult(info, rowCount, parts);
  }

  async materialise(name: string, sql: string, bindings?: Bindings): Promise<void> {
    await this.execute(`create or replace table ${qualified(name)} as ${sql}`, bindings);
  }

  async append(
    table: string,
    columns: Readonly<Record<string, ArrayLike<string | number | boolean | null>>>,
    info?: readonly ColumnInfo[],
  ): Promise<void> {
    const parts = table.split('.');
    const name = parts.at(-1) ?? table;
    const [schema, catalog] = [parts.at(-2), parts.at(-3)];
    const types = info ?? (await this.describe(`select * from ${qualified(table)}`));
    await this.#turn(async () => {
      const appender = await this.#connection.createAppender(name, schema ?? null, catalog ?? null);
      const rowCount = Object.values(columns)[0]?.length ?? 0;
      const duckTypes = types.map((_, place) => appender.columnType(place));
      // Column by column into a chunk: a call into the engine for each cell costs several times as much.
      for (let start = 0; start < rowCount; start += CHUNK_ROWS) {
        const chunk = DuckDBDataChunk.create(duckTypes, Math.min(CHUNK_ROWS, rowCount - start));
        for (const [place, { name: column, type }] of types.entries()) {
          const values = columns[column];
          const cells = Array.from({ length: chunk.rowCount }, (_, i) => cellOf(type, values?.[start + i] ?? null));
          chunk.setColumnValues(place, cells);
        }
        appender.appendDataChunk(chunk);
      }
      appender.closeSync();
    });
  }

  async describe(sql: string): Promise<ColumnInfo[]> {
    const rows = await this.rows(`describe ${sql}`);
    return rows.map((row) => ({ name: String(row['column_name']), type: String(row['column_type']) }));
  }

  async references(sql: string): Promise<string[]> {
    const known = this.#references.get(sql);
    if (known !== undefined) return [...known];
    const [row] = await this.rows('select json_serialize_sql($sql::varchar) as tree', { sql });
    const tree: unknown = JSON.parse(String(row?.['tree']));
    const found = new Set<string>();
    const own = new Set<string>();
    collectReferences(tree, found, own);
    const references = [...found].filter((name) => !own.has(name)).sort();
    this.#references.set(sql, references);
    return [...references];
  }

  async beside<T>(work: (engine: Engine) => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    const connection = await connect(this.#instance);
    let again: NodeJS.Timeout | undefined;
    const stop = () => {
      // A statement that is only about to start misses one call.
      connection.interrupt();
      again ??= setInterval(stop, 20);
    };
    signal?.addEventListener('abort', stop);
    const second = new DuckDBEngine(this.#instance, connection);
    try {
      return await work(second);
    } finally {
      signal?.removeEventListener('abort', stop);
      // What was started and not waited for, because something beside it failed, still runs.
      await second.#last;
      clearInterval(again);
      connection.closeSync();
    }
  }

  close(): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }

  /** Work that has the connection to itself, after all that was asked for before. */
  #turn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /**
   * Runs a statement to its end; its rows stay in DuckDB until they are fetched. Not DuckDB's streaming result: that one ends
   * without an error where the query fails midway, and where the next statement starts before its last row was fetched.
   */
  #run(sql: string, bindings?: Bindings): Promise<DuckDBResult> {
    return this.#turn<DuckDBResult>(() =>
      bindings === undefined ? this.#connection.run(sql) : this.#connection.run(sql, { ...bindings }),
    );
  }
}

/** Rows of a chunk, the engine's vector size. */
const CHUNK_ROWS = 2048;

function cellOf(type: string, value: string | number | boolean | null): DuckDBValue {
  if (value === null || (typeof value === 'number' && Number.isNaN(value))) return null;
  if (type === 'VARCHAR' || type === 'JSON') return String(value);
  if (type === 'DATE') return new DuckDBDateValue(Math.round(Date.parse(`${value}T00:00:00Z`) / 86_400_000));
  if (type === 'BOOLEAN') return Boolean(value);
  if (type === 'INTEGER' || type === 'DOUBLE') return Number(value);
  if (type === 'BIGINT') return BigInt(Math.round(Number(value)));
  throw new Error(`append does not know the column type ${type}`);
}

function qualified(name: string): string {
  return name.split('.').map(quoteName).join('.');
}

function infoOf(result: DuckDBResult): ColumnInfo[] {
  const types = result.columnTypes();
  return result.deduplicatedColumnNames().map((name, j) => ({ name, type: String(types[j]) }));
}

/** A column of one chunk: doubles as they are (`NaN` = null), anything else as values. */
type Part = Float64Array | readonly DuckDBValue[];

function partOf(vector: DuckDBVector): Part {
  if (!(vector instanceof DuckDBDoubleVector)) return vector.toArray();
  const items = new Float64Array(vector.itemCount);
  for (let i = 0; i < items.length; i++) items[i] = vector.getItem(i) ?? Number.NaN;
  return items;
}

class ColumnarResult implements Columnar {
  readonly info: readonly ColumnInfo[];
  readonly rowCount: number;
  readonly #parts: readonly (readonly Part[])[];

  constructor(info: readonly ColumnInfo[], rowCount: number, parts: readonly (readonly Part[])[]) {
    this.info = info;
    this.rowCount = rowCount;
    this.#parts = parts;
  }

  number(name: string): Float64Array {
    const out = new Float64Array(this.rowCount);
    let offset = 0;
    for (const part of this.#part(name)) {
      if (part instanceof Float64Array) {
        out.set(part, offset);
        offset += part.length;
        continue;
      }
      for (let i = 0; i < part.length; i++) {
        const value = part[i] as DuckDBValue;
        // DATE arrives as days since 1970, which is what date arithmetic in typed arrays wants.
        const number = value instanceof DuckDBDateValue ? value.days : toNumber(value);
        if (number === undefined) throw new Error(`column ${name} is not numeric`);
        out[offset + i] = number;
      }
      offset += part.length;
    }
    return out;
  }

  text(name: string): readonly (string | null)[] {
    const out: (string | null)[] = [];
    for (const part of this.#part(name)) {
      for (const item of part) {
        const value = item instanceof DuckDBDateValue ? dayText(item.days) : Number.isNaN(item) ? null : toValue(item);
        out.push(value === null ? null : typeof value === 'string' ? value : JSON.stringify(value));
      }
    }
    return out;
  }

  #part(name: string): readonly Part[] {
    const index = this.info.findIndex((column) => column.name === name);
    const part = this.#parts[index];
    if (part === undefined) throw new Error(`the result has no column ${name}`);
    return part;
  }
}

function collectReferences(node: unknown, found: Set<string>, own: Set<string>): void {
  if (Array.isArray(node)) {
    for (const item of node) collectReferences(item, found, own);
    return;
  }
  if (node === null || typeof node !== 'object') return;
  const record = node as Record<string, unknown>;
  if (record['type'] === 'BASE_TABLE' && typeof record['table_name'] === 'string') found.add(record['table_name']);
  if (record['type'] === 'TABLE_FUNCTION') {
    const call = record['function'] as Record<string, unknown> | undefined;
    if (typeof call?.['function_name'] === 'string') found.add(call['function_name']);
  }
  const ctes = record['cte_map'] as { map?: { key?: unknown }[] } | undefined;
  for (const entry of ctes?.map ?? []) if (typeof entry.key === 'string') own.add(entry.key);
  for (const child of Object.values(record)) collectReferences(child, found, own);
}
