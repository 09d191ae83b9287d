/** A fact as its words need it; date, value, past and peers stand beside the words, in the row's own columns. */
export interface FactWords {
  readonly kind: string;
  /** Who or which: a person's name, a ticket, an invoice, the phrase itself; of `no_use` the days it does not count. */
  readonly detail: string | null;
}

const WORDS: Readonly<Record<string, (detail: string) => string>> = {
  no_use: (days) =>
    `no use since,${days === '' ? '' : ` ${days}common rest days aside,`} after use in most weeks before`,
  usage_drop: () => 'use fell far below its own past, beyond chance',
  users_drop: () => 'active users fell far below their own past, beyond chance',
  decision_due: () => 'decision is due',
  term_ended_in_use: () => 'term ended without a renewal, the product is still in use',
  champion_left: (detail) => `champion ${detail}left`,
  executive_left: (detail) => `executive sponsor ${detail}left`,
  priority_ticket: (detail) => `priority-one ticket ${detail}open for longer than nine in ten of yours take`,
  invoice_overdue: (detail) => `invoice ${detail}overdue`,
  csm_call_red: () => 'the CSM called this account red',
  risk_phrase: (detail) => `wrote “${detail.trim()}”`,
};

/** Kinds of facts that have words. */
export const FACT_KINDS: readonly string[] = Object.keys(WORDS);

/** A fact in plain words. Throws for a kind without words, so that a new fact cannot be printed as nothing. */
export function factText(fact: FactWords): string {
  const words = WORDS[fact.kind];
  if (words === undefined) throw new Error(`no words for the fact ${fact.kind}`);
  return words(fact.detail === null || fact.detail === '' ? '' : `${fact.detail} `);
}
