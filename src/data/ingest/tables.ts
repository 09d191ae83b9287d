import { type Engine, quoteName, quoteText } from '../../engine/engine.ts';
import { type ContractTable, contractTable } from '../contract.ts';
import type { Identity } from '../identity.ts';
import { tableColumns } from '../tables.ts';
import type { CustomColumn } from './mapping.ts';
import type { Part } from './part.ts';
import type { MarkedReject } from './row-lines.ts';

/** SQL types of custom columns. */
const CUSTOM_TYPES = { text: 'VARCHAR', rate: 'DECIMAL(18,6)' } as const;

/** Tables whose single id names a row: of repeats the newest stays, the others go to the rejects. */
const SINGLE_KEY = new Set([
  'account',
  'contact',
  'ticket',
  'invoice',
  'fx',
  'interaction',
  'survey',
  'goal',
  'opportunity',
  'account_alias',
]);

/** All columns of a canonical table with the custom ones, in order, with SQL types. */
export function allColumns(table: ContractTable, custom: readonly CustomColumn[]): Readonly<Record<string, string>> {
  return {
    ...tableColumns(table),
    ...Object.fromEntries(custom.map((column) => [column.name, CUSTOM_TYPES[column.type]])),
  };
}

/** The rows of all parts of a table under one set of columns, with the id system of their source. */
export function stackedSql(table: ContractTable, parts: readonly Part[], custom: readonly CustomColumn[]): string {
  const columns = allColumns(table, custom);
  const cell = (part: Part, column: string, type: string) =>
    part.meta.columns.includes(column) ? `cast(${quoteName(column)} as ${type})` : `cast(null as ${type})`;
  const empty = `select ${Object.entries(columns)
    .map(([column, type]) => `cast(null as ${type}) as ${quoteName(column)}`)
    .join(', ')}, cast(null as varchar) as source_system where false`;
  const selects = groupBySource(parts).map((group) => {
    const [first] = group;
    const list = Object.entries(columns).map(
      ([column, type]) => `${first === undefined ? 'null' : cell(first, column, type)} as ${quoteName(column)}`,
    );
    const system =
      first?.source.system === undefined
        ? 'cast(null as varchar)'
        : quoteText(first.source.system.trim().toLowerCase());
    return `select ${list.join(', ')}, ${system} as source_system from read_parquet([${group.map((part) => quoteText(part.parquet)).join(', ')}])`;
  });
  return [empty, ...selects].join('\nunion all\n');
}

/**
 * Parts of one source have the same columns, so that they can be read as one list of files; those that do not carry the
 * name of their file stand alone.
 */
function groupBySource(parts: readonly Part[]): Part[][] {
  const groups = new Map<unknown, Part[]>();
  for (const part of parts) {
    const key = part.meta.file === undefined ? part.source : part;
    groups.set(key, [...(groups.get(key) ?? []), part]);
  }
  return [...groups.values()];
}

/**
 * Writes canonical table `name` (any but usage) from `ingest.<name>`: ids resolved to paying accounts, `known_on`,
 * `row_key`; of rows that repeat a single id the newest stays. Returns what was left out or joins to no account.
 */
