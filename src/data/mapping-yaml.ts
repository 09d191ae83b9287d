import { stringify } from 'yaml';
import type { ChurnDefinition, Source } from '../contract/config.ts';
import { contractTable } from './contract.ts';
import type { ColumnGuess, LeftOut, TableGuess } from './mapping-columns.ts';

/** What `retain.yaml` is written from. */
export interface Draft {
  /** Data directory as it stands in the file: relative to it where possible. */
  readonly data: string;
  readonly guesses: readonly TableGuess[];
  readonly leftOut: readonly LeftOut[];
  readonly notes: readonly string[];
  readonly currency: { readonly code: string; readonly why: string } | undefined;
  /** Proposed alias file, relative to the data directory. */
  readonly aliasFile: string | undefined;
  readonly churn: { readonly definition: ChurnDefinition; readonly reason: readonly string[] } | undefined;
}

/** How a share of certainty is put: `sure`, `likely` or `a guess`, with percent. */
export function certainty(confidence: number): string {
  const word = confidence >= 0.9 ? 'sure' : confidence >= 0.7 ? 'likely' : 'a guess';
  return `${word}, ${Math.round(confidence * 100)} %`;
}

/**
 * The text of `retain.yaml`: one source a recognised file, comments that say what was guessed, how sure and why, what
 * was left out, and the settings a newcomer may want to change. It reads back through `parseConfig` without a fault.
 */
export function writeYaml(draft: Draft): string {
  const lines = [
    '# Written by `retain init`. Correct it freely: retain reads it and never writes to it again unless told --force.',
    '# A percentage says how sure init was; lines without one were plain. Check the files with: retain check',
    'version: 1',
    '',
    '# Directory of the exports, relative to this file.',
    `data: ${scalar(draft.data)}`,
    '',
  ];
  if (draft.currency !== undefined) {
    lines.push(`# ${draft.currency.why}`, `currency: ${draft.currency.code}`, '');
  } else {
    lines.push('# currency: EUR   # what amounts without a currency column are in', '');
  }
  for (const note of draft.notes) lines.push(...comment(note));
  lines.push('tables:');
  for (const [table, guesses] of byTable(draft.guesses, draft.aliasFile !== undefined)) {
    lines.push(`  ${table}:`);
    for (const guess of guesses) lines.push(...sourceLines(guess));
  }
  if (draft.aliasFile !== undefined) {
    const hasTable = draft.guesses.some((guess) => guess.table === 'account_alias');
    lines.push(
      ...(hasTable ? [] : ['  account_alias:']),
      '    # Which id of each system is which account, as proposed by init: correct the file where it is wrong.',
      `    - file: ${scalar(draft.aliasFile)}`,
      '      columns:',
      '        account_id: account_id',
      '        system: system',
      '        external_id: external_id',
    );
  }
  const unknown = draft.leftOut.filter((item) => item.kind === 'unknown');
  const unneeded = draft.leftOut.filter((item) => item.kind === 'not_needed');
  if (unknown.length > 0) {
    lines.push('', '# Not placed:');
    for (const { file, reason } of unknown) lines.push(...comment(`${file} ${reason}`, '', '  '));
  }
  if (unneeded.length > 0) {
    lines.push('', '# Left out on purpose:');
    for (const { file, reason } of unneeded) lines.push(...comment(`${file} ${reason}`, '', '  '));
  }
  lines.push('');
  if (draft.churn !== undefined) {
    lines.push(
      'churn:',
      ...draft.churn.reason.flatMap((line) => comment(line, '  ')),
      `  definition: ${draft.churn.definition}`,
      '',
    );
  }
  lines.push(...FOOT);
  return `${lines.join('\n')}\n`;
}

const FOOT = [
  '# Rows a CSM can work: at most this many on the at-risk list, and this many new a week.',
  'capacity:',
  '  rows_per_csm: 10',
  '  new_per_week: 5',
  '',
  '# Everything else has a default; every key is in docs/configuration.md. Examples:',
  '# timezone: Europe/Berlin',
  '# segments:',
  '#   enterprise: { arr_amount: { min: 50000 } }',
  '#   small: { arr_amount: { max: 50000 } }',
  '# custom:',
  '#   account.Region: attribute',
  '# strategic: { min_arr: 100000 }',
];

function byTable(guesses: readonly TableGuess[], isAliasLast: boolean): [string, TableGuess[]][] {
  const tables = new Map<string, TableGuess[]>();
  for (const guess of guesses) tables.set(guess.table, [...(tables.get(guess.table) ?? []), guess]);
  // The proposed alias file is written as one more source of the last table.
  const sorted = [...tables];
  return isAliasLast
    ? sorted.sort(([a], [b]) => Number(a === 'account_alias') - Number(b === 'account_alias'))
    : sorted;
}

