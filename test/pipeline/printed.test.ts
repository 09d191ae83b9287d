import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CellRow } from '../../src/contract/agent.ts';
import type { Format } from '../../src/contract/options.ts';
import type { RunReport } from '../../src/contract/report.ts';
import { listFromLedger } from '../../src/pipeline/lists.ts';
import { TemporaryCompany } from '../helpers/night.ts';

describe('at-risk compares with the last list printed', () => {
  let company: TemporaryCompany;
  beforeAll(async () => {
    company = new TemporaryCompany();
    await company.run('2024-12-08');
  });
  afterAll(() => company.remove());

  const print = (format: Format, top?: number): Promise<RunReport> =>
    listFromLedger(company.options(format, top), 'at-risk');
  const notesOf = ({ lists }: RunReport) => (lists[0]?.notes ?? []).filter((note) => note.includes('printed'));
  async function rowsOf({ lists }: RunReport): Promise<CellRow[]> {
    const rows: CellRow[] = [];
    for await (const chunk of lists[0]?.rows ?? []) rows.push(...chunk);
    return rows;
  }
  const kept = () =>
    company.ledger(
      'select csm, as_of, json_array_length(rows) as listed from state.printed_list where as_of <= $as_of::date order by as_of, csm',
      ['printed_list'],
      '2025-06-01',
    );

  it('keeps what people read, once, and neither a cut nor what programs read', async () => {
    await print('json');
    await print('table', 1);
    expect(await kept()).toEqual([]);
    const rows = await rowsOf(await print('table'));
    expect(rows.length).toBeGreaterThan(1);
    const before = await kept();
    expect(before.map(({ as_of }) => as_of)).toContain('2024-12-08');
    expect(before.reduce((sum, { listed }) => sum + Number(listed), 0)).toBe(rows.length);
    await print('markdown');
    expect(await kept()).toEqual(before);
  });

  it('tells changes since then, the same however often it is printed', async () => {
    const first = new Set((await rowsOf(await print('json'))).map((row) => row['account_id']));
    await company.run('2024-12-27');
    await company.run('2024-12-29');
    const report = await print('table');
    expect(notesOf(report).every((note) => note.includes('since the list of 8 Dec 2024'))).toBe(true);
    expect(notesOf(report).length).toBeGreaterThan(0);
    const rows = await rowsOf(report);
    for (const row of rows) {
      const isNew = !first.has(row['account_id'] ?? null);
      expect(row['change'] === 'not on the list of 8 Dec 2024', String(row['account_id'])).toBe(isNew);
      if (!isNew) expect(row['change']).toMatch(/since 8 Dec 2024$/);
    }
    const again = await print('table');
    expect(notesOf(again)).toEqual(notesOf(report));
    expect(await rowsOf(again)).toEqual(rows);
  });
});
