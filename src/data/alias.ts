import { type Engine, quoteName, quoteText } from '../engine/engine.ts';
import { sourceColumn, type TableGuess, withNote } from './mapping-columns.ts';
import { overlapOf } from './mapping-keys.ts';
import { headingWords } from './mapping-words.ts';
import type { ColumnProfile, TableProfile } from './recognition.ts';

/** How the ids of several systems join, as proposed from the content of the exports. */
export interface AliasProposal {
  /** CSV with the columns account_id, system, external_id, matched_by, name, in a settled order. Empty: none needed. */
  readonly csv: string;
  readonly rowCount: number;
  /** The guesses with the id system that each file's account column belongs to. */
  readonly guesses: readonly TableGuess[];
  /** What was joined and how well, a sentence a system. */
  readonly notes: readonly string[];
}

/** Domains at which anybody can have an address; they say nothing about the company. */
const FREE_MAIL =
  'gmail googlemail yahoo ymail hotmail outlook live msn icloud me mac aol gmx web t-online proton protonmail pm mail yandex zoho fastmail hey qq 163 126 libero orange free laposte wanadoo comcast';

/** Rules in the order in which they are believed. */
const RULES = ['metadata', 'salesforce id', 'e-mail domain', 'name'] as const;

/**
 * Finds files whose account ids are not those of the account list (or, without one, of the contract file) and proposes
 * for each id the account it belongs to: by ids of the other system kept as metadata, by 15/18-character Salesforce
 * ids, by e-mail domain (free mail left out), by normalised name, in that order. A match counts only when it points at
 * one account. Alias files already among the exports are used first.
 */
export async function proposeAliases(engine: Engine, guesses: readonly TableGuess[]): Promise<AliasProposal> {
  const main =
    guesses.find((guess) => guess.table === 'account') ??
    guesses.find((guess) => guess.table === 'contract' || guess.table === 'mrr_month');
  const mainKey = main === undefined ? undefined : sourceColumn(main, 'account_id');
  if (main === undefined || mainKey === undefined)
    return { csv: '', rowCount: 0, guesses: withoutSystems(guesses), notes: [] };
  await createMain(engine, main, mainKey);
  await engine.execute(
    'create or replace table alias_found (account_id varchar, system varchar, external_id varchar, matched_by varchar, name varchar)',
  );
  const notes: string[] = [];
  const result: TableGuess[] = [];
  const homes = await homeLists(engine, guesses, { guess: main, key: mainKey });
  const systems = new Map<string, string>();
  const pairs: Pair[] = [];
  for (const guess of guesses) {
    const key = sourceColumn(guess, 'account_id');
    if (guess === main || guess.table === 'account_alias' || key === undefined || guess.profile === main.profile) {
      result.push(guess);
      continue;
    }
    if (hasOwnLinks(guesses, guess)) {
      result.push(guess);
      continue;
    }
    if (await isAtHome(engine, homes, guess, key)) {
      result.push(withSystem(guess, undefined));
      continue;
    }
    const given = await givenSystem(engine, guesses, guess, key);
    if (given !== undefined) {
      result.push(withNote(withSystem(guess, given), `${key.name} is an id of the system ${given} in the alias file`));
      continue;
    }
    const system = systems.get(headingWords(key.name)) ?? guess.options.system ?? systemName(key, guess.profile);
    systems.set(headingWords(key.name), system);
    pairs.push({ guess, key, system, main, mainKey });
    result.push(guess);
  }
  // Twice: what the first round joined brings names and domains that the main list did not have.
  for (const round of [1, 2]) {
    for (const pair of pairs) {
      await matchSystem(engine, pair);
      if (round === 1) await enrichMain(engine, pair);
    }
  }
  for (const pair of pairs) {
    const text = await joinedText(engine, pair);
    const index = result.indexOf(pair.guess);
    if (text === undefined) {
      result[index] = withSystem(pair.guess, undefined);
    } else {
      notes.push(text);
      result[index] = withNote(withSystem(pair.guess, pair.system), text);
    }
  }
  const rows = await engine.rows(
    `select account_id, system, external_id, matched_by, name from alias_found
     group by all order by system, external_id, account_id`,
  );
  const lines = rows.map((row) =>
    ['account_id', 'system', 'external_id', 'matched_by', 'name'].map((name) => csvCell(row[name])).join(','),
  );
  return {
    csv: rows.length === 0 ? '' : `${['account_id,system,external_id,matched_by,name', ...lines].join('\n')}\n`,
    rowCount: rows.length,
    guesses: result,
    notes,
  };
}

