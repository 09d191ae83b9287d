import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { proposeAliases } from '../../src/data/alias.ts';
import { parseConfig } from '../../src/data/config.ts';
import { type Recognition, recognise } from '../../src/data/mapping.ts';
import type { TableGuess } from '../../src/data/mapping-columns.ts';
import { headingWords } from '../../src/data/mapping-words.ts';
import { dateOrderOf, writeYaml } from '../../src/data/mapping-yaml.ts';
import { bestAddition, yieldOf } from '../../src/data/mapping-yield.ts';
import { delimiterOf } from '../../src/data/recognition-files.ts';
import { openDuckDB } from '../../src/engine/duckdb.ts';
import type { Engine } from '../../src/engine/engine.ts';

let engine: Engine;
let directory: string;
beforeAll(async () => {
  engine = await openDuckDB({ threads: 1 });
});
afterAll(() => engine.close());
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'retain-mapping-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function put(files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
}

const look = (): Promise<Recognition> => recognise(engine, directory);

function guessOf(found: Recognition, table: string): TableGuess {
  const guess = found.guesses.find((item) => item.table === table);
  if (guess === undefined) throw new Error(`${table} was not recognised: ${JSON.stringify(found.leftOut)}`);
  return guess;
}

function columnsOf(guess: TableGuess): Record<string, unknown> {
  return Object.fromEntries(
    guess.columns.map((item) => [item.column, item.mapping.from ?? item.mapping.value ?? item.mapping.row_number]),
  );
}

const range = (count: number) => Array.from({ length: count }, (_, index) => index);
const day = (index: number) => new Date(Date.UTC(2023, 0, 1 + index)).toISOString().slice(0, 10);

const ACCOUNTS = [
  'Account ID;Company Name;Sector;Signup Date',
  ...range(30).map((i) => `A-${i};Firm ${i};Health;${13 + (i % 15)}/02/2023`),
].join('\r\n');

describe('recognition of files', () => {
  it('maps no column whose heading stands twice, because a run could not tell which is meant', async () => {
    put({
      'contracts.csv': [
        'contract_id,account_id,start_date,mrr_amount,mrr_amount',
        ...range(30).map((i) => `C-${i},A-${i},2023-02-${String(1 + (i % 28)).padStart(2, '0')},${100 + i},${9 + i}`),
      ].join('\n'),
    });
    const columns = columnsOf(guessOf(await look(), 'contract'));
    expect(columns).toMatchObject({ account_id: 'account_id', start_date: 'start_date' });
    expect(Object.values(columns)).not.toContain('mrr_amount');
    expect(columns).not.toHaveProperty('mrr_amount');
  });

  it('reads the delimiter from the lines, not from quoted text', () => {
    expect(delimiterOf('a;b;c\n"x,y,z,w,v";2;3\n')).toBe(';');
    expect(delimiterOf('a\tb\n1\t2\n')).toBe('\t');
  });

  it('compares headings without case, units and punctuation', () => {
    expect(headingWords('First Reply (UTC)')).toBe('first_reply');
    expect(headingWords('accountId')).toBe('account_id');
    expect(headingWords('MRR-Amount')).toBe('mrr_amount');
  });

  it('decides the date order from the whole column, delimiter and byte order mark beside it', async () => {
    put({ 'accounts.csv': `\uFEFF${ACCOUNTS}` });
    const guess = guessOf(await look(), 'account');
    expect(columnsOf(guess)).toEqual({
      account_id: 'Account ID',
      name: 'Company Name',
      industry: 'Sector',
      created_date: 'Signup Date',
    });
    expect(guess.profile.delimiter).toBe(';');
    expect(dateOrderOf(guess)).toEqual({ order: 'dmy', note: 'decided from the whole column' });
  });

  it('says when no day decides the order', async () => {
    put({ 'accounts.csv': ACCOUNTS.replaceAll(/;(\d\d)\/02/g, ';03/02') });
    expect(dateOrderOf(guessOf(await look(), 'account'))?.note).toBe('a guess: no day above 12 decides it');
  });

  it('says in a sentence what it could not place', async () => {
    put({
      'accounts.csv': ACCOUNTS,
      'empty.csv': '',
      'book.xlsx': 'PK',
      'one.csv': 'x\n1\n',
      'colours.csv': 'colour,shade\nred,dark\nblue,light\n',
      'single.json': '{"a": {"b": 1}}',
    });
    const { leftOut } = await look();
    const reasons = Object.fromEntries(leftOut.map((item) => [item.file, item.reason]));
    expect(reasons['empty.csv']).toBe('is empty');
    expect(reasons['book.xlsx']).toContain('save each of its sheets as CSV');
    expect(reasons['one.csv']).toContain('single column');
    expect(reasons['colours.csv']).toContain('no column that points at an account and no date');
    expect(reasons['single.json']).toContain('without a list of records');
  });

  it('reads alike files as one glob, and leaves out a folder that repeats the one above', async () => {
    const usage = (month: string) =>
      `account_id,occurred_at,feature\nA-1,2024-${month}-01T10:00:00,a\nA-2,2024-${month}-02T11:00:00,b\n`;
    put({
      'accounts.csv': ACCOUNTS,
      'usage-2024-01.csv.gz': gzipSync(usage('01')),
      'usage-2024-02.csv.gz': gzipSync(usage('02')),
      'copy/Accounts.csv': ACCOUNTS.replaceAll(';', ','),
    });
    const found = await look();
    expect(guessOf(found, 'usage').profile).toMatchObject({ file: 'usage-*.csv.gz', rows: 4 });
    expect(found.leftOut).toEqual([expect.objectContaining({ file: 'copy/', kind: 'not_needed' })]);
  });
});

