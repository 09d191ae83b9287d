import { it } from 'vitest';
import { RENDERERS } from '../../src/reports/index.ts';
import { expectGolden } from '../helpers/golden.ts';
import { textOf, wholeReport } from '../helpers/reports.ts';

it('renders a report with every kind of cell in every format', async () => {
  const files = new Map<string, string>();
  for (const width of [60, 80, 120]) {
    files.set(`table-${width}.txt`, await textOf(RENDERERS.table, wholeReport(), { width }));
  }
  files.set('table-pipe.txt', await textOf(RENDERERS.table, wholeReport(), { width: Number.POSITIVE_INFINITY }));
  files.set('table-color.txt', await textOf(RENDERERS.table, wholeReport(), { width: 100, color: true }));
  files.set('table-quiet-top-1.txt', await textOf(RENDERERS.table, wholeReport(), { quiet: true, top: 1 }));
  files.set('report.csv', await textOf(RENDERERS.csv, wholeReport(), { format: 'csv' }));
  files.set('report.json', await textOf(RENDERERS.json, wholeReport(), { format: 'json' }));
  files.set('report.md', await textOf(RENDERERS.markdown, wholeReport(), { format: 'markdown' }));
  expectGolden('reports', files);
});
