import { mkdirSync, statSync } from 'node:fs';
import type { Config, Source } from '../contract/config.ts';
import { type Engine, quoteName } from '../engine/engine.ts';
import type { Day } from '../lib/dates.ts';
import { UserError } from '../lib/errors.ts';
import { contractTable, TABLES } from './contract.ts';
import { buildIdentity, type Identity } from './identity.ts';
import { IngestCache } from './ingest/cache.ts';
import { expandFiles } from './ingest/files.ts';
import { type CustomColumn, customColumns, mappedColumns } from './ingest/mapping.ts';
import { labelOf, makePart, type Part } from './ingest/part.ts';
import { findRowLines, type MarkedReject } from './ingest/row-lines.ts';
import { addPayers, allColumns, createUsage, settleTable, stackedSql, usageRejects } from './ingest/tables.ts';
import { type Reject, writeRejects } from './rejects.ts';
import { materialiseSummaries } from './summaries.ts';
import { createEmptyTables } from './tables.ts';

export interface IngestOptions {
  /** Folder of ingested parts; may be deleted at any time. */
  readonly cacheDirectory: string;
  /** Folder for `<table>.csv` of what could not be used. */
  readonly rejectsDirectory: string;
  readonly asOfFirstSeen?: Day;
  /** Told what is being read, for progress. */
  readonly onStage?: (stage: string) => void;
}

/** One mapped table after ingest. */
export interface Feed {
  readonly table: string;
  readonly row_count: number;
  readonly first_on: Day | null;
  readonly last_on: Day | null;
  /** Share of rows that join to an account; null where the table is empty or names no accounts. */
  readonly joined_row_rate: number | null;
}

/** An export file as it was read. */
export interface IngestInput {
  /** Relative to the data directory where it lies inside. */
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** What of a table could not be used. */
export interface RejectCount {
  readonly table: string;
  /** Rows left out: unreadable, or repeats of a key. */
  readonly rows: number;
  /** Of these, rows that could not be read: split into fields, or a cell they need. */
  readonly unreadable: number;
  /** Rows kept with an empty cell where the export's could not be read. */
  readonly cells: number;
  /** Rows kept that belong to no account. */
  readonly unjoined: number;
}

export interface IngestResult {
  readonly feeds: readonly Feed[];
  /** Files read, in name order. */
  readonly inputs: readonly IngestInput[];
  /** Rows left out of all tables. */
  readonly rejectCount: number;
  readonly rejects: readonly RejectCount[];
  readonly warnings: readonly string[];
}

/** Tables that must be known before the ids of the others can be resolved. */
const IDENTITY_TABLES = ['account', 'account_alias', 'contact', 'contract', 'mrr_month'];

/**
 * Reads the exports that the configuration maps into the engine. Afterwards every table of the data contract exists,
 * empty where nothing feeds it, with `account_id` resolved to the paying account, and `feed` has one row a mapped
 * table. Files are read in one streaming pass each into the cache; unchanged ones are not read again.
 * What cannot be read never stops the run and never vanishes: a bad optional cell is empty and noted, a row without a
 * cell it needs is left out and noted, both in `rejects/<table>.csv`.
 * @throws UserError for faults of a whole file or of the mapping
 */
export async function ingest(engine: Engine, config: Config, options: IngestOptions): Promise<IngestResult> {
  const cache = openCache(options.cacheDirectory);
  await dropUsageView(engine);
  await createEmptyTables(engine);
  await engine.execute('create schema if not exists ingest');
  const run = new IngestRun(engine, config, cache, options.onStage ?? (() => undefined));
  const names = TABLES.map((table) => table.name).filter((name) => (config.tables[name]?.length ?? 0) > 0);
  run.checkNames();
  for (const name of IDENTITY_TABLES) await run.stack(name);
  const identity = await buildIdentity(engine);
  // The long feed is read beside the short ones, whose statements mostly wait for one thread.
  const stop = new AbortController();
  const usage = names.includes('usage')
    ? engine.beside((own) => run.readUsage(own, identity), stop.signal)
    : Promise.resolve();
  // Its fault is told once the short feeds are done, however early it comes.
  usage.catch(() => undefined);
  try {
    const short = names.filter((name) => name !== 'usage');
    for (const name of short) if (!IDENTITY_TABLES.includes(name)) await run.stack(name);
    for (const name of short) await run.settle(name, identity);
    if (names.includes('contract') || names.includes('mrr_month')) await addPayers(engine);
  } catch (error) {
    stop.abort();
    // The fault of a short feed is the one to tell, whatever becomes of the pass that it broke off.
    await usage.catch(() => undefined);
    throw error;
  }
  if (names.includes('usage')) run.tell('usage');
  await usage;
  const feeds = await readFeeds(engine, names);
  for (const name of names) writeRejects(options.rejectsDirectory, name, run.rejectsOf(name));
  cache.close();
  const counts = names.map((name) => run.countOf(name));
  return {
    feeds,
    inputs: await run.inputs(),
    rejectCount: counts.reduce((sum, count) => sum + count.rows, 0),
    rejects: counts,
    warnings: [...new Set(run.warnings())],
  };
}

/** A second ingest into the same engine finds usage as a view, which cannot be replaced by a table. */
async function dropUsageView(engine: Engine): Promise<void> {
  const [view] = await engine.rows(
    "select view_name from duckdb_views() where view_name = 'usage' and schema_name = 'main'",
  );
  if (view !== undefined) await engine.execute('drop view usage');
}

function openCache(directory: string): IngestCache {
  try {
    mkdirSync(directory, { recursive: true });
    return new IngestCache(directory);
  } catch (error) {
    throw new UserError(`the cache ${directory} cannot be written`, {
      hint: 'Give another directory with --store, or make it writable.',
      cause: error,
    });
  }
}

class IngestRun {
  readonly #engine: Engine;
  readonly #config: Config;
  readonly #cache: IngestCache;
  readonly #onStage: (stage: string) => void;
  readonly #parts = new Map<string, Part[]>();
  readonly #rejects = new Map<string, Reject[]>();
  readonly #files = new Set<string>();
  /** Table and label → the file and how it is mapped. */
  readonly #places = new Map<string, { readonly file: string; readonly source: Source }>();

