import { Chalk, type ChalkInstance } from 'chalk';
import type { AgentOutcome } from '../contract/agent.ts';
import type { Renderer, RenderOptions, ReportHeader, ReportList, Warning } from '../contract/report.ts';
import { longDay } from '../lib/dates.ts';
import { CARD_LINES, type CardOptions, cardLines, PROSE_WIDTH } from './cards.ts';
import { grouped } from './cells.ts';
import { rowsOf, untoldOutcomes } from './rows.ts';
import { tableOf } from './table.ts';
import { printable, wrap } from './text-width.ts';

/** Rows printed without `--top`: of the only list of a report, and of each of several. */
const ROWS_ALONE = 50;
const ROWS_TOGETHER = 10;
const SLACK_ROWS = 5;

interface Page {
  readonly chalk: ChalkInstance;
  readonly width: number;
  readonly prose: number;
  readonly quiet: boolean;
}

/**
 * The report for people: header, lists, what failed or was skipped, warnings, what to run next, and the most important
 * line last. Fits `width`; colour only where asked for; with `quiet` the lists and the last line alone. Text of the
 * exports is stripped of control characters, so that no account name can drive a terminal.
 */
export const renderTerminal: Renderer = async function* (report, options) {
  const page: Page = {
    chalk: new Chalk({ level: options.color ? 1 : 0 }),
    width: Math.max(40, options.width),
    prose: Math.min(Math.max(40, options.width), PROSE_WIDTH),
    quiet: options.quiet === true,
  };
  if (!page.quiet) yield headerText(report.header, page);
  for (const list of report.lists) yield* listText(list, report.header, options, report.lists.length, page);
  if (!page.quiet) {
    yield block([
      ...untoldOutcomes(report).map((outcome) => outcomeText(outcome, page)),
      ...report.warnings.map((warning) => warningText(warning, page)),
    ]);
    yield block(report.next.map((command) => `${page.chalk.dim('next:')} ${printable(command)}\n`));
  }
  if (report.summary !== '') yield `\n${prose(report.summary, page, page.chalk.bold)}`;
};

function headerText(header: ReportHeader, page: Page): string {
  const facts = [
    `as of ${longDay(header.as_of)} (${header.as_of_reason})`,
    header.run_id === null ? undefined : `run ${header.run_id}`,
    `seed ${header.seed}`,
    `retain ${header.version}`,
  ];
  const line = facts.filter((fact) => fact !== undefined).join(' · ');
  const notes = header.notes.map((note) => prose(note, page, page.chalk.dim)).join('');
  return `${prose(header.title, page, page.chalk.bold)}${prose(line, page)}${notes}`;
}

async function* listText(
  list: ReportList,
  header: ReportHeader,
  options: RenderOptions,
  lists: number,
  page: Page,
): AsyncGenerator<string> {
  const { chalk } = page;
  const count = list.rowCount > 0 ? ` (${grouped(list.rowCount, 0)})` : '';
  yield `\n${chalk.bold.underline(printable(list.title))}${chalk.dim(count)}\n`;
  if (list.headline !== '') yield prose(list.headline, page);
  if (!page.quiet) for (const note of list.notes) yield prose(note, page, chalk.dim);
  if (list.rowCount === 0) {
    yield prose(list.empty, page);
    return;
  }
  const isCards = list.layout === 'cards';
  // A list of cards is sized to what a person can work, so it is never cut unasked.
  const usual = isCards ? Number.POSITIVE_INFINITY : lists === 1 ? ROWS_ALONE : ROWS_TOGETHER;
  // Nobody is sent to another command for a handful of rows.
  const top = options.top ?? (list.rowCount <= usual + SLACK_ROWS ? list.rowCount : usual);
  const { currency } = header;
  const isApproximate = header.is_money_approximate === true;
  if (isCards) yield* cardsText(list, top, { width: page.width, currency, isApproximate, chalk });
  else yield* tableOf(list, { width: page.width, currency, isApproximate, top, chalk });
  const more = list.rowCount - top;
  if (more > 0) {
    const choice = lists === 1 ? '' : `--list ${list.name} `;
    const advice = options.top === undefined ? `; ${choice}--top ${list.rowCount} prints all` : '';
    yield prose(`… and ${grouped(more, 0)} more${advice}`, page, chalk.dim);
  }
}

async function* cardsText(list: ReportList, top: number, options: CardOptions): AsyncGenerator<string> {
  let position = 0;
  let person: string | undefined;
  for await (const rows of rowsOf(list, top)) {
    for (const row of rows) {
      const { csm } = row;
      if (typeof csm === 'string' && csm !== person) {
        person = csm;
        position = 0;
        yield `\n${options.chalk.underline(printable(csm))}\n`;
      }
      position++;
      const lines = cardLines(row, position, options);
      yield `\n${lines.slice(0, CARD_LINES).join('\n')}\n`;
    }
  }
}

/** Failed, skipped and warned are three things, each with its word; an agent that went well says nothing. */
function outcomeText(outcome: AgentOutcome, page: Page): string {
  const { chalk } = page;
  if (outcome.status === 'failed') return prose(`${outcome.agent} failed: ${outcome.error}`, page, chalk.red);
  if (outcome.status === 'skipped') return prose(`${outcome.agent} skipped: ${outcome.reason}`, page, chalk.dim);
  const warnings = outcome.finding.warnings ?? [];
  return warnings.map((warning) => prose(`${outcome.agent}: ${warning}`, page, chalk.yellow)).join('');
}

function warningText(warning: Warning, page: Page): string {
  const sentence = [warning.what, warning.consequence, warning.remedy].filter((part) => part !== '').join('; ');
  return prose(`warning: ${sentence}`, page, page.chalk.yellow);
}

/** Texts with an empty line above, or nothing. */
function block(texts: readonly string[]): string {
  const text = texts.join('');
  return text === '' ? '' : `\n${text}`;
}

function prose(text: string, page: Page, paint: (text: string) => string = (line) => line): string {
  return wrap(printable(text), page.prose)
    .map((line) => `${paint(line)}\n`)
    .join('');
}
