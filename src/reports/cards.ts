import type { ChalkInstance } from 'chalk';
import type { Cell, CellRow } from '../contract/agent.ts';
import type { CardReason } from '../contract/report.ts';
import { isDay, longDay } from '../lib/dates.ts';
import { grouped, moneyText, oddsText, plainText } from './cells.ts';
import { printable, textWidth, truncate, wrap } from './text-width.ts';

/** Most lines of one card, so that a page holds seven accounts. */
export const CARD_LINES = 8;
const MOST_REASONS = 3;
const LEAST_NAME = 12;
const MOST_WIDTH = 120;
/** Prose is read, not scanned: it never runs wider than this, also into a pipe or onto paper. */
export const PROSE_WIDTH = 100;

export interface CardOptions {
  readonly width: number;
  readonly currency: string | null;
  /** Amounts carry `~`. */
  readonly isApproximate?: boolean;
  readonly chalk: ChalkInstance;
}

/** One line of a card before it is broken. */
interface Line {
  /** Stands before the first line; further lines are indented by as much. */
  readonly prefix: string;
  readonly text: string;
  /** Cut to one line when the card grows too long; higher goes first. */
  readonly cut: number;
  readonly paint: (text: string) => string;
}

/**
 * One row of a list with layout `cards` (see `CardCells`) as at most eight lines: who and how much, why it is here, up
 * to three dated reasons, whom to call, the next step, and the boxes a person ticks on paper.
 *
 * @param position number printed before the account, from 1
 */
export function cardLines(row: CellRow, position: number, options: CardOptions): string[] {
  const width = Number.isFinite(options.width) ? Math.min(options.width, MOST_WIDTH) : PROSE_WIDTH;
  const lines = composed(row, position, width, options);
  const broken = lines.map((line) => wrap(line.text, width - line.prefix.length));
  // A card that grows over its eight lines is cut where it hurts least; the whole text is in CSV, JSON and `account`.
  const order = lines
    .map((line, index) => ({ line, index }))
    .sort((a, b) => b.line.cut - a.line.cut || b.index - a.index);
  let total = broken.reduce((sum, part) => sum + part.length, 0);
  for (const { line, index } of order) {
    if (total <= CARD_LINES) break;
    total -= (broken[index]?.length ?? 1) - 1;
    broken[index] = [truncate(line.text, width - line.prefix.length)];
  }
  return lines.flatMap((line, index) =>
    (broken[index] ?? []).map((text, part) =>
      line.paint((part === 0 ? line.prefix : ' '.repeat(line.prefix.length)) + text),
    ),
  );
}

function composed(row: CellRow, position: number, width: number, options: CardOptions): Line[] {
  const { chalk } = options;
  const lines: Line[] = [];
  const add = (prefix: string, text: string, cut: number, paint = (line: string): string => line): void => {
    if (text !== '') lines.push({ prefix, text, cut, paint });
  };
  const number = `${position}. `.padStart(4);
  add(number, headOf(row, width - number.length, options), 1, chalk.bold);
  add('    ', joined([riskOf(row), words(row, 'on_list_since', 'on the list since '), words(row, 'change', '')]), 4);
  for (const reason of reasonsOf(row)) add('    • ', reasonText(reason), 3);
  add('    ', joined([contactText(row), words(row, 'whom_to_call', 'call ')]), 5);
  const step = textCell(row, 'next_step');
  const due = dayCell(row, 'next_step_due');
  const stepText = step === undefined || due === undefined ? step : `${step} by ${due}`;
  add('    → ', joined([stepText, words(row, 'under_way', 'under way: ')]), 2, chalk.cyan);
  const alert = words(row, 'alert_id', '[ ] done  [ ] snooze  [ ] disagree   ');
  const foot = [alert, textCell(row, 'profile')].filter((part) => part !== undefined).join('   ');
  add('    ', foot, 6, chalk.dim);
  return lines;
}