describe('what an end column means', () => {
  const rows = (end: (i: number) => string, flag: (i: number) => string) =>
    `subscription_id,account_id,start_date,end_date,mrr,churned\n${range(60)
      .map((i) => `S${i},A-${i % 30},${day(i)},${end(i)},100,${flag(i)}`)
      .join('\n')}\n`;

  it('is the real end when it is filled only on rows flagged churned', async () => {
    put({
      'accounts.csv': ACCOUNTS,
      'subscriptions.csv': rows(
        (i) => (i % 5 === 0 ? day(i + 20) : ''),
        (i) => String(i % 5 === 0),
      ),
    });
    const guess = guessOf(await look(), 'contract');
    expect(columnsOf(guess)).toMatchObject({
      ended_date: 'end_date',
      contract_id: 'subscription_id',
      mrr_amount: 'mrr',
    });
    expect(guess.notes.join()).toContain('12 of 60 rows, 12 of them with churned set');
  });

  it('is the scheduled end when running rows have it', async () => {
    put({
      'accounts.csv': ACCOUNTS,
      'subscriptions.csv': rows(
        (i) => day(i + 365),
        (i) => String(i % 5 === 0),
      ),
    });
    expect(columnsOf(guessOf(await look(), 'contract'))).toMatchObject({ term_end_date: 'end_date' });
  });

  it('says that contracts are open-ended when it is never filled', async () => {
    put({
      'accounts.csv': ACCOUNTS,
      'subscriptions.csv': rows(
        () => '',
        () => 'false',
      ),
    });
    const guess = guessOf(await look(), 'contract');
    expect(columnsOf(guess)).not.toHaveProperty('term_end_date');
    expect(guess.notes.join()).toContain('open-ended');
  });
});

