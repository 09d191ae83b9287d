import { addDays, type Day } from '../lib/dates.ts';

/** What to do about one reason, whose move it is, and by when. */
export interface NextStep {
  readonly action: string;
  /** Role on our side that moves. */
  readonly owner: 'csm' | 'support lead' | 'finance' | 'executive sponsor';
  readonly due_days: number;
}

/**
 * The default next step for every reason (docs/agents.md prints this table). Templates and the engagement agent lay
 * their own over it; a reason without a step would leave a row no one can act on, so looking one up throws.
 */
export const NEXT_STEPS: Readonly<Record<string, NextStep>> = {
  no_use: { action: 'call the admin: is the product still needed, and what stopped them?', owner: 'csm', due_days: 3 },
  usage_drop: { action: 'review with the admin which team stopped and why', owner: 'csm', due_days: 7 },
  users_drop: { action: 'ask the admin who left; offer to onboard their successors', owner: 'csm', due_days: 7 },
  decision_due: { action: 'confirm the decision maker and book the renewal talk', owner: 'csm', due_days: 5 },
  term_ended_in_use: {
    action: 'send the renewal order and agree the bridge terms in writing',
    owner: 'csm',
    due_days: 2,
  },
  champion_left: { action: 'ask for an introduction to the successor', owner: 'csm', due_days: 5 },
  executive_left: {
    action: 'have our executive sponsor write to the successor',
    owner: 'executive sponsor',
    due_days: 7,
  },
  priority_ticket: {
    action: 'get a date for the fix and call the customer with it',
    owner: 'support lead',
    due_days: 1,
  },
  invoice_overdue: {
    action: 'ask billing contact and champion whether the amount is disputed',
    owner: 'finance',
    due_days: 5,
  },
  csm_call_red: { action: 'agree a rescue plan with the team lead', owner: 'csm', due_days: 3 },
  risk_phrase: { action: 'call about the sentence quoted, before any other topic', owner: 'csm', due_days: 3 },
  usage: {
    action: 'walk through their use with the admin and agree one goal for the month',
    owner: 'csm',
    due_days: 7,
  },
  support: { action: 'go through the open tickets with support, then call with dates', owner: 'csm', due_days: 5 },
  relationship: { action: 'book a two-way talk with the main contact', owner: 'csm', due_days: 7 },
  outcomes: { action: 'review the agreed goals and what the product has returned so far', owner: 'csm', due_days: 10 },
  contract: { action: 'review the terms before the decision and prepare the offer', owner: 'csm', due_days: 7 },
  quiet: { action: 'check that it is settled; nothing else is needed', owner: 'csm', due_days: 7 },
  shrink: { action: 'offer the right size now, against a longer term', owner: 'csm', due_days: 14 },
};

/** The step for a reason, dated from `asOf`. */
export function nextStep(reason: string, asOf: Day): { action: string; owner: string; due: Day } {
  const step = NEXT_STEPS[reason];
  if (step === undefined) throw new Error(`no next step for the reason ${reason}`);
  return { action: step.action, owner: step.owner, due: addDays(asOf, step.due_days) };
}
