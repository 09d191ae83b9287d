import type { ColumnMapping, Transform } from '../contract/config.ts';
import { type Engine, quoteName } from '../engine/engine.ts';
import {
  type ColumnGuess,
  headingFit,
  sourceColumn,
  type TableGuess,
  withColumn,
  withNote,
  withoutColumns,
} from './mapping-columns.ts';
import { AMOUNT_HEADINGS } from './mapping-hints.ts';
import { headingWords } from './mapping-words.ts';
import { type ColumnProfile, daySql } from './recognition.ts';

/** Settles what the generic headings of a contract file leave open: ends, amounts, terms, products, row keys. */
export async function refineContract(engine: Engine, guess: TableGuess): Promise<TableGuess> {
  let refined = await decideEnds(engine, guess);
  refined = decideRates(decideTrial(refined));
  refined = decideBillingPeriod(refined);
  refined = await decideAmounts(engine, refined);
  refined = await decideProducts(engine, refined);
  return decideKey(refined);
}

/**
 * Says what the end column means. Filled only on rows that are over (flagged churned, or never later than the last
 * recorded start): `ended_date`, the day it really ended. Filled on running rows too, or later than the last recorded
 * start: `term_end_date`, the scheduled end. A heading that says it outright (`renewal_date`, `ended_at`) is believed
 * unless the content contradicts it.
 */
export async function decideEnds(engine: Engine, guess: TableGuess): Promise<TableGuess> {
  const found =
    guess.columns.find((item) => item.column === 'term_end_date') ??
    guess.columns.find((item) => item.column === 'ended_date');
  const hasBoth =
    guess.columns.filter((item) => item.column === 'term_end_date' || item.column === 'ended_date').length === 2;
  if (found === undefined) {
    const empty = guess.profile.columns.find(
      (column) =>
        column.kind === 'empty' &&
        headingFit(column.name, 'end_date end ended_at term_end_date renewal_date expiry_date', []) > 0,
    );
    if (empty === undefined) return guess;
    return withNote(guess, `${empty.name} is never filled: contracts are listed open-ended, never "renews on"`);
  }
  const column = sourceColumn(guess, found.column);
  if (column === undefined || hasBoth) return guess;
  const evidence = await endEvidence(engine, guess, column);
  const words = headingWords(column.name);
  const says = /renew|expir|term_end|period_end|term_ends|period_ends|valid/.test(words)
    ? 'scheduled'
    : /ended|terminat|actual/.test(words)
      ? 'real'
      : undefined;
  const { target, confidence, why } = judgeEnd(evidence, column.name, says);
  const renamed: ColumnGuess = { ...found, column: target, confidence, why };
  return withNote(withColumn(withoutColumns(guess, found.column), renamed), `${column.name} is ${target}: ${why}`);
}

interface EndEvidence {
  readonly rows: number;
  readonly filled: number;
  /** Ends later than the last start on record: only a schedule knows the future. */
  readonly future: number;
  /** Rows flagged churned or cancelled, and of them those with an end; undefined without such a column. */
  readonly flag: { readonly name: string; readonly flagged: number; readonly both: number } | undefined;
}

async function endEvidence(engine: Engine, guess: TableGuess, column: ColumnProfile): Promise<EndEvidence> {
  const start = sourceColumn(guess, 'start_date');
  const flag = overFlag(guess);
  const lastStart =
    start === undefined ? 'null' : `(select max(${daySql(start)}) from ${quoteName(guess.profile.relation)})`;
  const [row] = await engine.rows(
    `with ends as (
       select ${daySql(column)} as end_on, ${flag === undefined ? 'null' : flag.sql} as is_over
       from ${quoteName(guess.profile.relation)}
     )
     select count(*) as n, count(end_on) as filled, count_if(end_on > ${lastStart}) as future,
       count_if(is_over) as flagged, count_if(is_over and end_on is not null) as both
     from ends`,
  );
  const number = (key: string) => Number(row?.[key] ?? 0);
  return {
    rows: number('n'),
    filled: number('filled'),
    future: number('future'),
    flag:
      flag === undefined || number('flagged') === 0
        ? undefined
        : { name: flag.name, flagged: number('flagged'), both: number('both') },
  };
}

