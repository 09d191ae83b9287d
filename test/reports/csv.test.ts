import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TableColumn } from '../../src/contract/agent.ts';
import { guarded, renderCsv } from '../../src/reports/csv.ts';
import { listOf, reportOf, textOf } from '../helpers/reports.ts';

const TEXT: readonly TableColumn[] = [
  { key: 'a', label: 'A', kind: 'text' },
  { key: 'b', label: 'B', kind: 'text' },
];
const csv = (columns: readonly TableColumn[], rows: Parameters<typeof listOf>[1], top?: number): Promise<string> =>
  textOf(renderCsv, reportOf([listOf(columns, rows)]), { format: 'csv', ...(top === undefined ? {} : { top }) });
/** The documented way back from a guarded cell. */
const unguarded = (cell: string): string => (/^'+[=+\-@\t\r\n＝＋－＠]/.test(cell) ? cell.slice(1) : cell);

describe('csv', () => {
  it('comes back from a CSV reader as it went in', async () => {
    const cell = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('=1+1', "'=x", ' a ', 'a"b', 'x,y', 'l1\r\nl2', '\t', '-5', '+49 30'),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 8 }), async (cells) => {
        const text = await csv(
          TEXT,
          cells.map(([a, b]) => ({ a, b })),
        );
        const records: string[][] = parse(text);
        expect(records[0]).toEqual(['a', 'b']);
        expect(records.slice(1).map((record) => record.map(unguarded))).toEqual(cells.map(([a, b]) => [a, b]));
      }),
    );
  });

  it('lets no text cell begin as a formula', () => {
    for (const text of ['=1', '+a', '-a', '@SUM(A1)', '\t=1', '\r=1', '\n=1', "'=1", '＝1', '-2+3', '--1']) {
      expect(guarded(text)).toBe(`'${text}`);
    }
    for (const text of ['a=1', '-5', '+4.25', '', "it's", "'quoted'"]) expect(guarded(text)).toBe(text);
  });

  it('has full precision, empty cells for no value, and one spelling of zero', async () => {
    const columns: readonly TableColumn[] = [
      { key: 'churn_probability', label: 'P', kind: 'probability' },
      { key: 'arr_amount', label: 'ARR', kind: 'money' },
      { key: 'is_churned', label: 'C', kind: 'boolean' },
      { key: 'reasons', label: 'Why', kind: 'list' },
      { key: 'hidden', label: 'H', kind: 'text', terminal: false },
    ];
    const rows = [
      {
        churn_probability: 0.1 + 0.2,
        arr_amount: 1e21,
        is_churned: true,
        reasons: [{ text: 'no use' }, 'x'],
        hidden: 'h',
      },
      { churn_probability: -0, arr_amount: null, is_churned: null, reasons: null },
      { churn_probability: Number.NaN, arr_amount: 5, is_churned: false, reasons: [], hidden: '' },
    ];
    expect(await csv(columns, rows)).toBe(
      'churn_probability,arr_amount,is_churned,reasons,hidden\n' +
        '0.30000000000000004,1e+21,true,no use; x,h\n0,,,,\n,5,false,,\n',
    );
  });

  it('writes headings alone for an empty list, and stops at --top', async () => {
    expect(await csv(TEXT, [])).toBe('a,b\n');
    expect(await csv(TEXT, [{ a: '1' }, { a: '2' }, { a: '3' }], 2)).toBe('a,b\n1,\n2,\n');
  });
});
