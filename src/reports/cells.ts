import type { Cell, CellRow, TableColumn } from '../contract/agent.ts';
import { printable } from './text-width.ts';

/** What stands in a terminal or markdown cell without a value. */
export const NO_VALUE = '–';

const RIGHT_ALIGNED = new Set<TableColumn['kind']>(['integer', 'number', 'money', 'rate', 'probability', 'score']);
const TEXTUAL = new Set<TableColumn['kind']>(['id', 'text', 'list']);

/** Whether a column's values line up at the right. */
export function isRightAligned(column: TableColumn): boolean {
  return RIGHT_ALIGNED.has(column.kind);
}

/** Whether a column may be made narrower by cutting its values. */
export function isTextual(column: TableColumn): boolean {
  return TEXTUAL.has(column.kind);
}

/** `value` with thousands separators and `digits` decimals; `-0` is `0`. */
export function grouped(value: number, digits: number): string {
  const [whole = '0', fraction] = Math.abs(value).toFixed(digits).split('.');
  const body = whole.replace(/\B(?=(\d{3})+$)/g, ',') + (fraction === undefined ? '' : `.${fraction}`);
  return value < 0 && /[1-9]/.test(body) ? `-${body}` : body;
}

/** An amount of money for prose: `EUR 48,000`, below 100 with cents where it has them. */
export function moneyText(amount: number, currency: string | null): string {
  const digits = Math.abs(amount) < 100 && !Number.isInteger(amount) ? 2 : 0;
  return currency === null ? grouped(amount, digits) : `${currency} ${grouped(amount, digits)}`;
}

/** A rate in 0–1 as a percentage, one decimal below 10 %. */
export function rateText(rate: number): string {
  const percent = rate * 100;
  return `${grouped(percent, Math.abs(percent) < 9.95 && !Number.isInteger(percent) ? 1 : 0)}%`;
}

/** The fractions a probability is told as; the nearest in log-odds is taken. */
const ODDS: readonly (readonly [number, number])[] = [
  ...[100, 75, 50, 40, 30, 25, 20, 15, 12, 10, 9, 8, 7, 6, 5, 4, 3].map((of) => [1, of] as const),
  [2, 5],
  [1, 2],
  [3, 5],
  [2, 3],
  [3, 4],
  [4, 5],
  [5, 6],
  [9, 10],
  [19, 20],
];

/** A probability in plain words, "about 1 in 4". The exact value is in CSV and JSON. */
export function oddsText(probability: number): string {
  if (probability <= 0.008) return 'under 1 in 100';
  if (probability >= 0.97) return 'over 19 in 20';
  const target = Math.log(probability / (1 - probability));
  let best: readonly [number, number] = [1, 2];
  let distance = Number.POSITIVE_INFINITY;
  for (const [part, of] of ODDS) {
    const gap = Math.abs(Math.log(part / (of - part)) - target);
    if (gap < distance - 1e-12) {
      best = [part, of];
      distance = gap;
    }
  }
  return `about ${best[0]} in ${best[1]}`;
}

/**
 * A cell as people read it, on one line. `digits` is the number of decimals of the column (see `digitsOf`), so that
 * values of one column line up; `currency` is written where a row's own currency differs from its column's.
 */
export function cellText(value: Cell | undefined, column: TableColumn, digits: number, currency?: string): string {
  if (value === null || value === undefined) return NO_VALUE;
  if (typeof value === 'number') return numberText(value, column, digits, currency);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'string') return printable(column.isName === true ? value.replaceAll('_', ' ') : value);
  return printable(plainText(value));
}

function numberText(value: number, column: TableColumn, digits: number, currency: string | undefined): string {
  if (!Number.isFinite(value)) return NO_VALUE;
  switch (column.kind) {
    case 'money':
      return currency === undefined ? grouped(value, digits) : `${currency} ${grouped(value, digits)}`;
    case 'rate':
      return column.unit === undefined ? rateText(value) : grouped(value, digits);
    case 'probability':
      return oddsText(value);
    case 'id':
    case 'text':
      return String(value);
    default:
      return grouped(value, digits);
  }
}

/** Decimals that the numbers of a column are shown with, from a sample of its values. */
export function digitsOf(column: TableColumn, values: readonly (Cell | undefined)[]): number {
  if (column.digits !== undefined) return column.digits;
  if (column.kind === 'integer' || column.kind === 'score') return 0;
  let largest = 0;
  let isWhole = true;
  for (const value of values) {
    if (typeof value !== 'number' || !Number.isFinite(value)) continue;
    largest = Math.max(largest, Math.abs(value));
    isWhole &&= Number.isInteger(value);
  }
  if (isWhole || largest >= 1000) return 0;
  if (column.kind === 'money') return 2;
  return largest >= 100 ? 1 : 2;
}

/** A list or structure as text: items by `; `, an item that is an object by its `text`, else as JSON. */
export function plainText(value: Cell): string {
  if (value === null) return '';
  if (Array.isArray(value)) return value.map(plainText).join('; ');
  if (typeof value === 'object') {
    const text = (value as CellRow).text;
    return typeof text === 'string' ? text : JSON.stringify(value);
  }
  return String(value);
}
