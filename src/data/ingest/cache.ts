import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { DateOrder } from '../date-order.ts';
import type { Reject } from '../rejects.ts';

/** Raise it when the rows that ingest writes from the same input change. */
const CACHE_VERSION = 4;

/** Parts that no run has used for this long are deleted. */
const KEEP_MS = 7 * 86_400_000;

/** What is known of one ingested part beside its rows; written last, so that its presence means the part is whole. */
export interface PartMeta {
  /** The file all rows are of, where they do not carry its name themselves. */
  readonly file?: string;
  readonly rows: number;
  /** Rows left out because a required cell cannot be read. */
  readonly quarantined: number;
  readonly dateOrder: DateOrder | undefined;
  /** Columns of the Parquet file. */
  readonly columns: readonly string[];
  readonly rejects: readonly Reject[];
  /** Rejected rows and cells in all; `rejects` keeps the first of them. */
  readonly rejectCount: number;
  readonly warnings: readonly string[];
}

interface KnownFile {
  readonly size: number;
  readonly mtime: number;
  readonly ctime: number;
  readonly sha256: string;
}

/**
 * The folder of ingested parts. A part is `<name>.parquet` and `<name>.json`, named by a hash of everything its rows
 * depend on, written under a temporary name and renamed: two processes may ingest at once, and a kill leaves no half
 * part. `files.json` remembers the content hash of files by size and times, so that unchanged files are not read.
 */
export class IngestCache {
  readonly directory: string;
  readonly #known: Map<string, KnownFile>;
  readonly #used = new Set<string>();
  #isChanged = false;

  constructor(directory: string) {
    this.directory = directory;
    mkdirSync(directory, { recursive: true });
    this.#known = readKnown(join(directory, 'files.json'));
  }

  /** Content hash of `file` when its size and times are those of the last reading; undefined when it must be read. */
  knownHash(file: string): string | undefined {
    const { size, mtimeMs, ctimeMs } = statSync(file);
    const known = this.#known.get(file);
    return known?.size === size && known.mtime === mtimeMs && known.ctime === ctimeMs ? known.sha256 : undefined;
  }

  /** Content hash of `file`, read in full unless known. */
  async hash(file: string): Promise<string> {
    const known = this.knownHash(file);
    if (known !== undefined) return known;
    const before = statSync(file);
    const sha256 = await contentHash(file);
    this.#known.set(file, { size: before.size, mtime: before.mtimeMs, ctime: before.ctimeMs, sha256 });
    this.#isChanged = true;
    return sha256;
  }

  /** Name of the part that depends on exactly `ingredients`. */
  partName(table: string, ingredients: unknown): string {
    return `${table}-${createHash('sha256')
      .update(JSON.stringify([CACHE_VERSION, ingredients]))
      .digest('hex')
      .slice(0, 24)}`;
  }

  /** The part's notes when it is whole; it is then in use by this run. */
  find(name: string): PartMeta | undefined {
    const file = join(this.directory, `${name}.json`);
    if (!existsSync(file) || !existsSync(this.parquet(name))) return undefined;
    this.#used.add(name);
    try {
      return JSON.parse(readFileSync(file, 'utf8')) as PartMeta;
    } catch {
      return undefined;
    }
  }

  parquet(name: string): string {
    return join(this.directory, `${name}.parquet`);
  }

  /** A name in the cache folder that no other process uses. */
  temporary(ending: string): string {
    return join(this.directory, `part-${randomUUID()}.tmp${ending}`);
  }

  /** Puts a finished part in place: rows first, notes last. */
  commit(name: string, rows: string, meta: PartMeta): void {
    renameSync(rows, this.parquet(name));
    this.#writeText(join(this.directory, `${name}.json`), JSON.stringify(meta));
    this.#used.add(name);
  }

  /** Writes the file index and deletes parts and temporary files that no run has used for a week. */
  close(): void {
    const index = join(this.directory, 'files.json');
    if (this.#isChanged)
      this.#writeText(index, JSON.stringify(Object.fromEntries([...this.#known].sort(([a], [b]) => (a < b ? -1 : 1)))));
    if (!existsSync(index)) return;
    const newest = Math.max(...readdirSync(this.directory).map((name) => ageOf(join(this.directory, name))));
    for (const name of readdirSync(this.directory)) {
      const isPart = /^[a-z_]+-[0-9a-f]{24}\.(parquet|json)$/.test(name) || /^part-.*\.tmp/.test(name);
      if (
        isPart &&
        !this.#used.has(name.replace(/\.(parquet|json)$/, '')) &&
        ageOf(join(this.directory, name)) < newest - KEEP_MS
      ) {
        rmSync(join(this.directory, name), { force: true });
      }
    }
  }

  #writeText(file: string, text: string): void {
    const temporary = this.temporary('.json');
    writeFileSync(temporary, text);
    renameSync(temporary, file);
  }
}

function ageOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function readKnown(file: string): Map<string, KnownFile> {
  if (!existsSync(file)) return new Map();
  try {
    return new Map(Object.entries(JSON.parse(readFileSync(file, 'utf8')) as Record<string, KnownFile>));
  } catch {
    // The index only saves time; a damaged one is rebuilt.
    return new Map();
  }
}

/** One buffer for the whole file: a stream would leave the collector as many bytes as the file has. */
async function contentHash(path: string): Promise<string> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(1 << 20);
  const file = await open(path);
  try {
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length);
      if (bytesRead === 0) return hash.digest('hex');
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}
