import type { Day, Proposal } from './agent.ts';

/** One thing that speaks for a proposal: a fact kind, or `forecast` for a probability, and the feeds it was read from. */
export interface Ground {
  readonly kind: string;
  readonly feeds: readonly string[];
}

/** A proposal with what the supervisor orders and judges it by. */
export interface RankedProposal extends Proposal {
  /** Compared element by element, smaller first; NaN last. See `expectedLossKey` and `factsKey`. */
  readonly rank_key: readonly number[];
  /** How bad, in any unit that stays the same from date to date (probability, number of facts); null where it has none. */
  readonly severity: number | null;
  /** Empty where the proposal rests on no feed (a person's word, a calendar). */
  readonly grounds: readonly Ground[];
}

/** What the supervisor must know of an account on the day. */
export interface AccountCondition {
  readonly account_id: string;
  /** Who holds the account; null falls into the common pool. */
  readonly csm: string | null;
  /** Why the account can no longer be at risk: `notice_given`, `churned`, `lapsed`; null while it can. */
  readonly closed_as: string | null;
  readonly band: 'green' | 'yellow' | 'red' | null;
  readonly is_onboarding: boolean;
  readonly is_escalated: boolean;
  readonly is_renewal_disputed: boolean;
  /** Last two-way contact, and with whom where recorded. */
  readonly last_contact_on: Day | null;
  readonly last_contact_id: string | null;
  /** What is under way already, in words ("escalation T-71 with Dana"); null when nothing is. */
  readonly open_work: string | null;
  /** Kinds of facts it last entered at-risk by that hold no more, though nothing has put them right: they grew old. */
  readonly unmended: readonly string[];
}

/** All that was proposed on a day, and the accounts it is about. Accounts with a live alert must be among them. */
export interface ProposalBook {
  readonly proposals: readonly RankedProposal[];
  readonly accounts: readonly AccountCondition[];
}

/** What a person decided; the columns the supervisor reads of a decision record. */
export interface Decision {
  readonly decision_id: string;
  readonly decided_on: Day;
  readonly csm: string | null;
  readonly account_id: string;
  /** `done`, `snooze`, `disagree`, `reopen` are about an alert; `done`, `snooze`, `reject` about an action. */
  readonly kind: 'done' | 'snooze' | 'disagree' | 'reopen' | 'reject' | 'approve' | 'edit';
  readonly alert_id: string | null;
  readonly action_kind: Proposal['kind'] | null;
  readonly action_reason: string | null;
  /** First day on which a snoozed alert or action may come back. */
  readonly until: Day | null;
}

export type AlertState = 'open' | 'worked' | 'snoozed' | 'resolved';

/** One account's stay on the at-risk list. It opens on the day it is first shown. */
export interface Alert {
  /** `<account_id>:<YYYYMMDD of opened_on>`. */
  readonly alert_id: string;
  readonly account_id: string;
  /** Kind of the proposals it stands for; with the account the dedupe key. */
  readonly kind: Proposal['kind'];
  /** Pool it belongs to now, and the pool whose budget of new alerts it used. */
  readonly csm: string | null;
  readonly opened_csm: string | null;
  readonly reason: string;
  readonly state: AlertState;
  readonly opened_on: Day;
  /** Last day on a list; first day of the present stay on it (null while it is off). */
  readonly shown_on: Day;
  readonly listed_on: Day | null;
  /** Last day on which the account entered at-risk anew. */
  readonly entered_on: Day;
  /** Readings in a row without entering that counted, and the day of the last of them. */
  readonly quiet_readings: number;
  readonly quiet_on: Day | null;
  readonly worked_on: Day | null;
  readonly is_worked_assumed: boolean;
  readonly snoozed_until: Day | null;
  readonly closed_on: Day | null;
  /**
   * `recovered`: what it entered by was put right; `lapsed`: it has only grown old; `disagreed`, `account_gone`, or the
   * account's `closed_as`.
   */
  readonly close_reason: string | null;
  /** Severity it is measured against, and the day it last got worse than that or gained a new kind of ground. */
  readonly severity: number | null;
  readonly worse_on: Day | null;
  /** Every kind of ground it ever had; the feeds of those it had last. */
  readonly grounds: readonly string[];
  readonly feeds: readonly string[];
  readonly rank_key: readonly number[];
  readonly value_amount: number | null;
}

/** A contact that was planned, kept for the contact budget. */
export interface Play {
  readonly account_id: string;
  /** Null: the person is not known, so it counts for everyone at the account. */
  readonly contact_id: string | null;
  readonly agent: string;
  readonly kind: Proposal['kind'];
  readonly reason: string;
  readonly planned_on: Day;
}

