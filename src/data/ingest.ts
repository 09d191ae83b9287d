import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, statSync } from 'node:fs';
import type { ColumnMapping, Config, Source } from '../contract/config.ts';
import { type Engine, quoteName, quoteText } from '../engine/engine.ts';
import type { Day } from '../lib/dates.ts';
import { contractTable, SQL_TYPES } from './contract.ts';
import { expandFiles } from './ingest/files.ts';
import { createEmptyTables, tableColumns } from './tables.ts';

export interface IngestOptions {
  readonly cacheDirectory: string;
  readonly rejectsDirectory: string;
  readonly asOfFirstSeen?: Day;
  readonly onStage?: (stage: string) => void;
}

export interface Feed {
  readonly table: string;
  readonly row_count: number;
  readonly first_on: Day | null;
  readonly last_on: Day | null;
  readonly joined_row_rate: number | null;
}

export interface IngestResult {
  readonly feeds: readonly Feed[];
  readonly inputs: readonly { readonly file: string; readonly bytes: number; readonly sha256: string }[];
  readonly rejectCount: number;
  readonly warnings: readonly string[];
}

export async function ingest(engine: Engine, config: Config, options: IngestOptions): Promise<IngestResult> {
  mkdirSync(options.cacheDirectory, { recursive: true });
  await createEmptyTables(engine);
  const inputs: IngestResult['inputs'][number][] = [];
  const feeds: Feed[] = [];
  // Usage keyed by contract needs the contracts first.
  const ordered = Object.entries(config.tables).sort(([a], [b]) => Number(a === 'usage') - Number(b === 'usage'));
  for (const [name, sources] of ordered) {
    options.onStage?.(`reading ${name}`);
    for (const source of sources) {
      for (const file of expandFiles(config.data, source.file)) {
        inputs.push({ file, bytes: statSync(file).size, sha256: await hashOf(file) });
        await load(engine, name, source, file);
      }
    }
  }
  await fillAccounts(engine);
  for (const name of Object.keys(config.tables)) feeds.push(await feedOf(engine, name));
  return { feeds, inputs, rejectCount: 0, warnings: [] };
}

async function load(engine: Engine, name: string, source: Source, file: string): Promise<void> {
  const table = contractTable(name);
  const columns = new Map<string, string>();
  for (const [column, value] of Object.entries(source.columns)) {
    const type = table.columns.find((item) => item.name === column)?.type ?? 'text';
    const mapping: ColumnMapping = typeof value === 'string' ? { from: value } : value;
    const raw = mapping.from === undefined ? quoteText(String(mapping.value ?? '')) : quoteName(mapping.from);
    columns.set(column, `try_cast(${raw} as ${SQL_TYPES[type]})`);
  }
  if (name === 'usage') {
    const start = columns.get('occurred_at') ?? columns.get('period_start');
    columns.set('occurred_on', `cast(${start} as date)`);
    columns.set('period', quoteText(source.period ?? 'event'));
    if (source.period === undefined && !columns.has('event_count')) columns.set('event_count', '1');
  }
  const known = ['known_at', ...table.known].map((column) => columns.get(column)).filter((item) => item !== undefined);
  columns.set('known_on', known.length === 0 ? 'null' : `cast(coalesce(${known.join(', ')}) as date)`);
  if (name === 'contract' && !columns.has('contract_id'))
    columns.set('contract_id', columns.get('account_id') ?? 'null');
  columns.set(
    'row_key',
    table.key.length === 0
      ? 'null'
      : `concat_ws('|', ${table.key.map((key) => columns.get(key) ?? 'null').join(', ')})`,
  );
  columns.set('source_file', quoteText(source.file));
  const list = Object.entries(tableColumns(table)).map(
    ([column, type]) => `cast(${columns.get(column) ?? 'null'} as ${type}) as ${quoteName(column)}`,
  );
  await engine.execute(
    `insert into ${quoteName(name)} by name select ${list.join(', ')} from read_csv(${quoteText(file)}, all_varchar = true, header = true)`,
  );
  if (name === 'usage' && !columns.has('account_id') && columns.has('contract_id')) {
    await engine.execute(
      `update usage set account_id = contract.account_id from contract where usage.contract_id = contract.contract_id and usage.account_id is null`,
    );
  }
}

async function fillAccounts(engine: Engine): Promise<void> {
  await engine.execute(
    `insert into account by name
     select account_id, min(known_on) as known_on, account_id as row_key, min(source_file) as source_file
     from contract where account_id not in (select account_id from account) group by account_id`,
  );
}

async function feedOf(engine: Engine, name: string): Promise<Feed> {
  await engine.execute(
    `insert into feed by name select ${quoteText(name)} as table_name, count(*) as row_count, min(known_on) as first_on,
     max(known_on) as last_on, count(account_id) / nullif(count(*), 0)::double as joined_row_rate, false as is_stopped
     from ${name === 'fx' ? '(select *, month as account_id from fx)' : quoteName(name)}`,
  );
  const [row] = await engine.rows('select * from feed where table_name = $name', { name });
  const text = (value: unknown) => (typeof value === 'string' ? value : null);
  return {
    table: name,
    row_count: Number(row?.row_count ?? 0),
    first_on: text(row?.first_on),
    last_on: text(row?.last_on),
    joined_row_rate: row?.joined_row_rate === null ? null : Number(row?.joined_row_rate),
  };
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Uint8Array);
  return hash.digest('hex');
}
