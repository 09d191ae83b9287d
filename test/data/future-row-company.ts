import { type ContractTable, contractTable, TABLES } from '../../src/data/contract.ts';
import { createEmptyTables, tableColumns } from '../../src/data/tables.ts';
import { type Engine, quoteName, quoteText } from '../../src/engine/engine.ts';
import { addDays, type Day, daysBetween } from '../../src/lib/dates.ts';
import type { Random } from '../../src/lib/random.ts';
import { randomInt } from '../../src/lib/random.ts';

/** A row of a canonical table as text by column; absent columns are null. */
export type TextRow = Record<string, string | null>;
export type Company = Map<string, TextRow[]>;

/** First day of the random company; its data run for `DAYS` days. */
export const START: Day = '2023-01-01';
export const DAYS = 700;

const WORDS: Readonly<Record<string, readonly (string | null)[]>> = {
  role: ['executive', 'champion', 'admin', 'user', 'billing', null],
  priority: ['low', 'normal', 'high', 'urgent', 'p1', null],
  direction: ['inbound', 'outbound'],
  channel: ['email', 'call', 'meeting', null],
  currency: ['EUR', 'EUR', 'EUR', 'USD', 'GBP', null],
  pricing: ['fixed', 'fixed', 'per_unit', 'usage', null],
  billing_period: ['month', 'year', 'quarter', null],
  plan: ['basic', 'pro', 'max', null],
  product: ['core', 'core', 'addon', null],
  feature: ['f1', 'f2', 'f3', 'f4', null],
  country: ['DE', 'FR', null],
  industry: ['bank', 'shop', null],
  csm: ['Ada', 'Bo', null],
  motion: ['high_touch', 'pooled', 'digital', 'partner', null],
  reason_code: ['price', 'acquired', 'budget', null],
  stage: ['open', 'proposal', 'closed'],
  outcome: ['renewed', 'churned', 'yes', 'no'],
  category: ['bug', 'question', null],
};
const KINDS: Readonly<Record<string, readonly string[]>> = {
  survey: ['nps', 'csat', 'ces'],
  opportunity: ['upsell', 'cross_sell', 'renewal'],
  csm_call: ['sentiment', 'renewal_forecast'],
  advocacy: ['review', 'reference'],
};
const ROWS: Readonly<Record<string, number>> = {
  account: 14,
  usage: 400,
  ticket: 60,
  contract: 40,
  interaction: 60,
  fx: 40,
};

