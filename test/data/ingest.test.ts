import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Config, Source } from '../../src/contract/config.ts';
import { defaultConfig } from '../../src/data/config.ts';
import { TABLES } from '../../src/data/contract.ts';
import { type IngestResult, ingest } from '../../src/data/ingest.ts';
import { openDuckDB } from '../../src/engine/duckdb.ts';
import type { Engine, Row } from '../../src/engine/engine.ts';

let folder: string;
let engine: Engine;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'retain-ingest-'));
  engine = await openDuckDB({ threads: 2 });
});

afterEach(() => {
  engine.close();
  rmSync(folder, { recursive: true, force: true });
});

function write(name: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), content);
}

async function load(
  tables: Readonly<Record<string, readonly Source[]>>,
  over: Partial<Config> = {},
): Promise<IngestResult> {
  const config: Config = { ...defaultConfig(folder), ...over, tables };
  return ingest(engine, config, { cacheDirectory: join(folder, 'cache'), rejectsDirectory: join(folder, 'rejects') });
}

const rows = (sql: string): Promise<Row[]> => engine.rows(sql);

const CONTRACT: Source = { file: 'c.csv', columns: { account_id: 'account', start_date: 'start', mrr_amount: 'mrr' } };

describe('ingest', () => {
  it('creates every table of the data contract, empty where nothing feeds it', async () => {
    write('c.csv', 'account,start,mrr\nA1,2024-01-01,100\nA2,2024-02-01,50\n');
    const result = await load({ contract: [CONTRACT] });
    for (const table of TABLES) await rows(`select known_on, row_key, source_file from ${table.name} limit 1`);
    expect(result.feeds).toEqual([
      { table: 'contract', row_count: 2, first_on: '2024-01-01', last_on: '2024-02-01', joined_row_rate: 1 },
    ]);
    expect(await rows('select account_id, known_on from account order by account_id')).toEqual([
      { account_id: 'A1', known_on: '2024-01-01' },
      { account_id: 'A2', known_on: '2024-02-01' },
    ]);
    expect(await rows('select contract_id, row_key from contract order by 1')).toEqual([
      { contract_id: 'A1', row_key: 'A1' },
      { contract_id: 'A2', row_key: 'A2' },
    ]);
  });

  it('reads the same rows from every format', async () => {
    write('c.csv', 'account,start,mrr\nA1,2024-01-01,100\n');
    const list = [
      { id: 'T1', org: { id: 'A1' }, at: '2024-03-01T10:00:00Z', text: 'line one\nline "two", end' },
      { id: 'T2', org: { id: 'A1' }, at: '2024-03-02T10:00:00+02:00', text: null },
    ];
    const csv = (mark: string, end: string) =>
      [
        `id${mark}org${mark}at${mark}text`,
        `T1${mark}A1${mark}2024-03-01T10:00:00Z${mark}"line one\nline ""two"", end"`,
        `T2${mark}A1${mark}2024-03-02T10:00:00+02:00${mark}`,
        '',
      ].join(end);
    write('comma.csv', csv(',', '\n'));
    write('excel.csv', `\ufeff${csv(';', '\r\n')}`);
    write('tab.csv.gz', gzipSync(csv('\t', '\n')));
    write('array.json', JSON.stringify(list));
    write('wrapped.json', JSON.stringify({ count: 2, tickets: list }));
    write('lines.ndjson', list.map((item) => `${JSON.stringify(item)}\n`).join(''));
    write('lines.ndjson.gz', gzipSync(list.map((item) => `${JSON.stringify(item)}\n`).join('')));
    await engine.execute(
      `copy (select * from (values ('T1', 'A1', timestamptz '2024-03-01 10:00:00+00', 'line one' || chr(10) || 'line "two", end'),
       ('T2', 'A1', timestamptz '2024-03-02 08:00:00+00', null)) as t(id, org, "at", text)) to '${join(folder, 'rows.parquet')}' (format parquet)`,
    );
    for (const file of readdirSync(folder).filter((name) => name !== 'c.csv' && name !== 'cache')) {
      const isNested = /json/.test(file);
      const source = {
        file,
        columns: { ticket_id: 'id', account_id: isNested ? 'org.id' : 'org', created_at: 'at', body: 'text' },
      };
      await load({ contract: [CONTRACT], ticket: [source] });
      expect(
        await rows('select ticket_id, account_id, created_at, body, known_on from ticket order by ticket_id'),
        file,
      ).toEqual([
        {
          ticket_id: 'T1',
          account_id: 'A1',
          created_at: '2024-03-01T10:00:00Z',
          body: 'line one\nline "two", end',
          known_on: '2024-03-01',
        },
        { ticket_id: 'T2', account_id: 'A1', created_at: '2024-03-02T08:00:00Z', body: null, known_on: '2024-03-02' },
      ]);
    }
  });

  it('decides the date order from the whole column and says so', async () => {
    write('c.csv', 'account,start,mrr\nA1,05/01/2024,100\nA2,2024-02-01,50\nA3,25/12/23,20\n');
    const result = await load({ contract: [CONTRACT] });
    expect(await rows('select account_id, start_date from contract order by 1')).toEqual([
      { account_id: 'A1', start_date: '2024-01-05' },
      { account_id: 'A2', start_date: '2024-02-01' },
      { account_id: 'A3', start_date: '2023-12-25' },
    ]);
    expect(result.warnings.join()).toContain('25/12/23 fits no other order');
  });

  it('keeps days on the clock of the configuration', async () => {
    write('c.csv', 'account,start,mrr\nA1,2024-01-01,100\n');
    write('u.csv', 'org,at\nA1,2024-03-01 23:30:00\nA1,2024-03-01T23:30:00Z\n');
    await load(
      {
        contract: [CONTRACT],
        usage: [{ file: 'u.csv', timezone: 'America/New_York', columns: { account_id: 'org', occurred_at: 'at' } }],
      },
      { timezone: 'Europe/Berlin' },
    );
    // 23:30 in New York is 5:30 of the next day in Berlin; 23:30 UTC is 0:30 of the next day.
    expect(await rows('select occurred_at, occurred_on, event_count, period from usage order by 1')).toEqual([
      { occurred_at: '2024-03-02T00:30:00Z', occurred_on: '2024-03-02', event_count: 1, period: 'event' },
      { occurred_at: '2024-03-02T05:30:00Z', occurred_on: '2024-03-02', event_count: 1, period: 'event' },
    ]);
  });

  it('knows a period when it ends and turns wide metrics into rows', async () => {
    write('c.csv', 'account,start,mrr\nA1,2024-01-01,100\n');
    write('u.csv', 'org,week,login,export,share\nA1,2024-01-01,5,0,\nA1,2024-01-08,2,1,7\n');
    await load({
      contract: [CONTRACT],
      usage: [
        {
          file: 'u.csv',
          period: 'week',
          unpivot: ['login', 'export', 'share'],
          columns: { account_id: 'org', period_start: 'week' },
        },
      ],
    });
    expect(
      await rows(
        'select period, period_start, period_end, occurred_on, known_on, feature, event_count from usage order by period_start, feature',
      ),
    ).toEqual([
      {
        period: 'week',
        period_start: '2024-01-01',
        period_end: '2024-01-07',
        occurred_on: '2024-01-07',
        known_on: '2024-01-07',
        feature: 'login',
        event_count: 5,
      },
      {
        period: 'week',
        period_start: '2024-01-08',
        period_end: '2024-01-14',
        occurred_on: '2024-01-14',
        known_on: '2024-01-14',
        feature: 'export',
        event_count: 1,
      },
      {
        period: 'week',
        period_start: '2024-01-08',
        period_end: '2024-01-14',
        occurred_on: '2024-01-14',
        known_on: '2024-01-14',
        feature: 'login',
        event_count: 2,
      },
      {
        period: 'week',
        period_start: '2024-01-08',
        period_end: '2024-01-14',
        occurred_on: '2024-01-14',
        known_on: '2024-01-14',
        feature: 'share',
        event_count: 7,
      },
    ]);
  });

  it('takes the latest of repeated rows over all files of a glob, and identical events once', async () => {
    write('c.csv', 'account,start,mrr\nA1,2024-01-01,100\n');
    write('t/1.ndjson', '{"id":"T1","org":"A1","created":"2024-01-05","updated":"2024-01-06","status":"open"}\n');
    write('t/2.ndjson', '{"id":"T1","org":"A1","created":"2024-01-05","updated":"2024-01-09","status":"solved"}\n');
    write('u.csv', 'org,at,id\nA1,2024-03-01,e1\nA1,2024-03-01,e1\nA1,2024-03-01,e2\nA1,2024-03-01,\nA1,2024-03-01,\n');
    await load({
      contract: [CONTRACT],
      ticket: [
        {
          file: 't/*.ndjson',
          dedupe: { key: ['id'], latest: 'updated' },
          columns: {
            ticket_id: 'id',
            account_id: 'org',
            created_at: 'created',
            updated_at: 'updated',
            status: 'status',
          },
        },
      ],
      usage: [{ file: 'u.csv', columns: { account_id: 'org', occurred_at: 'at', insert_id: 'id' } }],
    });
    expect(await rows('select ticket_id, status from ticket')).toEqual([{ ticket_id: 'T1', status: 'solved' }]);
    // Two events without an id are two events.
    expect(await rows('select count(*) as n from usage')).toEqual([{ n: 4 }]);
  });

  it('fills constants, row numbers, filters, value maps and custom columns', async () => {
    write('a.csv', 'name,kind,tier\nAcme,customer,gold\nBeta,lead,\nCrown,Customer,silver\n');
    write('c.csv', 'account,start,mrr\n1,2024-01-01,100\n');
    await load(
      {
        account: [
          {
            file: 'a.csv',
            filter: { kind: ['customer'] },
            columns: {
              account_id: { row_number: true },
              name: 'name',
              motion: { value: 'pooled' },
              plan: { from: 'tier', values: { GOLD: 'Enterprise' } },
            },
          },
        ],
        contract: [CONTRACT],
      },
      { custom: { 'account.tier': { table: 'account', from: 'tier', kind: 'attribute' } } },
    );
    expect(await rows('select account_id, name, motion, plan, custom_tier from account order by account_id')).toEqual([
      { account_id: '1', name: 'Acme', motion: 'pooled', plan: 'Enterprise', custom_tier: 'gold' },
      { account_id: '3', name: 'Crown', motion: 'pooled', plan: 'silver', custom_tier: 'silver' },
    ]);
  });

  it('reads unchanged files from the cache, and changed ones again', async () => {
    write('c.csv', 'account,start,mrr\nA1,2024-01-01,100\n');
    await load({ contract: [CONTRACT] });
    const parts = () => readdirSync(join(folder, 'cache')).filter((name) => name.endsWith('.parquet'));
    const first = parts();
    utimesSync(join(folder, 'c.csv'), 1, 1);
    await load({ contract: [CONTRACT] });
    expect(parts()).toEqual(first);
    write('c.csv', 'account,start,mrr\nA1,2024-01-01,999\n');
    await load({ contract: [CONTRACT] });
    expect(await rows('select mrr_amount from contract')).toEqual([{ mrr_amount: 999 }]);
    expect(parts()).toHaveLength(2);
    expect(readdirSync(join(folder, 'cache')).filter((name) => name.includes('tmp'))).toEqual([]);
  });

  it('gives the same rows from two runs at once into one cache', async () => {
    write('c.csv', `account,start,mrr\n${Array.from({ length: 500 }, (_, i) => `A${i},2024-01-01,${i}\n`).join('')}`);
    const other = await openDuckDB({ threads: 1 });
    const config: Config = { ...defaultConfig(folder), tables: { contract: [CONTRACT] } };
    const options = { cacheDirectory: join(folder, 'cache'), rejectsDirectory: join(folder, 'rejects') };
    const [a, b] = await Promise.all([ingest(engine, config, options), ingest(other, config, options)]);
    expect(a).toEqual(b);
    expect(await other.rows('select sum(mrr_amount) as total from contract')).toEqual([{ total: 124750 }]);
    other.close();
  });

  it('writes rejects with their lines across quoted newlines, and removes the file when the fault is gone', async () => {
    write('c.csv', 'account,start,mrr\n"A\n1",2024-01-01,100\nA2,soon,50\nA3,2024-01-01,much\n');
    const result = await load({ contract: [CONTRACT] });
    expect(result.rejects).toEqual([{ table: 'contract', rows: 1, unreadable: 1, cells: 1, unjoined: 0 }]);
    expect(readFileSync(join(folder, 'rejects/contract.csv'), 'utf8')).toBe(
      'file,line,key,column,value,reason,kind,rows\nc.csv,4,,start_date,soon,is not a date that can be read,row,1\nc.csv,5,,mrr_amount,much,is not an amount that can be read,cell,1\n',
    );
    write('c.csv', 'account,start,mrr\nA2,2024-01-01,50\n');
    await load({ contract: [CONTRACT] });
    expect(readdirSync(join(folder, 'rejects'))).toEqual([]);
  });

  it('gives rows found by comparison their lines too', async () => {
    const rejected = (table: string) =>
      readFileSync(join(folder, `rejects/${table}.csv`), 'utf8')
        .split('\n')
        .slice(1, -1);
    write('c.csv', 'account,start,mrr\n001xx000003DGb2,2024-01-01,100\nA2,2024-01-01,50\n');
    const contract: Source = {
      ...CONTRACT,
      columns: { ...CONTRACT.columns, account_id: { from: 'account', transform: 'salesforce_id' } },
    };
    // T1 stands in both files, so that the second file's first row is the one to look at; T2 twice in one; a row that the
    // filter leaves out is no repeat; the ids of an unknown account differ in their letters from what is written.
    write(
      't1.csv',
      'id,org,at,kind\nT1,A2,2024-02-02,a\n"T\n0",A2,2024-02-02,a\nT2,A2,2024-02-01,b\nT2,A2,2024-02-01,a\nT2,A2,2024-02-03,a\n',
    );
    write('t2.csv', 'id,org,at,kind\nT9,001xx000003DGb1,2024-02-01,a\nT8,,2024-02-01,a\nT1,A2,2024-02-01,a\n');
    write(
      'n.ndjson',
      '{"org":"A2","at":"2024-03-01","score":9}\n\n{"org":"A7","at":"2024-03-01","score":9}\n{"org":"A2","at":"2024-03-01","score":9}\n',
    );
    await load({
      contract: [contract],
      ticket: [
        {
          file: 't*.csv',
          filter: { kind: ['a'] },
          columns: { ticket_id: 'id', account_id: { from: 'org', transform: 'salesforce_id' }, created_at: 'at' },
        },
      ],
      survey: [{ file: 'n.ndjson', columns: { account_id: 'org', responded_at: 'at', score: 'score' } }],
    });
    expect(rejected('ticket')).toEqual([
      't1.csv,7,T2,ticket_id,T2,is repeated: the newest row with this key is kept,row,1',
      't2.csv,2,,account_id,001xx000003DGb1AAG,belongs to no account of the account or contract export,unjoined,1',
      't2.csv,3,T8,account_id,,is required and empty,row,1',
      't2.csv,4,T1,ticket_id,T1,is repeated: the newest row with this key is kept,row,1',
    ]);
    expect(rejected('survey')).toEqual([
      'n.ndjson,3,,account_id,A7,belongs to no account of the account or contract export,unjoined,1',
      'n.ndjson,4,,,,repeats another row cell for cell and carries no key: one of them is kept,row,1',
    ]);
  });
});
