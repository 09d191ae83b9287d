import { dirname } from 'node:path';
import { type Engine, quoteName } from '../engine/engine.ts';
import { contractTable } from './contract.ts';
import {
  assignColumns,
  type ColumnGuess,
  headingFit,
  hintOf,
  metricColumns,
  sourceColumn,
  type TableGuess,
  tableScore,
  withColumn,
  withNote,
  withoutColumns,
} from './mapping-columns.ts';
import { refineContract } from './mapping-contract.ts';
import { ACCOUNT_HEADINGS, TABLE_HINTS } from './mapping-hints.ts';
import { accountHeading, accountKey, isUnique, referenceTo, rowOrderEvidence } from './mapping-keys.ts';
import { isFivetran, matchPreset, neededHeadings } from './mapping-presets.ts';
import { unifySpellings } from './mapping-spellings.ts';
import { refineInvoice, refineOpportunity, refineSurvey, refineTicket } from './mapping-tables.ts';
import { findTwins, refineUsage } from './mapping-usage.ts';
import { fileWords, headingWords } from './mapping-words.ts';
import { type ColumnProfile, daySql, profileGroup, type TableProfile } from './recognition.ts';
import { type FileGroup, groupFiles, listFiles } from './recognition-files.ts';

/** A file that is not used, and why: a sentence without its subject ("holds …"). */
export interface LeftOut {
  readonly file: string;
  readonly reason: string;
  /** `unknown`: could not be placed; `not_needed`: known and left out on purpose. */
  readonly kind: 'unknown' | 'not_needed';
}

/** What was recognised in a directory. */
export interface Recognition {
  readonly guesses: readonly TableGuess[];
  readonly leftOut: readonly LeftOut[];
  /** Decisions about several files at once. */
  readonly notes: readonly string[];
  readonly profiles: readonly TableProfile[];
}

/** Least score at which a file is proposed as a table. */
const THRESHOLD = 0.42;
/** Tables that name who pays: the entity they point at is the account. */
const PAYER_TABLES = ['contract', 'renewal', 'mrr_month', 'invoice', 'churn_event'];

/**
 * Looks at every file of a directory (two folders deep) and proposes which table of the data contract each holds,
 * column by column, with what it was decided on. Files are loaded into the engine as text and measured there.
 */
export async function recognise(
  engine: Engine,
  directory: string,
  onStage: (text: string) => void = () => undefined,
): Promise<Recognition> {
  // Row order is a key of some exports, so files must be read in their order.
  await engine.execute('set preserve_insertion_order = true');
  const inventory = listFiles(directory);
  const leftOut: LeftOut[] = inventory.passed.map(({ path, reason }) => ({ file: path, reason, kind: 'unknown' }));
  const groups = groupFiles(inventory.files);
  const repeats = repeatedFolders(groups);
  const profiles: TableProfile[] = [];
  for (const [index, group] of groups.entries()) {
    const folder = dirname(group.file);
    const original = repeats.get(folder);
    if (original !== undefined) continue;
    onStage(group.file);
    const profile = await profileGroup(engine, directory, group, `probe_${index}`, (headings) =>
      neededHeadings(group.file, headings),
    );
    if ('reason' in profile) leftOut.push({ file: group.file, reason: profile.reason, kind: 'unknown' });
    else profiles.push(profile);
  }
  for (const [folder, original] of repeats) {
    leftOut.push({
      file: `${folder}/`,
      reason: `repeats the tables of ${original === '.' ? 'the folder above' : original}; point init at it to use it instead`,
      kind: 'not_needed',
    });
  }
  const { guesses, own, unplaced } = matchPresets(profiles);
  leftOut.push(...unplaced);
  const generic = await recogniseOwn(engine, own, guesses);
  leftOut.push(...generic.leftOut);
  const settled = dropRepeats([...guesses, ...generic.guesses]);
  leftOut.push(...settled.leftOut);
  const { refined, leftOut: twins, notes } = await refineAll(engine, settled.guesses, profiles);
  leftOut.push(...twins);
  return {
    guesses: refined.sort(
      (a, b) => tableOrder(a.table) - tableOrder(b.table) || (a.profile.file < b.profile.file ? -1 : 1),
    ),
    leftOut: leftOut.sort((a, b) => (a.file < b.file ? -1 : 1)),
    notes: [...generic.notes, ...notes],
    profiles,
  };
}

const ORDER = [
  'account',
  'account_alias',
  'contact',
  'contract',
  'mrr_month',
  'renewal',
  'churn_event',
  'invoice',
  'fx',
  'usage',
  'ticket',
];