function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[randomInt(random, items.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}

function stamp(day: Day, random: Random): string {
  return `${day} ${String(randomInt(random, 24)).padStart(2, '0')}:${String(randomInt(random, 60)).padStart(2, '0')}:00`;
}

/** Makes the rows of a company; each table carries or lacks its update stamp as a whole, as real exports do. */
export class CompanyMaker {
  readonly #random: Random;
  #serial = 0;
  readonly #hasUpdateStamp: boolean;

  constructor(random: Random) {
    this.#random = random;
    this.#hasUpdateStamp = random() < 0.5;
  }

  company(): Company {
    return new Map(
      TABLES.map((table) => {
        const count = ROWS[table.name] ?? 30;
        return [table.name, Array.from({ length: count }, (_, i) => this.row(table, this.#day(0, DAYS), i))];
      }),
    );
  }

  /** A row whose main date is `day`, everything else drawn around it. */
  row(table: ContractTable, day: Day, index = 1000 + this.#serial): TextRow {
    this.#serial += 1;
    const row: TextRow = {};
    for (const { name, type } of table.columns) row[name] = this.#cell(table.name, name, type, day, index);
    if (table.name === 'usage') this.#shapeUsage(row, day);
    else row['row_key'] = `${table.name}-${index}`;
    if (table.name === 'ticket') this.#shapeTicket(row);
    if (table.name === 'mrr_month' || table.name === 'fx') {
      for (const column of ['month']) row[column] = `${day.slice(0, 7)}-01`;
    }
    // Known late, at times; a contract is at times known before it starts.
    const draw = this.#random();
    row['known_at'] = null;
    if (draw < 0.08) row['known_at'] = `${addDays(day, randomInt(this.#random, 60))} 08:00:00`;
    else if (draw < 0.12 && table.name === 'contract') row['known_at'] = `${addDays(day, -20)} 08:00:00`;
    row['source_file'] = `${table.name}.csv`;
    row['known_on'] = knownOn(table, row);
    return row;
  }

  /** A value for one cell, as `row` would draw it. */
  value(table: ContractTable, name: string, day: Day): string | null {
    const column = table.columns.find((item) => item.name === name);
    return column === undefined ? null : this.#cell(table.name, name, column.type, day, 0);
  }

  day(low: number, high: number): Day {
    return this.#day(low, high);
  }

  #day(low: number, high: number): Day {
    return addDays(START, low + randomInt(this.#random, high - low));
  }

  #cell(table: string, name: string, type: string, day: Day, index: number): string | null {
    const random = this.#random;
    if (name === 'account_id')
      return table === 'account' ? `a${index}` : random() < 0.04 ? null : `a${randomInt(random, 14)}`;
    if (name === 'parent_account_id' || name === 'merged_into_account_id') return random() < 0.08 ? 'a0' : null;
    if (name === 'contact_id')
      return table === 'contact' ? `p${index}` : random() < 0.7 ? `p${randomInt(random, 30)}` : null;
    if (name === 'user_id') return `u${randomInt(random, 12)}`;
    if (type === 'id') return `${table}-${index}`;
    if (name === 'kind') return pick(random, KINDS[table] ?? ['other']);
    if (name === 'status') return pick(random, table === 'invoice' ? ['paid', 'open'] : ['open', 'solved', 'pending']);
    if (name === 'value' && table === 'csm_call') return pick(random, ['-2', '0', '2', 'at_risk', 'commit']);
    const words = WORDS[name];
    if (words !== undefined) return pick(random, words);
    if (type === 'text') return random() < 0.5 ? `${name} ${randomInt(random, 5)}` : null;
    if (type === 'boolean') return random() < 0.1 ? null : String(random() < 0.4);
    if (type === 'integer') return String(randomInt(random, 60));
    if (type === 'money') return String(100 + randomInt(random, 5000));
    if (name === 'discount_rate') return '0.1';
    if (name === 'rate') return '1.1';
    if (type === 'rate') return String(1 + randomInt(random, 10));
    return this.#date(table, name, type, day);
  }

  #date(table: string, name: string, type: string, day: Day): string | null {
    const random = this.#random;
    const happened = contractTable(table).columns.find((column) => column.name === name)?.happened === 'self';
    const known = contractTable(table).known;
    if (happened && random() < 0.4) return null;
    if (!happened && random() < 0.03 && !isRequired(table, name)) return null;
    const isMain = known[0] === name || name === 'sent_at';
    const ahead =
      name === 'term_end_date' || name === 'due_date' ? 30 + randomInt(random, 400) : randomInt(random, 200);
    const date = isMain ? day : addDays(day, ahead);
    return type === 'timestamp' ? stamp(date, random) : date;
  }

  #shapeUsage(row: TextRow, day: Day): void {
    row['row_key'] = `usage-${this.#serial}`;
    const period = pick(this.#random, ['event', 'event', 'event', 'day', 'week', 'month'] as const);
    row['period'] = period;
    row['occurred_on'] = day;
    row['occurred_at'] = period === 'event' ? stamp(day, this.#random) : null;
    row['period_end'] = period === 'event' ? null : day;
    row['period_start'] = period === 'event' ? null : addDays(day, period === 'day' ? 0 : period === 'week' ? -6 : -29);
    if (period === 'event') row['active_users'] = null;
  }

  #shapeTicket(row: TextRow): void {
    const created = row['created_at'] ?? `${START} 00:00:00`;
    row['created_at'] = created;
    if (!this.#hasUpdateStamp) row['updated_at'] = null;
    else row['updated_at'] ??= created;
    if (row['first_response_at'] === null || row['first_response_at'] === undefined)
      row['first_response_minutes'] = null;
  }
}

function isRequired(table: string, name: string): boolean {
  return contractTable(table).columns.some((column) => column.name === name && column.required === true);
}

function dayOf(row: TextRow, name: string): Day | null {
  return row[name]?.slice(0, 10) ?? null;
}

/** `known_on` as ingest derives it: the day of `known_at`, else the first of the table's known columns. */
export function knownOn(table: ContractTable, row: TextRow): Day | null {
  if (table.name === 'usage') return dayOf(row, 'known_at') ?? dayOf(row, 'occurred_on');
  if (table.name === 'mrr_month') {
    const month = dayOf(row, 'month');
    return dayOf(row, 'known_at') ?? (month === null ? null : addDays(`${addDays(month, 31).slice(0, 8)}01`, -1));
  }
  for (const name of ['known_at', ...table.known]) {
    const day = dayOf(row, name);
    if (day !== null) return day;
  }
  return null;
}

/** The first day on which anything of a row may be seen; null for rows without any date. */
export function visibleFrom(table: ContractTable, row: TextRow): Day | null {
  const columns = table.name === 'survey' ? ['sent_at', 'responded_at'] : table.known;
  const known = dayOf(row, 'known_at');
  if (known !== null) return known;
  const days = columns.map((name) => dayOf(row, name)).filter((day) => day !== null);
  if (table.name === 'renewal' || table.name === 'milestone') {
    const ends = [...days, dayOf(row, 'completed_date')].filter((day) => day !== null);
    return ends.toSorted()[0] ?? null;
  }
  return table.name === 'usage' || table.name === 'mrr_month' ? knownOn(table, row) : (days[0] ?? null);
}

/**
 * The same company as it would be exported later: rows that became known after `asOf` deleted, changed or added, and
 * in older rows the cells that record something that happened after `asOf`, or had not happened, changed.
 */
export function liveOn(company: Company, asOf: Day, maker: CompanyMaker, random: Random): Company {
  const later = new Map<string, TextRow[]>();
  for (const table of TABLES) {
    const rows: TextRow[] = [];
    for (const row of company.get(table.name) ?? []) {
      const seen = visibleFrom(table, row);
      if (seen === null) rows.push(row);
      else if (seen <= asOf) rows.push(changeHappened(table, row, asOf, maker, random));
      else if (random() < 0.6) {
        const key = Object.fromEntries(['row_key', ...table.key].map((name) => [name, row[name] ?? null]));
        const fresh = maker.row(table, addDays(seen, randomInt(random, 30)));
        if (random() < 0.5) rows.push(row);
        else if (isAfter(table, { ...fresh, ...key }, asOf)) rows.push({ ...fresh, ...key });
      }
    }
    for (let i = 0; i < 15; i++) {
      const row = maker.row(table, addDays(asOf, 1 + randomInt(random, 150)));
      if (isAfter(table, row, asOf)) rows.push(row);
    }
    later.set(table.name, rows);
  }
  return later;
}

function isAfter(table: ContractTable, row: TextRow, asOf: Day): boolean {
  const seen = visibleFrom(table, { ...row, known_on: knownOn(table, row) });
  return seen !== null && seen > asOf;
}

function changeHappened(table: ContractTable, row: TextRow, asOf: Day, maker: CompanyMaker, random: Random): TextRow {
  const changed: TextRow = { ...row };
  const free = new Set<string>();
  for (const { name, happened, type } of table.columns) {
    if (happened !== 'self') continue;
    const day = dayOf(row, name);
    if (day !== null && day <= asOf) continue;
    // An end that a cancel request or its known date has told already is no longer open to change.
    if (name === 'ended_date' && ['cancelled_at', 'known_at'].some((by) => (dayOf(row, by) ?? '9999') <= asOf))
      continue;
    // A ticket that carries no update stamps at all gets none, and nothing escalates once it is solved.
    if (name === 'updated_at' && day === null) continue;
    if (name === 'escalated_at' && (dayOf(row, 'solved_at') ?? '9999') <= asOf) continue;
    free.add(name);
    const later = addDays(asOf, 1 + randomInt(random, 200));
    changed[name] =
      random() < 0.3 && name !== 'updated_at' ? null : type === 'timestamp' ? stamp(later, random) : later;
  }
  for (const { name, happened } of table.columns) {
    if (happened === undefined || happened === 'self' || !free.has(happened)) continue;
    // Escalation, reopening and the like are told by the solving day where their own day is missing.
    if (table.name === 'ticket' && happened !== 'solved_at' && (dayOf(row, 'solved_at') ?? '9999') <= asOf) continue;
    if (table.name === 'renewal' && dayOf(row, 'due_date') !== null && dayOf(changed, 'decided_at') === null) continue;
    changed[name] = maker.value(table, name, asOf);
  }
  if (table.name === 'ticket' && changed['first_response_at'] === null) changed['first_response_minutes'] = null;
  if (table.name === 'renewal' && dayOf(row, 'decided_at') === null && (dayOf(row, 'due_date') ?? '9999') <= asOf) {
    // Due and undecided counts as decided on the due date: the outcome of that day stays.
    return row;
  }
  changed['known_on'] = knownOn(table, changed);
  return changed;
}

/** Writes a company into the engine's canonical tables, replacing them. Every table is mapped. */
export async function loadCompany(engine: Engine, company: Company): Promise<void> {
  await createEmptyTables(engine);
  for (const table of TABLES) {
    const types = tableColumns(table);
    const names = Object.keys(types);
    const rows = company.get(table.name) ?? [];
    const values = rows.map(
      (row) => `(${names.map((name) => (row[name] == null ? 'null' : quoteText(row[name]))).join(', ')})`,
    );
    if (values.length === 0) continue;
    await engine.execute(
      `insert into ${quoteName(table.name)} select ${names.map((name) => `cast(${quoteName(name)} as ${types[name]})`).join(', ')}
       from (values ${values.join(', ')}) as given(${names.map(quoteName).join(', ')})`,
    );
    await engine.execute('insert into feed (table_name, is_stopped) values ($name, false)', { name: table.name });
  }
}

/** Days between the start of the company and `day`. */
export function dayIndex(day: Day): number {
  return daysBetween(START, day);
}
