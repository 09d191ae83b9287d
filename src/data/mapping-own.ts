import type { Engine } from '../engine/engine.ts';
import {
  accountColumn,
  accountGuess,
  addAccounts,
  addContracts,
  findAccount,
  findAccounts,
  keyByRowOrder,
  type Main,
} from './mapping-accounts.ts';
import {
  assignColumns,
  type ColumnGuess,
  hintOf,
  type LeftOut,
  metricColumns,
  percent,
  sourceColumn,
  type TableGuess,
  tableScore,
} from './mapping-columns.ts';
import { TABLE_HINTS } from './mapping-hints.ts';
import { accountHeading, isUnique, referenceTo } from './mapping-keys.ts';
import { headingWords } from './mapping-words.ts';
import type { TableProfile } from './recognition.ts';

/** Least score at which a file is proposed as a table. */
const THRESHOLD = 0.42;

/** Tables that name who pays: the entity they point at is the account. */
const PAYER_TABLES = ['contract', 'renewal', 'mrr_month', 'invoice', 'churn_event'];

/** Recognises files with headings of their own: account files first, then everything by its keys to them. */
export async function recogniseOwn(
  engine: Engine,
  profiles: readonly TableProfile[],
  preset: readonly TableGuess[],
): Promise<{ guesses: TableGuess[]; leftOut: LeftOut[]; notes: string[] }> {
  const notes: string[] = [];
  const guesses = new Map<TableProfile, TableGuess>();
  const accounts = findAccounts(profiles);
  const main = accounts[0];
  const references = new Map<TableProfile, ColumnGuess>();
  for (const profile of profiles) {
    if (accounts.some((account) => account.profile === profile)) continue;
    const reference = await findAccount(engine, profile, accounts);
    if (reference !== undefined) references.set(profile, reference);
  }
  for (const profile of profiles) {
    if (accounts.some((account) => account.profile === profile)) continue;
    const guess = bestTable(profile, references.get(profile));
    if (guess !== undefined) guesses.set(profile, guess);
  }
  const promoted = await promotePayers(engine, profiles, guesses, accounts);
  notes.push(...promoted);
  for (const profile of profiles) {
    // Files that point at a list which has only just become the accounts.
    if (promoted.length === 0 || guesses.has(profile) || accounts.some((account) => account.profile === profile))
      continue;
    const guess = bestTable(profile, await findAccount(engine, profile, accounts));
    if (guess !== undefined) guesses.set(profile, guess);
  }
  await linkRest(engine, profiles, guesses, [...guesses.values(), ...preset]);
  for (const account of accounts) guesses.set(account.profile, accountGuess(account, account === main));
  const ordered = profiles.flatMap((profile) => {
    const guess = guesses.get(profile);
    return guess === undefined ? [] : [guess];
  });
  const rowOrder = await keyByRowOrder(engine, ordered, main);
  const leftOut = profiles
    .filter((profile) => !guesses.has(profile))
    .map((profile): LeftOut => ({ file: profile.file, reason: unplacedReason(profile), kind: 'unknown' }));
  return {
    guesses: addAccounts(addContracts(rowOrder.guesses, preset), preset),
    leftOut,
    notes: [...notes, ...rowOrder.notes],
  };
}

/** The table a file fits best with its account column given; undefined when none fits well enough. */
function bestTable(profile: TableProfile, account: ColumnGuess | undefined): TableGuess | undefined {
  let best: TableGuess | undefined;
  for (const hint of TABLE_HINTS) {
    if (hint.table === 'account') continue;
    const takesAccount = hint.columns['account_id'] !== undefined;
    const columns = assignColumns(profile, hint, account === undefined || !takesAccount ? [] : [account]);
    const metrics = hint.table === 'usage' ? metricColumns(profile, columns).length : 0;
    let score = tableScore(profile, hint, columns, metrics);
    if (hint.table === 'mrr_month' && !isMonthly(profile, columns)) score = 0;
    if (score > (best?.confidence ?? THRESHOLD)) {
      best = { table: hint.table, profile, shape: 'own headings', confidence: score, columns, options: {}, notes: [] };
    }
  }
  return best;
}

