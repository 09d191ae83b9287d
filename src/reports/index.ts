import type { BacktestReport } from '../contract/backtest.ts';
import type { Renderer, RenderOptions } from '../contract/report.ts';
import { renderAnnotations } from './annotations.ts';
import { renderCsv } from './csv.ts';
import { renderJson } from './json.ts';
import { renderJunit } from './junit.ts';
import { renderMarkdown } from './markdown.ts';
import { renderTerminal } from './terminal.ts';

export { createProgress } from './progress.ts';
export { untoldOutcomes } from './rows.ts';

/** Every format by its name. A report goes in, text comes out in pieces; the same input gives the same bytes. */
export const RENDERERS: Readonly<Record<RenderOptions['format'], Renderer>> = {
  table: renderTerminal,
  csv: renderCsv,
  json: renderJson,
  markdown: renderMarkdown,
};

/** What a CI job reads of a backtest, beside its formats. */
export const CI_RENDERERS: Readonly<
  Record<'junit' | 'annotations', (report: BacktestReport) => AsyncIterable<string>>
> = { junit: renderJunit, annotations: renderAnnotations };
