import { UserError } from '../../lib/errors.ts';
import { nearest } from '../../lib/spelling.ts';

export type Delimiter = ',' | ';' | '\t' | '|';

const DELIMITERS: readonly Delimiter[] = [',', ';', '\t', '|'];
const NAMES: Readonly<Record<Delimiter, string>> = { ',': 'comma', ';': 'semicolon', '\t': 'tab', '|': 'pipe' };

/** The first record of a CSV file and how its fields are set apart. */
export interface CsvHeader {
  readonly delimiter: Delimiter;
  /** Headings as written, trimmed. */
  readonly headings: readonly string[];
  /** Headings made unique (a repeat gets `_2`, an empty one `column_n`), in order: the names retain uses for them. */
  readonly columns: readonly string[];
  /** A sentence for each heading that stands more than once and that the mapping does not need. */
  readonly warnings: readonly string[];
}

/** Splits the first record of `text` at `delimiter`, respecting quotes; undefined when its quote is never closed. */
export function firstRecord(text: string, delimiter: string): string[] | undefined {
  const fields: string[] = [];
  let field = '';
  let isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i] as string;
    if (isQuoted) {
      if (char !== '"') field += char;
      else if (text[i + 1] === '"') {
        field += '"';
        i++;
      } else isQuoted = false;
    } else if (char === '"' && field.trim() === '') {
      isQuoted = true;
      field = '';
    } else if (char === delimiter) {
      fields.push(field);
      field = '';
    } else if (char === '\n' || char === '\r') {
      if (fields.length > 0 || field !== '') return [...fields, field];
    } else field += char;
  }
  return isQuoted ? undefined : [...fields, field];
}

/**
 * Finds the header of a CSV file that a mapping needs `wanted` columns of. The delimiter is the declared one, else the
 * one under which most wanted columns stand in the first record (ties: most fields, then comma first).
 * @throws UserError naming file, line and remedy: no header row, another delimiter, an unknown column, an open quote, a
 * mapped heading that stands more than once
 */
export function readCsvHeader(text: string, label: string, wanted: readonly string[], declared?: Delimiter): CsvHeader {
  const splits = DELIMITERS.map((delimiter) => ({
    delimiter,
    fields: (firstRecord(text, delimiter) ?? []).map((field) => field.trim()),
  }));
  const hits = (fields: readonly string[]) => wanted.filter((name) => findHeading(fields, name) !== undefined).length;
  const ranked = [...splits].sort((a, b) => hits(b.fields) - hits(a.fields) || b.fields.length - a.fields.length);
  const best = ranked[0];
  const chosen = declared === undefined ? best : splits.find((split) => split.delimiter === declared);
  if (chosen === undefined || best === undefined || best.fields.length === 0) {
    throw new UserError(`${label}, line 1: a quote is opened in the header and never closed`, {
      hint: 'Close the quote, or export the file again.',
    });
  }
  if (hits(chosen.fields) === 0 && hits(best.fields) > 0) {
    throw new UserError(
      `${label}, line 1: no mapped column is found when fields are split at "${NAMES[chosen.delimiter]}"; they are set apart by "${NAMES[best.delimiter]}"`,
      {
        hint: `Write delimiter: '${best.delimiter === '\t' ? '\\t' : best.delimiter}' for this file in retain.yaml, or leave delimiter out.`,
      },
    );
  }
  const headings = chosen.fields;
  if (wanted.length > 0 && hits(headings) === 0 && looksLikeData(headings)) {
    throw new UserError(
      `${label}, line 1: the file has no header row, it starts with the values ${headings.slice(0, 3).join(', ')}`,
      {
        hint: `Add a first line with the column headings (${wanted.slice(0, 4).join(', ')}, …).`,
      },
    );
  }
  for (const name of wanted) {
    if (findHeading(headings, name) === undefined) throw unknownColumn(label, name, headings);
  }
  const repeated = repeatedHeadings(headings);
  for (const { heading, places } of repeated) {
    // Taking the first would be a guess about which of them holds the values.
    if (wanted.some((name) => findHeading(headings, name) === places[0])) {
      throw new UserError(
        `${label}, line 1: the heading ${heading} is mapped and stands ${times(places)}, so that it is not clear which column is meant`,
        { hint: `Rename or remove all but one ${heading} in the file, or export it again without the repeat.` },
      );
    }
  }
  return {
    delimiter: chosen.delimiter,
    headings,
    columns: uniqueNames(headings),
    warnings: repeated.map(
      ({ heading, places }) =>
        `${label}, line 1: the heading ${heading} stands ${times(places)}; none of them is mapped, and before one can be all but one must be renamed in the file`,
    ),
  };
}

/** Headings that stand more than once, as written, with their places from 0. Empty headings are no names. */
export function repeatedHeadings(headings: readonly string[]): { heading: string; places: number[] }[] {
  const places = new Map<string, number[]>();
  for (const [place, heading] of headings.entries())
    if (heading !== '') places.set(heading, [...(places.get(heading) ?? []), place]);
  return [...places].flatMap(([heading, found]) => (found.length > 1 ? [{ heading, places: found }] : []));
}

function times(places: readonly number[]): string {
  const columns = places.map((place) => place + 1);
  return `${places.length === 2 ? 'twice' : `${places.length} times`} (columns ${columns.slice(0, -1).join(', ')} and ${columns.at(-1)})`;
}

/** The place of `name` among `headings`: as written, else the only one that differs in capitals or outer spaces. */
export function findHeading(headings: readonly string[], name: string): number | undefined {
  const exact = headings.indexOf(name);
  if (exact >= 0) return exact;
  const loose = headings.flatMap((heading, index) =>
    heading.trim().toLowerCase() === name.trim().toLowerCase() ? [index] : [],
  );
  return loose.length === 1 ? loose[0] : undefined;
}

/** The error for a mapped column that the file does not have, with the nearest heading. */
export function unknownColumn(label: string, name: string, headings: readonly string[]): UserError {
  const near = nearest(name, headings);
  return new UserError(`${label}, line 1: there is no column ${name}`, {
    hint:
      near === undefined
        ? `The file has ${headings.slice(0, 12).join(', ')}${headings.length > 12 ? ', …' : ''}; correct the mapping in retain.yaml.`
        : `Did you mean ${near}? Correct the mapping in retain.yaml.`,
  });
}

function looksLikeData(fields: readonly string[]): boolean {
  const isValue = (field: string) =>
    field === '' ||
    /^[+-]?\d+([.,]\d+)*$/.test(field) ||
    /^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}/.test(field) ||
    /@/.test(field) ||
    /\d{2,}/.test(field);
  return fields.filter(isValue).length * 2 >= fields.length;
}

function uniqueNames(headings: readonly string[]): string[] {
  // DuckDB compares column names without regard to capitals. Names that are written keep their spelling, whatever
  // repeats before them would be called.
  const taken = new Set(headings.map((heading) => heading.toLowerCase()));
  const seen = new Set<string>();
  return headings.map((heading, index) => {
    if (heading !== '' && !seen.has(heading.toLowerCase())) {
      seen.add(heading.toLowerCase());
      return heading;
    }
    const stem = heading === '' ? 'column' : heading;
    let count = heading === '' ? index + 1 : 2;
    while (taken.has(`${stem}_${count}`.toLowerCase())) count++;
    taken.add(`${stem}_${count}`.toLowerCase());
    return `${stem}_${count}`;
  });
}
