import type { Cell, CellRow, TableColumn } from '../contract/agent.ts';
import type { Renderer, ReportList } from '../contract/report.ts';
import { plainText } from './cells.ts';
import { rowsOf } from './rows.ts';

/**
 * A text cell that a spreadsheet would run as a formula: it begins with `=`, `+`, `-`, `@` (plain or full width), a tab
 * or a line break. Leading apostrophes count, so that taking one away always gives back the original text.
 */
const FORMULA = /^'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;
const PLAIN_NUMBER = /^[+-]?\d+(\.\d+)?$/;
const NEEDS_QUOTES = /[",\r\n]|^\s|\s$/;

/**
 * The first list of the report as CSV (RFC 4180, line feeds, UTF-8 without a mark, one heading line of column keys).
 * A file has one list; `--list` chooses, `--output DIR` writes one file a list. Numbers in full precision, days as
 * `YYYY-MM-DD`, booleans `true`/`false`, no value as an empty cell, lists as their items' text by `; ` (the structure
 * is in JSON). Text that a spreadsheet would run as a formula gets a leading apostrophe.
 */
export const renderCsv: Renderer = async function* (report, options) {
  const [list] = report.lists;
  if (list !== undefined) yield* csvOf(list, options.top);
};

/** One list as CSV; see `renderCsv`. */
export async function* csvOf(list: ReportList, top?: number): AsyncGenerator<string> {
  yield `${list.columns.map((column) => quoted(column.key)).join(',')}\n`;
  for await (const rows of rowsOf(list, top)) {
    yield rows.map((row) => csvLine(row, list.columns)).join('');
  }
}

function csvLine(row: CellRow, columns: readonly TableColumn[]): string {
  return `${columns.map((column) => csvCell(row[column.key])).join(',')}\n`;
}

function csvCell(value: Cell | undefined): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return Number.isFinite(value) ? String(value === 0 ? 0 : value) : '';
  if (typeof value === 'boolean') return String(value);
  return quoted(guarded(typeof value === 'string' ? value : plainText(value)));
}

/** Text with an apostrophe before it where a spreadsheet would take it for a formula; plain numbers stay. */
export function guarded(text: string): string {
  return FORMULA.test(text) && !PLAIN_NUMBER.test(text) ? `'${text}` : text;
}

function quoted(text: string): string {
  return NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
