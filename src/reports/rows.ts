import type { CellRow } from '../contract/agent.ts';
import type { ReportList } from '../contract/report.ts';

/** The rows of a list in chunks, at most `top` of them; the source is closed as soon as enough were read. */
export async function* rowsOf(list: ReportList, top = Number.POSITIVE_INFINITY): AsyncGenerator<readonly CellRow[]> {
  let left = top;
  for await (const rows of list.rows) {
    if (rows.length > 0) yield rows.length > left ? rows.slice(0, left) : rows;
    left -= rows.length;
    if (left <= 0) return;
  }
}
