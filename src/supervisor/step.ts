import type {
  AccountCondition,
  Alert,
  AlertEvent,
  Decision,
  InHand,
  PlannedAction,
  Play,
  ProposalBook,
  RankedProposal,
  ShownAlert,
  StepResult,
  SupervisorSettings,
  SupervisorState,
  Suppressed,
  SuppressionReason,
} from '../contract/supervisor.ts';
import { addDays, type Day, daysBetween } from '../lib/dates.ts';
import { advanceAlert, type Entry, entryOf, event, openAlert } from './alerts.ts';
import { type Candidate, fillList } from './capacity.ts';
import { groupBy } from './groups.ts';
import { comparePlays, compareProposals, compareRows, compareText } from './order.ts';
import { planAccount, playFor } from './plan.ts';
import { careOf, refuseEarly } from './triage.ts';

/** Days over which `new_per_week` counts. */
const WEEK_DAYS = 7;

/** The state before anything was ever shown. */
export const EMPTY_STATE: SupervisorState = { day: null, alerts: [], plays: [], before: null };

/** Settings that the config does not name. */
export const STEP_DEFAULTS = {
  contact_gap_days: 7,
  worse_margin: 0.05,
  decision_memory_days: 28,
  stale_feeds: [],
  printed_on: {},
} as const satisfies Partial<SupervisorSettings>;

/**
 * One day of the supervisor: arbitrates all agents' proposals into each CSM's list and one next best action an account.
 *
 * Pure: the same arguments give the same answer, in whatever order proposals, accounts and decisions come. A second
 * step for `state.day` replaces the first. Days may be skipped; everything counts days, nothing counts calls.
 *
 * @param decisions all records up to `day` (the ledger's `decisions_asof`), not only those since the last step
 * @throws RangeError when `day` lies before the state's, or repeats it and the state before is not at hand
 */
export function step(
  state: SupervisorState,
  book: ProposalBook,
  decisions: readonly Decision[],
  day: Day,
  settings: SupervisorSettings,
): StepResult {
  const start = rewind(state, day, settings);
  const today = new DayInHand(start, book, decisions, day, settings);
  today.advanceAlerts();
  today.enterNew();
  today.fillLists();
  today.planActions();
  return today.result();
}

function rewind(state: SupervisorState, day: Day, settings: SupervisorSettings): SupervisorState {
  if (state.day === null || state.day < day) {
    const alerts = state.alerts.filter((alert) => stillCounts(alert, day, settings));
    return { ...state, alerts, before: null };
  }
  if (state.day === day && state.before !== null) return state.before;
  throw new RangeError(`the supervisor stands at ${state.day} and cannot step to ${day}`);
}

/** A resolved alert counts while it cools down or uses the week's budget of new ones. */
function stillCounts(alert: Alert, day: Day, settings: SupervisorSettings): boolean {
  if (alert.closed_on === null) return true;
  return daysBetween(alert.closed_on, day) < settings.cool_down_days || daysBetween(alert.opened_on, day) < WEEK_DAYS;
}

/** The name of a CSM's pool; accounts without one share the pool `''`. */
export function poolOf(csm: string | null): string {
  return csm ?? '';
}

interface ListCandidate extends Candidate {
  readonly alert: Alert | undefined;
  readonly entry: Entry | undefined;
  readonly csm: string | null;
}

/** Keys of all live alerts by account and kind, today's proposals, and what was decided about them so far. */
class DayInHand {
  readonly #start: SupervisorState;
  readonly #day: Day;
  readonly #settings: SupervisorSettings;
  readonly #staleFeeds: ReadonlySet<string>;
  readonly #conditions: ReadonlyMap<string, AccountCondition>;
  readonly #decisions: ReadonlyMap<string, readonly Decision[]>;
  /** Pools with a recorded decision within memory. */
  readonly #deciding: ReadonlySet<string>;
  readonly #entries = new Map<string, Entry>();
  /** Proposals that are not alerts, and alerts once they are shown, by account. */
  readonly #actions = new Map<string, RankedProposal[]>();
  readonly #alerts = new Map<string, Alert>();
  readonly #live = new Map<string, Alert>();
  readonly #candidates: ListCandidate[] = [];
  readonly #shown: ShownAlert[] = [];
  readonly #suppressed: Suppressed[] = [];
  readonly #inHand: InHand[] = [];
  readonly #planned: PlannedAction[] = [];
  readonly #events: AlertEvent[] = [];
  #plays: readonly Play[] = [];

