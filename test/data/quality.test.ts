import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultConfig } from '../../src/data/config.ts';
import { ingest } from '../../src/data/ingest.ts';
import { assessQuality, type QualityFinding } from '../../src/data/quality.ts';
import { createSettings } from '../../src/data/settings.ts';
import { createViews } from '../../src/data/views.ts';
import { openDuckDB } from '../../src/engine/duckdb.ts';
import type { Engine } from '../../src/engine/engine.ts';

let folder: string;
let engine: Engine;
let findings: readonly QualityFinding[];

const of = (id: string, table?: string) =>
  findings.find((finding) => finding.id === id && (table === undefined || finding.table === table));

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'retain-quality-'));
  engine = await openDuckDB({ threads: 2 });
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  // ARR: A 100 × 12 newest of two (the older adds 600), B 2400, C 3600 in a currency without a rate, D ended.
  write(
    'accounts.csv',
    'id,created,churned\nA,2024-01-01,false\nB,2024-02-01,true\nC,2024-01-01,false\nD,2024-01-01,false\n',
  );
  write(
    'contracts.csv',
    'id,account,start,end,mrr,currency,plan\nc1,A,2024-01-01,,50,USD,pro\nc2,A,2024-02-01,,100,USD,pro\nc3,B,2024-02-01,,200,USD,pro\nc4,C,2024-03-01,,300,EUR,pro\nc5,D,2024-02-01,2024-01-15,-10,USD,pro\n',
  );
  write('usage.csv', 'sub,at\nc1,2023-12-31\nc1,2024-03-01\nc3,2024-01-31\nc5,2024-03-01\nc9,2024-03-01\n');
  write('tickets.csv', 'id,account,created,solved\nT1,B,2024-01-15,2024-01-14\nT2,A,2024-03-01,\nT3,Z,2024-03-01,\n');
  write('churn.csv', 'account,at\nA,2024-03-01\nD,2024-01-15\n');
  const config = {
    ...defaultConfig(folder),
    currency: 'USD',
    tables: {
      account: [
        { file: 'accounts.csv', columns: { account_id: 'id', created_date: 'created', is_churned_flag: 'churned' } },
      ],
      contract: [
        {
          file: 'contracts.csv',
          columns: {
            contract_id: 'id',
            account_id: 'account',
            start_date: 'start',
            ended_date: 'end',
            mrr_amount: 'mrr',
            currency: 'currency',
            plan: 'plan',
          },
        },
      ],
      usage: [{ file: 'usage.csv', columns: { contract_id: 'sub', occurred_at: 'at' } }],
      ticket: [
        {
          file: 'tickets.csv',
          columns: { ticket_id: 'id', account_id: 'account', created_at: 'created', solved_at: 'solved' },
        },
      ],
      churn_event: [{ file: 'churn.csv', columns: { account_id: 'account', churn_date: 'at' } }],
    },
  };
  await ingest(engine, config, { cacheDirectory: join(folder, 'cache'), rejectsDirectory: join(folder, 'rejects') });
  await createSettings(engine, config, { firstSeenOn: '2024-03-31' });
  await createViews(engine);
  findings = await assessQuality(engine, config, '2024-03-31');
});

afterAll(() => {
  engine.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('assessQuality', () => {
  it('counts churn flags that contradict churn events, both ways, with their ARR', () => {
    expect(of('churn_event_without_flag')).toMatchObject({ rows: 2, row_rate: 0.5 });
    expect(of('churn_flag_without_event')).toMatchObject({ rows: 1, row_rate: 0.25, arr_amount: 2400 });
  });

  it('counts rows that are older than what they belong to', () => {
    expect(of('ticket_before_account')).toMatchObject({ rows: 1, arr_amount: 2400 });
    expect(of('usage_before_contract')).toMatchObject({ rows: 2, row_rate: 0.4 });
    expect(of('usage_before_account')).toMatchObject({ rows: 2 });
    expect(of('usage_after_end')).toMatchObject({ rows: 1, arr_amount: 0 });
    expect(of('solved_before_created')).toMatchObject({ rows: 1 });
  });

  it('counts orphans per table', () => {
    expect(of('orphan_rows', 'usage')).toMatchObject({ rows: 1, row_rate: 0.2 });
    expect(of('orphan_rows', 'ticket')).toMatchObject({ rows: 1 });
    expect(of('orphan_rows', 'contract')).toBeUndefined();
  });

  it('flags impossible ends, negative amounts and currencies without a rate', () => {
    expect(of('end_before_start')).toMatchObject({ rows: 1 });
    expect(of('negative_money')).toMatchObject({ rows: 1 });
    expect(of('currency_without_rate')?.message).toContain(
      'in no total (20 % of contract rows, 1 accounts): EUR 3,600 a year',
    );
  });

  it('gives ARR of overlapping contracts both ways', () => {
    // All: 600 + 1200 + 2400; newest of each account: without the 600. The 3,600 EUR have no rate and are never added.
    expect(of('overlapping_contract')?.message).toMatch(
      /ARR is 4,200 when all are added, 3,600 when only the newest counts/,
    );
    expect(of('overlapping_contract')?.rows).toBe(1);
  });

  it('fills the share of ARR that each feed joins', async () => {
    const [ticket] = await engine.rows("select joined_arr_rate from feed where table_name = 'ticket'");
    expect(ticket?.joined_arr_rate).toBe(1);
  });

  it('is silent about sound exports', () => {
    expect(of('date_order')).toBeUndefined();
    expect(of('twin_feed')).toBeUndefined();
    expect(of('repeated_contract')).toBeUndefined();
  });
});