/** A column of the contract file that says a row is over: a churn flag, a cancel day, a status word. */
function overFlag(guess: TableGuess): { name: string; sql: string } | undefined {
  const flag = sourceColumn(guess, 'is_churned_flag');
  const cell = (column: ColumnProfile) => `lower(trim(cast(${quoteName(column.name)} as varchar)))`;
  if (flag !== undefined)
    return { name: flag.name, sql: `coalesce(${cell(flag)} in ('true', '1', 'yes', 't', 'y'), false)` };
  const status = guess.profile.columns.find(
    (column) =>
      /(^|_)(status|state)$/.test(headingWords(column.name)) &&
      column.values.some(({ value }) => /^(cancel|churn|ended|expired|terminated|inactive|closed)/i.test(value)),
  );
  if (status !== undefined) {
    return {
      name: status.name,
      sql: `coalesce(regexp_matches(${cell(status)}, '^(cancel|churn|ended|expired|terminated|inactive|closed)'), false)`,
    };
  }
  const cancelled = sourceColumn(guess, 'cancelled_at');
  return cancelled === undefined ? undefined : { name: cancelled.name, sql: `${daySql(cancelled)} is not null` };
}

function judgeEnd(
  evidence: EndEvidence,
  name: string,
  says: 'scheduled' | 'real' | undefined,
): { target: 'term_end_date' | 'ended_date'; confidence: number; why: string } {
  const { rows, filled, future, flag } = evidence;
  const isOnlyOver = flag !== undefined && flag.both >= 0.98 * filled && filled < 0.98 * rows;
  if (isOnlyOver && says !== 'scheduled') {
    return {
      target: 'ended_date',
      confidence: 0.97,
      why: `it is filled on ${filled} of ${rows} rows, ${flag.both} of them with ${flag.name} set: the day it really ended, known only then`,
    };
  }
  if (future > 0.01 * filled && says !== 'real') {
    return {
      target: 'term_end_date',
      confidence: filled >= 0.98 * rows ? 0.97 : 0.9,
      why: `it is filled on ${filled} of ${rows} rows and ${future} of them lie after the last start on record: the scheduled end of a term`,
    };
  }
  if (filled >= 0.98 * rows && says !== 'real') {
    return {
      target: 'term_end_date',
      confidence: 0.85,
      why: 'every row has one, also running ones: the scheduled end of a term',
    };
  }
  if (says === 'scheduled') {
    return { target: 'term_end_date', confidence: 0.8, why: `the heading ${name} names the scheduled end of a term` };
  }
  return {
    target: 'ended_date',
    confidence: says === 'real' ? 0.9 : 0.7,
    why: `it is filled on ${filled} of ${rows} rows and never later than the last start on record: the day it really ended`,
  };
}

/** "Trial converted" says the opposite of "is a trial". */
function decideTrial(guess: TableGuess): TableGuess {
  if (guess.columns.some((item) => item.column === 'is_trial')) return guess;
  const converted = guess.profile.columns.find(
    (column) => column.kind === 'boolean' && /trial.*(converted|won)|converted.*trial/.test(headingWords(column.name)),
  );
  if (converted === undefined) return guess;
  return withColumn(guess, {
    column: 'is_trial',
    mapping: { from: converted.name, transform: 'not' },
    confidence: 0.8,
    why: 'a trial that was not converted never paid',
  });
}

