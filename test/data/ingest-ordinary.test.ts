import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Source } from '../../src/contract/config.ts';
import { defaultConfig } from '../../src/data/config.ts';
import { ingest } from '../../src/data/ingest.ts';
import { openDuckDB } from '../../src/engine/duckdb.ts';
import type { Engine } from '../../src/engine/engine.ts';

/**
 * A plain CSV of usage is parsed by the reader where every cell is ordinary; the same bytes compressed are always read
 * as text. Both must give the same rows and the same rejects, whatever stands in the file.
 */
let folder: string;
let engine: Engine;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'retain-ordinary-'));
  engine = await openDuckDB({ threads: 2 });
});

afterEach(() => {
  engine.close();
  rmSync(folder, { recursive: true, force: true });
});

const COLUMNS = {
  account_id: 'ws',
  user_id: 'person',
  occurred_at: 'at',
  event_count: 'n',
  duration_seconds: 'secs',
  known_at: 'loaded',
};

async function read(file: string, source: Partial<Source>): Promise<unknown> {
  const config = {
    ...defaultConfig(folder),
    tables: {
      contract: [{ file: 'c.csv', columns: { account_id: 'account', start_date: 'start', mrr_amount: 'mrr' } }],
      usage: [{ file, columns: COLUMNS, ...source }],
    },
  };
  const options = { cacheDirectory: join(folder, `cache-${file}`), rejectsDirectory: join(folder, 'rejects') };
  try {
    const result = await ingest(engine, config, options);
    const rows = await engine.rows('select * exclude (source_file) from usage order by all');
    return { rows, rejects: result.rejects, feeds: result.feeds, count: result.rejectCount };
  } catch (error) {
    return error instanceof Error ? error.message.replaceAll('.gz', '') : error;
  }
}

const GOOD = 'W1,u1,2026-01-05 10:00:00,3,20,2026-01-05 10:02:00';

const LINES: Readonly<Record<string, readonly string[]>> = {
  'ordinary rows': ['W2,u2,2026-01-06 23:59:59,1,,2026-01-07 00:00:01'],
  'empty optional cells': ['W2,,2026-01-06 10:00:00,,,'],
  'an instant with an offset, and one in UTC': [
    'W2,u2,2026-01-06T10:00:00+02:00,1,1,2026-01-06T10:00:00Z',
    'W2,u2,2026-01-06 10:00:00.123456,1,1,2026-01-06',
  ],
  'a day without a clock': ['W2,u2,2026-01-06,1,1,2026-01-06'],
  'a date that is none': ['W2,u2,2026-02-30 10:00:00,1,1,2026-01-06'],
  'a word for nothing': ['W2,u2,2026-01-06 10:00:00,n/a,null,-'],
  'a sentinel year': ['W2,u2,2026-01-06 10:00:00,1,1,0001-01-01 00:00:00', 'W2,u2,9999-12-31 00:00:00,1,1,2026-01-06'],
  'the first sentinel day of 1900': ['W2,u2,2026-01-06 10:00:00,1,1,1900-01-01 00:00:00'],
  'a number of sixteen digits': ['W2,u2,2026-01-06 10:00:00,1000000000000000,1,2026-01-06'],
  'a number of fifteen digits': ['W2,u2,2026-01-06 10:00:00,999999999999999,-999999999999999,2026-01-06'],
  'a fraction and an exponent where whole numbers stand': ['W2,u2,2026-01-06 10:00:00,2.5,1e3,2026-01-06'],
  'thousands commas': ['W2,u2,2026-01-06 10:00:00,"1,200",1,2026-01-06'],
  'no time at all': ['W2,u2,,1,1,2026-01-06'],
  'nobody named': [',,2026-01-06 10:00:00,1,1,2026-01-06'],
  'an unknown account': ['W9,u9,2026-01-06 10:00:00,1,1,2026-01-06'],
  'blanks around cells': [' W2 , u2 ,2026-01-06 10:00:00, 4 ,1,2026-01-06'],
  'too many fields': ['W2,u2,2026-01-06 10:00:00,1,1,2026-01-06,more'],
  'too few fields': ['W2,u2,2026-01-06 10:00:00'],
  'dates day first': ['W2,u2,25/01/2026 10:00,1,1,2026-01-06'],
  infinity: ['W2,u2,infinity,1,1,2026-01-06'],
};

describe('a plain CSV of usage', () => {
  it.each(Object.keys(LINES))('is read as its text is: %s', async (name) => {
    const content = `${['ws,person,at,n,secs,loaded', GOOD, ...(LINES[name] ?? [])].join('\n')}\n`;
    writeFileSync(join(folder, 'c.csv'), 'account,start,mrr\nW1,2025-01-01,100\nW2,2025-01-01,100\n');
    writeFileSync(join(folder, 'u.csv'), content);
    writeFileSync(join(folder, 'u.csv.gz'), gzipSync(content));
    const typed = await read('u.csv', {});
    expect(typed).toEqual(await read('u.csv.gz', {}));
  });

  it('stands on whole periods in the same way', async () => {
    const content = 'ws,person,at,n,secs,loaded\nW1,u1,2026-01-05,3,20,2026-01-05\nW2,u2,2026-01-12,1,5,\n';
    writeFileSync(join(folder, 'c.csv'), 'account,start,mrr\nW1,2025-01-01,100\nW2,2025-01-01,100\n');
    writeFileSync(join(folder, 'u.csv'), content);
    writeFileSync(join(folder, 'u.csv.gz'), gzipSync(content));
    const { occurred_at, ...rest } = COLUMNS;
    const source: Partial<Source> = { period: 'week', columns: { ...rest, period_start: occurred_at } };
    expect(await read('u.csv', source)).toEqual(await read('u.csv.gz', source));
  });
});
