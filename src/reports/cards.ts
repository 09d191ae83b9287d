import type { ChalkInstance } from 'chalk';
import type { Cell, CellRow } from '../contract/agent.ts';
import type { CardReason } from '../contract/report.ts';
import { isDay, longDay } from '../lib/dates.ts';
import { grouped, moneyText, oddsText, plainText } from './cells.ts';
import { printable, truncate, wrap } from './text-width.ts';

/** Most lines of one card, so that a page holds seven accounts. */
export const CARD_LINES = 8;
const MOST_REASONS = 3;
/** Prose is read, not scanned: it never runs wider than this, also into a pipe. */
export const PROSE_WIDTH = 100;

export interface CardOptions {
  readonly width: number;
  readonly currency: string | null;
  readonly chalk: ChalkInstance;
}

/** One line of a card before it is broken. */
interface Line {
  readonly text: string;
  readonly indent: number;
  /** Cut to one line first when the card grows too long; higher goes first. */
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
  const width = Math.min(options.width, PROSE_WIDTH);
  const lines = composed(row, position, options);
  const broken = lines.map((line) => brokenLine(line, width));
  // A card that grows over its eight lines is cut where it hurts least; the whole text is in CSV, JSON and `account`.
  const order = lines.map((_, index) => index).sort((a, b) => cutOf(lines, b) - cutOf(lines, a) || b - a);
  let total = broken.reduce((sum, part) => sum + part.length, 0);
  for (const index of order) {
    const part = broken[index] ?? [];
    if (total <= CARD_LINES || part.length < 2) continue;
    total -= part.length - 1;
    const line = lines[index] as Line;
    broken[index] = [' '.repeat(line.indent) + truncate(line.text, width - line.indent)];
  }
  return broken.flatMap((part, index) => part.map((text) => (lines[index] as Line).paint(text)));
}

function cutOf(lines: readonly Line[], index: number): number {
  return lines[index]?.cut ?? 0;
}

function brokenLine(line: Line, width: number): string[] {
  return wrap(line.text, width - line.indent - 2).map(
    (text, index) => ' '.repeat(line.indent + (index === 0 ? 0 : 2)) + text,
  );
}

function composed(row: CellRow, position: number, options: CardOptions): Line[] {
  const { chalk } = options;
  const plain = (text: string): string => text;
  const number = `${position}.`.padStart(3);
  const lines: Line[] = [{ text: `${number} ${headOf(row, options)}`, indent: 0, cut: 1, paint: chalk.bold }];
  const state = joined([riskOf(row), since(row), change(row)]);
  if (state !== '') lines.push({ text: state, indent: 4, cut: 4, paint: plain });
  for (const reason of reasonsOf(row)) {
    lines.push({ text: `• ${reasonText(reason)}`, indent: 4, cut: 3, paint: plain });
  }
  const contact = joined([
    contactText(row),
    words(row, 'whom_to_call', 'call '),
    words(row, 'under_way', 'under way: '),
  ]);
  if (contact !== '') lines.push({ text: contact, indent: 4, cut: 5, paint: plain });
  const step = textCell(row, 'next_step');
  if (step !== undefined) {
    const due = dayCell(row, 'next_step_due');
    lines.push({ text: `→ ${step}${due === undefined ? '' : ` by ${due}`}`, indent: 4, cut: 2, paint: chalk.cyan });
  }
  const alert = textCell(row, 'alert_id');
  const boxes = alert === undefined ? undefined : `[ ] done  [ ] snooze  [ ] disagree   ${alert}`;
  const foot = [boxes, textCell(row, 'profile')].filter((part) => part !== undefined).join('   ');
  if (foot !== '') lines.push({ text: foot, indent: 4, cut: 6, paint: chalk.dim });
  return lines;
}

function headOf(row: CellRow, options: CardOptions): string {
  const id = textCell(row, 'account_id') ?? '';
  const name = textCell(row, 'name') ?? id;
  const amount = numberCell(row, 'arr_amount');
  const currency = textCell(row, 'currency') ?? options.currency;
  const may = textCell(row, 'may');
  return joined([
    name === id ? name : `${name} (${id})`,
    amount === undefined ? undefined : `${moneyText(amount, currency)} ARR`,
    may === undefined ? undefined : `may ${may}`,
    decisionText(row),
  ]);
}

function decisionText(row: CellRow): string | undefined {
  const date = dayCell(row, 'decision_date');
  if (date === undefined) return undefined;
  const days = numberCell(row, 'decision_days');
  if (days === undefined) return `decides by ${date}`;
  if (days < 0) return `decision was due ${date}, ${daysText(-days)} ago`;
  return days === 0 ? `decides today, ${date}` : `decides by ${date}, ${daysText(days)} left`;
}

function riskOf(row: CellRow): string | undefined {
  const probability = numberCell(row, 'churn_probability');
  if (probability === undefined) return undefined;
  const base = numberCell(row, 'base_rate');
  return base === undefined ? oddsText(probability) : `${oddsText(probability)} (base rate ${oddsText(base)})`;
}

function since(row: CellRow): string | undefined {
  const date = dayCell(row, 'on_list_since');
  return date === undefined ? undefined : `on the list since ${date}`;
}

function change(row: CellRow): string | undefined {
  return words(row, 'change', 'since the last list: ');
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
    values.push(`${label} ${shown}${values.length === 0 && typeof unit === 'string' ? ` ${unit}` : ''}`);
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
  const text = textCell(row, key);
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
