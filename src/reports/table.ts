import type { ChalkInstance } from 'chalk';
import Table from 'cli-table3';
import type { CellRow, TableColumn } from '../contract/agent.ts';
import type { ReportList } from '../contract/report.ts';
import { cellText, digitsOf, isRightAligned, isTextual } from './cells.ts';
import { fitColumns, GAP } from './column-fit.ts';
import { rowsOf } from './rows.ts';
import { textWidth, truncate, wrap } from './text-width.ts';

/** Rows whose widths are measured together; later pages keep the columns and never become narrower. */
const PAGE_ROWS = 500;
const NO_BORDERS = Object.fromEntries(
  ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right']
    .concat(['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid'])
    .map((part) => [part, '']),
);

export interface TableOptions {
  readonly width: number;
  readonly currency: string | null;
  /** Money columns carry `~`. */
  readonly isApproximate: boolean;
  readonly top: number;
  readonly chalk: ChalkInstance;
}

interface Shape {
  readonly columns: readonly TableColumn[];
  readonly digits: readonly number[];
  readonly widths: readonly number[];
}

/**
 * A list as an aligned table that fits `width`: numbers to the right with thousands separators, probabilities in
 * words, headings broken and long text cut where needed. A line below names the columns that did not fit.
 */
export async function* tableOf(list: ReportList, options: TableOptions): AsyncGenerator<string> {
  let shown = list.columns.filter((column) => column.terminal !== false);
  let shape: Shape | undefined;
  let dropped: readonly string[] = [];
  for await (const page of pages(rowsOf(list, options.top))) {
    if (shape === undefined) {
      shown = filled(page, shown);
      const fitted = fitPage(page, shown, options);
      shape = fitted.shape;
      dropped = fitted.dropped;
      yield `${tableText(headingRows(shape, options), shape)}\n`;
    }
    const cells = pageCells(page, shape, options);
    shape = { ...shape, widths: widened(shape.widths, cells) };
    yield `${tableText(painted(cells, shape, options.chalk), shape)}\n`;
  }
  if (dropped.length > 0) {
    const text = `Not shown for lack of width: ${dropped.join(', ')} (--format csv has all).`;
    for (const line of wrap(text, options.width)) yield `${options.chalk.dim(line)}\n`;
  }
}

/** Columns that anything stands in: one that is empty for everybody (of the first page) takes room and says nothing. */
function filled(page: readonly CellRow[], columns: readonly TableColumn[]): TableColumn[] {
  const kept = columns.filter(({ key }) =>
    page.some((row) => {
      const value = row[key];
      return value !== null && value !== undefined && value !== '' && !Number.isNaN(value);
    }),
  );
  return kept.length === 0 ? columns.slice(0, 1) : kept;
}

function fitPage(page: readonly CellRow[], shown: readonly TableColumn[], options: TableOptions) {
  const digits = shown.map((column) =>
    digitsOf(
      column,
      page.map((row) => row[column.key]),
    ),
  );
  const texts = shown.map((column, j) =>
    page.map((row) => textWidth(cellText(row[column.key], column, digits[j] ?? 0, ownCurrency(row, column, options)))),
  );
  const sizes = shown.map((column, j) => ({
    header: headingOf(column, options),
    content: Math.max(1, ...(texts[j] ?? [])),
    isTextual: isTextual(column),
  }));
  const fit = fitColumns(sizes, options.width);
  const kept = [...fit.widths.keys()];
  const shape: Shape = {
    columns: kept.map((index) => shown[index] as TableColumn),
    digits: kept.map((index) => digits[index] ?? 0),
    widths: [...fit.widths.values()],
  };
  return { shape, dropped: fit.dropped.map((index) => shown[index]?.label ?? '') };
}

function headingOf(column: TableColumn, { currency, isApproximate }: TableOptions): string {
  if (column.kind === 'money' && column.unit === undefined) {
    return `${isApproximate ? '~' : ''}${column.label}${currency === null ? '' : ` ${currency}`}`;
  }
  if (column.unit === undefined || column.label.includes(column.unit)) return column.label;
  return `${column.label} ${column.unit}`;
}

function headingRows(shape: Shape, options: TableOptions): string[][] {
  const broken = shape.columns.map((column, j) =>
    wrap(headingOf(column, options), shape.widths[j] ?? 1).map((line) => line.trim()),
  );
  const height = Math.max(...broken.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) =>
    broken.map((lines) => options.chalk.bold(lines[line - height + lines.length] ?? '')),
  );
}

function pageCells(page: readonly CellRow[], shape: Shape, options: TableOptions): string[][] {
  return page.map((row) =>
    shape.columns.map((column, j) => {
      const text = cellText(row[column.key], column, shape.digits[j] ?? 0, ownCurrency(row, column, options));
      const mayCut = isTextual(column) && Number.isFinite(options.width);
      if (!mayCut) return text;
      const width = shape.widths[j] ?? 1;
      return column.wraps === true ? wrap(text, width).join('\n') : truncate(text, width);
    }),
  );
}

/** Widths that hold what a later page brings: a number is never cut. */
function widened(widths: readonly number[], cells: readonly (readonly string[])[]): number[] {
  return widths.map((width, j) =>
    cells.reduce((widest, row) => Math.max(widest, ...(row[j] ?? '').split('\n').map(textWidth)), width),
  );
}

/** The row's currency where an amount is not in the report's. */
function ownCurrency(row: CellRow, column: TableColumn, options: TableOptions): string | undefined {
  if (column.kind !== 'money' || column.unit !== undefined) return undefined;
  const { currency } = row;
  return typeof currency === 'string' && currency !== options.currency ? currency : undefined;
}

/** Bands in their colours. */
function painted(cells: readonly string[][], shape: Shape, chalk: ChalkInstance): string[][] {
  const colours: Readonly<Record<string, ChalkInstance>> = { red: chalk.red, yellow: chalk.yellow, green: chalk.green };
  return cells.map((row) =>
    row.map((text, j) => {
      const paint = shape.columns[j]?.key.endsWith('band') === true ? colours[text] : undefined;
      return paint === undefined ? text : paint(text);
    }),
  );
}

function tableText(rows: readonly string[][], shape: Shape): string {
  const table = new Table({
    chars: { ...NO_BORDERS, middle: ' '.repeat(GAP) },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
    colWidths: [...shape.widths],
    colAligns: shape.columns.map((column) => (isRightAligned(column) ? 'right' : 'left')),
  });
  table.push(...rows);
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** Chunks of any size regrouped into pages. */
async function* pages(chunks: AsyncIterable<readonly CellRow[]>): AsyncGenerator<readonly CellRow[]> {
  let page: CellRow[] = [];
  for await (const rows of chunks) {
    for (const row of rows) {
      page.push(row);
      if (page.length === PAGE_ROWS) {
        yield page;
        page = [];
      }
    }
  }
  if (page.length > 0) yield page;
}