export async function settleTable(
  engine: Engine,
  name: string,
  parts: readonly Part[],
  custom: readonly CustomColumn[],
  identity: Identity,
): Promise<MarkedReject[]> {
  const table = contractTable(name);
  const columns = Object.keys(allColumns(table, custom));
  const systems = [...new Set(parts.map((part) => part.source.system))];
  const has = (column: string) =>
    table.columns.some((item) => item.name === column) && parts.some((part) => part.meta.columns.includes(column));
  const hasAccount = columns.includes('account_id');
  const branches: string[] = [];
  for (const system of systems) {
    const where =
      system === undefined
        ? 'given.source_system is null'
        : `given.source_system = ${quoteText(system.trim().toLowerCase())}`;
    const map = await identity.accountMap(system);
    const maps = accountJoins(name, has, map, identity);
    const parent =
      name !== 'account' ? '' : `left join ${map} as parent on parent.external_id = given.parent_account_id`;
    const replaced =
      name !== 'account' ? '' : ', coalesce(parent.account_id, given.parent_account_id) as parent_account_id';
    branches.push(
      hasAccount
        ? `select given.* replace (${maps.account} as account_id${replaced}), given.account_id as given_id, ${maps.given} as unjoined_id from ingest.${name} as given ${maps.joins} ${parent} where ${where}`
        : `select given.*, cast(null as varchar) as given_id, cast(null as varchar) as unjoined_id from ingest.${name} as given where ${where}`,
    );
  }
  if (branches.length === 0) return [];
  const known = ['known_at', ...table.known].map((column) =>
    column === 'month_end' ? 'last_day(month)' : `cast(${quoteName(column)} as date)`,
  );
  const hash = `md5(concat_ws(chr(31), ${columns
    .filter((column) => !['row_key', 'known_on'].includes(column))
    .map((column) => `coalesce(cast(${quoteName(column)} as varchar), chr(30))`)
    .join(', ')}))`;
  const key =
    table.key.length === 0
      ? hash
      : `case when ${table.key.map((column) => `${quoteName(column)} is not null`).join(' and ')} then concat_ws('|', ${table.key.map(quoteName).join(', ')}) else ${hash} end`;
  const isOwn = name === 'account' ? `where coalesce(rollup.payer_id, '') = ''` : '';
  const fresh = ['updated_at', 'known_at']
    .filter((column) => columns.includes(column))
    .map((column) => `${quoteName(column)} desc nulls last`);
  const contractId = name === 'contract' ? contractIdSql : (sql: string) => sql;
  await engine.execute(`create or replace table ingest.keyed as
    with resolved as (${contractId(branches.join('\nunion all\n'))})
    select dated.* from (select * replace (coalesce(${known.join(', ')}) as known_on, ${key} as row_key) from resolved) as dated
    ${name === 'account' ? `left join (select account_id as child_id, payer_id from ingest.rollup) as rollup on rollup.child_id = coalesce(given_id, dated.account_id)` : ''} ${isOwn}`);
  // Only rows that share a key are hashed and sorted; nearly every row, mostly every one, stands alone.
  const [repeats] = await engine.rows(
    'select count(*) as found from (select row_key from ingest.keyed group by row_key having count(*) > 1)',
  );
  const kind = repeats?.['found'] === 0 ? 'view' : 'table';
  await engine.execute(
    kind === 'view'
      ? 'create view ingest.settled as select *, 1 as copy from ingest.keyed'
      : `create table ingest.settled as
    with repeated as (select row_key from ingest.keyed group by row_key having count(*) > 1)
    select *, 1 as copy from ingest.keyed where row_key not in (select row_key from repeated)
    union all
    select *, row_number() over (partition by row_key order by ${[...fresh, 'known_on desc nulls last', hash].join(', ')}) as copy
    from ingest.keyed where row_key in (select row_key from repeated)`,
  );
  const isSingle = SINGLE_KEY.has(name);
  const rowKey = isSingle ? 'row_key' : `case when copy > 1 then row_key || '#' || copy else row_key end as row_key`;
  await engine.materialise(
    name,
    `select ${columns.map((column) => (column === 'row_key' ? rowKey : quoteName(column))).join(', ')} from ingest.settled ${isSingle ? 'where copy = 1' : ''}`,
  );
  const rejects = isSingle ? await duplicateRejects(engine, table) : [];
  if (hasAccount && name !== 'account') rejects.push(...(await unjoinedRejects(engine, name, isSingle)));
  await engine.execute(`drop ${kind} ingest.settled; drop table ingest.keyed`);
  return rejects;
}