/** Discounts written as percent become rates. */
function decideRates(guess: TableGuess): TableGuess {
  const discount = guess.columns.find((item) => item.column === 'discount_rate');
  const column = sourceColumn(guess, 'discount_rate');
  if (discount === undefined || column === undefined || (column.max ?? 0) <= 1) return guess;
  if ((column.max ?? 0) > 100) return withoutColumns(guess, 'discount_rate');
  return withColumn(guess, {
    ...discount,
    mapping: { ...discount.mapping, transform: 'percent' },
    why: `values up to ${column.max}: percent`,
  });
}

function decideBillingPeriod(guess: TableGuess): TableGuess {
  const billing = guess.columns.find((item) => item.column === 'billing_period');
  const column = sourceColumn(guess, 'billing_period');
  if (billing === undefined || column?.kind !== 'integer') return guess;
  return withColumn(guess, {
    ...billing,
    mapping: { ...billing.mapping, transform: 'months_to_billing_period' },
    why: 'a number of months',
  });
}

/** Where a year's rows cost about twelve times a month's of the same plan, the amount is per billing period. */
async function decideAmounts(engine: Engine, guess: TableGuess): Promise<TableGuess> {
  const billing = sourceColumn(guess, 'billing_period');
  const mrr = guess.columns.find((item) => item.column === 'mrr_amount');
  const plain = guess.profile.columns.find(
    (column) =>
      ['integer', 'number'].includes(column.kind) &&
      headingFit(column.name, AMOUNT_HEADINGS, []) > 0 &&
      !guess.columns.some((item) => item.mapping.from === column.name),
  );
  const hasAmount = mrr !== undefined || guess.columns.some((item) => item.column === 'arr_amount');
  if (!hasAmount && plain === undefined) return guess;
  const source = mrr === undefined ? plain : guess.profile.columns.find((column) => column.name === mrr.mapping.from);
  if (source === undefined) return guess;
  if (billing === undefined) {
    if (hasAmount) return guess;
    return withNote(
      withColumn(guess, {
        column: 'mrr_amount',
        mapping: { from: source.name },
        confidence: 0.4,
        why: 'the file does not say for which period the amount is; a month is assumed',
      }),
      `${source.name} is read as a monthly amount: nothing in the file says for which period it is`,
    );
  }
  const ratio = await yearToMonthRatio(engine, guess, source, billing);
  if (mrr !== undefined) {
    if (ratio === undefined) return guess;
    if (ratio < 6)
      return withColumn(guess, {
        ...mrr,
        why: `a year's rows cost ${ratio.toFixed(2)} × a month's of the same plan: monthly on every term`,
      });
  } else if (hasAmount) {
    return guess;
  }
  const mapping: ColumnMapping = {
    from: source.name,
    transform: 'per_interval_month' satisfies Transform,
    by: billing.name,
  };
  const why =
    ratio === undefined
      ? `an amount for each ${billing.name}`
      : `a year's rows cost ${ratio.toFixed(1)} × a month's of the same plan: an amount for each ${billing.name}`;
  return withNote(
    withColumn(guess, { column: 'mrr_amount', mapping, confidence: ratio === undefined ? 0.7 : 0.9, why }),
    `${source.name} is ${why}`,
  );
}

/** Median amount of yearly rows ÷ that of monthly rows, within plan families, weighted by rows; undefined without both. */
async function yearToMonthRatio(
  engine: Engine,
  guess: TableGuess,
  amount: ColumnProfile,
  billing: ColumnProfile,
): Promise<number | undefined> {
  const plan = sourceColumn(guess, 'plan');
  const text = (column: ColumnProfile) => `lower(trim(cast(${quoteName(column.name)} as varchar)))`;
  const family =
    plan === undefined
      ? "''"
      : `regexp_replace(${text(plan)}, '[-_ ]?(monthly|mthly|month|annual|annually|yearly|year|biannual|biann|quarterly|semiannual)$', '')`;
  const [row] = await engine.rows(
    `with priced as (
       select ${family} as family, try_cast(${quoteName(amount.name)} as double) as amount,
         case when ${text(billing)} in ('1', 'month', 'monthly', 'm') then 1
              when ${text(billing)} in ('12', 'year', 'yearly', 'annual', 'annually', 'y') then 12 end as months
       from ${quoteName(guess.profile.relation)}
     ),
     medians as (select family, months, median(amount) as amount from priced where months is not null and amount > 0 group by family, months)
     select avg(y.amount / m.amount) as ratio
     from medians y join medians m on y.family = m.family and y.months = 12 and m.months = 1`,
  );
  return row?.['ratio'] === null || row === undefined ? undefined : Number(row['ratio']);
}