  constructor(
    start: SupervisorState,
    book: ProposalBook,
    decisions: readonly Decision[],
    day: Day,
    settings: SupervisorSettings,
  ) {
    this.#start = start;
    this.#day = day;
    this.#settings = settings;
    this.#staleFeeds = new Set(settings.stale_feeds);
    this.#conditions = new Map(book.accounts.map((account) => [account.account_id, account]));
    const known = decisions
      .filter((decision) => decision.decided_on <= day)
      .sort((a, b) => compareText(a.decided_on, b.decided_on) || compareText(a.decision_id, b.decision_id));
    this.#decisions = groupBy(known, (decision) => decision.account_id);
    this.#deciding = new Set(
      known
        .filter((decision) => daysBetween(decision.decided_on, day) < settings.decision_memory_days)
        .map((decision) => poolOf(decision.csm ?? this.#conditions.get(decision.account_id)?.csm ?? null)),
    );
    this.#sortProposals(book.proposals);
  }

  /** Turns away what is out of its time or of no account, and merges the alerts of one account. */
  #sortProposals(proposals: readonly RankedProposal[]): void {
    const alerts = new Map<string, [RankedProposal, ...RankedProposal[]]>();
    for (const proposal of [...proposals].sort(compareProposals)) {
      const { account_id, kind } = proposal;
      const refusal = refuseEarly(proposal, this.#conditions.get(account_id), this.#day);
      if (refusal !== undefined) this.#suppress(proposal, refusal.why, refusal.detail, refusal.until);
      else if (kind !== 'alert') this.#addAction(proposal);
      else {
        const group = alerts.get(account_id);
        if (group === undefined) alerts.set(account_id, [proposal]);
        else group.push(proposal);
      }
    }
    for (const [account_id, group] of alerts) {
      const entry = entryOf(group, this.#staleFeeds);
      this.#entries.set(account_id, entry);
      for (const proposal of group.slice(1)) {
        this.#suppress(proposal, 'merged', `${entry.lead.agent} ${entry.lead.reason} speaks for it`);
      }
    }
  }

  advanceAlerts(): void {
    for (const before of this.#start.alerts) {
      if (before.state === 'resolved') {
        this.#alerts.set(before.alert_id, before);
        continue;
      }
      const condition = this.#conditions.get(before.account_id);
      const entry = this.#entries.get(before.account_id);
      const { alert, events } = advanceAlert(before, {
        day: this.#day,
        settings: this.#settings,
        staleFeeds: this.#staleFeeds,
        condition,
        entry,
        decisions: this.#decisionsOn(before),
        isAssumed: !this.#deciding.has(poolOf(condition?.csm ?? before.csm)),
      });
      this.#alerts.set(alert.alert_id, alert);
      this.#events.push(...events);
      if (alert.state === 'resolved') continue;
      this.#live.set(alert.account_id, alert);
      if (condition !== undefined) this.#placeLive(alert, entry, condition);
    }
  }

  #decisionsOn(alert: Alert): Decision[] {
    return (this.#decisions.get(alert.account_id) ?? []).filter((decision) =>
      decision.alert_id === null
        ? decision.action_kind === 'alert' && decision.decided_on >= alert.opened_on
        : decision.alert_id === alert.alert_id,
    );
  }

  #placeLive(alert: Alert, entry: Entry | undefined, condition: AccountCondition): void {
    const proposal = entry?.lead ?? null;
    if (alert.state === 'snoozed') {
      this.#suppressed.push({
        ...this.#about(condition, alert, proposal),
        ...{ why: 'snoozed', detail: null, until: alert.snoozed_until },
      });
      return;
    }
    if (this.#takeInHand(condition, alert, proposal)) return;
    this.#candidates.push({
      account_id: alert.account_id,
      rank_key: alert.rank_key,
      is_quiet: entry === undefined,
      is_new: false,
      is_fresh: this.#isSinceLastList(condition.csm, alert.opened_on) || this.#isWorse(condition.csm, alert),
      alert,
      entry,
      csm: condition.csm,
    });
  }

  /** Accounts that enter without a live alert: in hand, held back with a reason, or candidates for a first showing. */
  enterNew(): void {
    for (const [account_id, entry] of this.#entries) {
      const condition = this.#conditions.get(account_id);
      if (condition === undefined || this.#live.has(account_id)) continue;
      const { lead } = entry;
      const calendar = this.#settings.suppression_calendar.find(({ from, to }) => from <= this.#day && this.#day <= to);
      const coolsUntil = this.#coolsUntil(account_id);
      if (!entry.isStanding) this.#suppress(lead, 'stale_feed', `rests on ${entry.feeds.join(', ')}`);
      else if (this.#takeInHand(condition, undefined, lead)) continue;
      else if (calendar !== undefined) this.#suppress(lead, 'calendar', calendar.reason, addDays(calendar.to, 1));
      else if (coolsUntil !== null) this.#suppress(lead, 'cool_down', null, coolsUntil);
      else {
        this.#candidates.push({
          account_id,
          rank_key: lead.rank_key,
          is_quiet: false,
          is_new: true,
          is_fresh: true,
          alert: undefined,
          entry,
          csm: condition.csm,
        });
      }
    }
  }

  #coolsUntil(account_id: string): Day | null {
    let latest: Day | null = null;
    for (const alert of this.#alerts.values()) {
      if (alert.account_id !== account_id || alert.closed_on === null) continue;
      const until = addDays(alert.closed_on, this.#settings.cool_down_days);
      if (this.#day < until && (latest === null || latest < until)) latest = until;
    }
    return latest;
  }

  #takeInHand(condition: AccountCondition, alert: Alert | undefined, proposal: RankedProposal | null): boolean {
    const care = careOf(condition, alert, this.#day, this.#settings);
    if (care !== undefined) this.#inHand.push({ ...this.#about(condition, alert, proposal), ...care });
    return care !== undefined;
  }

  fillLists(): void {
    const pools = groupBy(this.#candidates, (candidate) => poolOf(candidate.csm));
    for (const pool of [...pools.keys()].sort(compareText)) {
      const filled = fillList(pools.get(pool) ?? [], {
        rows: this.#settings.rows_per_csm,
        newLeft: this.#settings.new_per_week - this.#openedThisWeek(pool),
      });
      for (const [index, candidate] of filled.shown.entries()) this.#show(candidate, index + 1);
      for (const candidate of filled.overNewBudget) {
        this.#bump(candidate, 'new_budget', `${this.#settings.new_per_week} new a week`);
      }
      for (const candidate of filled.overCapacity) {
        this.#bump(candidate, 'capacity', `${this.#settings.rows_per_csm} rows a list`);
      }
    }
  }

  #openedThisWeek(pool: string): number {
    let count = 0;
    for (const alert of this.#alerts.values()) {
      if (poolOf(alert.opened_csm) === pool && daysBetween(alert.opened_on, this.#day) < WEEK_DAYS) count++;
    }
    return count;
  }

  #show(candidate: ListCandidate, rank: number): void {
    const { alert: standing, entry, csm } = candidate;
    let alert: Alert;
    if (standing !== undefined) {
      alert = { ...standing, shown_on: this.#day, listed_on: standing.listed_on ?? this.#day };
    } else if (entry !== undefined) {
      alert = openAlert(entry, csm, this.#day);
      this.#events.push(event(alert, 'opened', this.#day, alert.reason));
    } else return;
    this.#events.push(event(alert, 'shown', this.#day, `rank ${rank}`));
    this.#alerts.set(alert.alert_id, alert);
    this.#live.set(alert.account_id, alert);
    const is_new = this.#isSinceLastList(csm, alert.opened_on);
    const proposal = entry?.lead ?? null;
    this.#shown.push({ alert, rank, is_new, is_worse: this.#isWorse(csm, alert), proposal });
    if (proposal !== null) this.#addAction(proposal);
  }

  #bump(candidate: ListCandidate, why: 'capacity' | 'new_budget', detail: string): void {
    const { account_id, alert, entry, csm } = candidate;
    const about = { account_id, csm, alert_id: alert?.alert_id ?? null, proposal: entry?.lead ?? null };
    this.#suppressed.push({ ...about, why, detail, until: null });
  }

  planActions(): void {
    const { contact_gap_days } = this.#settings;
    const recent = this.#start.plays.filter((play) => daysBetween(play.planned_on, this.#day) < contact_gap_days);
    const playsOf = groupBy(recent, (play) => play.account_id);
    const plays = [...recent];
    for (const account_id of [...this.#actions.keys()].sort(compareText)) {
      const condition = this.#conditions.get(account_id);
      if (condition === undefined) continue;
      const live = this.#live.get(account_id);
      const own = playsOf.get(account_id) ?? [];
      const { chosen, planned_on, refused } = planAccount(this.#actions.get(account_id) ?? [], {
        day: this.#day,
        settings: this.#settings,
        condition,
        isAtRisk: live !== undefined || this.#entries.has(account_id),
        plays: own,
        decisions: this.#decisions.get(account_id) ?? [],
      });
      for (const { proposal, why, detail, until } of refused) this.#suppress(proposal, why, detail, until);
      if (chosen === undefined) continue;
      const alert_id = chosen.kind === 'alert' ? (live?.alert_id ?? null) : null;
      this.#planned.push({ account_id, csm: condition.csm, alert_id, proposal: chosen, planned_on });
      const play = planned_on === this.#day ? playFor(chosen, this.#day) : undefined;
      if (play !== undefined) plays.push(play);
    }
    this.#plays = plays.sort(comparePlays);
  }

  result(): StepResult {
    const byId = new Map(this.#start.alerts.map((alert) => [alert.alert_id, JSON.stringify(alert)]));
    const alerts = [...this.#alerts.values()].sort((a, b) => compareText(a.alert_id, b.alert_id));
    const pools = new Set([...this.#conditions.values()].map((account) => poolOf(account.csm)));
    return {
      state: {
        day: this.#day,
        alerts: alerts.filter((alert) => stillCounts(alert, this.#day, this.#settings)),
        plays: this.#plays,
        before: this.#start,
      },
      shown: this.#shown,
      suppressed: this.#suppressed.sort(compareRows),
      in_hand: this.#inHand.sort(compareRows),
      planned: this.#planned,
      changed: alerts.filter((alert) => byId.get(alert.alert_id) !== JSON.stringify(alert)),
      events: this.#events.sort((a, b) => compareText(a.alert_id, b.alert_id)),
      assumed_pools: [...pools].filter((pool) => !this.#deciding.has(pool)).sort(compareText),
    };
  }

  #isSinceLastList(csm: string | null, on: Day): boolean {
    const printed = this.#settings.printed_on[poolOf(csm)];
    return on > (printed !== undefined && printed < this.#day ? printed : addDays(this.#day, -WEEK_DAYS));
  }

  #isWorse(csm: string | null, alert: Alert): boolean {
    return alert.worse_on !== null && this.#isSinceLastList(csm, alert.worse_on);
  }

  #addAction(proposal: RankedProposal): void {
    const list = this.#actions.get(proposal.account_id);
    if (list === undefined) this.#actions.set(proposal.account_id, [proposal]);
    else list.push(proposal);
  }

  #about(condition: AccountCondition, alert: Alert | undefined, proposal: RankedProposal | null) {
    return { account_id: condition.account_id, csm: condition.csm, alert_id: alert?.alert_id ?? null, proposal };
  }

  #suppress(
    proposal: RankedProposal,
    why: SuppressionReason,
    detail: string | null = null,
    until: Day | null = null,
  ): void {
    const { account_id } = proposal;
    const csm = this.#conditions.get(account_id)?.csm ?? null;
    this.#suppressed.push({ account_id, csm, alert_id: null, proposal, why, detail, until });
  }
}