/** Without a contract id an account's only line is named after the account, several after account, product and start. */
function contractIdSql(rows: string): string {
  const base = `concat_ws(':', given_id, coalesce(product, plan), coalesce(start_date, term_end_date))`;
  const order = 'term_end_date, ended_date, mrr_amount, arr_amount, quantity, unit, seats, plan, source_file';
  return `select * replace (coalesce(contract_id, case
      when count(*) over (partition by given_id) = 1 then given_id
      when row_number() over (partition by ${base} order by ${order}) = 1 then ${base}
      else ${base} || '#' || row_number() over (partition by ${base} order by ${order}) end) as contract_id) from (${rows})`;
}

function accountJoins(
  name: string,
  has: (column: string) => boolean,
  map: string,
  identity: Identity,
): { joins: string; account: string; given: string } {
  const joins = [
    `left join ${map} as by_account on by_account.external_id = case when contains(given.account_id, '@') then lower(given.account_id) else given.account_id end`,
  ];
  const found = ['by_account.account_id'];
  const given = ['given.account_id'];
  const people = name === 'contact' ? [] : ['requester', 'contact_id'].filter(has);
  for (const column of people) {
    joins.push(
      `left join ${identity.userMap} as by_${column} on by_${column}.external_id = case when contains(given.${column}, '@') then lower(given.${column}) else given.${column} end`,
    );
    found.push(`by_${column}.account_id`);
    given.push(`given.${column}`);
  }
  if (people.includes('requester')) {
    joins.push(
      `left join ${identity.domainMap} as by_domain on by_domain.external_id = lower(split_part(given.requester, '@', 2))`,
    );
    found.push('by_domain.account_id');
  }
  return { joins: joins.join(' '), account: `coalesce(${found.join(', ')})`, given: `coalesce(${given.join(', ')})` };
}

const LISTED = 20_000;

/**
 * One reject a file and repeated key. Where the kept row stands in the same file the second row is the one to look at,
 * else the first. Rows without a key that repeat another cell for cell get one reject each.
 */
async function duplicateRejects(engine: Engine, table: ContractTable): Promise<MarkedReject[]> {
  const hasKey = table.key.map((column) => `${quoteName(column)} is not null`).join(' and ');
  const cells = table.key.map((column) =>
    column === 'account_id'
      ? `max(coalesce(given_id, account_id)) as account_id`
      : `cast(max(${quoteName(column)}) as varchar) as ${quoteName(column)}`,
  );
  const rows = await engine.rows(
    `select source_file, row_key, ${hasKey} as has_key, count(*) as all_count, count(case when copy > 1 then 1 end) as row_count, ${cells.join(', ')}
     from ingest.settled group by source_file, row_key, ${hasKey} having count(case when copy > 1 then 1 end) > 0
     order by source_file, row_key limit ${LISTED}`,
  );
  return rows.flatMap((row): MarkedReject[] => {
    const reject = { file: String(row.source_file), line: null, kind: 'row' } as const;
    const count = Number(row.row_count);
    if (row.has_key !== true) {
      const reason = 'repeats another row cell for cell and carries no key: one of them is kept';
      return Array.from({ length: count }, () => ({
        reject: { ...reject, key: null, column: null, value: null, reason, rows: 1 },
        mark: { kind: 'copy' },
      }));
    }
    const key = Object.fromEntries(table.key.map((column) => [column, String(row[column])]));
    return [
      {
        reject: {
          ...reject,
          key: String(row.row_key),
          column: table.key[0] ?? null,
          value: String(row.row_key),
          reason: 'is repeated: the newest row with this key is kept',
          rows: count,
        },
        mark: { kind: 'key', cells: key, nth: Number(row.all_count) > count ? 2 : 1 },
      },
    ];
  });
}

async function unjoinedRejects(engine: Engine, name: string, isSingle: boolean): Promise<MarkedReject[]> {
  const rows = await engine.rows(
    `select source_file, unjoined_id, count(*) as row_count from ingest.settled
     where account_id is null ${isSingle ? 'and copy = 1' : ''} group by source_file, unjoined_id order by source_file, unjoined_id limit ${LISTED}`,
  );
  return rows.map((row) => unjoined(name, row));
}

