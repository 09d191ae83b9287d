import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CellRow, TableColumn } from '../../src/contract/agent.ts';
import { fitColumns, GAP } from '../../src/reports/column-fit.ts';
import { renderTerminal } from '../../src/reports/terminal.ts';
import { textWidth } from '../../src/reports/text-width.ts';
import { listOf, reportOf, rowsInChunks, textOf, wholeReport } from '../helpers/reports.ts';

const COLUMNS: readonly TableColumn[] = [
  { key: 'account_id', label: 'Account', kind: 'id' },
  { key: 'arr_amount', label: 'ARR', kind: 'money' },
  { key: 'why', label: 'Why', kind: 'text' },
];
const rowsUpTo = (count: number): CellRow[] =>
  Array.from({ length: count }, (_, i) => ({ account_id: `a-${i + 1}`, arr_amount: (i + 1) * 1000, why: 'no use' }));

describe('sentences in a table', () => {
  it('are broken over lines in a narrow terminal, whole and within the width; other text is cut', async () => {
    const message =
      '19,142 usage rows are older than the start of the contract they name (77 % of usage rows, 500 accounts)';
    const remedy = 'Check the contract id of the usage export, or the start_date of the contracts.';
    const list = listOf(
      [
        { key: 'severity', label: 'severity', kind: 'text' },
        { key: 'message', label: 'finding', kind: 'text', wraps: true },
        { key: 'arr_amount', label: 'ARR', kind: 'money' },
        { key: 'remedy', label: 'remedy', kind: 'text', wraps: true },
      ],
      [{ severity: 'warning', message, arr_amount: 44_774_928, remedy }],
    );
    const text = await textOf(renderTerminal, reportOf([list]), { width: 80, quiet: true });
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    expect(Math.max(...lines.map(textWidth))).toBeLessThanOrEqual(80);
    expect(text).not.toContain('…');
    const words = new Set(text.split(/\s+/));
    for (const word of [...message.split(' '), ...remedy.split(' ')]) expect(words, word).toContain(word);
  });
});

describe('fitColumns', () => {
  it('keeps natural widths where there is room', () => {
    const fit = fitColumns(
      [
        { header: 'Name', content: 10, isTextual: true },
        { header: 'ARR EUR', content: 3, isTextual: false },
      ],
      40,
    );
    expect([...fit.widths.values()]).toEqual([10, 7]);
    expect(fit.dropped).toEqual([]);
  });

  it('breaks headings, then cuts text, then drops from the right', () => {
    const columns = [
      { header: 'Name', content: 40, isTextual: true },
      { header: 'Days left', content: 3, isTextual: false },
      { header: 'Score', content: 3, isTextual: false },
    ];
    // 40 + 4 + 5 and two gaps
    expect([...fitColumns(columns, 53).widths.values()]).toEqual([40, 4, 5]);
    expect([...fitColumns(columns, 30).widths.values()]).toEqual([17, 4, 5]);
    const narrow = fitColumns(columns, 20);
    expect([...narrow.widths.keys()]).toEqual([0, 1]);
    expect(narrow.dropped).toEqual([2]);
  });

  it('always fits and never drops the first column', () => {
    const size = fc.record({
      header: fc.stringMatching(/^[a-z]{1,8}( [a-z]{1,8}){0,3}$/),
      content: fc.integer({ min: 1, max: 80 }),
      isTextual: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(size, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 20, max: 200 }),
        (columns, width) => {
          const { widths, dropped } = fitColumns(columns, width);
          const total = [...widths.values()].reduce((sum, item) => sum + item, 0) + GAP * (widths.size - 1);
          expect(total).toBeLessThanOrEqual(width);
          expect(widths.has(0)).toBe(true);
          expect([...widths.keys(), ...dropped]).toEqual(columns.map((_, index) => index));
        },
      ),
    );
  });
});

