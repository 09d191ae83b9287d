import type { InHand, Play, RankedProposal, Suppressed } from '../contract/supervisor.ts';

/** Order of two texts by code unit: the same on every machine and in every locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Order of two rank keys, element by element, smaller first; NaN and a missing element come last. */
export function compareKeys(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const x = placed(a[i]);
    const y = placed(b[i]);
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}

function placed(element: number | undefined): number {
  if (element === undefined || Number.isNaN(element)) return Number.MAX_VALUE;
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, element));
}

/** The same key in numbers that JSON can hold (no infinity, no NaN, no negative zero); it compares equal. */
export function plainKey(key: readonly number[]): readonly number[] {
  return key.map((element) => placed(element) + 0);
}

/**
 * A total order of proposals that does not depend on how they came in: account, kind, rank key, then every field.
 */
export function compareProposals(a: RankedProposal, b: RankedProposal): number {
  return (
    compareText(a.account_id, b.account_id) ||
    compareText(a.kind, b.kind) ||
    compareKeys(a.rank_key, b.rank_key) ||
    compareText(a.agent, b.agent) ||
    compareText(a.reason, b.reason) ||
    compareText(a.contact_id ?? '', b.contact_id ?? '') ||
    compareText(JSON.stringify(fieldsOf(a)), JSON.stringify(fieldsOf(b)))
  );
}

function fieldsOf(proposal: RankedProposal): readonly unknown[] {
  return Object.keys(proposal)
    .sort()
    .map((key) => [key, proposal[key as keyof RankedProposal]]);
}

/**
 * Rank key where a model serves: expected loss = ARR × probability × save probability, greatest first.
 * An unknown ARR sorts last.
 */
export function expectedLossKey(account: {
  readonly arr_amount: number | null;
  readonly churn_probability: number;
  /** 1 for everyone until the impact of saves has been measured. */
  readonly save_probability: number;
}): readonly number[] {
  if (account.arr_amount === null) return [Number.POSITIVE_INFINITY, -account.churn_probability];
  return [-account.arr_amount * account.churn_probability * account.save_probability, -account.churn_probability];
}

/**
 * Rank key of the facts list: decision date (nearest first, overdue before all; none last), number of independent
 * facts (most first), ARR (most first, unknown last).
 */
export function factsKey(account: {
  readonly decision_days: number | null;
  readonly fact_count: number;
  readonly arr_amount: number | null;
}): readonly number[] {
  return [
    account.decision_days ?? Number.POSITIVE_INFINITY,
    -account.fact_count,
    account.arr_amount === null ? Number.POSITIVE_INFINITY : -account.arr_amount,
  ];
}

/** Rows by account, those without a proposal last, then by proposal. */
export function compareRows(a: Suppressed | InHand, b: Suppressed | InHand): number {
  if (a.account_id !== b.account_id) return compareText(a.account_id, b.account_id);
  if (a.proposal === null || b.proposal === null) return Number(b.proposal === null) - Number(a.proposal === null);
  return compareProposals(a.proposal, b.proposal);
}

/** Plays by account and day, then by every other field. */
export function comparePlays(a: Play, b: Play): number {
  return (
    compareText(a.account_id, b.account_id) ||
    compareText(a.planned_on, b.planned_on) ||
    compareText(a.kind, b.kind) ||
    compareText(a.agent, b.agent) ||
    compareText(a.reason, b.reason) ||
    compareText(a.contact_id ?? '', b.contact_id ?? '')
  );
}
