import { describe, expect, it } from 'vitest';
import type { CellRow } from '../../src/contract/agent.ts';
import { changedSince, type EarlierList } from '../../src/pipeline/since.ts';
import { listOf } from '../helpers/reports.ts';

const reason = (text: string) => ({ text, kind: text });
const earlier: EarlierList = {
  run_id: 'r1',
  as_of: '2024-11-05',
  rows: new Map<string, CellRow>(
    [
      {
        account_id: 'a',
        name: 'Alder',
        csm: 'Dana',
        churn_probability: 0.2,
        reasons: JSON.stringify([reason('no use')]),
      },
      {
        account_id: 'b',
        name: 'Birch',
        csm: 'Dana',
        churn_probability: null,
        reasons: JSON.stringify([reason('no use')]),
      },
      { account_id: 'd', name: 'Dogwood', csm: 'Dana', churn_probability: null, reasons: '[]' },
      { account_id: 'e', name: 'Elm', csm: 'Eli', churn_probability: null, reasons: '[]' },
    ].map((row) => [row.account_id, row]),
  ),
};
const rows: CellRow[] = [
  { account_id: 'a', csm: 'Dana', churn_probability: 0.3, reasons: [reason('no use'), reason('invoice overdue')] },
  { account_id: 'b', csm: 'Dana', churn_probability: null, reasons: [reason('no use')] },
  { account_id: 'c', csm: 'Dana', churn_probability: 0.5, reasons: [reason('no use')] },
];

async function changes(list: Awaited<ReturnType<typeof changedSince>>): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const chunk of list.rows) found.push(...chunk.map(({ change }) => change));
  return found;
}

describe('what changed since an earlier list', () => {
  it('is a probability that moved, a reason that is new, or a row that was not there', async () => {
    const list = await changedSince(listOf([{ key: 'account_id', label: 'account', kind: 'id' }], rows), earlier, {});
    expect(await changes(list)).toEqual([
      'up from 20 % to 30 %; new: invoice overdue since 5 Nov 2024',
      'unchanged since 5 Nov 2024',
      'not on the list of 5 Nov 2024',
    ]);
    expect(list.notes).toContain('changes are told since the list of 5 Nov 2024 (run r1)');
    expect(list.notes).toContain('on the list of 5 Nov 2024 and no longer: Dogwood, Elm');
  });

  it('names who has left of the person asked for alone', async () => {
    const list = await changedSince(listOf([{ key: 'account_id', label: 'account', kind: 'id' }], rows), earlier, {
      csm: 'Eli',
    });
    expect(list.notes).toContain('on the list of 5 Nov 2024 and no longer: Elm');
  });
});
