import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CellRow } from '../../src/contract/agent.ts';
import type { CommonOptions } from '../../src/contract/options.ts';
import type { ReportList } from '../../src/contract/report.ts';
import { check } from '../../src/pipeline/check.ts';
import { TemporaryCompany } from '../helpers/night.ts';

const nothing = () => undefined;
let options: CommonOptions;
let store: string;
beforeAll(() => {
  store = mkdtempSync(join(tmpdir(), 'retain-check-'));
  options = {
    data: fileURLToPath(new URL('../../fixtures/tiny', import.meta.url)),
    store,
    asOf: '2024-12-29',
    format: 'json',
    quiet: true,
    debug: false,
    color: false,
    width: Number.POSITIVE_INFINITY,
    wait: 1,
    today: '2025-06-01',
    progress: { stage: nothing, detail: nothing, done: nothing, note: nothing },
  };
});
afterAll(() => rmSync(store, { recursive: true, force: true }));

async function rowsOf(list: ReportList | undefined): Promise<CellRow[]> {
  const rows: CellRow[] = [];
  for await (const batch of list?.rows ?? []) rows.push(...batch);
  return rows;
}

describe('check', () => {
  it('counts the outcomes under every definition when asked, and says which is taken', async () => {
    const { report, exitCode } = await check({ ...options, churnDefinitions: true });
    expect(exitCode).toBe(0);
    const found = await rowsOf(report.lists.find(({ name }) => name === 'churn_definitions'));
    expect(found.length).toBe(6);
    expect(found.filter(({ is_taken }) => is_taken === true).map(({ definition }) => definition)).toEqual([
      'contract_chain',
    ]);
    // Of fourteen accounts Nutmeg alone has asked to cancel, Maple's term alone has ended unrenewed.
    expect(found.find(({ definition }) => definition === 'cancel_request')).toMatchObject({ account_count: 1 });
  });

  it('lists amounts without a rate by currency, in the header too', async () => {
    const company = new TemporaryCompany();
    try {
      company.rewrite('retain.yaml', (text) =>
        text.replace('arr_amount: arr_amount', 'arr_amount: arr_amount\n      currency: currency'),
      );
      // Every open contract is worth its amount in the reporting currency but for two: 9,000 in yen, 8,000 in francs.
      company.rewrite('contracts.csv', (text) =>
        text
          .trimEnd()
          .split('\n')
          .map(
            (line, i) =>
              `${line},${i === 0 ? 'currency' : line.includes(',a02,') ? 'JPY' : line.includes(',a03,') ? 'CHF' : 'USD'}`,
          )
          .join('\n'),
      );
      const { report } = await check({ ...options, data: company.folder, store: join(company.folder, '.retain') });
      expect(report.header.notes).toContain(
        'without a rate to the reporting currency and in no total: CHF 8,000 a year (1 contract), JPY 9,000 a year (1 contract); map an fx table (month, currency, rate)',
      );
    } finally {
      company.remove();
    }
  });

  it('names the configuration that was given, whatever it is called, where the mapping is to be corrected', async () => {
    const company = new TemporaryCompany();
    try {
      company.edit('retain.yaml', 'name: name', 'name: nane');
      const config = join(company.folder, 'other.yaml');
      renameSync(join(company.folder, 'retain.yaml'), config);
      await expect(check({ ...options, config, data: company.folder })).rejects.toMatchObject({
        message: expect.stringContaining('there is no column nane'),
        hint: 'Did you mean name? Correct the mapping in other.yaml.',
      });
    } finally {
      company.remove();
    }
  });

  it('does not otherwise', async () => {
    const { report } = await check(options);
    expect(report.lists.map(({ name }) => name)).toEqual(['feeds', 'findings']);
  });
});