  constructor(engine: Engine, config: Config, cache: IngestCache, onStage: (stage: string) => void) {
    this.#engine = engine;
    this.#config = config;
    this.#cache = cache;
    this.#onStage = onStage;
  }

  /** A table name that does not exist is told before anything is read. */
  checkNames(): void {
    for (const [name, sources] of Object.entries(this.#config.tables)) {
      for (const source of sources) mappedColumns(name, source, this.#configName());
    }
  }

  /** Reads the parts of `name` and stacks them as `ingest.<name>`; an unmapped table is stacked empty. */
  async stack(name: string): Promise<void> {
    const custom = customColumns(this.#config, name);
    const parts = await this.#read(name, custom, undefined);
    const sql = stackedSql(contractTable(name), parts, custom);
    // Only tables that ids are found in are read more than once.
    if (IDENTITY_TABLES.includes(name)) await this.#engine.materialise(`ingest.${name}`, sql);
    else await this.#engine.execute(`create or replace view ingest.${quoteName(name)} as ${sql}`);
  }

  /** Reads usage, with its accounts joined on the way, through an engine of its own. */
  async readUsage(engine: Engine, identity: Identity): Promise<void> {
    const custom = customColumns(this.#config, 'usage');
    const parts = await this.#read('usage', custom, identity, engine);
    await createUsage(engine, parts, custom);
    await materialiseSummaries(engine);
    this.#rejects.set('usage', await this.#located('usage', await usageRejects(engine, parts)));
  }

  /** Says again which file of `name` is being read. */
  tell(name: string): void {
    for (const source of (this.#config.tables[name] ?? []).slice(-1)) this.#onStage(`${name}: ${source.file}`);
  }

  /** Writes the canonical table, any but usage, from what was stacked. */
  async settle(name: string, identity: Identity): Promise<void> {
    const custom = customColumns(this.#config, name);
    const marked = await settleTable(this.#engine, name, this.#parts.get(name) ?? [], custom, identity);
    this.#rejects.set(name, await this.#located(name, marked));
    const kind = IDENTITY_TABLES.includes(name) ? 'table' : 'view';
    await this.#engine.execute(`drop ${kind} if exists ingest.${quoteName(name)}`);
  }

  /** Gives the rejects of `name` their lines, file by file. */
  async #located(name: string, marked: readonly MarkedReject[]): Promise<Reject[]> {
    const found: Reject[] = [];
    for (const label of [...new Set(marked.map(({ reject }) => reject.file))]) {
      const own = marked.filter(({ reject }) => reject.file === label);
      const place = this.#places.get(`${name} ${label}`);
      if (place === undefined) found.push(...own.map(({ reject }) => reject));
      else found.push(...(await findRowLines(own, place.file, place.source)));
    }
    return found;
  }

  async #read(
    name: string,
    custom: readonly CustomColumn[],
    identity: Identity | undefined,
    engine = this.#engine,
  ): Promise<Part[]> {
    const parts: Part[] = [];
    for (const source of this.#config.tables[name] ?? []) {
      const columns = mappedColumns(name, source, this.#configName());
      const files = expandFiles(this.#config.data, source.file);
      const joined = await identity?.usageMaps(
        source.system,
        columns.map((column) => column.name),
      );
      const carried =
        (this.#config.tables[name]?.length ?? 0) > 1 ? custom.filter((column) => carries(source, column)) : custom;
      const request = { table: name, source, columns, custom: carried, maps: joined?.maps, mapsHash: joined?.hash };
      // Repeats are found across files, so that such a source is read as one.
      const groups =
        source.dedupe === undefined && source.columns.insert_id === undefined ? files.map((file) => [file]) : [files];
      for (const group of groups) {
        this.#onStage(
          `${name}: ${labelOf(this.#config, group[0] ?? source.file)}${group.length > 1 ? ` and ${group.length - 1} more` : ''}`,
        );
        for (const file of group) {
          this.#files.add(file);
          this.#places.set(`${name} ${labelOf(this.#config, file)}`, { file, source });
        }
        parts.push(await makePart(engine, this.#config, this.#cache, { ...request, files: group }));
      }
    }
    this.#parts.set(name, parts);
    return parts;
  }

  rejectsOf(name: string): Reject[] {
    return [...(this.#parts.get(name) ?? []).flatMap((part) => part.meta.rejects), ...(this.#rejects.get(name) ?? [])];
  }

  countOf(name: string): RejectCount {
    const parts = this.#parts.get(name) ?? [];
    const later = this.#rejects.get(name) ?? [];
    const sum = (kind: Reject['kind']) =>
      later.reduce((total, reject) => total + (reject.kind === kind ? reject.rows : 0), 0);
    const quarantined = parts.reduce((total, part) => total + part.meta.quarantined, 0);
    const all = parts.reduce((total, part) => total + part.meta.rejectCount, 0);
    return {
      table: name,
      rows: quarantined + sum('row'),
      unreadable: quarantined,
      cells: Math.max(0, all - quarantined),
      unjoined: sum('unjoined'),
    };
  }

  warnings(): string[] {
    return [...this.#parts.values()].flat().flatMap((part) => part.meta.warnings);
  }

  async inputs(): Promise<IngestInput[]> {
    const inputs: IngestInput[] = [];
    for (const file of [...this.#files].sort()) {
      inputs.push({
        file: labelOf(this.#config, file),
        bytes: statSync(file).size,
        sha256: await this.#cache.hash(file),
      });
    }
    return inputs;
  }

  #configName(): string {
    return this.#config.file ?? 'the configuration';
  }
}

/** With several sources a custom column belongs to those that map its heading, or to all when none does. */
function carries(source: Source, column: CustomColumn): boolean {
  return Object.values(source.columns).some(
    (mapping) => (typeof mapping === 'string' ? mapping : mapping.from) === column.from,
  );
}

async function readFeeds(engine: Engine, names: readonly string[]): Promise<Feed[]> {
  const feeds: Feed[] = [];
  for (const name of names) {
    const hasAccount = 'account_id' in allColumns(contractTable(name), []);
    // Every row of usage stands in its calendar, which is short.
    const counts =
      name === 'usage'
        ? [
            'cast(coalesce(sum(row_count), 0) as bigint)',
            'sum(joined_row_count) / nullif(sum(row_count), 0)',
            'usage_calendar',
          ]
        : ['count(*)', 'count(account_id) / nullif(count(*), 0)', quoteName(name)];
    await engine.execute(
      `insert into feed by name select $name as table_name, ${counts[0]} as row_count, min(known_on) as first_on, max(known_on) as last_on,
       ${hasAccount ? counts[1] : 'cast(null as double)'} as joined_row_rate, false as is_stopped from ${counts[2]}`,
      { name },
    );
    const [row] = await engine.rows('select * from feed where table_name = $name', { name });
    feeds.push({
      table: name,
      row_count: Number(row?.row_count ?? 0),
      first_on: typeof row?.first_on === 'string' ? row.first_on : null,
      last_on: typeof row?.last_on === 'string' ? row.last_on : null,
      joined_row_rate: typeof row?.joined_row_rate === 'number' ? row.joined_row_rate : null,
    });
  }
  return feeds;
}