/**
 * Tells plans that replace each other from add-ons: plans of one account that never run at the same time are one
 * product (a change of plan), plans that regularly run side by side are products of their own. Only where at least one
 * product holds several plans; otherwise the plan stands for the product and nothing needs to be said.
 */
async function decideProducts(engine: Engine, guess: TableGuess): Promise<TableGuess> {
  const [plan, account, start] = ['plan', 'account_id', 'start_date'].map((column) => sourceColumn(guess, column));
  const end = sourceColumn(guess, 'term_end_date') ?? sourceColumn(guess, 'ended_date');
  if (plan === undefined || account === undefined || start === undefined || end === undefined) return guess;
  if (guess.columns.some((item) => item.column === 'product') || plan.values.length < 3) return guess;
  const rows = await engine.rows(
    `with lines as (
       select distinct cast(${quoteName(account.name)} as varchar) as account, trim(${quoteName(plan.name)}) as plan,
         ${daySql(start)} as start_on, coalesce(${daySql(end)}, date '9999-01-01') as end_on
       from ${quoteName(guess.profile.relation)}
     ),
     sizes as (select plan, count(distinct account) as accounts from lines group by plan),
     pairs as (
       select a.plan as one, b.plan as two, count(distinct a.account) as accounts
       from lines a join lines b on a.account = b.account and a.plan < b.plan
         and a.start_on < b.end_on and b.start_on < a.end_on
       group by a.plan, b.plan
     )
     select one, two, pairs.accounts, least(s.accounts, t.accounts) as smaller
     from pairs join sizes s on s.plan = one join sizes t on t.plan = two order by one, two`,
  );
  // A switch in the middle of a term overlaps for a few accounts; running side by side does so for many.
  const together = new Set(
    rows
      .filter((row) => Number(row['accounts']) > 0.1 * Number(row['smaller']))
      .flatMap((row) => [`${row['one']}\n${row['two']}`, `${row['two']}\n${row['one']}`]),
  );
  const products: string[][] = [];
  for (const { value } of plan.values) {
    const home = products.find((members) => members.every((member) => !together.has(`${member}\n${value}`)));
    if (home === undefined) products.push([value]);
    else home.push(value);
  }
  if (together.size === 0 || products.every((members) => members.length === 1)) return guess;
  const names = products.map((members) => (members.length === 1 ? (members[0] ?? '') : 'base'));
  if (names.filter((name) => name === 'base').length > 1) return guess;
  const values = Object.fromEntries(
    products.flatMap((members, index) => members.map((member) => [member, names[index] ?? member])),
  );
  const addOns = names.filter((name) => name !== 'base');
  const why = `plans that never run side by side replace each other (product base); ${addOns.join(', ')} run beside them: add-ons`;
  return withNote(
    withColumn(guess, { column: 'product', mapping: { from: plan.name, values }, confidence: 0.9, why }),
    why,
  );
}

/** A file without an id of its own and several rows an account is keyed by the order of its rows. */
function decideKey(guess: TableGuess): TableGuess {
  if (guess.columns.some((item) => item.column === 'contract_id')) return guess;
  const account = sourceColumn(guess, 'account_id');
  if (account === undefined || account.distinct === guess.profile.rows) return guess;
  return withColumn(guess, {
    column: 'contract_id',
    mapping: { row_number: true },
    confidence: 0.8,
    why: 'the rows have no id of their own: each row is one contract, numbered in the order of the file',
  });
}
