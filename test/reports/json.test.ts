import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RENDERERS } from '../../src/reports/index.ts';
import { SCHEMA_VERSION } from '../../src/reports/json.ts';
import { listOf, reportOf, textOf, wholeReport } from '../helpers/reports.ts';

interface Document {
  readonly schema_version: number;
  readonly lists: readonly {
    readonly name: string;
    readonly row_count: number;
    readonly rows: readonly Record<string, unknown>[];
  }[];
  readonly outcomes: readonly Record<string, unknown>[];
}
const documentOf = async (report: Parameters<typeof textOf>[1], top?: number): Promise<Document> =>
  JSON.parse(
    await textOf(RENDERERS.json, report, { format: 'json', ...(top === undefined ? {} : { top }) }),
  ) as Document;

describe('json', () => {
  it('is one document with every list, outcome and version', async () => {
    const found = await documentOf(wholeReport());
    expect(found.schema_version).toBe(SCHEMA_VERSION);
    expect(found.lists.map(({ name, row_count, rows }) => [name, row_count, rows.length])).toEqual([
      ['health', 3, 3],
      ['notice_given', 0, 0],
      ['at_risk', 2, 2],
    ]);
    expect(found.outcomes.map((outcome) => outcome.status)).toEqual(['ok', 'skipped', 'failed']);
  });

  it('keeps key order, whatever order the rows have, and all values', async () => {
    const columns = [
      { key: 'b', label: 'B', kind: 'text' as const },
      { key: 'a', label: 'A', kind: 'number' as const },
    ];
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.double(),
      fc.boolean(),
      fc.constant(null),
      fc.array(fc.string()),
    );
    await fc.assert(
      fc.asyncProperty(value, value, value, async (a, b, z) => {
        const one = reportOf([listOf(columns, [{ a, b, z, y: 1 }])]);
        const other = reportOf([listOf(columns, [{ y: 1, z, b, a }])]);
        const text = await textOf(RENDERERS.json, one, { format: 'json' });
        expect(await textOf(RENDERERS.json, other, { format: 'json' })).toBe(text);
        const [row] = (JSON.parse(text) as Document).lists[0]?.rows ?? [];
        expect(Object.keys(row ?? {})).toEqual(['b', 'a', 'y', 'z']);
        expect(row).toEqual(JSON.parse(JSON.stringify({ a, b, z, y: 1 })));
      }),
    );
  });

  it('says how many rows there are when --top leaves some out', async () => {
    const found = await documentOf(wholeReport(), 1);
    expect(found.lists[0]?.row_count).toBe(3);
    expect(found.lists[0]?.rows).toHaveLength(1);
  });
});

describe('results in JSON', () => {
  it('are what they were, whatever they hold, and each item stands on a line of its own', async () => {
    const item = fc.dictionary(fc.string(), fc.jsonValue());
    const result = fc.dictionary(fc.string(), fc.oneof(fc.jsonValue(), fc.array(item)));
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), result), async (given) => {
        const data = Object.fromEntries(
          Object.entries(given).map(([name, value]) => [name, { ...value, schema_version: 1 }]),
        );
        const text = await textOf(RENDERERS.json, reportOf([], { data }), { format: 'json' });
        expect(JSON.parse(text).data).toEqual(JSON.parse(JSON.stringify(data)));
      }),
      { numRuns: 25 },
    );
    const stored = { schema_version: 1, figures: [{ value: 1 }, { value: null }], origins: ['2026-01-01'] };
    const text = await textOf(RENDERERS.json, reportOf([], { data: { backtest: stored } }), { format: 'json' });
    expect(text).toContain('"figures":[\n{"value":1},\n{"value":null}\n],"origins":["2026-01-01"]');
  });
});

describe('every format', () => {
  it.each(['table', 'csv', 'json', 'markdown'] as const)('%s gives the same bytes twice', async (format) => {
    const first = await textOf(RENDERERS[format], wholeReport(), { format });
    expect(await textOf(RENDERERS[format], wholeReport(), { format })).toBe(first);
    expect(first.endsWith('\n')).toBe(true);
    expect(first).not.toContain('\r');
  });

  it('markdown keeps the text of exports from becoming markup', async () => {
    const columns = [{ key: 'name', label: 'Name', kind: 'text' as const }];
    const rows = [{ name: '<img src=x> | **b** [l](u) `c` \n# h' }];
    const text = await textOf(RENDERERS.markdown, reportOf([listOf(columns, rows)]), { format: 'markdown' });
    expect(text).toContain('| &lt;img src=x> \\| \\*\\*b\\*\\* \\[l\\](u) \\`c\\`  # h |\n');
  });
});
