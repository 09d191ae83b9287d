import type { Engine } from '../engine/engine.ts';
import {
  assignColumns,
  type ColumnGuess,
  headingFit,
  hintOf,
  percent,
  sourceColumn,
  type TableGuess,
  tableScore,
  withColumn,
  withNote,
} from './mapping-columns.ts';
import { ACCOUNT_HEADINGS, TABLE_HINTS } from './mapping-hints.ts';
import { accountHeading, accountKey, referenceTo, rowOrderEvidence } from './mapping-keys.ts';
import { fileWords, headingWords } from './mapping-words.ts';
import type { ColumnProfile, TableProfile } from './recognition.ts';

export interface Main {
  readonly profile: TableProfile;
  readonly key: ColumnProfile | undefined;
}

/** Files that list accounts, the likeliest main list first. */
export function findAccounts(profiles: readonly TableProfile[]): Main[] {
  const hint = hintOf('account');
  return profiles
    .flatMap((profile): (Main & { score: number })[] => {
      const isNamed = hint.file.test(fileWords(profile.file).replaceAll('_', ' '));
      const key = accountKey(profile);
      const given = key === undefined ? [] : [accountColumn(key)];
      const columns = assignColumns(profile, hint, given);
      const distinctive = hint.distinctive
        .split(' ')
        .filter((column) => columns.some((item) => item.column === column)).length;
      if (key === undefined && !(isNamed && distinctive >= 3)) return [];
      if (key !== undefined && !isNamed && (distinctive < 2 || headingFit(key.name, ACCOUNT_HEADINGS, []) === 0))
        return [];
      const other = bestOther(profile, key);
      const score = 0.35 * Number(isNamed) + 0.4 * Math.min(1, distinctive / 3) + 0.25 * Number(key !== undefined);
      return other > score ? [] : [{ profile, key, score }];
    })
    .sort((a, b) => b.score - a.score || b.profile.rows - a.profile.rows);
}

function bestOther(profile: TableProfile, key: ColumnProfile | undefined): number {
  const given = key === undefined ? [] : [accountColumn(key)];
  const scores = TABLE_HINTS.filter((hint) => !['account', 'account_alias', 'contact'].includes(hint.table)).map(
    (hint) =>
      hint.file.test(fileWords(profile.file).replaceAll('_', ' '))
        ? tableScore(profile, hint, assignColumns(profile, hint, given))
        : 0,
  );
  return Math.max(0, ...scores);
}

export function accountColumn(column: ColumnProfile, why?: string, confidence = 0.97): ColumnGuess {
  return { column: 'account_id', mapping: { from: column.name }, confidence, ...(why === undefined ? {} : { why }) };
}

export async function findAccount(
  engine: Engine,
  profile: TableProfile,
  accounts: readonly Main[],
): Promise<ColumnGuess | undefined> {
  let best: { guess: ColumnGuess; overlap: number } | undefined;
  for (const { profile: target, key } of accounts) {
    if (key === undefined) continue;
    const reference = await referenceTo(engine, profile, target, key);
    if (reference === undefined || reference.overlap <= (best?.overlap ?? 0)) continue;
    const why = `${percent(reference.overlap)} of its values are ${key.name} of ${target.file}`;
    best = { guess: accountColumn(reference.column, why, 0.6 + 0.39 * reference.overlap), overlap: reference.overlap };
  }
  if (best !== undefined) return best.guess;
  const heading = accountHeading(profile);
  if (heading === undefined) return undefined;
  return accountColumn(
    heading,
    accounts.length === 0 ? undefined : 'by its heading; no account list confirms its values',
    0.6,
  );
}

export function accountGuess({ profile, key }: Main, isMain: boolean): TableGuess {
  const hint = hintOf('account');
  const given =
    key === undefined
      ? []
      : [
          accountColumn(
            key,
            key.kind === 'text' && !/(^|_)id$/.test(headingWords(key.name)) ? 'the name is the key' : undefined,
          ),
        ];
  let columns = assignColumns(profile, hint, given);
  const isPerson = /user|person|member|teacher|contact/.test(fileWords(profile.file));
  if (isPerson && key !== undefined) {
    const parent = profile.columns.find(
      (column) => column.name !== key.name && /_id$/.test(headingWords(column.name)) && column.distinct < profile.rows,
    );
    if (parent !== undefined && !columns.some((item) => item.column === 'parent_account_id')) {
      columns = [...columns, { column: 'parent_account_id', mapping: { from: parent.name }, confidence: 0.8 }];
    }
  }
  const looksNamed =
    key !== undefined && key.kind === 'text' && profile.columns.every((column) => column.name !== 'name');
  if (!columns.some((item) => item.column === 'name')) {
    const email = profile.columns.find((column) => column.kind === 'email');
    if (looksNamed && !/(^|_)(id|code|uuid)$/.test(headingWords(key.name))) {
      columns = [
        ...columns,
        { column: 'name', mapping: { from: key.name }, confidence: 0.9, why: 'the key is the name' },
      ];
    } else if (email !== undefined) {
      columns = [
        ...columns,
        {
          column: 'name',
          mapping: { from: email.name },
          confidence: 0.5,
          why: 'the file has no name; the e-mail stands for it',
        },
      ];
    }
  }
  const email = profile.columns.find((column) => column.kind === 'email');
  if (email !== undefined && !columns.some((item) => item.column === 'email_domain')) {
    columns = [
      ...columns,
      { column: 'email_domain', mapping: { from: email.name, transform: 'email_domain' }, confidence: 0.8 },
    ];
  }
  const score = Math.min(0.98, tableScore(profile, hint, columns) || 0.6);
  return {
    table: 'account',
    profile,
    shape: 'own headings',
    confidence: isMain ? score : score * 0.95,
    columns,
    options: {},
    notes: [],
  };
}

