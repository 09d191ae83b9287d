import type { ColumnMapping, Source, Transform } from '../contract/config.ts';
import { type ColumnType, contractTable } from './contract.ts';
import { TABLE_HINTS, type TableHint } from './mapping-hints.ts';
import { fileWords, headingWords } from './mapping-words.ts';
import type { ColumnProfile, TableProfile } from './recognition.ts';

/** How one contract column is proposed to be filled, how sure that is (0–1), and why where it is not plain. */
export interface ColumnGuess {
  readonly column: string;
  readonly mapping: ColumnMapping;
  readonly confidence: number;
  readonly why?: string;
}

/** One file proposed as one table of the data contract. */
export interface TableGuess {
  readonly table: string;
  readonly profile: TableProfile;
  /** Whose headings these are: a preset's vendor and shape, or `own headings`. */
  readonly shape: string;
  /** 0–1. */
  readonly confidence: number;
  readonly columns: readonly ColumnGuess[];
  readonly options: Partial<Pick<Source, 'filter' | 'dedupe' | 'period' | 'unpivot' | 'system' | 'timezone'>>;
  /** Decisions worth a comment in the file and a line on the screen. */
  readonly notes: readonly string[];
}

/** The guess with a column replaced or added. */
export function withColumn(guess: TableGuess, column: ColumnGuess): TableGuess {
  return { ...guess, columns: [...guess.columns.filter((item) => item.column !== column.column), column] };
}

/** The guess without some contract columns. */
export function withoutColumns(guess: TableGuess, ...names: readonly string[]): TableGuess {
  return { ...guess, columns: guess.columns.filter((item) => !names.includes(item.column)) };
}

/** The guess with a further note. */
export function withNote(guess: TableGuess, ...notes: readonly string[]): TableGuess {
  return { ...guess, notes: [...guess.notes, ...notes] };
}

/** The profile of the source column that fills a contract column; undefined where none or a constant does. */
export function sourceColumn(guess: TableGuess, column: string): ColumnProfile | undefined {
  const from = guess.columns.find((item) => item.column === column)?.mapping.from;
  return guess.profile.columns.find((item) => item.name === from);
}

/** Whether values of a profile's kind can fill a column of a type (0 = no), and the transform they need. */
export function contentFit(
  type: ColumnType,
  column: ColumnProfile,
): { readonly factor: number; readonly transform?: Transform } {
  const { kind } = column;
  if (kind === 'empty' || kind === 'unmeasured') return { factor: 0 };
  switch (type) {
    case 'id':
      return { factor: kind === 'text' || kind === 'integer' || kind === 'email' ? 1 : 0 };
    case 'text':
      if (kind === 'date' || kind === 'timestamp' || kind === 'json') return { factor: 0 };
      return { factor: kind === 'text' || kind === 'email' ? 1 : 0.7 };
    case 'date':
    case 'timestamp': {
      if (kind === 'date' || kind === 'timestamp' || kind === 'month') return { factor: 1 };
      if (kind !== 'integer' && kind !== 'number') return { factor: 0 };
      const [low, high] = [column.min ?? 0, column.max ?? 0];
      if (low >= 6e8 && high < 5e9) return { factor: 0.9, transform: 'epoch_seconds' };
      if (low >= 6e11 && high < 5e12) return { factor: 0.9, transform: 'epoch_millis' };
      return { factor: 0 };
    }
    case 'integer':
    case 'money':
    case 'rate':
      return { factor: kind === 'integer' || kind === 'number' ? 1 : 0 };
    case 'boolean': {
      const isBit = kind === 'integer' && column.values.every(({ value }) => value === '0' || value === '1');
      return { factor: kind === 'boolean' || isBit ? 1 : 0 };
    }
  }
}

const UNIT_ENDINGS = /_(usd|eur|gbp|chf|utc|local|amt|dt)$/;

/** How well a heading fits the words of a hint, 0–1: the surest word 1, each later one a little less. */
export function headingFit(heading: string, words: string, entity: readonly string[]): number {
  const list = words.split(' ');
  const plain = headingWords(heading);
  const forms: [string, number][] = [
    [plain, 1],
    [plain.replace(UNIT_ENDINGS, ''), 0.97],
    ...entity.map((word): [string, number] => [
      plain.startsWith(`${word}_`) ? plain.slice(word.length + 1) : plain,
      0.93,
    ]),
  ];
  let best = 0;
  for (const [form, factor] of forms) {
    const rank = list.indexOf(form);
    if (rank >= 0) best = Math.max(best, factor * Math.max(0.6, 1 - 0.015 * rank));
  }
  if (best > 0) return best;
  // A trial's end is not a contract's end, and so on: words in front change what a heading means.
  if (/^(trial|last|next|previous|first|estimated|expected|list)_/.test(plain)) return 0;
  const tail = list.find((word) => word.length >= 6 && plain.endsWith(`_${word}`));
  return tail === undefined ? 0 : 0.6;
}