/** Plain JSON; what was decided up to the end of `day`. Rebuilt from ledger rows by `restoreState`. */
export interface SupervisorState {
  readonly day: Day | null;
  /** Ordered by alert_id; resolved ones only as long as they still count. */
  readonly alerts: readonly Alert[];
  readonly plays: readonly Play[];
  /** The state before `day`, so that a second step for the same day replaces the first; null in a restored state. */
  readonly before: SupervisorState | null;
}

export interface SupervisorSettings {
  /** `capacity` of the config. */
  readonly rows_per_csm: number;
  readonly new_per_week: number;
  /** `alerts` of the config, days and counts. */
  readonly assumed_days: number;
  readonly cool_down_days: number;
  readonly readings_to_close: number;
  readonly min_reading_gap_days: number;
  readonly suppression_calendar: readonly { readonly from: Day; readonly to: Day; readonly reason: string }[];
  /** Days in which a person is planned for once, and in which a contacted account is in hand. */
  readonly contact_gap_days: number;
  /** Rise in severity that makes an alert worse. */
  readonly worse_margin: number;
  /** A pool that recorded a decision within these days is taken at its word: its alerts are never assumed worked. */
  readonly decision_memory_days: number;
  /** Feeds that are stopped or whose last rows are missing. What rests on them opens and closes nothing. */
  readonly stale_feeds: readonly string[];
  /** Day of the last list printed for a pool (`''` = no csm); new and worse are measured from it, else 7 days back. */
  readonly printed_on: Readonly<Record<string, Day>>;
}

/** Why a proposal or a live alert is not shown. */
export type SuppressionReason =
  | 'merged' /** another proposal for the same account and kind speaks for it */
  | 'not_yet' /** before `not_before` */
  | 'expired'
  | 'account_unknown'
  | 'account_closed' /** notice given, churned or lapsed */
  | 'stale_feed'
  | 'calendar'
  | 'cool_down'
  | 'snoozed'
  | 'new_budget'
  | 'capacity'
  | 'red' /** no pitch or ask while the account is red or at risk */
  | 'escalated'
  | 'renewal_dispute'
  | 'contact_budget'
  | 'contacted'
  | 'other_action'
  | 'done'
  | 'rejected';

/** A row of the at-risk list of one CSM. */
export interface ShownAlert {
  readonly alert: Alert;
  /** From 1 within the pool. */
  readonly rank: number;
  /** Opened since the last list, and worse since the last list. */
  readonly is_new: boolean;
  readonly is_worse: boolean;
  /** Null on a day on which the account did not enter, while the alert waits to be closed. */
  readonly proposal: RankedProposal | null;
}

export interface Suppressed {
  readonly account_id: string;
  readonly csm: string | null;
  readonly alert_id: string | null;
  /** Null for a live alert that nothing proposed on the day. */
  readonly proposal: RankedProposal | null;
  readonly why: SuppressionReason;
  readonly detail: string | null;
  /** First day on which this reason no longer holds, where it is known. */
  readonly until: Day | null;
}

/** Cared for already; takes no slot. */
export interface InHand {
  readonly account_id: string;
  readonly csm: string | null;
  readonly alert_id: string | null;
  readonly proposal: RankedProposal | null;
  readonly why: 'onboarding' | 'contacted' | 'open_work' | 'worked';
  readonly detail: string | null;
  readonly until: Day | null;
}

/** The one next best action of an account. */
export interface PlannedAction {
  readonly account_id: string;
  readonly csm: string | null;
  readonly alert_id: string | null;
  readonly proposal: RankedProposal;
  /** The day it was first planned; earlier than the day in hand while it waits to be done. */
  readonly planned_on: Day;
}

export interface AlertEvent {
  readonly alert_id: string;
  readonly account_id: string;
  readonly csm: string | null;
  readonly event: 'opened' | 'shown' | 'worked' | 'snoozed' | 'returned' | 'worse' | 'quiet' | 'resolved';
  readonly event_on: Day;
  readonly detail: string | null;
}

/** What a day's step decided. Every proposal stands in exactly one of `planned`, `suppressed` and `in_hand`. */
export interface StepResult {
  readonly state: SupervisorState;
  /** By pool, then rank. */
  readonly shown: readonly ShownAlert[];
  readonly suppressed: readonly Suppressed[];
  readonly in_hand: readonly InHand[];
  readonly planned: readonly PlannedAction[];
  /** Alerts that differ from the state before the day. */
  readonly changed: readonly Alert[];
  readonly events: readonly AlertEvent[];
  /** Pools (`''` = no csm) without recorded decisions, whose alerts count as worked after `assumed_days`. */
  readonly assumed_pools: readonly string[];
}