describe('contracts', () => {
  const line = (i: number, plan: string, months: number, amount: number) =>
    `A-${i},${plan},2023-01-01,2023-${months === 12 ? '12' : '02'}-28,${amount},${months}`;
  const head = 'account_id,plan,start_date,end_date,amount,bill_period_months';

  it('tells add-ons from plans that replace each other, and numbers rows without an id', async () => {
    const lines = range(30).flatMap((i) => [
      line(i, i % 2 === 0 ? 'pro_mthly' : 'basic_annual', 12, 50),
      line(i, 'storage', 12, 5),
    ]);
    put({ 'accounts.csv': ACCOUNTS, 'subscriptions.csv': `${[head, ...lines].join('\n')}\n` });
    const guess = guessOf(await look(), 'contract');
    expect(guess.columns.find((item) => item.column === 'product')?.mapping).toEqual({
      from: 'plan',
      values: { storage: 'storage', basic_annual: 'base', pro_mthly: 'base' },
    });
    expect(guess.columns.find((item) => item.column === 'contract_id')?.mapping).toEqual({ row_number: true });
  });

  it('reads an amount as per billing period when a year costs twelve months', async () => {
    const lines = range(30).map((i) =>
      line(i, i % 2 === 0 ? 'pro_mthly' : 'pro_annual', i % 2 === 0 ? 1 : 12, i % 2 === 0 ? 100 : 1100),
    );
    put({ 'accounts.csv': ACCOUNTS, 'subscriptions.csv': `${[head, ...lines].join('\n')}\n` });
    const mapping = guessOf(await look(), 'contract').columns.find((item) => item.column === 'mrr_amount');
    expect(mapping?.mapping).toEqual({ from: 'amount', transform: 'per_interval_month', by: 'bill_period_months' });
    expect(mapping?.why).toContain('11.0 ×');
  });
});

describe('usage', () => {
  const daily = range(30).flatMap((i) =>
    range(14).map((d) => `A-${i},${day(d + 1)},search,${i + d + 1},${1 + (d % 3)}`),
  );
  const weekly = range(30).flatMap((i) =>
    [0, 1].map((w) => `A-${i},${day(1 + 7 * w)},${range(7).reduce((sum, d) => sum + i + 7 * w + d + 1, 0)},0,3`),
  );

  it('finds a weekly and a daily file to be one feed and uses the daily one', async () => {
    put({
      'accounts.csv': ACCOUNTS,
      'usage_daily.csv': `account_id,date,event,count,active_users\n${daily.join('\n')}\n`,
      'usage_weekly.csv': `account_id,week,search,upload,active_users_max\n${weekly.join('\n')}\n`,
    });
    const found = await look();
    const guess = guessOf(found, 'usage');
    expect(guess.profile.file).toBe('usage_daily.csv');
    expect(guess.options.period).toBe('day');
    expect(found.leftOut.find((item) => item.file === 'usage_weekly.csv')?.reason).toContain(
      'coarser grain (100 % of accounts',
    );
  });

  it('unpivots a wide weekly file labelled by Mondays', async () => {
    put({
      'accounts.csv': ACCOUNTS,
      'usage.csv': `account_id,week,search,upload,active_users_max\n${weekly.join('\n')}\n`,
    });
    const guess = guessOf(await look(), 'usage');
    expect(guess.options).toEqual({ unpivot: ['search', 'upload'], period: 'week' });
    expect(columnsOf(guess)).toEqual({
      account_id: 'account_id',
      period_start: 'week',
      active_users: 'active_users_max',
    });
    expect(guess.notes.join()).toContain('labelled by its Monday');
  });

  it('keeps events as events, and does not believe the time of a bulk load', async () => {
    const event = (i: number) => `A-${i % 30},${day(i % 200)}T10:0${i % 10}:00,open,2024-09-09 00:00:01`;
    put({
      'accounts.csv': ACCOUNTS,
      'events.csv': `account_id,timestamp,event,loaded_at\n${range(400).map(event).join('\n')}\n`,
    });
    const guess = guessOf(await look(), 'usage');
    expect(guess.options.period).toBeUndefined();
    expect(columnsOf(guess)).not.toHaveProperty('known_at');
    expect(guess.notes.join()).toContain('dates a bulk load');
  });
});