/** Who, how much and by when; a long name gives way, so that amount and date are never cut. */
function headOf(row: CellRow, width: number, options: CardOptions): string {
  const id = textCell(row, 'account_id') ?? '';
  const name = textCell(row, 'name') ?? id;
  const amount = numberCell(row, 'arr_amount');
  const currency = textCell(row, 'currency') ?? options.currency;
  const rest = joined([
    amount === undefined ? undefined : `${options.isApproximate === true ? '~' : ''}${moneyText(amount, currency)} ARR`,
    words(row, 'may', 'may '),
    decisionText(row),
  ]);
  const mark = name === id ? '' : ` (${id})`;
  const room = width - textWidth(mark) - (rest === '' ? 0 : textWidth(rest) + 3);
  const who = `${truncate(name, Math.max(room, LEAST_NAME))}${mark}`;
  return rest === '' ? who : `${who} · ${rest}`;
}

function decisionText(row: CellRow): string | undefined {
  const date = dayCell(row, 'decision_date');
  if (date === undefined) return undefined;
  const days = numberCell(row, 'decision_days');
  if (days === undefined) return `by ${date}`;
  if (days < 0) return `was due ${date} (${daysText(-days)} ago)`;
  return days === 0 ? `by today, ${date}` : `by ${date} (${daysText(days)})`;
}

function riskOf(row: CellRow): string | undefined {
  const probability = numberCell(row, 'churn_probability');
  if (probability === undefined) return undefined;
  const base = numberCell(row, 'base_rate');
  return base === undefined
    ? oddsText(probability)
    : `${oddsText(probability)} (base rate ${oddsText(base).replace('about ', '')})`;
}

/** The unit beside a value: of one, one (`1 champion`, `1 day open`). */
function unitFor(shown: string, unit: string): string {
  return shown === '1' ? unit.replace(/^([a-z]+)s\b/, '$1') : unit;
}

function contactText(row: CellRow): string | undefined {
  const value = row.last_contact;
  if (value === null || value === undefined) return undefined;
  const text = printable(plainText(value));
  return `last two-way contact ${isDay(text) ? longDay(text) : text}`;
}

/** The reasons of a row that can be read as such, at most three. */
export function reasonsOf(row: CellRow): CardReason[] {
  const { reasons } = row;
  if (!Array.isArray(reasons)) return [];
  return reasons
    .flatMap((cell: Cell): CardReason[] => {
      if (typeof cell === 'string') return [{ text: cell, fact_on: null, now: null, past: null, peer: null }];
      if (cell === null || typeof cell !== 'object' || Array.isArray(cell)) return [];
      const item = cell as CellRow;
      const text = textCell(item, 'text');
      if (text === undefined) return [];
      const unit = textCell(item, 'unit') ?? null;
      const fact_on = textCell(item, 'fact_on') ?? null;
      return [{ text, fact_on, now: item.now ?? null, past: item.past ?? null, peer: item.peer ?? null, unit }];
    })
    .slice(0, MOST_REASONS);
}

/** "users fell beyond chance (1 Oct 2024): now 3 users, own past 14, peers 12". */
export function reasonText(reason: CardReason): string {
  const { text, fact_on, unit } = reason;
  const day = fact_on !== null && isDay(fact_on) ? ` (${longDay(fact_on)})` : '';
  const values: string[] = [];
  for (const [label, value] of [
    ['now', reason.now],
    ['own past', reason.past],
    ['peers', reason.peer],
  ] as const) {
    if (value === null) continue;
    const shown = typeof value === 'number' ? numberText(value) : printable(plainText(value));
    // The unit stands once, at the first value.
    values.push(
      `${label} ${shown}${values.length === 0 && typeof unit === 'string' ? ` ${unitFor(shown, unit)}` : ''}`,
    );
  }
  return `${printable(text)}${day}${values.length === 0 ? '' : `: ${values.join(', ')}`}`;
}

function numberText(value: number): string {
  return grouped(value, Number.isInteger(value) || Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 1 ? 1 : 2);
}

function daysText(days: number): string {
  return days === 1 ? '1 day' : `${grouped(days, 0)} days`;
}

function joined(parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined).join(' · ');
}

function words(row: CellRow, key: string, before: string): string | undefined {
  const text = dayCell(row, key) ?? textCell(row, key);
  return text === undefined ? undefined : before + text;
}

function textCell(row: CellRow, key: string): string | undefined {
  const value = row[key];
  return typeof value === 'string' && value !== '' ? printable(value) : undefined;
}

function dayCell(row: CellRow, key: string): string | undefined {
  const value = row[key];
  return typeof value === 'string' && isDay(value) ? longDay(value) : undefined;
}

function numberCell(row: CellRow, key: string): number | undefined {
  const value = row[key];
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
