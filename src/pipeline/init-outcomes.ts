import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChurnDefinition, Config } from '../contract/config.ts';
import { resolveAsOf } from '../data/as-of.ts';
import { ingest } from '../data/ingest.ts';
import { createSettings } from '../data/settings.ts';
import { createViews, VIEW_NAMES } from '../data/views.ts';
import { openDuckDB } from '../engine/duckdb.ts';
import type { Engine } from '../engine/engine.ts';
import type { Day } from '../lib/dates.ts';

/** Outcomes that one churn definition finds in the exports. */
export interface OutcomeCount {
  readonly definition: Exclude<ChurnDefinition, 'none'>;
  /** Different accounts with an outcome, and outcomes in all. */
  readonly accounts: number;
  readonly outcomes: number;
  /** ARR of these accounts on the day before they decided; null when no contract states an amount. */
  readonly arr_amount: number | null;
  readonly first_on: Day | null;
  readonly last_on: Day | null;
  /** Accounts that another record (definition or churn flag) sees differently: left here and not there, or the reverse. */
  readonly contradictions: number;
}

/** The counts of every definition and the one to take. */
export interface ChurnChoice {
  readonly asOf: Day;
  readonly asOfReason: string;
  readonly counts: readonly OutcomeCount[];
  readonly definition: ChurnDefinition;
  readonly reason: string;
}

/** Definitions in the order in which they are believed when nothing else tells them apart. */
const DEFINITIONS: readonly Exclude<ChurnDefinition, 'none'>[] = [
  'cancel_request',
  'churn_event',
  'account_churn_date',
  'contract_chain',
  'contraction',
  'inactivity',
];
/** Definitions that read a record of leaving; the others infer it from less money or no use. */
const RECORDED: readonly ChurnDefinition[] = ['cancel_request', 'churn_event', 'account_churn_date', 'contract_chain'];

/**
 * Reads the exports by `config` into a temporary place, counts the outcomes under every churn definition as of the
 * default date, and picks one. Throws what ingest throws.
 */
export async function countOutcomes(config: Config, today: Day): Promise<ChurnChoice> {
  const scratch = mkdtempSync(join(tmpdir(), 'retain-init-'));
  const engine = await openDuckDB({ memoryLimit: '1500MB', spillDirectory: join(scratch, 'spill') });
  try {
    await ingest(engine, config, {
      cacheDirectory: join(scratch, 'cache'),
      rejectsDirectory: join(scratch, 'rejects'),
    });
    await createSettings(engine, config);
    await createViews(engine);
    const { asOf, reason } = await resolveAsOf(engine, config, { today });
    const counts = await countDefinitions(engine, asOf);
    const undated = await readUndated(engine);
    return { asOf, asOfReason: reason, counts, ...chooseDefinition(counts, config.model.min_outcomes, undated) };
  } finally {
    engine.close();
    rmSync(scratch, { recursive: true, force: true });
  }
}

/**
 * Counts the outcomes that became known by `asOf` under every churn definition. Needs the canonical tables, `settings` and
 * the views; leaves two scratch tables behind.
 */
export async function countDefinitions(engine: Engine, asOf: Day): Promise<OutcomeCount[]> {
  await engine.execute(
    'create or replace table init_outcome (definition varchar, account_id varchar, decided_on date, returned_on date)',
  );
  for (const definition of DEFINITIONS) {
    if (!VIEW_NAMES.includes(`outcome_${definition}`)) continue;
    await engine.execute(
      `insert into init_outcome select '${definition}', account_id, decided_on, returned_on
       from outcome_${definition}(cast($as_of as date)) where account_id is not null and decided_on <= cast($as_of as date)`,
      { as_of: asOf },
    );
  }
  await engine.execute(
    `create or replace table init_line as
     select account_id, start_date, end_on, coalesce(arr_amount, mrr_amount * 12) as arr_amount, line_key, contract_id
     from contract_term(cast($as_of as date)) where not is_trial`,
    { as_of: asOf },
  );
  // A flag has no date and is no definition, but it is a record of who left: it can contradict one.
  const rows = await engine.rows(
    `with left_by as (
       select distinct definition as record, account_id from init_outcome
       where definition in (select unnest(string_split($recorded, ',')))
       union all
       select 'account flag', account_id from account where is_churned_flag and account_id is not null
     ),
     record as (
       select distinct record from left_by
       union
       select 'account flag' from account where is_churned_flag is not null
     ),
     accounts as (select account_id from left_by union select account_id from init_outcome),
     verdict as (
       select named.definition, accounts.account_id, max(case when o.account_id is null then 0 else 1 end) as has_left
       from (select distinct definition from init_outcome) named cross join accounts
       left join init_outcome o on o.definition = named.definition and o.account_id = accounts.account_id
       group by named.definition, accounts.account_id
     ),
     disagreeing as (
       select v.definition, count(distinct v.account_id) as contradictions
       from verdict v join record r on r.record <> v.definition
       left join left_by l on l.record = r.record and l.account_id = v.account_id
       where (v.has_left = 1) <> (l.account_id is not null)
       group by v.definition
     ),
     last_outcome as (
       select definition, account_id, max(decided_on) as decided_on from init_outcome group by definition, account_id
     ),
     -- The newest line of a product the day before the decision stands for what it was worth.
     worth as (
       select l.definition, l.account_id, c.line_key, c.arr_amount,
         row_number() over (partition by l.definition, l.account_id, c.line_key order by c.start_date desc, c.contract_id) as nearness
       from last_outcome l join init_line c on c.account_id = l.account_id
         and (c.start_date is null or c.start_date < l.decided_on) and (c.end_on is null or c.end_on >= l.decided_on)
     ),
     money as (select definition, sum(arr_amount) as arr_amount from worth where nearness = 1 group by definition)
     select o.definition, count(distinct o.account_id) as accounts, count(*) as outcomes,
       min(o.decided_on) as first_on, max(o.decided_on) as last_on,
       max(coalesce(d.contradictions, 0)) as contradictions, max(m.arr_amount) as arr_amount
     from init_outcome o left join disagreeing d using (definition) left join money m using (definition)
     group by o.definition`,
    { recorded: RECORDED.join(',') },
  );
  return DEFINITIONS.map((definition) => {
    const row = rows.find((item) => item['definition'] === definition);
    const text = (key: string) => (typeof row?.[key] === 'string' ? String(row[key]) : null);
    return {
      definition,
      accounts: Number(row?.['accounts'] ?? 0),
      outcomes: Number(row?.['outcomes'] ?? 0),
      arr_amount: row?.['arr_amount'] === null || row === undefined ? null : Number(row['arr_amount']),
      first_on: text('first_on'),
      last_on: text('last_on'),
      contradictions: Number(row?.['contradictions'] ?? 0),
    };
  });
}

