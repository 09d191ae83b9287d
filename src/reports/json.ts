import type { AgentOutcome, CellRow } from '../contract/agent.ts';
import type { Renderer, ReportList, RunReport } from '../contract/report.ts';
import { rowsOf } from './rows.ts';

/** Raised when a key is renamed, removed or changes its meaning; new keys do not raise it. */
export const SCHEMA_VERSION = 1;

/**
 * The whole report as one JSON document, streamed: header, then each list with its columns and one row a line, then
 * outcomes, warnings, next, data (where a verb has some), summary. Keys always stand in the same order (row keys as the columns, further keys by
 * name), numbers in full precision, no value as null. Line feeds, UTF-8.
 */
export const renderJson: Renderer = async function* (report, options) {
  yield `{"schema_version":${SCHEMA_VERSION},\n"header":${JSON.stringify(report.header)},\n"lists":[`;
  let isFirst = true;
  for (const list of report.lists) {
    yield isFirst ? '\n' : ',\n';
    isFirst = false;
    yield* listJson(list, options.top);
  }
  yield `\n],\n"outcomes":${JSON.stringify(report.outcomes.map(outcomeSummary))}`;
  yield `,\n"warnings":${JSON.stringify(report.warnings)},\n"next":${JSON.stringify(report.next)}`;
  if (report.data !== undefined) yield* dataJson(report.data);
  yield `,\n"summary":${JSON.stringify(report.summary)}}\n`;
};

/** Results as JSON, each item of their lists on a line of its own, so that `diff` and `grep` work on stored ones. */
function* dataJson(data: NonNullable<RunReport['data']>): Generator<string> {
  let isFirst = true;
  for (const [name, result] of Object.entries(data)) {
    const entries: [string, unknown][] = Object.entries(result);
    const parts = entries.flatMap(([key, value]) => {
      if (value === undefined) return [];
      const isList = Array.isArray(value) && value.some((item) => typeof item === 'object');
      const text = isList ? `[\n${value.map((item) => JSON.stringify(item)).join(',\n')}\n]` : JSON.stringify(value);
      return [`${JSON.stringify(key)}:${text}`];
    });
    yield `${isFirst ? ',\n"data":{' : ',\n'}${JSON.stringify(name)}:{${parts.join(',')}}`;
    isFirst = false;
  }
  yield isFirst ? ',\n"data":{}' : '}';
}

async function* listJson(list: ReportList, top: number | undefined): AsyncGenerator<string> {
  const { rows: _rows, layout: _layout, empty: _empty, rowCount, columns, ...head } = list;
  const meta = JSON.stringify({
    name: head.name,
    title: head.title,
    question: head.question ?? null,
    headline: head.headline,
    notes: head.notes,
    row_count: rowCount,
    columns: columns.map(({ key, label, kind, unit }) => ({ key, label, kind, unit: unit ?? null })),
  });
  yield `${meta.slice(0, -1)},"rows":[`;
  const keys = columns.map((column) => column.key);
  let isFirst = true;
  for await (const rows of rowsOf(list, top)) {
    yield rows.map((row, i) => `${isFirst && i === 0 ? '\n' : ',\n'}${rowJson(row, keys)}`).join('');
    isFirst = false;
  }
  yield isFirst ? ']}' : '\n]}';
}

function rowJson(row: CellRow, keys: readonly string[]): string {
  const known = new Set(keys);
  const further = Object.keys(row)
    .filter((key) => !known.has(key))
    .sort();
  const parts = [...keys, ...further].map((key) => `${JSON.stringify(key)}:${JSON.stringify(row[key] ?? null)}`);
  return `{${parts.join(',')}}`;
}

/** An agent's outcome without its rows, which stand in the lists. */
function outcomeSummary(outcome: AgentOutcome): Readonly<Record<string, unknown>> {
  const { agent, status } = outcome;
  if (status === 'skipped') return { agent, status, reason: outcome.reason };
  if (status === 'failed') return { agent, status, error: outcome.error };
  const { headline, tables, warnings } = outcome.finding;
  return { agent, status, headline, tables: tables.map((table) => table.name), warnings: warnings ?? [] };
}