describe('the terminal report', () => {
  it.each([40, 60, 72, 80, 100, 120, 200])('fits %i columns', async (width) => {
    for (const line of (await textOf(renderTerminal, wholeReport(), { width })).split('\n')) {
      // Commands are kept whole, so that they can be copied.
      if (!line.startsWith('next: ')) expect(textWidth(line)).toBeLessThanOrEqual(width);
    }
  });

  it('has colour only when asked', async () => {
    expect(await textOf(renderTerminal, wholeReport())).not.toContain('\u001b');
    expect(await textOf(renderTerminal, wholeReport(), { color: true })).toContain('\u001b[31mred');
  });

  it('lets no text of an export reach the terminal as a command', async () => {
    const rows = [{ account_id: 'a\u001b]0;x\u0007', arr_amount: 1, why: 'x\u001b[2J\ny' }];
    const text = await textOf(renderTerminal, reportOf([listOf(COLUMNS, rows)], { summary: 'a\u001b[31mb' }));
    expect(text).not.toContain('\u001b');
    expect(text.trimEnd().endsWith('\nab')).toBe(true);
  });

  it('aligns numbers to the right, page after page', async () => {
    const text = await textOf(renderTerminal, reportOf([listOf(COLUMNS, rowsUpTo(1200))]), { top: 1200 });
    const lines = text.split('\n').filter((line) => line.startsWith('a-'));
    expect(lines).toHaveLength(1200);
    expect(lines[0]).toMatch(/^a-1 +1,000 {2}no use$/);
    expect(lines[1199]).toMatch(/^a-1200 +1,200,000 {2}no use$/);
    expect(new Set(lines.slice(500, 1200).map((line) => line.indexOf('no use'))).size).toBeLessThanOrEqual(2);
  });

  it('stops reading a long list as soon as it has enough', async () => {
    let read = 0;
    let isClosed = false;
    const rows: AsyncIterable<readonly CellRow[]> = {
      async *[Symbol.asyncIterator]() {
        try {
          for (;;) {
            read++;
            yield [{ account_id: `a-${read}`, arr_amount: 1, why: 'x' }];
          }
        } finally {
          isClosed = true;
        }
      },
    };
    const list = listOf(COLUMNS, [], { rows, rowCount: 1_000_000 });
    const text = await textOf(renderTerminal, reportOf([list, listOf(COLUMNS, [])]));
    expect(read).toBe(10);
    expect(isClosed).toBe(true);
    expect(text).toContain('… and 999,990 more; --list health --top 1000000 prints all');
  });

  it('prints a list whole when only a handful of rows would be left out', async () => {
    const both = (count: number) => reportOf([listOf(COLUMNS, rowsUpTo(count)), listOf(COLUMNS, [])]);
    expect(await textOf(renderTerminal, both(15))).toContain('\na-15 ');
    expect(await textOf(renderTerminal, both(16))).toContain('… and 6 more; --list health --top 16 prints all');
  });

  it('with quiet prints lists and the last line alone', async () => {
    const text = await textOf(renderTerminal, wholeReport(), { quiet: true });
    for (const talk of ['Nightly run', 'seed 7', 'warning:', 'next:', 'skipped']) expect(text).not.toContain(talk);
    expect(text.trimEnd().split('\n').at(-1)).toContain('2 accounts at risk');
  });

  it('tells what failed once, also when a warning tells it too', async () => {
    const outcomes = [{ agent: 'expansion', status: 'failed', error: 'no column seats' }] as const;
    const warning = {
      what: 'the agent expansion failed: no column seats',
      consequence: 'its list is missing',
      remedy: '',
    };
    const alone = await textOf(renderTerminal, reportOf([], { outcomes }));
    const both = await textOf(renderTerminal, reportOf([], { outcomes, warnings: [warning] }));
    expect(alone).toContain('\nexpansion failed: no column seats\n');
    expect(both.match(/no column seats/g)).toHaveLength(1);
    expect(both).toContain('warning: the agent expansion failed: no column seats; its list is missing\n');
  });

  it('says what stands in place of an empty list', async () => {
    const list = listOf(COLUMNS, [], { empty: 'Nothing renews within 180 days.', rows: rowsInChunks([]) });
    expect(await textOf(renderTerminal, reportOf([list]))).toContain('\nNothing renews within 180 days.\n');
  });
});