/** Accounts that left by records which give no day, and so are no churn definition. */
export interface UndatedLeavers {
  /** With a churn flag. */
  readonly flagged: number;
  /** With a renewal whose outcome says so. */
  readonly lost_renewals: number;
}

async function readUndated(engine: Engine): Promise<UndatedLeavers> {
  const [row] = await engine.rows(
    `select (select count(distinct account_id) from account where is_churned_flag) as flagged,
       (select count(distinct account_id) from renewal
        where regexp_matches(lower(outcome), '^(churn|lost|cancel|lapsed|not.?renew|non.?renew)')) as lost_renewals`,
  );
  return { flagged: Number(row?.['flagged'] ?? 0), lost_renewals: Number(row?.['lost_renewals'] ?? 0) };
}

/**
 * Picks the definition: among those that read a record of leaving and find at least `needed` accounts, the one that
 * contradicts the others least; where none does, the recorded one with most accounts, said to be too few; contraction
 * and inactivity are offered, never taken by themselves.
 * @param undated who left by records that give no day of leaving; they are told where nothing better is found
 */
export function chooseDefinition(
  counts: readonly OutcomeCount[],
  needed: number,
  undated: UndatedLeavers = { flagged: 0, lost_renewals: 0 },
): { readonly definition: ChurnDefinition; readonly reason: string } {
  const recorded = counts.filter((count) => RECORDED.includes(count.definition) && count.accounts > 0);
  const enough = recorded.filter((count) => count.accounts >= needed);
  const others = (taken: OutcomeCount) =>
    recorded
      .filter((count) => count.definition !== taken.definition)
      .map((count) => `${count.definition} finds ${count.accounts}`)
      .join(', ');
  const [best] = [...enough].sort((a, b) => a.contradictions - b.contradictions || b.accounts - a.accounts);
  if (best !== undefined) {
    const rest = others(best);
    const against =
      best.contradictions === 0
        ? 'no other record contradicts it'
        : `${best.contradictions} accounts are seen differently by another record`;
    return {
      definition: best.definition,
      reason: `${best.definition} finds ${best.accounts} accounts that left (${needed} needed); ${rest === '' ? '' : `${rest}; `}${against}`,
    };
  }
  const [most] = [...recorded].sort((a, b) => b.accounts - a.accounts || a.contradictions - b.contradictions);
  if (most !== undefined) {
    return {
      definition: most.definition,
      reason: `${most.definition} finds ${most.accounts} accounts that left, the most of any record; ${needed} are needed before a forecast is made, until then lists hold facts`,
    };
  }
  const told = [
    ...(undated.flagged === 0 ? [] : [`${undated.flagged} accounts carry a churn flag, which has no day`]),
    ...(undated.lost_renewals === 0
      ? []
      : [
          `renewals of ${undated.lost_renewals} accounts were lost (map their file as churn_event too, with churn_date and a filter on the outcome)`,
        ]),
  ];
  if (told.length > 0) {
    return {
      definition: 'contract_chain',
      reason: `no churn definition finds who left, though ${told.join(' and ')}; no churn is forecast from these`,
    };
  }
  return {
    definition: 'contract_chain',
    reason:
      'no record of a customer leaving was found: either these are exports of current customers only, or nobody left; no churn is forecast from them',
  };
}