function isMonthly(profile: TableProfile, columns: readonly ColumnGuess[]): boolean {
  const month = profile.columns.find(
    (column) => column.name === columns.find((item) => item.column === 'month')?.mapping.from,
  );
  return month !== undefined && (month.kind === 'month' || /month|period/.test(headingWords(month.name)));
}

/**
 * When contracts or renewals point at a list of persons and at no account, the person is who pays: that list becomes
 * the accounts, and the organisation it names becomes the parent.
 */
async function promotePayers(
  engine: Engine,
  profiles: readonly TableProfile[],
  guesses: Map<TableProfile, TableGuess>,
  accounts: Main[],
): Promise<string[]> {
  const notes: string[] = [];
  for (const profile of profiles) {
    if (guesses.has(profile) || accounts.some((account) => account.profile === profile)) continue;
    for (const target of profiles) {
      const people = guesses.get(target);
      const key = people?.table === 'contact' ? sourceColumn(people, 'contact_id') : undefined;
      if (people === undefined || key === undefined || !isUnique(target, key)) continue;
      const reference = await referenceTo(engine, profile, target, key);
      const guess =
        reference === undefined
          ? undefined
          : bestTable(profile, accountColumn(reference.column, `its values are ${key.name} of ${target.file}`));
      if (guess === undefined || !PAYER_TABLES.includes(guess.table)) continue;
      guesses.set(profile, guess);
      if (!accounts.some((account) => account.profile === target)) {
        const parent = sourceColumn(people, 'account_id');
        guesses.delete(target);
        accounts.push({ profile: target, key });
        notes.push(
          `${profile.file} is paid by ${reference?.column.name}, so each row of ${target.file} is an account` +
            (parent === undefined ? '' : ` and ${parent.name} its parent`),
        );
      }
    }
  }
  return notes;
}

/** Files without an account column join through the keys of the files already placed: contracts, contacts, payers. */
async function linkRest(
  engine: Engine,
  profiles: readonly TableProfile[],
  guesses: Map<TableProfile, TableGuess>,
  known: readonly TableGuess[],
): Promise<void> {
  for (const profile of profiles) {
    const current = guesses.get(profile);
    if (current !== undefined && sourceColumn(current, 'account_id') !== undefined) continue;
    for (const target of known) {
      const keyName =
        target.table === 'contract' ? 'contract_id' : target.table === 'contact' ? 'contact_id' : undefined;
      const key = keyName === undefined ? undefined : sourceColumn(target, keyName);
      if (keyName === undefined || key === undefined || target.profile === profile) continue;
      const reference = await referenceTo(engine, profile, target.profile, key);
      if (reference === undefined) continue;
      const column = keyName === 'contract_id' ? 'contract_id' : 'user_id';
      const hint = hintOf('usage');
      const given: ColumnGuess = {
        column,
        mapping: { from: reference.column.name },
        confidence: 0.6 + 0.39 * reference.overlap,
        why: `${percent(reference.overlap)} of its values are ${key.name} of ${target.profile.file}`,
      };
      const columns = assignColumns(profile, hint, [given]);
      const score = tableScore(profile, hint, columns, metricColumns(profile, columns).length);
      if (score < THRESHOLD || score < (current?.confidence ?? 0) - 0.05) continue;
      guesses.set(profile, {
        table: 'usage',
        profile,
        shape: 'own headings',
        confidence: score,
        columns,
        options: {},
        notes: [],
      });
      break;
    }
  }
}

function unplacedReason(profile: TableProfile): string {
  const names = profile.columns.map((column) => column.name);
  const list = names.slice(0, 4).join(', ') + (names.length > 4 ? ` and ${names.length - 4} more` : '');
  const hasAccount = accountHeading(profile) !== undefined;
  const hasDate = profile.columns.some(
    (column) => column.kind === 'date' || column.kind === 'timestamp' || column.kind === 'month',
  );
  const lack = [hasAccount ? '' : 'no column that points at an account', hasDate ? '' : 'no date'].filter(
    (text) => text !== '',
  );
  const why = lack.length === 0 ? 'its headings fit no table of the data contract' : `it has ${lack.join(' and ')}`;
  return `could not be placed (${list}): ${why}`;
}
