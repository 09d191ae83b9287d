import type { Cell, CellRow } from '../contract/agent.ts';
import type { Renderer, ReportHeader, ReportList } from '../contract/report.ts';
import { longDay } from '../lib/dates.ts';
import { reasonsOf, reasonText } from './cards.ts';
import { cellText, digitsOf, isRightAligned } from './cells.ts';
import { rowsOf, untoldOutcomes } from './rows.ts';
import { printable } from './text-width.ts';

/**
 * The report as a GitHub-flavoured Markdown document: one heading and table a list, every column, all rows unless
 * `--top`. Values are written as for people (thousands separators, percentages); exact ones are in CSV and JSON. Text
 * of the exports is escaped, so that it cannot become markup.
 */
export const renderMarkdown: Renderer = async function* (report, options) {
  const { header } = report;
  yield `# ${escaped(header.title)}\n\n`;
  yield `As of ${longDay(header.as_of)} (${escaped(header.as_of_reason)})`;
  yield `${header.run_id === null ? '' : `, run ${escaped(header.run_id)}`}, seed ${header.seed}, retain ${header.version}.\n`;
  if (header.notes.length > 0) yield `\n${header.notes.map((note) => `- ${escaped(note)}\n`).join('')}`;
  for (const list of report.lists) yield* listMarkdown(list, header, options.top);
  const problems = untoldOutcomes(report).flatMap((outcome) => {
    if (outcome.status === 'failed') return [`- ${outcome.agent} failed: ${escaped(outcome.error)}\n`];
    return outcome.status === 'skipped' ? [`- ${outcome.agent} skipped: ${escaped(outcome.reason)}\n`] : [];
  });
  const warnings = report.warnings.map(
    ({ what, consequence, remedy }) =>
      `- ${[what, consequence, remedy]
        .filter((part) => part !== '')
        .map(escaped)
        .join('; ')}\n`,
  );
  if (problems.length + warnings.length > 0) yield `\n## Warnings\n\n${[...problems, ...warnings].join('')}`;
  if (report.next.length > 0)
    yield `\n## Next\n\n${report.next.map((command) => `    ${printable(command)}\n`).join('')}`;
  if (report.summary !== '') yield `\n**${escaped(report.summary)}**\n`;
};

async function* listMarkdown(list: ReportList, header: ReportHeader, top?: number): AsyncGenerator<string> {
  yield `\n## ${escaped(list.title)}\n`;
  if (list.headline !== '') yield `\n${escaped(list.headline)}\n`;
  if (list.notes.length > 0) yield `\n${list.notes.map((note) => `- ${escaped(note)}\n`).join('')}`;
  if (list.rowCount === 0) {
    yield `\n${escaped(list.empty)}\n`;
    return;
  }
  const { columns } = list;
  const headings = columns.map(({ label, unit, kind }) => {
    const isMoney = kind === 'money' && unit === undefined;
    const money = isMoney ? (header.currency ?? undefined) : undefined;
    const mark = isMoney && header.is_money_approximate === true ? '~' : '';
    return escaped(
      [mark + label, label.includes(unit ?? ' ') ? undefined : unit, money]
        .filter((part) => part !== undefined)
        .join(' '),
    );
  });
  yield `\n| ${headings.join(' | ')} |\n`;
  yield `| ${columns.map((column) => (isRightAligned(column) ? '---:' : '---')).join(' | ')} |\n`;
  let digits: readonly number[] | undefined;
  let printed = 0;
  for await (const rows of rowsOf(list, top)) {
    digits ??= columns.map((column) =>
      digitsOf(
        column,
        rows.map((row) => row[column.key]),
      ),
    );
    const known = digits;
    printed += rows.length;
    yield rows
      .map(
        (row) =>
          `| ${columns.map((column, j) => escaped(textOf(row, column.key) ?? cellText(row[column.key], column, known[j] ?? 0))).join(' | ')} |\n`,
      )
      .join('');
  }
  if (printed < list.rowCount) yield `\n… and ${list.rowCount - printed} more.\n`;
}

/** Reasons are told with what they are measured against; any other cell is told by its column. */
function textOf(row: CellRow, key: string): string | undefined {
  const value: Cell | undefined = row[key];
  if (key !== 'reasons' || !Array.isArray(value)) return undefined;
  return reasonsOf(row).map(reasonText).join('; ');
}

function escaped(text: string): string {
  return printable(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replace(/[\\`*_{}[\]|~]/g, '\\$&');
}
