import type {
  AccountCondition,
  Decision,
  Play,
  RankedProposal,
  SupervisorSettings,
  SuppressionReason,
} from '../contract/supervisor.ts';
import { addDays, type Day, daysBetween } from '../lib/dates.ts';
import { compareKeys, compareProposals } from './order.ts';

/** What is settled first when several actions wait for one account. */
const KIND_ORDER: readonly RankedProposal['kind'][] = [
  'alert',
  'task',
  'touchpoint',
  'expansion_pitch',
  'advocacy_ask',
];

/** Kinds that mean a word to a customer and so use the contact budget. A task is ours alone. */
const CONTACTS: ReadonlySet<RankedProposal['kind']> = new Set([
  'alert',
  'touchpoint',
  'expansion_pitch',
  'advocacy_ask',
]);

/** Kinds that ask the customer for something. */
const ASKS: ReadonlySet<RankedProposal['kind']> = new Set(['expansion_pitch', 'advocacy_ask']);

export interface AccountDay {
  readonly day: Day;
  readonly settings: SupervisorSettings;
  readonly condition: AccountCondition;
  /** Whether an alert of the account is live or was proposed today. */
  readonly isAtRisk: boolean;
  /** Plays of this account within the contact gap. */
  readonly plays: readonly Play[];
  /** Decisions about actions of this account up to the day, oldest first. */
  readonly decisions: readonly Decision[];
}

export interface Refusal {
  readonly proposal: RankedProposal;
  readonly why: SuppressionReason;
  readonly detail: string | null;
  readonly until: Day | null;
}

export interface AccountPlan {
  readonly chosen: RankedProposal | undefined;
  /** The day the chosen action was first planned. */
  readonly planned_on: Day;
  readonly refused: readonly Refusal[];
}

/**
 * One next best action from all proposals of an account: of those that nothing forbids, the first by kind, then the
 * one planned already, then by rank key. An alert among `proposals` is one that is shown.
 *
 * Rules for a pitch or an ask: not while red, at risk, escalated, in renewal dispute, or closed. For everything that
 * reaches a person: nobody is planned for by two plays within `contact_gap_days`, nor soon after a real contact. An
 * alert is a call to look and is never held back by the budget, but it uses it.
 */
export function planAccount(proposals: readonly RankedProposal[], account: AccountDay): AccountPlan {
  const refused: Refusal[] = [];
  const open: RankedProposal[] = [];
  for (const proposal of [...proposals].sort(compareProposals)) {
    const refusal = proposal.kind === 'alert' ? undefined : refuse(proposal, account);
    if (refusal === undefined) open.push(proposal);
    else refused.push(refusal);
  }
  open.sort(
    (a, b) =>
      KIND_ORDER.indexOf(a.kind) - KIND_ORDER.indexOf(b.kind) ||
      Number(isPlanned(b, account)) - Number(isPlanned(a, account)) ||
      compareKeys(a.rank_key, b.rank_key) ||
      compareProposals(a, b),
  );
  const [chosen, ...others] = open;
  const planned_on = chosen === undefined ? account.day : (playOf(chosen, account)?.planned_on ?? account.day);
  for (const proposal of others) {
    const detail = chosen === undefined ? null : `${chosen.kind} ${chosen.reason} comes first`;
    refused.push({ proposal, why: 'other_action', detail, until: null });
  }
  return { chosen, planned_on, refused };
}

/** The play that planning a proposal leaves behind; undefined for what reaches no person. */
export function playFor(proposal: Omit<Play, 'planned_on'>, planned_on: Day): Play | undefined {
  if (!CONTACTS.has(proposal.kind)) return undefined;
  const { account_id, contact_id, agent, kind, reason } = proposal;
  return { account_id, contact_id, agent, kind, reason, planned_on };
}

function refuse(proposal: RankedProposal, account: AccountDay): Refusal | undefined {
  const { condition, settings, day } = account;
  const no = (why: SuppressionReason, detail: string | null = null, until: Day | null = null): Refusal => ({
    ...{ proposal, why, detail, until },
  });
  if (ASKS.has(proposal.kind)) {
    if (condition.closed_as !== null) return no('account_closed', condition.closed_as);
    if (condition.band === 'red') return no('red', 'health is red');
    if (account.isAtRisk) return no('red', 'the account is at risk');
    if (condition.is_escalated) return no('escalated');
    if (condition.is_renewal_disputed) return no('renewal_dispute');
  }
  const held = holdOf(proposal, account);
  if (held !== undefined) return no(held.why, null, held.until);
  if (!CONTACTS.has(proposal.kind)) return undefined;
  const { last_contact_on, last_contact_id } = condition;
  if (
    last_contact_on !== null &&
    isSamePerson(last_contact_id, proposal.contact_id) &&
    daysBetween(last_contact_on, day) < settings.contact_gap_days
  ) {
    return no('contacted', `on ${last_contact_on}`, addDays(last_contact_on, settings.contact_gap_days));
  }
  // The newest of several, so that `until` is the day on which none of them stands in the way.
  const other = account.plays
    .filter((play) => isSamePerson(play.contact_id, proposal.contact_id) && !isSameAction(play, proposal))
    .sort((a, b) => (a.planned_on < b.planned_on ? 1 : -1))[0];
  if (other === undefined) return undefined;
  return no(
    'contact_budget',
    `${other.kind} ${other.reason} was planned on ${other.planned_on}`,
    addDays(other.planned_on, settings.contact_gap_days),
  );
}

/** What a person said about this action, while it holds. */
function holdOf(
  proposal: RankedProposal,
  account: AccountDay,
): { why: 'done' | 'rejected' | 'snoozed'; until: Day } | undefined {
  const said = account.decisions.filter(
    (decision) =>
      decision.action_kind === proposal.kind &&
      (decision.action_reason === null || decision.action_reason === proposal.reason),
  );
  const last = said.at(-1);
  if (last === undefined) return undefined;
  const rest = addDays(last.decided_on, account.settings.cool_down_days);
  const held =
    last.kind === 'done'
      ? ({ why: 'done', until: rest } as const)
      : last.kind === 'reject'
        ? ({ why: 'rejected', until: rest } as const)
        : last.kind === 'snooze'
          ? ({ why: 'snoozed', until: last.until ?? rest } as const)
          : undefined;
  return held !== undefined && account.day < held.until ? held : undefined;
}

function isSamePerson(a: string | null, b: string | null): boolean {
  return a === null || b === null || a === b;
}

function isSameAction(play: Play, proposal: RankedProposal): boolean {
  return (
    play.agent === proposal.agent &&
    play.kind === proposal.kind &&
    play.reason === proposal.reason &&
    play.contact_id === proposal.contact_id
  );
}

function playOf(proposal: RankedProposal, account: AccountDay): Play | undefined {
  return account.plays.find((play) => isSameAction(play, proposal));
}

function isPlanned(proposal: RankedProposal, account: AccountDay): boolean {
  return playOf(proposal, account) !== undefined;
}
