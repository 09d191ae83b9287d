import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CellRow } from '../../src/contract/agent.ts';
import type { CommonOptions } from '../../src/contract/options.ts';
import type { RunReport } from '../../src/contract/report.ts';
import { accountReport } from '../../src/pipeline/account.ts';
import { listFromLedger } from '../../src/pipeline/lists.ts';
import { runNightly } from '../../src/pipeline/run.ts';
import { TemporaryCompany } from '../helpers/night.ts';

const DAY = '2024-12-29';

describe("one person's rows, and accounts that take none", () => {
  let company: TemporaryCompany;
  beforeAll(async () => {
    company = new TemporaryCompany();
    await company.run(DAY);
  });
  afterAll(() => company.remove());

  const options = (more: Partial<CommonOptions>): CommonOptions => ({ ...company.options('json'), ...more });
  async function rowsOf({ lists }: RunReport, name: string): Promise<CellRow[]> {
    const rows: CellRow[] = [];
    for await (const chunk of lists.find((list) => list.name === name)?.rows ?? []) rows.push(...chunk);
    return rows;
  }

  it('finds a name whatever its case, and says that the headline is of the whole book', async () => {
    const report = await listFromLedger(options({ csm: ' dana' }), 'at-risk');
    const rows = await rowsOf(report, 'at_risk');
    expect(new Set(rows.map(({ csm }) => csm))).toEqual(new Set(['Dana']));
    expect(report.lists[0]?.headline).toContain(`Dana: ${rows.length} of 8 rows; whole book: `);
    expect(report.summary).toBe(report.lists[0]?.headline);
    expect(report.lists.map(({ name, headline }) => [name, headline]).slice(1)).toEqual([
      ['in_hand', ''],
      ['notice_given', expect.stringMatching(/^Dana: 0 of 1 rows; whole book: 1 account, USD 4,000 ARR/)],
    ]);
  });

  it.each([
    [{ csm: 'Dna' }, 'no account has the CSM "Dna"', 'Did you mean Dana?'],
    [{ csm: 'Somebody' }, 'no account has the CSM "Somebody"', 'There are Dana, Eli.'],
    [{ segment: 'alll' }, 'no account has the segment "alll"', 'Did you mean all?'],
  ])('refuses a name that no account has: %o', async (more, message, hint) => {
    for (const verb of ['at-risk', 'health', 'renewal', 'churn']) {
      await expect(listFromLedger(options(more), verb)).rejects.toMatchObject({ message, hint });
    }
    await expect(runNightly({ ...options(more), asOf: DAY })).rejects.toMatchObject({ message, hint });
    const [row] = await company.ledger('select count(*) as n from state.run where as_of <= $as_of::date', ['run'], DAY);
    expect(row?.['n']).toBe(1);
  });

  // a14 gave notice on 10 December and ends on 15 January (fixtures/tiny/contracts.csv).
  it('names who has given notice, with the end and what they pay', async () => {
    const [row, ...more] = await rowsOf(await listFromLedger(options({}), 'at-risk'), 'notice_given');
    expect(more).toEqual([]);
    expect(row).toMatchObject({ account_id: 'a14', notice_on: '2024-12-10', ends_on: '2025-01-15', days_left: 17 });
    expect(row?.['arr_amount']).toBe(4000);
  });

  it('tells of an account that has given notice, and of no account that no run has seen', async () => {
    const report = await accountReport(options({}), 'NUTMEG');
    expect(report.lists.map(({ name }) => name)).toEqual(['notice', 'readings']);
    await expect(accountReport(options({}), 'a1x')).rejects.toMatchObject({
      message: 'the ledger knows no account a1x',
    });
    await expect(accountReport(options({ asOf: DAY }), 'a14')).rejects.toThrow('takes no --as-of');
  });
});

describe('accounts in hand', () => {
  it('stand in their block with why and until when', async () => {
    const company = new TemporaryCompany();
    try {
      // Two nights later than 7 days after their lists: nobody records decisions, so shown alerts count as worked.
      await company.run('2024-12-20');
      const { report } = await runNightly({ ...company.options('json'), asOf: DAY });
      const rows: CellRow[] = [];
      for await (const chunk of report.lists.find(({ name }) => name === 'in_hand')?.rows ?? []) rows.push(...chunk);
      expect(rows.length).toBeGreaterThan(0);
      for (const row of rows) {
        expect(row).toMatchObject({ why: 'worked, resting', until: '2025-01-24' });
        expect(row['detail']).toBe('assumed worked on 2024-12-27');
      }
      const shown: CellRow[] = [];
      for await (const chunk of report.lists[0]?.rows ?? []) shown.push(...chunk);
      const both = rows.filter(({ account_id }) => shown.some((row) => row['account_id'] === account_id));
      expect(both).toEqual([]);
    } finally {
      company.remove();
    }
  });
});
