import type { CellRow, FindingTable } from '../contract/agent.ts';
import type { CommonOptions } from '../contract/options.ts';
import type { ReportList } from '../contract/report.ts';
import { type Bindings, type Engine, quoteName } from '../engine/engine.ts';

/** What stands beside a table's columns and rows when it becomes a list of a report. */
export interface ListFrame {
  readonly question?: string;
  readonly headline: string;
  readonly empty: string;
}

/** The part of the shared flags that chooses rows. */
export type Selection = Pick<CommonOptions, 'csm' | 'segment' | 'top'>;

/**
 * A ranked relation as a list: rows are streamed from the engine in rank order when the renderer asks, so a list of
 * any size is never held. `csm` and `segment` choose rows where the table has such columns.
 */
export async function listOfRelation(
  engine: Engine,
  relation: string,
  table: FindingTable,
  frame: ListFrame,
  selection: Selection,
): Promise<ReportList> {
  const { where, bindings } = choose(table, selection);
  const [count] = await engine.rows(`select count(*) as n from ${relation}${where}`, bindings);
  const [all] = await engine.rows(`select count(*) as n from ${relation}`);
  const rowCount = Number(count?.['n'] ?? 0);
  const columns = table.columns.map(({ key }) => quoteName(key)).join(', ');
  const limit = selection.top === undefined ? '' : ` limit ${Math.trunc(selection.top)}`;
  const sql = `select ${columns} from ${relation}${where} order by rank${limit}`;
  return {
    name: table.name,
    title: table.title,
    ...(frame.question === undefined ? {} : { question: frame.question }),
    headline: chosenHeadline(frame.headline, selection, rowCount, Number(all?.['n'] ?? 0)),
    columns: table.columns,
    notes: table.notes,
    rowCount,
    rows: { [Symbol.asyncIterator]: () => engine.stream(sql, bindings)[Symbol.asyncIterator]() },
    empty: frame.empty,
  };
}

/**
 * The headline of a list cut to one person's or one segment's rows: it counts the whole book and must say so, or a reader
 * takes its counts and money for those of the rows below.
 */
export function chosenHeadline(
  headline: string,
  { csm, segment }: Selection,
  rowCount: number,
  bookCount: number,
): string {
  const whose = [csm, segment].filter((name) => name !== undefined).join(', ');
  return whose === '' || headline === ''
    ? headline
    : `${whose}: ${rowCount} of ${bookCount} rows; whole book: ${headline}`;
}

/** Rows already at hand as a list's row source. */
export async function* rowsOf(rows: readonly CellRow[]): AsyncGenerator<readonly CellRow[]> {
  if (rows.length > 0) yield rows;
}

/** Rows at hand that can be read more than once. */
export function rowSource(rows: readonly CellRow[]): AsyncIterable<readonly CellRow[]> {
  return { [Symbol.asyncIterator]: () => rowsOf(rows) };
}

function choose(table: FindingTable, selection: Selection): { where: string; bindings: Bindings } {
  const conditions: string[] = [];
  const bindings: Record<string, string> = {};
  for (const key of ['csm', 'segment'] as const) {
    const value = selection[key];
    if (value === undefined || !table.columns.some((column) => column.key === key)) continue;
    conditions.push(`lower(${key}) = lower($${key})`);
    bindings[key] = value;
  }
  return { where: conditions.length === 0 ? '' : ` where ${conditions.join(' and ')}`, bindings };
}
