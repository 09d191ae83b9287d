import { textWidth } from './text-width.ts';

/** What the fitting of a table needs to know of a column. */
export interface ColumnSize {
  readonly header: string;
  /** Widest value, in terminal columns. */
  readonly content: number;
  /** Whether values may be cut. */
  readonly isTextual: boolean;
}

export interface ColumnFit {
  /** Width of each kept column, by its index. */
  readonly widths: ReadonlyMap<number, number>;
  /** Indices of the columns that did not fit. */
  readonly dropped: readonly number[];
}

/** Spaces between two columns. */
export const GAP = 2;
const SMALLEST_TEXT = 12;

/**
 * Widths with which columns fit into `width`: headings break over two lines first, then the widest text column is
 * cut step by step to no less than 12, then columns are dropped from the right (never the first).
 */
export function fitColumns(columns: readonly ColumnSize[], width: number): ColumnFit {
  const kept = columns.map((_, index) => index);
  const dropped: number[] = [];
  for (;;) {
    const widths = squeeze(
      kept.map((index) => columns[index] as ColumnSize),
      width,
    );
    if (widths !== undefined || kept.length === 1) {
      const fallback = [Math.max(1, width)];
      return { widths: new Map(kept.map((index, j) => [index, (widths ?? fallback)[j] as number])), dropped };
    }
    dropped.unshift(kept.pop() as number);
  }
}

function squeeze(columns: readonly ColumnSize[], width: number): number[] | undefined {
  const room = width - GAP * (columns.length - 1);
  const total = (widths: readonly number[]): number => widths.reduce((sum, item) => sum + item, 0);
  const natural = columns.map(({ header, content }) => Math.max(content, textWidth(header)));
  if (total(natural) <= room) return natural;
  const widths = columns.map(({ header, content }) => Math.max(content, twoLineWidth(header)));
  // Give back what breaking the headings won, from the left, as long as there is room.
  let excess = total(widths) - room;
  if (excess <= 0) {
    for (let j = 0; j < widths.length && excess < 0; j++) {
      const more = Math.min(-excess, (natural[j] as number) - (widths[j] as number));
      widths[j] = (widths[j] as number) + more;
      excess += more;
    }
    return widths;
  }
  const least = columns.map(({ header, content, isTextual }, j) =>
    isTextual ? Math.max(twoLineWidth(header), Math.min(content, SMALLEST_TEXT)) : (widths[j] as number),
  );
  while (excess > 0) {
    let widest = -1;
    for (let j = 0; j < widths.length; j++) {
      if ((widths[j] as number) <= (least[j] as number)) continue;
      if (widest < 0 || (widths[j] as number) > (widths[widest] as number)) widest = j;
    }
    if (widest < 0) return undefined;
    widths[widest] = (widths[widest] as number) - 1;
    excess--;
  }
  return widths;
}

/** The least width at which a heading takes no more than two lines. */
function twoLineWidth(header: string): number {
  const words = header.split(' ');
  const breaks = words.map((_, index) => {
    const lines = [words.slice(0, index).join(' '), words.slice(index).join(' ')];
    return Math.max(...lines.map(textWidth));
  });
  return Math.min(...breaks);
}