function sourceLines(guess: TableGuess): string[] {
  const { profile, options } = guess;
  const lines = comment(`${guess.shape}; ${certainty(guess.confidence)}`, '    ');
  for (const note of guess.notes) lines.push(...comment(note, '    '));
  if (profile.isSample)
    lines.push(...comment(`recognised from its first ${profile.rows.toLocaleString('en')} rows`, '    '));
  lines.push(`    - file: ${scalar(profile.file)}`);
  const put = (key: string, value: unknown) => lines.push(`      ${key}: ${flow(value)}`);
  if (profile.format !== 'csv') put('format', profile.format);
  if (profile.delimiter !== undefined && profile.delimiter !== ',') put('delimiter', profile.delimiter);
  if (profile.jsonPath !== undefined) put('json_path', profile.jsonPath);
  if (options.timezone !== undefined) put('timezone', options.timezone);
  const order = dateOrderOf(guess);
  if (order !== undefined) {
    put('date_order', order.order);
    if (order.note !== undefined) lines[lines.length - 1] += `   # ${order.note}`;
  }
  if (options.system !== undefined) put('system', options.system);
  if (options.filter !== undefined) put('filter', options.filter);
  if (options.dedupe !== undefined) put('dedupe', options.dedupe);
  if (options.period !== undefined) put('period', options.period);
  lines.push('      columns:', ...orderedColumns(guess).map(columnLine));
  if (options.unpivot !== undefined) {
    lines.push('      unpivot:', ...options.unpivot.map((name) => `        - ${scalar(name)}`));
  }
  const unused = unusedColumns(guess);
  if (unused.length > 0) lines.push(...comment(`not used: ${unused.join(', ')}`, '      '));
  return lines;
}

/** Columns of a guess in the order of the data contract. */
export function orderedColumns(guess: TableGuess): readonly ColumnGuess[] {
  const order = contractTable(guess.table).columns.map((column) => column.name);
  return [...guess.columns].sort((a, b) => order.indexOf(a.column) - order.indexOf(b.column));
}

function columnLine(item: ColumnGuess): string {
  const { mapping } = item;
  const isPlain = Object.keys(mapping).length === 1 && mapping.from !== undefined;
  const text = `        ${item.column}: ${isPlain && mapping.from !== undefined ? scalar(mapping.from) : flow(mapping)}`;
  const remarks = [item.confidence < 0.9 ? `${Math.round(item.confidence * 100)} %` : '', item.why ?? ''].filter(
    (remark) => remark !== '',
  );
  return remarks.length === 0 ? text : `${text}   # ${remarks.join(': ')}`;
}

/** The order of dates of a file where it is not year first: the order most of its mapped dates have. */
export function dateOrderOf(
  guess: TableGuess,
): { readonly order: NonNullable<Source['date_order']>; readonly note: string | undefined } | undefined {
  const used = new Set(guess.columns.map((item) => item.mapping.from));
  const dated = guess.profile.columns.filter(
    (column) => used.has(column.name) && column.dateOrder !== undefined && column.dateOrder !== 'ymd',
  );
  const sure = dated.filter((column) => !column.isOrderOpen);
  const count = (order: 'dmy' | 'mdy', columns: typeof dated) =>
    columns.filter((column) => column.dateOrder === order).length;
  if (dated.length === 0) return undefined;
  const pool = sure.length > 0 ? sure : dated;
  const order = count('dmy', pool) >= count('mdy', pool) ? 'dmy' : 'mdy';
  if (sure.length === 0) return { order, note: 'a guess: no day above 12 decides it' };
  if (count('dmy', sure) > 0 && count('mdy', sure) > 0)
    return { order, note: 'the columns of this file disagree on the order of day and month' };
  return { order, note: 'decided from the whole column' };
}

/** Columns with values that nothing reads: what `custom:` could take. */
export function unusedColumns(guess: TableGuess): string[] {
  const used = new Set(
    [
      ...guess.columns.flatMap((item) => [item.mapping.from, item.mapping.by]),
      ...(guess.options.unpivot ?? []),
      ...Object.keys(guess.options.filter ?? {}),
      ...(guess.options.dedupe?.key ?? []),
      guess.options.dedupe?.latest,
    ].filter((name) => name !== undefined),
  );
  return guess.profile.columns
    .filter((column) => column.filled > 0 && !used.has(column.name))
    .map((column) => column.name);
}

/** A text wrapped as comment lines of at most 118 characters. */
function comment(text: string, indent = '', hang = ''): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.replaceAll(/\s+/g, ' ').split(' ')) {
    const next = line === '' ? word : `${line} ${word}`;
    if (next.length > 114 - indent.length && line !== '') {
      lines.push(line);
      line = `${hang}${word}`;
    } else {
      line = next;
    }
  }
  lines.push(line);
  return lines.map((item) => `${indent}# ${item}`);
}

function scalar(value: string): string {
  return stringify(value, { lineWidth: 0, defaultStringType: 'PLAIN', blockQuote: false }).trimEnd();
}

function flow(value: unknown): string {
  if (typeof value === 'string') return scalar(value);
  return stringify(value, { collectionStyle: 'flow', lineWidth: 0, blockQuote: false }).trimEnd().replaceAll('\n', ' ');
}
