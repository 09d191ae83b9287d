import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CellRow } from '../../src/contract/agent.ts';
import type { CommonOptions } from '../../src/contract/options.ts';
import { listFromLedger } from '../../src/pipeline/lists.ts';
import { runNightly } from '../../src/pipeline/run.ts';
import { TemporaryCompany } from '../helpers/night.ts';

/** The day the exports of fixtures/tiny reach, and a week of later use, which moves it. */
const FIRST = '2024-12-29';
const NEXT = '2025-01-05';

describe('an attribute that changed between two nights', () => {
  let company: TemporaryCompany;
  const options = (today: string, asOf?: string): CommonOptions => ({
    ...company.options('json'),
    today,
    ...(asOf === undefined ? {} : { asOf }),
  });

  beforeAll(async () => {
    company = new TemporaryCompany();
    expect((await runNightly(options('2024-12-30'))).report.header.as_of).toBe(FIRST);
    // a01 is handed from Dana to Eli, and a week goes by.
    company.rewrite('accounts.csv', (text) => text.replace(/^(a01,[^,]*),Dana/m, '$1,Eli'));
    company.rewrite('usage.csv', (text) => {
      const last = text
        .trimEnd()
        .split('\n')
        .filter((line) => line.includes('2024-12-23'));
      return `${text.trimEnd()}\n${last.map((line) => line.replace('2024-12-23', '2024-12-30')).join('\n')}\n`;
    });
    expect((await runNightly(options('2025-01-06'))).report.header.as_of).toBe(NEXT);
  });
  afterAll(() => company.remove());

  async function csmOf(today: string, asOf?: string): Promise<CellRow[string] | undefined> {
    const report = await listFromLedger(options(today, asOf), 'health');
    for await (const chunk of report.lists[0]?.rows ?? []) {
      for (const row of chunk) if (row['account_id'] === 'a01') return row['csm'];
    }
    return undefined;
  }

  it('is seen from the night that first saw it, and on no day before', async () => {
    expect(await csmOf('2025-01-06')).toBe('Eli');
    expect(await csmOf('2025-01-20', NEXT)).toBe('Eli');
    expect(await csmOf('2025-01-20', FIRST)).toBe('Dana');
  });

  it('is a copy known from the day the exports reached, of a run asked back from the day it ran', async () => {
    const copies = () =>
      company.ledger(
        "select value, seen_on from state.value_copy where row_key = 'a01' and column_name = 'csm' and seen_on <= $as_of::date order by seen_on",
        ['value_copy'],
        '2025-12-31',
      );
    expect(await copies()).toEqual([
      { value: 'Dana', seen_on: FIRST },
      { value: 'Eli', seen_on: NEXT },
    ]);
    company.rewrite('accounts.csv', (text) => text.replace(/^(a01,[^,]*),Eli/m, '$1,Fay'));
    await runNightly(options('2025-03-01', '2024-12-15'));
    expect(await copies()).toContainEqual({ value: 'Fay', seen_on: '2025-03-01' });
    expect(await csmOf('2025-03-01', '2024-12-20')).toBe('Dana');
  });
});
