import type {
  AccountCondition,
  Alert,
  AlertEvent,
  Decision,
  RankedProposal,
  SupervisorSettings,
} from '../contract/supervisor.ts';
import { addDays, type Day, daysBetween } from '../lib/dates.ts';
import { compareText, plainKey } from './order.ts';

/** All that speaks for one account's alert on a day: the proposal that leads, and the grounds of all of them. */
export interface Entry {
  readonly lead: RankedProposal;
  readonly grounds: readonly string[];
  readonly feeds: readonly string[];
  /** Whether a ground stands that rests on no stale feed. */
  readonly isStanding: boolean;
}

/** Puts together the proposals of one account; `proposals` are not empty and in order. */
export function entryOf(
  proposals: readonly [RankedProposal, ...RankedProposal[]],
  staleFeeds: ReadonlySet<string>,
): Entry {
  const grounds = proposals.flatMap((proposal) => proposal.grounds);
  return {
    lead: proposals[0],
    grounds: distinct(grounds.map((ground) => ground.kind)),
    feeds: distinct(grounds.flatMap((ground) => ground.feeds)),
    isStanding:
      proposals.some((proposal) => proposal.grounds.length === 0) ||
      grounds.some((ground) => !ground.feeds.some((feed) => staleFeeds.has(feed))),
  };
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort(compareText);
}

/** A new alert for an account shown for the first time. */
export function openAlert(entry: Entry, csm: string | null, day: Day): Alert {
  const { lead } = entry;
  return {
    alert_id: `${lead.account_id}:${day.replaceAll('-', '')}`,
    account_id: lead.account_id,
    kind: lead.kind,
    csm,
    opened_csm: csm,
    reason: lead.reason,
    state: 'open',
    opened_on: day,
    shown_on: day,
    listed_on: day,
    entered_on: day,
    quiet_readings: 0,
    quiet_on: null,
    worked_on: null,
    is_worked_assumed: false,
    snoozed_until: null,
    closed_on: null,
    close_reason: null,
    severity: lead.severity,
    worse_on: null,
    grounds: entry.grounds,
    feeds: entry.feeds,
    rank_key: plainKey(lead.rank_key),
    value_amount: lead.value_amount,
  };
}

export interface AlertDay {
  readonly day: Day;
  readonly settings: SupervisorSettings;
  readonly staleFeeds: ReadonlySet<string>;
  /** Undefined when the account is no longer in the book. */
  readonly condition: AccountCondition | undefined;
  /** Undefined when nothing was proposed for it. */
  readonly entry: Entry | undefined;
  /** Decisions about this alert up to the day, oldest first. */
  readonly decisions: readonly Decision[];
  /** Whether its pool records no decisions, so that a shown alert counts as worked in time. */
  readonly isAssumed: boolean;
}

export interface AdvancedAlert {
  readonly alert: Alert;
  readonly events: readonly AlertEvent[];
}

/**
 * Brings one live alert to the day: the account's end, what a person decided, the day's reading, then its state.
 * Nothing counts runs: readings count when they lie `min_reading_gap_days` apart, spans count days.
 */
export function advanceAlert(before: Alert, today: AlertDay): AdvancedAlert {
  const { day, condition } = today;
  if (condition !== undefined && condition.closed_as !== null) return resolved(before, day, condition.closed_as);
  const decision = today.decisions.at(-1);
  if (decision?.kind === 'disagree') {
    const isBefore = daysBetween(decision.decided_on, before.opened_on) > 0;
    const on = isBefore ? before.opened_on : decision.decided_on;
    return resolved(before, on, 'disagreed');
  }
  const decided = decide(before, decision, today);
  const read = readDay(decided, today);
  if (read.quiet_readings >= today.settings.readings_to_close) {
    if (condition === undefined) return resolved(read, day, 'account_gone');
    const { unmended } = condition;
    return unmended.length === 0
      ? resolved(read, day, 'recovered')
      : resolved(read, day, 'lapsed', `lapsed, not put right: ${distinct(unmended).join(', ')}`);
  }
  const alert = settle({ ...read, csm: condition?.csm ?? (condition === undefined ? read.csm : null) }, today);
  return { alert, events: eventsOf(before, alert, day) };
}

function resolved(before: Alert, on: Day, reason: string, detail = reason): AdvancedAlert {
  const alert: Alert = { ...before, state: 'resolved', closed_on: on, close_reason: reason, listed_on: null };
  return { alert, events: [event(alert, 'resolved', on, detail)] };
}

