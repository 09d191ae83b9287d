import { type Engine, quoteText } from '../engine/engine.ts';
import { UserError } from '../lib/errors.ts';
import type { UsageMaps } from './ingest/projection.ts';

/** Edges of the account tree as an export states them. */
export interface AccountEdge {
  readonly account_id: string;
  readonly parent_account_id: string | null;
  readonly merged_into_account_id: string | null;
}

/**
 * The account that each account's rows count for: first along `merged_into_account_id` to the survivor; then, where the
 * survivor has no contract of its own, up its parents to the nearest one that has. Accounts that count for themselves
 * are left out.
 * @param payers accounts with a contract; a merged account's contract makes its survivor a payer
 * @throws UserError naming the accounts when parents or mergers run in a circle
 */
export function resolvePayers(edges: readonly AccountEdge[], payers: ReadonlySet<string>): Map<string, string> {
  const merged = chain(edges, 'merged_into_account_id');
  const parents = chain(edges, 'parent_account_id');
  const survivor = (account: string) => walk(account, merged, 'merged into each other') ?? account;
  for (const account of parents.keys()) walk(account, parents, 'parents of each other');
  const paying = new Set([...payers].map(survivor));
  const resolved = new Map<string, string>();
  for (const { account_id } of edges) {
    const own = survivor(account_id);
    let payer: string | undefined = own;
    const seen = new Set<string>();
    while (payer !== undefined && !paying.has(payer) && !seen.has(payer)) {
      seen.add(payer);
      const parent = parents.get(payer);
      payer = parent === undefined ? undefined : survivor(parent);
    }
    const target = payer !== undefined && paying.has(payer) ? payer : own;
    if (target !== account_id) resolved.set(account_id, target);
  }
  return resolved;
}

function chain(
  edges: readonly AccountEdge[],
  column: 'parent_account_id' | 'merged_into_account_id',
): Map<string, string> {
  return new Map(
    edges.flatMap((edge): [string, string][] => {
      const next = edge[column];
      return next === null || next === edge.account_id ? [] : [[edge.account_id, next]];
    }),
  );
}

function walk(start: string, next: ReadonlyMap<string, string>, words: string): string | undefined {
  const seen = [start];
  let at = next.get(start);
  while (at !== undefined) {
    const circle = seen.indexOf(at);
    if (circle >= 0) {
      const members = seen.slice(circle).sort();
      throw new UserError(`the accounts ${members.slice(0, 5).join(', ')} are ${words}, in a circle`, {
        hint: 'Correct parent_account_id or merged_into_account_id of one of them in the account export.',
      });
    }
    seen.push(at);
    at = next.get(at);
  }
  return seen.length > 1 ? seen.at(-1) : undefined;
}

/** What joins the ids of several systems to paying accounts; relations live in the engine's schema `ingest`. */
export interface Identity {
  /** Relation (external_id, account_id) for the ids of `system`; undefined: ids of no named system. */
  accountMap(system: string | undefined): Promise<string>;
  /** Contact ids and lower-case e-mail addresses. */
  readonly userMap: string;
  readonly contractMap: string;
  /** E-mail domains, where one belongs to one account only. */
  readonly domainMap: string;
  /** Relations for a pass over usage from `system`, and a hash of what they hold. */
  usageMaps(system: string | undefined, columns: readonly string[]): Promise<{ maps: UsageMaps; hash: string }>;
}

/** Joins `source_system` and an id to the account it names before mergers and parents; falls back to the id itself. */
const NAMED = `
  left join ingest.alias as named on named.system = given.source_system and named.external_id = given.account_id
  left join ingest.own_account as own on own.account_id = given.account_id
  left join ingest.alias_any as anyone on anyone.external_id = given.account_id`;
const NAME = 'coalesce(named.account_id, own.account_id, anyone.account_id, given.account_id)';

/**
 * Builds the identity relations from the stacked exports `ingest.account`, `account_alias`, `contact`, `contract` and
 * `mrr_month` (columns of the contract and `source_system`). An account is who has an account row or pays: without an
 * account export the accounts are the distinct payers. An alias, contact or domain that names two accounts names none.
 */