/** The singular words of a file's name that may stand before its headings: `support_tickets` → support, ticket. */
export function entityWords(file: string): string[] {
  return fileWords(file)
    .split('_')
    .filter((word) => word.length > 2)
    .map(singular);
}

function singular(word: string): string {
  if (word.endsWith('ies')) return `${word.slice(0, -3)}y`;
  return word.endsWith('s') && !word.endsWith('ss') ? word.slice(0, -1) : word;
}

/** Every table may say when a row became known. */
const KNOWN_AT: [string, string] = ['known_at', 'known_at loaded_at ingested_at available_at reported_at'];

/**
 * Assigns source columns to the contract columns of one table by heading and content, best pair first; every source
 * column is used at most once. `given` are columns already settled (keys found through joins).
 */
export function assignColumns(
  profile: TableProfile,
  hint: TableHint,
  given: readonly ColumnGuess[] = [],
): ColumnGuess[] {
  const entity = entityWords(profile.file);
  const table = contractTable(hint.table);
  const pairs: { column: string; source: ColumnProfile; score: number; transform: Transform | undefined }[] = [];
  const used = new Set(given.map((item) => item.mapping.from));
  const settled = new Set(given.map((item) => item.column));
  for (const [column, words] of [...Object.entries(hint.columns), KNOWN_AT]) {
    if (settled.has(column)) continue;
    const type = table.columns.find((item) => item.name === column)?.type ?? 'text';
    for (const source of profile.columns) {
      if (used.has(source.name)) continue;
      const heading = headingFit(source.name, words, entity);
      if (heading === 0) continue;
      const { factor, transform } = contentFit(type, source);
      if (factor > 0) pairs.push({ column, source, score: heading * factor, transform });
    }
  }
  // Ties go to the contract's order of columns, then to the file's, so that the same file always maps the same way.
  pairs.sort((a, b) => b.score - a.score);
  const found: ColumnGuess[] = [...given];
  for (const { column, source, score, transform } of pairs) {
    if (settled.has(column) || used.has(source.name)) continue;
    settled.add(column);
    used.add(source.name);
    found.push({
      column,
      mapping: { from: source.name, ...(transform === undefined ? {} : { transform }) },
      confidence: score,
    });
  }
  const order = table.columns.map((item) => item.name);
  return found.sort((a, b) => order.indexOf(a.column) - order.indexOf(b.column));
}

/** How well a file fits a table, 0–1; 0 when a core column is missing. */
export function tableScore(
  profile: TableProfile,
  hint: TableHint,
  columns: readonly ColumnGuess[],
  metricCount = 0,
): number {
  const found = new Set(columns.map((item) => item.column));
  if (!hint.core.every((group) => group.some((column) => found.has(column)))) return 0;
  const isNamed =
    hint.file.test(fileWords(profile.file).replaceAll('_', ' ')) || hint.file.test(fileWords(profile.file));
  const distinctive =
    hint.distinctive.split(' ').filter((column) => found.has(column)).length + Math.min(metricCount, 3);
  const sources = new Set(columns.map((item) => item.mapping.from).filter((item) => item !== undefined));
  const nonEmpty = profile.columns.filter((item) => item.kind !== 'empty').length;
  const share = Math.min(1, (sources.size + metricCount) / Math.max(1, nonEmpty));
  return 0.35 * Number(isNamed) + 0.4 * Math.min(1, distinctive / 3) + 0.25 * share;
}

/** The hint of a table of the contract. */
export function hintOf(table: string): TableHint {
  const hint = TABLE_HINTS.find((item) => item.table === table);
  if (hint === undefined) throw new Error(`no headings are known for the table ${table}`);
  return hint;
}

/** Source columns that look like metrics of a wide roll-up: whole numbers that no contract column of usage claims. */
export function metricColumns(profile: TableProfile, columns: readonly ColumnGuess[]): string[] {
  const used = new Set(columns.map((item) => item.mapping.from));
  return profile.columns
    .filter(
      (column) =>
        !used.has(column.name) &&
        column.kind === 'integer' &&
        (column.min ?? -1) >= 0 &&
        !/(^|_)(id|code|year|zip|phone|lat|lon|number|rank|age|index|order|version)$/.test(headingWords(column.name)) &&
        headingFit(column.name, hintOf('usage').columns['active_users'] ?? '', []) === 0,
    )
    .map((column) => column.name);
}

/** A file that is not used, and why: a sentence without its subject ("holds …"). */
export interface LeftOut {
  readonly file: string;
  readonly reason: string;
  /** `unknown`: could not be placed; `not_needed`: known and left out on purpose. */
  readonly kind: 'unknown' | 'not_needed';
}

/** A share as percent with one decimal, rounded down so that 100 % means all. */
export function percent(share: number): string {
  return `${Math.floor(share * 1000) / 10} %`;
}