/** The last decision counts; applying it again on a later day changes nothing. */
function decide(alert: Alert, decision: Decision | undefined, today: AlertDay): Alert {
  if (decision === undefined) return alert;
  const { decided_on } = decision;
  switch (decision.kind) {
    case 'done':
      if (alert.worked_on !== null && alert.worked_on > decided_on) return alert;
      return { ...alert, worked_on: decided_on, is_worked_assumed: false, snoozed_until: null };
    case 'snooze':
      return { ...alert, snoozed_until: decision.until ?? addDays(decided_on, today.settings.cool_down_days) };
    case 'reopen': {
      const isWorkedSince = alert.worked_on !== null && alert.worked_on > decided_on;
      return {
        ...alert,
        snoozed_until: null,
        ...(isWorkedSince ? {} : { worked_on: null, is_worked_assumed: false }),
      };
    }
    default:
      return alert;
  }
}

/** The day's reading: entered, quiet, or none where it would have to be read from a stale feed. */
function readDay(alert: Alert, today: AlertDay): Alert {
  const { day, entry, settings, staleFeeds } = today;
  if (entry !== undefined) return entry.isStanding ? entered(alert, entry, today) : alert;
  if (alert.feeds.some((feed) => staleFeeds.has(feed))) return alert;
  const isCounted = alert.quiet_on === null || daysBetween(alert.quiet_on, day) >= settings.min_reading_gap_days;
  return isCounted ? { ...alert, quiet_readings: alert.quiet_readings + 1, quiet_on: day } : alert;
}

function entered(alert: Alert, entry: Entry, today: AlertDay): Alert {
  const margin = today.settings.worse_margin;
  const now = entry.lead.severity;
  const was = alert.severity;
  const isRisen = now !== null && was !== null && now >= was + margin;
  const isFallen = now !== null && was !== null && now <= was - margin;
  const hasNewGround = entry.grounds.some((kind) => !alert.grounds.includes(kind));
  return {
    ...alert,
    reason: entry.lead.reason,
    entered_on: today.day,
    quiet_readings: 0,
    quiet_on: null,
    // The level moves only by the margin, so that a value which trembles is neither worse nor better.
    severity: was === null || isRisen || isFallen ? now : was,
    worse_on: isRisen || hasNewGround ? today.day : alert.worse_on,
    grounds: distinct([...alert.grounds, ...entry.grounds]),
    feeds: entry.feeds,
    rank_key: plainKey(entry.lead.rank_key),
    value_amount: entry.lead.value_amount,
  };
}

function settle(alert: Alert, { day, settings, isAssumed }: AlertDay): Alert {
  if (alert.snoozed_until !== null && day < alert.snoozed_until) return { ...alert, state: 'snoozed', listed_on: null };
  const assumedOn =
    isAssumed && alert.listed_on !== null && daysBetween(alert.listed_on, day) >= settings.assumed_days
      ? addDays(alert.listed_on, settings.assumed_days)
      : null;
  const isNewlyAssumed = assumedOn !== null && (alert.worked_on === null || alert.worked_on < assumedOn);
  const worked_on = isNewlyAssumed ? assumedOn : alert.worked_on;
  const is_worked_assumed = isNewlyAssumed || alert.is_worked_assumed;
  if (worked_on !== null && isResting({ ...alert, worked_on }, day, settings)) {
    return { ...alert, state: 'worked', worked_on, is_worked_assumed, listed_on: null };
  }
  return { ...alert, state: 'open', worked_on, is_worked_assumed };
}

/** A worked alert rests for the cool-down, unless the account got worse after it was worked. */
function isResting(alert: Alert, day: Day, settings: SupervisorSettings): boolean {
  if (alert.worked_on === null || daysBetween(alert.worked_on, day) >= settings.cool_down_days) return false;
  return alert.worse_on === null || alert.worse_on <= alert.worked_on;
}

function eventsOf(before: Alert, after: Alert, day: Day): AlertEvent[] {
  const events: AlertEvent[] = [];
  if (after.worse_on === day && before.worse_on !== day) events.push(event(after, 'worse', day, after.reason));
  if (after.quiet_on === day && before.quiet_on !== day) {
    events.push(event(after, 'quiet', day, `reading ${after.quiet_readings}`));
  }
  if (after.state !== before.state) {
    if (after.state === 'worked') {
      const how = after.is_worked_assumed ? 'assumed' : 'recorded';
      events.push(event(after, 'worked', after.worked_on ?? day, how));
    } else if (after.state === 'snoozed') events.push(event(after, 'snoozed', day, `until ${after.snoozed_until}`));
    else events.push(event(after, 'returned', day, `was ${before.state}`));
  }
  return events;
}

export function event(alert: Alert, name: AlertEvent['event'], event_on: Day, detail: string | null): AlertEvent {
  const { alert_id, account_id, csm } = alert;
  return { alert_id, account_id, csm, event: name, event_on, detail };
}