export async function buildIdentity(engine: Engine): Promise<Identity> {
  await engine.execute(`
    create or replace table ingest.alias as
      select lower(trim(system)) as system, external_id, min(account_id) as account_id
      from ingest.account_alias where external_id is not null and account_id is not null
      group by lower(trim(system)), external_id having count(distinct account_id) = 1;
    create or replace table ingest.alias_any as
      select external_id, min(account_id) as account_id from ingest.alias
      group by external_id having count(distinct account_id) = 1;
    create or replace table ingest.own_account as
      select distinct coalesce(named.account_id, given.account_id) as account_id
      from ingest.account as given
      left join ingest.alias as named on named.system = given.source_system and named.external_id = given.account_id
      where given.account_id is not null;
    create or replace table ingest.payer as
      select distinct ${NAME} as account_id
      from (select distinct account_id, source_system from ingest.contract
            union select distinct account_id, source_system from ingest.mrr_month) as given ${NAMED}
      where given.account_id is not null;`);
  await writeRollup(engine);
  await engine.execute(`
    create or replace table ingest.universe as
      select everyone.account_id, coalesce(rollup.payer_id, everyone.account_id) as payer_id
      from (select account_id from ingest.own_account union select account_id from ingest.payer
            union select payer_id from ingest.rollup) as everyone
      left join ingest.rollup as rollup on rollup.account_id = everyone.account_id;
    create or replace table ingest.contract_map as
      select contract_id as external_id, min(universe.payer_id) as account_id
      from ingest.contract as given ${NAMED} join ingest.universe as universe on universe.account_id = ${NAME}
      where contract_id is not null group by contract_id having count(distinct universe.payer_id) = 1;
    create or replace table ingest.user_map as
      select external_id, min(account_id) as account_id from (
        select unnest([given.contact_id, lower(trim(given.email))]) as external_id, universe.payer_id as account_id
        from ingest.contact as given ${NAMED} join ingest.universe as universe on universe.account_id = ${NAME})
      where external_id is not null group by external_id having count(distinct account_id) = 1;
    create or replace table ingest.domain_map as
      select external_id, min(account_id) as account_id from (
        select lower(trim(given.email_domain)) as external_id, universe.payer_id as account_id
        from ingest.account as given ${NAMED} join ingest.universe as universe on universe.account_id = ${NAME}
        union all
        select lower(alias.external_id), universe.payer_id from ingest.alias as alias
        join ingest.universe as universe on universe.account_id = alias.account_id
        where alias.system in ('email_domain', 'domain'))
      where external_id is not null group by external_id having count(distinct account_id) = 1;`);
  const made = new Map<string, string>();
  const accountMap = async (system: string | undefined, hasPeople: boolean) => {
    const key = JSON.stringify([system ?? null, hasPeople]);
    const known = made.get(key);
    if (known !== undefined) return known;
    const name = `ingest.account_map_${made.size}`;
    made.set(key, name);
    const people = hasPeople
      ? 'union all select external_id, account_id, 4 from ingest.user_map union all select external_id, account_id, 5 from ingest.contract_map'
      : '';
    await engine.execute(`create or replace table ${name} as
      select external_id, account_id from (
        select alias.external_id, universe.payer_id as account_id, 1 as place
        from ingest.alias as alias join ingest.universe as universe on universe.account_id = alias.account_id
        where alias.system = ${quoteText((system ?? '').trim().toLowerCase())}
        union all select account_id, payer_id, 2 from ingest.universe
        union all select alias.external_id, universe.payer_id, 3
        from ingest.alias_any as alias join ingest.universe as universe on universe.account_id = alias.account_id
        ${people})
      qualify row_number() over (partition by external_id order by place, account_id) = 1`);
    return name;
  };
  return {
    accountMap: (system) => accountMap(system, true),
    userMap: 'ingest.user_map',
    contractMap: 'ingest.contract_map',
    domainMap: 'ingest.domain_map',
    usageMaps: async (system, columns) => {
      const maps: UsageMaps = {
        ...(columns.includes('account_id') ? { account: await accountMap(system, false) } : {}),
        ...(columns.includes('contract_id') ? { contract: 'ingest.contract_map' } : {}),
        ...(columns.includes('user_id') || columns.includes('email') ? { user: 'ingest.user_map' } : {}),
        ...(columns.includes('email') ? { domain: 'ingest.domain_map' } : {}),
      };
      const parts: string[] = [];
      for (const name of Object.values(maps)) parts.push(`${name}=${await contentHash(engine, name)}`);
      return { maps, hash: parts.join(' ') };
    },
  };
}

/** A hash of a map's rows that does not depend on their order. */
async function contentHash(engine: Engine, name: string): Promise<string> {
  const [row] = await engine.rows(
    `select count(*) as n, cast(bit_xor(md5_number(external_id || chr(31) || account_id)) as varchar) as hash from ${name}`,
  );
  return `${row?.n}:${row?.hash}`;
}

async function writeRollup(engine: Engine): Promise<void> {
  const id = (column: string) => `coalesce(${column}_alias.account_id, given.${column})`;
  const rows = await engine.rows(
    `select ${NAME} as account_id,
       max(${id('parent_account_id')}) as parent_account_id, max(${id('merged_into_account_id')}) as merged_into_account_id
     from ingest.account as given ${NAMED}
     left join ingest.alias as parent_account_id_alias
       on parent_account_id_alias.system = given.source_system and parent_account_id_alias.external_id = given.parent_account_id
     left join ingest.alias as merged_into_account_id_alias
       on merged_into_account_id_alias.system = given.source_system and merged_into_account_id_alias.external_id = given.merged_into_account_id
     where given.parent_account_id is not null or given.merged_into_account_id is not null
     group by 1 order by 1`,
  );
  await engine.execute('create or replace table ingest.rollup (account_id varchar, payer_id varchar)');
  if (rows.length === 0) return;
  const payers = await engine.columns('select account_id from ingest.payer order by account_id');
  const text = (value: unknown) => (typeof value === 'string' ? value : null);
  const resolved = resolvePayers(
    rows.map((row) => ({
      account_id: String(row.account_id),
      parent_account_id: text(row.parent_account_id),
      merged_into_account_id: text(row.merged_into_account_id),
    })),
    new Set(payers.text('account_id').filter((account) => account !== null)),
  );
  await engine.append('ingest.rollup', { account_id: [...resolved.keys()], payer_id: [...resolved.values()] });
}
