import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from '../contract/config.ts';
import { type Engine, quoteName, quoteText, type Row } from '../engine/engine.ts';
import type { Day } from '../lib/dates.ts';
import { messageOf } from '../lib/errors.ts';
import { SETTINGS_TABLES } from './settings.ts';
import { VERSIONED } from './versions.ts';

/** Raise it when the form of an entry changes. */
const CACHE_VERSION = 1;

/** Entries that no run has used for this long are deleted, counted from the newest. */
const KEEP_MS = 7 * 86_400_000;
/** Beyond this the entries used longest ago are deleted. */
const KEEP_BYTES = 1_000_000_000;
/** An entry used so recently may be in another run's hands. */
const BUSY_MS = 3_600_000;

/** Types that Parquet gives back as they went in; others travel as text. */
const SAFE_TYPE = /^(BOOLEAN|TINYINT|SMALLINT|INTEGER|BIGINT|DOUBLE|VARCHAR|DATE|TIMESTAMP|DECIMAL\(\d+,\d+\))$/;

/** Empty file of an entry that is written again whenever the entry is used: its age is the entry's. */
const USED = 'used';

interface Column {
  readonly name: string;
  readonly type: string;
}

/** What is written down beside the rows of an entry. */
interface EntryNotes {
  readonly relations: Readonly<Record<string, { readonly sha256: string; readonly columns: readonly Column[] }>>;
}

/** Relations of one date that were computed before, whole and undamaged. */
export interface CachedRelations {
  /** A select of all rows of a relation, columns and types as they were. */
  select(relation: string): string;
}

/** What the rows of every date rest on beside the date itself. */
export interface CacheGround {
  readonly engine: Engine;
  readonly config: Config;
  /** Export files as they were read. */
  readonly inputs: readonly { readonly file: string; readonly sha256: string }[];
}

/** Where a cache lies, and whom it tells of what it could not read or write. */
export interface CacheOptions {
  readonly directory: string;
  readonly note: (text: string) => void;
  /** Default: `programHash()`. */
  readonly program?: string;
  readonly keepBytes?: number;
}

/**
 * What a date came to, kept as Parquet in the store's cache, so that training, backtest, signals and comparison on the same
 * exports compute a date once. An entry is a folder named by a hash of everything its rows depend on: the content of the
 * exports, the configuration but for what only judges results, the settings the views read, the program itself, the date.
 * It is written beside and renamed, so that a killed run leaves no half entry and two runs may write at once. The hash of
 * each file is checked before it is read: a damaged entry is told and computed again. The cache may be deleted at any time.
 */
export class DateCache {
  readonly #options: CacheOptions;
  readonly #used = new Set<string>();
  #base: (() => Promise<string>) | undefined;
  /** Columns of what was put, by kind and relation: they are those of every date. */
  readonly #columns = new Map<string, readonly Column[]>();

  constructor(options: CacheOptions) {
    this.#options = options;
    mkdirSync(options.directory, { recursive: true });
  }

  /** Takes in what all entries rest on. To be called when settings and feeds stand, and again when they change. */
  async open({ engine, config, inputs }: CacheGround): Promise<void> {
    const {
      file: _file,
      data: _data,
      store: _store,
      gates: _gates,
      capacity: _capacity,
      alerts: _alerts,
      ...kept
    } = config;
    const { quality: _quality, model, ...read } = kept;
    const [version] = await engine.rows('select version() as version');
    this.#columns.clear();
    const settings: Record<string, Row[]> = {};
    // `feed` is no setting, but the views read it and the as-of date marks in it which feeds have stopped.
    for (const table of [...SETTINGS_TABLES, 'feed']) {
      settings[table] = await engine.rows(`select * from main.${quoteName(table)} order by all`);
    }
    const [program, inputHashes] = [this.#options.program, inputs.map(({ file, sha256: hash }) => [file, hash])];
    let known: Promise<string> | undefined;
    // Hashing every account takes a part of a second, and a night that trains nothing never asks.
    const base = async () => {
      // Attributes as earlier runs saw them come from the ledger.
      const versions = [];
      for (const { table } of VERSIONED) versions.push(await contentHash(engine, `main.${table}_version`));
      const ground = [CACHE_VERSION, program ?? programHash(), engine.name, version?.['version'] ?? null];
      return sha256(JSON.stringify([...ground, inputHashes, read, model.features, settings, versions]));
    };
    this.#base = () => {
      known ??= base();
      return known;
    };
  }