describe('keys', () => {
  it('takes row numbers for ids when other files use them, and checks them by a shared column', async () => {
    put({
      'accounts.csv': `Email,Plan,Country,Created At\n${range(30)
        .map((i) => `u${i}@firm${i}.example,Pro,DE,2023-01-02`)
        .join('\n')}\n`,
      'feedback.csv': `Account ID,Email,Date Received,Rating,Body\n${range(20)
        .map((i) => `${i + 1},u${i}@firm${i}.example,2023-03-01,${1 + (i % 5)},fine`)
        .join('\n')}\n`,
    });
    const found = await look();
    const key = guessOf(found, 'account').columns.find((item) => item.column === 'account_id');
    expect(key?.mapping).toEqual({ row_number: true });
    expect(key?.why).toContain('100 % of rows agree on Email');
    expect(columnsOf(guessOf(found, 'survey'))).toMatchObject({ kind: 'csat', scale_max: 5 });
  });

  it('joins three systems without an account list by metadata, domain and name', async () => {
    const ids = range(20);
    put({
      'subscriptions.csv': `subscription_id,customer_id,customer_name,customer_email,metadata_workspace_id,start_date,mrr\n${ids
        .map(
          (i) =>
            `s${i},cus_${i},"Firm ${i}, Inc.",${i < 15 ? `pay@firm${i}.example` : `owner${i}@gmail.com`},${i < 5 ? `ws_${i}` : ''},2023-01-0${1 + (i % 9)},10`,
        )
        .join('\n')}\n`,
      'usage.csv': `workspace_id,occurred_at,user_email,feature\n${ids
        .flatMap((i) =>
          range(6).map(
            (k) =>
              `ws_${i},2024-01-0${1 + k}T10:0${k}:00,${k === 0 ? `x${i}@gmail.com` : `p${k}@firm${i}.example`},search`,
          ),
        )
        .join('\n')}\n`,
      'tickets.csv': `ticket_id,organization_id,organization_name,created_at,status,priority\n${ids
        .map((i) => `${i},7${i}7,FIRM ${i},2024-02-0${1 + (i % 9)},open,low`)
        .join('\n')}\n`,
    });
    const found = await look();
    const alias = await proposeAliases(engine, found.guesses);
    const lines = alias.csv.trim().split('\n');
    expect(lines[0]).toBe('account_id,system,external_id,matched_by,name');
    expect(lines).toContain('cus_3,workspace,ws_3,metadata,firm 3');
    expect(lines).toContain('cus_9,workspace,ws_9,e-mail domain,firm 9');
    expect(lines).toContain('cus_17,organization,7177,name,firm 17');
    expect(lines.filter((item) => item.includes(',organization,'))).toHaveLength(20);
    // A payer at a free-mail address and without metadata cannot be told by content: it is left for a person.
    expect(lines.filter((item) => item.includes(',workspace,'))).toHaveLength(15);
    expect(guessOf({ ...found, guesses: alias.guesses }, 'usage').options.system).toBe('workspace');
    expect(guessOf(found, 'account').profile.file).toBe('subscriptions.csv');
  });
});

describe('the written file', () => {
  it('reads back, says what the files give and names the export that would add most', async () => {
    put({
      'accounts.csv': ACCOUNTS,
      'subscriptions.csv': `subscription_id,account_id,start_date,renewal_date,arr_usd\n${range(30)
        .map((i) => `S${i},A-${i},${day(i)},${day(i + 365)},1200`)
        .join('\n')}\n`,
      'tickets.csv': `ticket_id,account_id,created_at,priority,status,csat\n${range(30)
        .map((i) => `${i},A-${i},${day(i)},low,open,${1 + (i % 5)}`)
        .join('\n')}\n`,
    });
    const found = await look();
    const text = writeYaml({
      data: '.',
      guesses: found.guesses,
      leftOut: found.leftOut,
      notes: [],
      currency: undefined,
      aliasFile: undefined,
      churn: { definition: 'contract_chain', reason: ['Taken: it is.'] },
    });
    const config = parseConfig(text, join(directory, 'retain.yaml'));
    expect(Object.keys(config.tables).sort()).toEqual(['account', 'contract', 'ticket']);
    expect(config.tables['account']?.[0]).toMatchObject({ file: 'accounts.csv', delimiter: ';', date_order: 'dmy' });
    expect(config.churn.definition).toBe('contract_chain');
    const given = Object.fromEntries(yieldOf(found.guesses).map((item) => [item.name, item.isAvailable]));
    expect(given).toMatchObject({
      renewal: true,
      ticket_load: true,
      resolution_rate: true,
      sentiment: false,
      usage_trend: false,
      goal_rate: false,
    });
    expect(bestAddition(found.guesses)?.name).toContain('product usage');
  });
});