/** An account list without an id column, whose row numbers other files use as account ids. */
export async function keyByRowOrder(
  engine: Engine,
  guesses: readonly TableGuess[],
  main: Main | undefined,
): Promise<{ guesses: TableGuess[]; notes: string[] }> {
  if (main === undefined || main.key !== undefined) return { guesses: [...guesses], notes: [] };
  const evidence: string[] = [];
  for (const guess of guesses) {
    if (guess.profile === main.profile) continue;
    const column = sourceColumn(guess, 'account_id');
    if (column === undefined) continue;
    const found = await rowOrderEvidence(engine, guess.profile, column, main.profile);
    if (found === undefined) continue;
    evidence.push(
      found.agreement === undefined
        ? `${guess.profile.file}: ${found.references} different ids, all between 1 and ${main.profile.rows}`
        : `${guess.profile.file}: ${percent(found.agreement)} of rows agree on ${found.checkedBy}`,
    );
  }
  const why =
    evidence.length === 0
      ? 'the file has no id column; its rows are numbered'
      : `row numbers are the ids other files use (${evidence.join('; ')})`;
  const changed = guesses.map((guess) =>
    guess.profile === main.profile && guess.table === 'account'
      ? withNote(
          withColumn(guess, {
            column: 'account_id',
            mapping: { row_number: true },
            confidence: evidence.length === 0 ? 0.4 : 0.9,
            why,
          }),
          `account_id is the row's number in the file: ${why}`,
        )
      : guess,
  );
  return { guesses: changed, notes: [] };
}

/** An account list with amounts, ends or cancellations is also one contract an account, unless contracts have a file. */
export function addContracts(guesses: readonly TableGuess[], preset: readonly TableGuess[]): TableGuess[] {
  const result = [...guesses];
  if ([...guesses, ...preset].some((guess) => guess.table === 'contract' || guess.table === 'mrr_month')) return result;
  for (const account of guesses.filter((guess) => guess.table === 'account')) {
    const key = account.columns.find((item) => item.column === 'account_id');
    if (key === undefined) continue;
    const columns = assignColumns(account.profile, hintOf('contract'), [key]).filter(
      (item) => item.column !== 'contract_id',
    );
    const has = (name: string) => columns.some((item) => item.column === name);
    const isContract = ['mrr_amount', 'arr_amount', 'cancelled_at', 'term_end_date', 'ended_date'].some(has);
    if (!isContract || !(has('start_date') || has('term_end_date'))) continue;
    const guess: TableGuess = {
      table: 'contract',
      profile: account.profile,
      shape: 'own headings',
      confidence: 0.75,
      columns,
      options: {},
      notes: ['the account list is also one contract an account: there is no contract file'],
    };
    result.push(guess);
  }
  return result;
}

/** Without an account list the accounts are the payers of the contract file; where it names them, so do the lists. */
export function addAccounts(guesses: readonly TableGuess[], preset: readonly TableGuess[]): TableGuess[] {
  if ([...guesses, ...preset].some((guess) => guess.table === 'account')) return [...guesses];
  const contract = guesses.find((guess) => guess.table === 'contract' || guess.table === 'mrr_month');
  const key = contract === undefined ? undefined : contract.columns.find((item) => item.column === 'account_id');
  const heading = key?.mapping.from;
  if (contract === undefined || key === undefined || heading === undefined) return [...guesses];
  const hint = hintOf('account');
  const columns = assignColumns(contract.profile, hint, [key]).filter((item) =>
    ['account_id', 'name', 'industry', 'country', 'csm'].includes(item.column),
  );
  const email = contract.profile.columns.find((column) => column.kind === 'email');
  const found: ColumnGuess[] =
    email === undefined
      ? columns
      : [
          ...columns,
          { column: 'email_domain', mapping: { from: email.name, transform: 'email_domain' }, confidence: 0.8 },
        ];
  if (!found.some((item) => item.column === 'name')) return [...guesses];
  const start = sourceColumn(contract, 'start_date')?.name;
  return [
    ...guesses,
    {
      table: 'account',
      profile: contract.profile,
      shape: 'own headings',
      confidence: 0.8,
      columns: found,
      options: { dedupe: { key: [heading], ...(start === undefined ? {} : { latest: start }) } },
      notes: ['there is no account list: the accounts are the payers of this file, named as in its newest row'],
    },
  ];
}