/** Columns by which a row may name its account. */
const NAMING = ['account_id', 'contract_id', 'user_id', 'email', 'requester', 'contact_id'];

/** The reject of rows that join to no account, one for each id that joins to none; its line is the first row's. */
export function unjoined(_table: string, row: Readonly<Record<string, unknown>>): MarkedReject {
  const id = row.unjoined_id === null || row.unjoined_id === undefined ? null : String(row.unjoined_id);
  return {
    reject: {
      file: String(row.source_file),
      line: null,
      key: null,
      column: 'account_id',
      value: id,
      reason: 'belongs to no account of the account or contract export',
      kind: 'unjoined',
      rows: Number(row.row_count),
    },
    mark: { kind: 'id', columns: NAMING, id },
  };
}

/** Adds a row for each payer without one, so that every account stands in `account`. */
export async function addPayers(engine: Engine): Promise<void> {
  await engine.execute(`insert into account by name
    select account_id, min(known_on) as known_on, account_id as row_key, min(source_file) as source_file
    from (select account_id, known_on, source_file from contract union all select account_id, known_on, source_file from mrr_month)
    where account_id is not null and account_id not in (select account_id from account where account_id is not null)
    group by account_id order by account_id`);
}

/**
 * Makes `usage` a view over the parts: usage is never copied into the engine. Parts carry only mapped columns; what
 * they lack is null, an event without a count counts 1, `known_on` is `occurred_on` unless a row says otherwise.
 */
export async function createUsage(
  engine: Engine,
  parts: readonly Part[],
  custom: readonly CustomColumn[],
): Promise<void> {
  if (parts.length === 0) return;
  const columns = allColumns(contractTable('usage'), custom);
  const selects = groupBySource(parts).map((group) => {
    const [first] = group;
    const file = first?.meta.file;
    const has = (column: string) => first?.meta.columns.includes(column) === true;
    const period = first?.source.period;
    const day = has('occurred_on') ? 'occurred_on' : 'cast(occurred_at as date)';
    const cell = (column: string, type: string): string => {
      if (column === 'period') return quoteText(period ?? 'event');
      if (column === 'period_end') return period === undefined ? 'cast(null as date)' : day;
      if (column === 'known_on') return has('known_at') ? `coalesce(cast(known_at as date), ${day})` : day;
      if (column === 'occurred_on') return day;
      if (column === 'source_file' && file !== undefined) return quoteText(file);
      if (column === 'row_key') return has('insert_id') ? 'insert_id' : 'cast(null as varchar)';
      if (column === 'event_count' && !has(column) && period === undefined) return 'cast(1 as bigint)';
      return has(column) ? `cast(${quoteName(column)} as ${type})` : `cast(null as ${type})`;
    };
    const list = Object.entries(columns).map(([column, type]) => `${cell(column, type)} as ${quoteName(column)}`);
    return `select ${list.join(', ')} from read_parquet([${group.map((part) => quoteText(part.parquet)).join(', ')}])`;
  });
  await engine.execute(`drop table if exists usage; create or replace view usage as ${selects.join('\nunion all\n')}`);
}

/** What joins to no account in the usage parts, one reject for each id. */
export async function usageRejects(engine: Engine, parts: readonly Part[]): Promise<MarkedReject[]> {
  const rejects: MarkedReject[] = [];
  for (const part of parts) {
    const rows = await engine.rows(
      `select source_file, unjoined_id, count(*) as row_count
       from (select unjoined_id, ${part.meta.file === undefined ? 'source_file' : `${quoteText(part.meta.file)} as source_file`} from read_parquet(${quoteText(part.parquet)}))
       where unjoined_id is not null group by source_file, unjoined_id order by source_file, unjoined_id limit ${LISTED}`,
    );
    rejects.push(...rows.map((row) => unjoined('usage', row)));
  }
  return rejects;
}