function csvCell(value: unknown): string {
  const text = value === null || value === undefined ? '' : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function withSystem(guess: TableGuess, system: string | undefined): TableGuess {
  const { system: _system, ...options } = guess.options;
  return { ...guess, options: system === undefined ? options : { ...options, system } };
}

interface Home {
  readonly guess: TableGuess;
  readonly key: ColumnProfile;
}

/** The account list and the lists of its children: accounts whose parents it holds are accounts of the same system. */
async function homeLists(engine: Engine, guesses: readonly TableGuess[], main: Home): Promise<Home[]> {
  const homes = [main];
  for (const guess of guesses) {
    const [key, parent] = [sourceColumn(guess, 'account_id'), sourceColumn(guess, 'parent_account_id')];
    if (guess === main.guess || guess.table !== 'account' || key === undefined || parent === undefined) continue;
    if ((await overlapOf(engine, guess.profile, parent, main.guess.profile, main.key)) >= 0.5)
      homes.push({ guess, key });
  }
  return homes;
}

async function isAtHome(
  engine: Engine,
  homes: readonly Home[],
  guess: TableGuess,
  key: ColumnProfile,
): Promise<boolean> {
  for (const home of homes) {
    if (home.guess.profile === guess.profile) return true;
    if ((await overlapOf(engine, guess.profile, key, home.guess.profile, home.key)) >= 0.5) return true;
  }
  return false;
}

/** Ids of one system need no system's name. */
function withoutSystems(guesses: readonly TableGuess[]): TableGuess[] {
  return guesses.map((guess) => (hasOwnLinks(guesses, guess) ? guess : withSystem(guess, undefined)));
}

/** Whether a link table among the exports (a vendor's own) resolves this file's system. */
function hasOwnLinks(guesses: readonly TableGuess[], guess: TableGuess): boolean {
  const { system } = guess.options;
  return (
    system !== undefined &&
    guesses.some(
      (other) =>
        other.table === 'account_alias' &&
        other.columns.some((item) => item.column === 'system' && item.mapping.value === system),
    )
  );
}

/** The system of an alias file among the exports that knows most of these ids (at least half). */
async function givenSystem(
  engine: Engine,
  guesses: readonly TableGuess[],
  guess: TableGuess,
  key: ColumnProfile,
): Promise<string | undefined> {
  for (const alias of guesses.filter((other) => other.table === 'account_alias')) {
    const [system, external] = [sourceColumn(alias, 'system'), sourceColumn(alias, 'external_id')];
    if (system === undefined || external === undefined) continue;
    const [row] = await engine.rows(
      `with ids as (select distinct ${text(key.name)} as id from ${quoteName(guess.profile.relation)} where ${text(key.name)} <> ''),
       known as (select distinct ${text(system.name)} as system, ${text(external.name)} as id from ${quoteName(alias.profile.relation)})
       select known.system, count(*) as n, (select count(*) from ids) as total
       from ids join known on known.id = ids.id group by known.system order by n desc, known.system limit 1`,
    );
    if (row !== undefined && Number(row['n']) >= 0.5 * Number(row['total'])) return String(row['system']);
  }
  return undefined;
}

function text(name: string, alias = ''): string {
  return `trim(cast(${alias}${quoteName(name)} as varchar))`;
}

function systemName(key: ColumnProfile, profile: TableProfile): string {
  const stem = headingWords(key.name).replace(/_?(id|uuid|key|code)$/, '');
  return stem !== '' && stem !== 'account'
    ? stem
    : headingWords(profile.file.split('/').at(-1)?.split('.')[0] ?? 'other');
}

/** SQL: a name without case, punctuation and legal form, so that "Arbor Systems, Inc." equals "ARBOR SYSTEMS". */
export function normalisedName(sql: string): string {
  const plain = `trim(regexp_replace(lower(strip_accents(${sql})), '[^a-z0-9]+', ' ', 'g'))`;
  return `nullif(trim(regexp_replace(${plain}, '( (inc|llc|ltd|limited|gmbh|ag|sa|sas|sarl|bv|b v|nv|n v|plc|corp|corporation|co|company|oy|ab|as|kg|srl|spa|pty|group|holding|holdings|the))+$', '', 'g')), '')`;
}

/** SQL: the company's domain of an address or web site; null for free mail. */
export function companyDomain(sql: string): string {
  const host = `regexp_extract(lower(trim(${sql})), '^(?:https?://)?(?:www\\.)?(?:[^@/\\s]*@)?([a-z0-9.-]+\\.[a-z]{2,})', 1)`;
  const free = FREE_MAIL.split(' ').map(quoteText).join(', ');
  return `case when ${host} = '' or string_split(${host}, '.')[1] in (${free}) then null else ${host} end`;
}

const NAME_HEADING = /(^|_)(name|company|organi[sz]ation|account|customer|client)(_name)?$/;

function nameColumns(profile: TableProfile, key: ColumnProfile): ColumnProfile[] {
  return profile.columns.filter(
    (column) =>
      column.kind === 'text' &&
      column.name !== key.name &&
      NAME_HEADING.test(headingWords(column.name)) &&
      !/(first|last|user|contact|plan|product|event|feature|owner|agent|csm|full|file)_?name$/.test(
        headingWords(column.name),
      ) &&
      column.distinct > 1,
  );
}

function domainColumns(profile: TableProfile): ColumnProfile[] {
  return profile.columns.filter(
    (column) =>
      column.kind === 'email' ||
      (column.kind === 'text' && /(^|_)(domain|website|web_site|domain_name)$/.test(headingWords(column.name))),
  );
}

/** `alias_main`: one row an account and trait (name, domain) of the main list. */
async function createMain(engine: Engine, main: TableGuess, key: ColumnProfile): Promise<void> {
  const traits = traitSelects(main.profile, key);
  await engine.execute(
    `create or replace table alias_main as
     select distinct id as account_id, kind, value from (${traits.length === 0 ? "select '' as id, '' as kind, '' as value where false" : traits.join(' union all ')})
     where id <> '' and value is not null`,
  );
}

function traitSelects(profile: TableProfile, key: ColumnProfile): string[] {
  const from = quoteName(profile.relation);
  return [
    ...nameColumns(profile, key).map(
      (column) =>
        `select ${text(key.name)} as id, 'name' as kind, ${normalisedName(quoteName(column.name))} as value from ${from}`,
    ),
    ...domainColumns(profile).map(
      (column) =>
        `select ${text(key.name)} as id, 'domain' as kind, ${companyDomain(quoteName(column.name))} as value from ${from}`,
    ),
    ...(/name|account$|customer$|company$/.test(headingWords(key.name))
      ? [`select ${text(key.name)} as id, 'name' as kind, ${normalisedName(quoteName(key.name))} as value from ${from}`]
      : []),
  ];
}

interface Pair {
  readonly guess: TableGuess;
  readonly key: ColumnProfile;
  readonly system: string;
  readonly main: TableGuess;
  readonly mainKey: ColumnProfile;
}

/** Fills `alias_found` for the ids of one system that are not in it yet. */
async function matchSystem(engine: Engine, pair: Pair): Promise<void> {
  const { guess, key, system, main, mainKey } = pair;
  const from = quoteName(guess.profile.relation);
  await engine.execute(
    'create or replace table alias_candidate (external_id varchar, account_id varchar, rule integer)',
  );
  // Ids of the other system kept beside ours, or ours beside theirs.
  for (const column of main.profile.columns.filter((item) => isIdLike(item, mainKey))) {
    if ((await overlapOf(engine, main.profile, column, guess.profile, key)) < 0.2) continue;
    await engine.execute(
      `insert into alias_candidate select distinct ${text(column.name)}, ${text(mainKey.name)}, 0 from ${quoteName(main.profile.relation)}
       where ${text(column.name)} <> '' and ${text(column.name)} in (select ${text(key.name)} from ${from})`,
    );
  }
  for (const column of guess.profile.columns.filter((item) => isIdLike(item, key))) {
    if ((await overlapOf(engine, guess.profile, column, main.profile, mainKey)) < 0.5) continue;
    await engine.execute(
      `insert into alias_candidate select distinct ${text(key.name)}, ${text(column.name)}, 0 from ${from}
       where ${text(key.name)} <> '' and ${text(column.name)} in (select ${text(mainKey.name)} from ${quoteName(main.profile.relation)})`,
    );
  }
  if (key.salesforceShare > 0.9 && mainKey.salesforceShare > 0.9) {
    await engine.execute(
      `insert into alias_candidate select distinct a.id, b.id, 1
       from (select distinct ${text(key.name)} as id from ${from}) a
       join (select distinct ${text(mainKey.name)} as id from ${quoteName(main.profile.relation)}) b on a.id[1:15] = b.id[1:15]`,
    );
  }
  const traits = traitSelects(guess.profile, key);
  if (traits.length > 0) {
    await engine.execute(
      `insert into alias_candidate
       with traits as (
         select id, kind, value, count(*) as n from (${traits.join(' union all ')}) where id <> '' and value is not null group by id, kind, value
       ),
       -- One visitor from elsewhere must not move a whole workspace: the trait most rows carry, at least half of them.
       usual as (
         select id, kind, value from traits
         qualify n * 2 >= sum(n) over (partition by id, kind)
           and row_number() over (partition by id, kind order by n desc, value) = 1
       ),
       single as (
         select kind, value, min(account_id) as account_id from alias_main group by kind, value having count(distinct account_id) = 1
       )
       select usual.id, single.account_id, case usual.kind when 'domain' then 2 else 3 end
       from usual join single on single.kind = usual.kind and single.value = usual.value`,
    );
  }
  await engine.execute(
    `insert into alias_found
     with best as (
       select external_id, rule, min(account_id) as account_id, count(distinct account_id) as accounts
       from alias_candidate group by external_id, rule
     ),
     chosen as (
       select external_id, account_id, rule from best where accounts = 1
       qualify row_number() over (partition by external_id order by rule) = 1
     )
     select c.account_id, ${quoteText(system)}, c.external_id,
       case c.rule ${RULES.map((rule, index) => `when ${index} then ${quoteText(rule)}`).join(' ')} end,
       (select min(value) from alias_main m where m.account_id = c.account_id and m.kind = 'name')
     from chosen c
     where not exists (select 1 from alias_found f where f.system = ${quoteText(system)} and f.external_id = c.external_id)`,
  );
}

/** Names and domains of ids joined so far become traits of their accounts, where no account has them yet. */
async function enrichMain(engine: Engine, { guess, key, system }: Pair): Promise<void> {
  const traits = traitSelects(guess.profile, key);
  if (traits.length === 0) return;
  await engine.execute(
    `insert into alias_main
     with traits as (
       select id, kind, value, count(*) as n from (${traits.join(' union all ')}) where id <> '' and value is not null group by id, kind, value
     ),
     usual as (
       select id, kind, value from traits
       qualify n * 2 >= sum(n) over (partition by id, kind) and row_number() over (partition by id, kind order by n desc, value) = 1
     )
     select distinct f.account_id, usual.kind, usual.value
     from usual join alias_found f on f.external_id = usual.id and f.system = ${quoteText(system)}
     where not exists (select 1 from alias_main m where m.kind = usual.kind and m.value = usual.value)`,
  );
}

/** How much of a system joined, in a sentence; undefined when nothing did. */
async function joinedText(engine: Engine, { guess, key, system }: Pair): Promise<string | undefined> {
  const from = quoteName(guess.profile.relation);
  const [row] = await engine.rows(
    `select count(*) as n, count(f.external_id) as joined, count(distinct a.id) as ids, count(distinct f.external_id) as found
     from (select ${text(key.name)} as id from ${from} where ${text(key.name)} <> '') a
     left join (select distinct external_id from alias_found where system = ${quoteText(system)}) f on f.external_id = a.id`,
  );
  const [n, joined] = [Number(row?.['n'] ?? 0), Number(row?.['joined'] ?? 0)];
  if (joined === 0 || n === 0) return undefined;
  const by = await engine.rows(
    `select matched_by, count(distinct external_id) as n from alias_found where system = ${quoteText(system)} group by 1 order by n desc, matched_by`,
  );
  const how = by.map((item) => `${item['n']} by ${item['matched_by']}`).join(', ');
  return `${key.name} of ${guess.profile.file} is an id of another system (${system}): ${row?.['found']} of ${row?.['ids']} ids and ${Math.floor((joined / n) * 1000) / 10} % of its rows join (${how})`;
}

function isIdLike(column: ColumnProfile, key: ColumnProfile): boolean {
  if (column.name === key.name || column.distinct < 2) return false;
  // Whole numbers meet by accident: only a heading that says id makes them one.
  return (
    column.kind === 'text' ||
    (column.kind === 'integer' && /(^|_)(id|key|code|number)$/.test(headingWords(column.name)))
  );
}