  /**
   * The relations kept under a kind, a date and whatever else they depend on; undefined where there are none. Use them within
   * the run: the files are not looked at again.
   */
  async find(kind: string, asOf: Day, more: readonly string[] = []): Promise<CachedRelations | undefined> {
    const name = await this.#name(kind, asOf, more);
    const folder = join(this.#options.directory, name);
    if (!existsSync(folder)) return undefined;
    let notes: EntryNotes;
    try {
      notes = JSON.parse(readFileSync(join(folder, 'entry.json'), 'utf8')) as EntryNotes;
      for (const [relation, { sha256: expected }] of Object.entries(notes.relations)) {
        if (sha256(await readFile(parquetIn(folder, relation))) !== expected) throw new Error(`${relation} is damaged`);
      }
      this.#touch(name);
    } catch (error) {
      this.#options.note(`${folder} cannot be used (${messageOf(error)}): ${asOf} is computed again`);
      rmSync(folder, { recursive: true, force: true });
      return undefined;
    }
    return {
      select: (relation) => {
        const known = notes.relations[relation];
        if (known === undefined) throw new Error(`${folder} has no relation ${relation}`);
        return selectOf(parquetIn(folder, relation), known.columns);
      },
    };
  }

  /** Keeps relations (name → select) of a date. What cannot be written is told and costs time the next run, no more. */
  async put(
    engine: Engine,
    kind: string,
    asOf: Day,
    more: readonly string[],
    relations: Readonly<Record<string, string>>,
  ): Promise<void> {
    const name = await this.#name(kind, asOf, more);
    const folder = join(this.#options.directory, name);
    const aside = join(this.#options.directory, `part-${randomUUID()}.tmp`);
    try {
      mkdirSync(aside, { recursive: true });
      const notes: Record<string, EntryNotes['relations'][string]> = {};
      for (const [relation, select] of Object.entries(relations)) {
        const columns = this.#columns.get(`${kind} ${relation}`) ?? (await engine.describe(select));
        this.#columns.set(`${kind} ${relation}`, columns);
        const target = parquetIn(aside, relation);
        const given = columns.map(({ name: column, type }) => {
          const quoted = quoteName(column);
          return SAFE_TYPE.test(type) ? quoted : `cast(${quoted} as varchar) as ${quoted}`;
        });
        await engine.execute(
          `copy (select ${given.join(', ')} from (${select})) to ${quoteText(target)} (format parquet)`,
        );
        notes[relation] = { sha256: sha256(await readFile(target)), columns };
      }
      await writeFile(join(aside, 'entry.json'), JSON.stringify({ relations: notes } satisfies EntryNotes));
      // Another run may have been faster: its entry holds the same rows.
      if (!existsSync(folder)) renameSync(aside, folder);
      this.#touch(name);
    } catch (error) {
      if (existsSync(folder)) return;
      this.#options.note(`${asOf} could not be kept in ${this.#options.directory}: ${messageOf(error)}`);
    } finally {
      if (existsSync(aside)) rmSync(aside, { recursive: true });
    }
  }

  /** Deletes entries unused for a week before the newest, and beyond a gigabyte those used longest ago. */
  prune(): void {
    const { directory, keepBytes = KEEP_BYTES } = this.#options;
    if (!existsSync(directory)) return;
    const entries = readdirSync(directory)
      .map((name) => ({ name, used: lastUse(join(directory, name)), bytes: bytesOf(join(directory, name)) }))
      .sort((a, b) => b.used - a.used || (a.name < b.name ? -1 : 1));
    const newest = entries[0]?.used ?? 0;
    let total = 0;
    for (const { name, used, bytes } of entries) {
      total += bytes;
      const isTooMuch = total > keepBytes && used < newest - BUSY_MS;
      if (!this.#used.has(name) && (isTooMuch || used < newest - KEEP_MS))
        rmSync(join(directory, name), { recursive: true, force: true });
    }
  }

  async #name(kind: string, asOf: Day, more: readonly string[]): Promise<string> {
    if (this.#base === undefined) throw new Error('the cache of dates was not opened');
    return `${kind}-${asOf}-${sha256(JSON.stringify([await this.#base(), kind, asOf, more])).slice(0, 24)}`;
  }

  #touch(name: string): void {
    this.#used.add(name);
    writeFileSync(join(this.#options.directory, name, USED), '');
  }
}

/** Hash of all rows of a relation, in whatever order they stand. */
export async function contentHash(engine: Engine, relation: string): Promise<string> {
  const [row] = await engine.rows(
    `select count(*) as row_count, sha256(string_agg(row_hash, '' order by row_hash)) as hash
     from (select sha256(cast(t as varchar)) as row_hash from ${relation} as t)`,
  );
  return Number(row?.['row_count']) === 0 ? '' : String(row?.['hash']);
}

let hashed: string | undefined;

/**
 * Hash of the files of the program that decide what a date comes to: views, engine, models, pipeline. A changed program finds
 * nothing that another one kept.
 * @param root folder of the rooms; default the program's own
 */
export function programHash(root?: string): string {
  if (root === undefined && hashed !== undefined) return hashed;
  const top = root ?? fileURLToPath(new URL('..', import.meta.url));
  const hash = createHash('sha256');
  for (const room of ['data', 'engine', 'lib', 'models', 'pipeline']) {
    const folder = join(top, room);
    if (!existsSync(folder)) continue;
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    for (const file of files.filter((name) => /\.(js|ts|sql)$/.test(name)).sort()) {
      hash.update(`${room}/${file}\n`).update(readFileSync(join(folder, file)));
    }
  }
  const digest = hash.digest('hex');
  if (root === undefined) hashed = digest;
  return digest;
}

function selectOf(file: string, columns: readonly Column[]): string {
  const typed = columns.map(({ name, type }) => `cast(${quoteName(name)} as ${type}) as ${quoteName(name)}`);
  return `select ${typed.join(', ')} from read_parquet(${quoteText(file)})`;
}

function parquetIn(folder: string, relation: string): string {
  return join(folder, `${relation}.parquet`);
}

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** Milliseconds since 1970 at which an entry was used last: its folder is as old as the entry. */
function lastUse(folder: string): number {
  const ages = [folder, join(folder, USED)].map((path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  return Math.max(...ages);
}

function bytesOf(folder: string): number {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return 0;
  const sizes = readdirSync(folder).map((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0);
  return sizes.reduce((sum, size) => sum + size, 0);
}
