import { longDay } from '../lib/dates.ts';

/** One row of the `fact` view, as its sentence needs it. Numbers are null where the fact has none. */
export interface FactRow {
  readonly kind: string;
  readonly fact_on: string | null;
  readonly now_value: number | null;
  readonly past_value: number | null;
  readonly peer_value: number | null;
  readonly unit: string | null;
  readonly detail: string | null;
}

const SENTENCES: Readonly<Record<string, (fact: FactRow) => string>> = {
  no_use: (fact) =>
    `no use since ${day(fact)}${fact.now_value === null ? '' : ` (${plain(fact.now_value)} days), after use in most weeks before`}`,
  usage_drop: (fact) => `use fell to ${plain(fact.now_value)} events in 28 days${comparison(fact)}`,
  users_drop: (fact) => `active users fell to ${plain(fact.now_value)} in 28 days${comparison(fact)}`,
  decision_due: (fact) => `must decide by ${day(fact)}${within(fact)}`,
  term_ended_in_use: (fact) => `term ended on ${day(fact)} without a renewal, and the product is still in use`,
  champion_left: (fact) => `champion ${name(fact)}left on ${day(fact)}`,
  executive_left: (fact) => `executive sponsor ${name(fact)}left on ${day(fact)}`,
  priority_ticket: (fact) =>
    `priority-one ticket ${name(fact)}open since ${day(fact)}${slower(fact)}`,
  invoice_overdue: (fact) => `invoice ${name(fact)}overdue since ${day(fact)}${overdue(fact)}`,
  csm_call_red: (fact) => `the CSM called this account red on ${day(fact)}`,
  risk_phrase: (fact) => `wrote on ${day(fact)}: “${fact.detail ?? ''}”`,
};

/**
 * A dated fact in plain words with the account's value, its own past and its peers.
 * Throws for a kind without a sentence, so that a new fact cannot be printed as nothing.
 */
export function factSentence(fact: FactRow): string {
  const sentence = SENTENCES[fact.kind];
  if (sentence === undefined) throw new Error(`no sentence for the fact ${fact.kind}`);
  return sentence(fact);
}

/** Kinds of facts that have a sentence. */
export const FACT_KINDS: readonly string[] = Object.keys(SENTENCES);

function day(fact: FactRow): string {
  return fact.fact_on === null ? 'an unknown day' : longDay(fact.fact_on);
}

function name(fact: FactRow): string {
  return fact.detail === null || fact.detail === '' ? '' : `${fact.detail} `;
}

function plain(value: number | null): string {
  if (value === null) return 'an unknown number of';
  const digits = Math.abs(value) >= 10 || Number.isInteger(value) ? 0 : 1;
  return value.toLocaleString('en-US', { maximumFractionDigits: digits });
}

function comparison(fact: FactRow): string {
  const parts: string[] = [];
  if (fact.past_value !== null) parts.push(`usually ${plain(fact.past_value)}`);
  if (fact.peer_value !== null) parts.push(`peers ${plain(fact.peer_value)}`);
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

function within(fact: FactRow): string {
  return fact.now_value === null ? '' : ` (${plain(fact.now_value)} days left)`;
}

function slower(fact: FactRow): string {
  if (fact.now_value === null) return '';
  const own = fact.past_value === null ? '' : `; nine in ten of yours are solved within ${plain(fact.past_value)}`;
  return ` (${plain(fact.now_value)} days${own})`;
}

function overdue(fact: FactRow): string {
  return fact.now_value === null ? '' : ` (${plain(fact.now_value)} days)`;
}