function tableOrder(table: string): number {
  const index = ORDER.indexOf(table);
  return index < 0 ? ORDER.length : index;
}

/**
 * Folders whose files repeat the tables of the folder above (at least half of them, by their headings): a copy of the
 * same export, which must not be read twice.
 */
function repeatedFolders(groups: readonly FileGroup[]): Map<string, string> {
  const headings = (group: FileGroup) =>
    (group.members[0]?.head.split(/\r?\n/, 1)[0] ?? '')
      .toLowerCase()
      .replaceAll(/["\s]/g, '')
      .replaceAll(/[;\t|]/g, ',');
  const byFolder = new Map<string, FileGroup[]>();
  for (const group of groups) byFolder.set(dirname(group.file), [...(byFolder.get(dirname(group.file)) ?? []), group]);
  const repeated = new Map<string, string>();
  for (const [folder, members] of byFolder) {
    if (folder === '.') continue;
    const above = byFolder.get(dirname(folder));
    if (above === undefined) continue;
    const known = new Set(above.map(headings));
    const same = members.filter((member) => headings(member) !== '' && known.has(headings(member))).length;
    if (same >= members.length / 2 && same > 0) repeated.set(folder, dirname(folder));
  }
  return repeated;
}

function matchPresets(profiles: readonly TableProfile[]): {
  guesses: TableGuess[];
  own: TableProfile[];
  unplaced: LeftOut[];
} {
  const guesses: TableGuess[] = [];
  const own: TableProfile[] = [];
  const unplaced: LeftOut[] = [];
  for (const profile of profiles) {
    const match = matchPreset(profile);
    if (match === undefined && isFivetran(profile.columns.map((column) => column.name))) {
      unplaced.push({
        file: profile.file,
        reason: 'is a Fivetran table that retain does not need',
        kind: 'not_needed',
      });
    } else if (match === undefined) {
      own.push(profile);
    } else if (match.kind === 'left_out') {
      unplaced.push({ file: profile.file, reason: match.reason, kind: 'not_needed' });
    } else {
      guesses.push(match.guess);
    }
  }
  return { guesses, own, unplaced };
}

interface Main {
  readonly profile: TableProfile;
  readonly key: ColumnProfile | undefined;
}

/** Recognises files with headings of their own: account files first, then everything by its keys to them. */
async function recogniseOwn(
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

/** Files that list accounts, the likeliest main list first. */
function findAccounts(profiles: readonly TableProfile[]): Main[] {
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

function accountColumn(column: ColumnProfile, why?: string, confidence = 0.97): ColumnGuess {
  return { column: 'account_id', mapping: { from: column.name }, confidence, ...(why === undefined ? {} : { why }) };
}

async function findAccount(
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

function accountGuess({ profile, key }: Main, isMain: boolean): TableGuess {
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
async function keyByRowOrder(
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
function addContracts(guesses: readonly TableGuess[], preset: readonly TableGuess[]): TableGuess[] {
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
function addAccounts(guesses: readonly TableGuess[], preset: readonly TableGuess[]): TableGuess[] {
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

/** One source a vendor table: copies of it for another warehouse are left out. */
function dropRepeats(guesses: readonly TableGuess[]): { guesses: TableGuess[]; leftOut: LeftOut[] } {
  const kept: TableGuess[] = [];
  const leftOut: LeftOut[] = [];
  for (const guess of [...guesses].sort((a, b) => a.profile.file.length - b.profile.file.length)) {
    const twin = kept.find(
      (other) =>
        guess.shape !== 'own headings' &&
        other.shape === guess.shape &&
        dirname(other.profile.file) === dirname(guess.profile.file),
    );
    if (twin === undefined) kept.push(guess);
    else
      leftOut.push({
        file: guess.profile.file,
        reason: `holds the same table again as ${twin.profile.file}`,
        kind: 'not_needed',
      });
  }
  return { guesses: kept, leftOut };
}

/** Settles what each table leaves open and finds feeds that repeat each other. */
async function refineAll(
  engine: Engine,
  guesses: readonly TableGuess[],
  profiles: readonly TableProfile[],
): Promise<{ refined: TableGuess[]; leftOut: LeftOut[]; notes: string[] }> {
  const hasInvoices = guesses.some((guess) => guess.table === 'invoice');
  const refined: TableGuess[] = [];
  for (const guess of guesses) {
    let next = guess;
    if (guess.shape === 'own headings') {
      if (guess.table === 'contract') next = await refineContract(engine, guess);
      if (guess.table === 'usage') next = await refineUsage(engine, guess);
      if (guess.table === 'ticket') next = refineTicket(guess);
      if (guess.table === 'survey') next = await refineSurvey(engine, guess);
      if (guess.table === 'invoice') next = refineInvoice(guess);
      if (guess.table === 'opportunity') next = refineOpportunity(guess);
    }
    if (
      next.table === 'contract' &&
      !['mrr_amount', 'arr_amount', 'unit_price'].some((column) => next.columns.some((item) => item.column === column))
    ) {
      next = hasInvoices
        ? withNote(
            withColumn(next, {
              column: 'pricing',
              mapping: { value: 'usage' },
              confidence: 0.6,
              why: 'the contracts state no amount',
            }),
            'the contracts state no amount: ARR is the run-rate of the last 90 days of invoices',
          )
        : withNote(next, 'the contracts state no amount: ARR is unknown until an export with prices is added');
    }
    refined.push(unifySpellings(await checkKnownAt(engine, next), profiles));
  }
  const usable = refined.filter(isComplete);
  const leftOut: LeftOut[] = refined
    .filter((guess) => !isComplete(guess))
    .map((guess) => ({
      file: guess.profile.file,
      reason: `looks like ${guess.table} (${guess.shape}) but lacks ${missing(guess).join(', ')}`,
      kind: 'unknown',
    }));
  const twins = await findTwins(
    engine,
    usable.filter((guess) => guess.table === 'usage'),
  );
  const notes: string[] = [];
  let kept = usable;
  for (const { coarse, fine, agreement, coarseTotal, fineTotal } of twins) {
    const text =
      `${coarse.profile.file} (${coarse.options.period}) and ${fine.profile.file} (${fine.options.period ?? 'events'}) are one feed at two grains: ` +
      `${percent(agreement)} of accounts agree within 1 % (${coarseTotal.toLocaleString('en')} and ${fineTotal.toLocaleString('en')} events); the finer is used`;
    notes.push(text);
    kept = kept.filter((guess) => guess !== coarse).map((guess) => (guess === fine ? withNote(guess, text) : guess));
    leftOut.push({
      file: coarse.profile.file,
      reason: `is the same feed as ${fine.profile.file} at a coarser grain (${percent(agreement)} of accounts agree within 1 %)`,
      kind: 'not_needed',
    });
  }
  return { refined: kept, leftOut, notes };
}

/**
 * A loading time is believed only when it follows the events: one bulk load would make years of history known on a
 * single day.
 */
async function checkKnownAt(engine: Engine, guess: TableGuess): Promise<TableGuess> {
  const known = sourceColumn(guess, 'known_at');
  const happened = contractTable(guess.table)
    .known.map((column) => sourceColumn(guess, column))
    .find((column) => column !== undefined);
  if (known === undefined || guess.shape !== 'own headings') return guess;
  if (happened === undefined) return withoutColumns(guess, 'known_at');
  const [row] = await engine.rows(
    `select avg(case when ${daySql(known)} - ${daySql(happened)} between 0 and 30 then 1.0 else 0.0 end) as prompt
     from ${quoteName(guess.profile.relation)} where ${daySql(known)} is not null and ${daySql(happened)} is not null`,
  );
  const prompt = Number(row?.['prompt'] ?? 0);
  if (prompt >= 0.8) return withNote(guess, `a row counts from ${known.name} on, when it was loaded`);
  return withNote(
    withoutColumns(guess, 'known_at'),
    `${known.name} follows ${happened.name} within 30 days on ${percent(prompt)} of rows only: it dates a bulk load and is not used`,
  );
}

function missing(guess: TableGuess): string[] {
  const table = contractTable(guess.table);
  const has = (name: string) => guess.columns.some((item) => item.column === name);
  return [
    ...table.columns.filter((column) => column.required === true && !has(column.name)).map((column) => column.name),
    ...(table.oneOf ?? []).filter((group) => !group.some(has)).map((group) => `one of ${group.join(', ')}`),
  ];
}

function isComplete(guess: TableGuess): boolean {
  return missing(guess).length === 0;
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
  return `could not be placed (${list})${lack.length === 0 ? '' : `: it has ${lack.join(' and ')}`}`;
}

function percent(share: number): string {
  return `${Math.floor(share * 1000) / 10} %`;
}

/** Names of relations that recognition left in the engine, so that they can be dropped. */
export function probeRelations(recognition: Recognition): string[] {
  return recognition.profiles.map((profile) => quoteName(profile.relation));
}
