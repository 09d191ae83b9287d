import type { Day } from '../contract/agent.ts';
import { addDays, daysBetween } from '../lib/dates.ts';
import { groupBy } from './groups.ts';
import { compareText } from './order.ts';

/** What happened to alerts up to a day, as the ledger holds it. */
export interface AlertHistory {
  /** Every alert as it stands on the day (`alerts_asof`). */
  readonly alerts: readonly {
    readonly account_id: string;
    readonly csm: string | null;
    readonly opened_on: Day;
    readonly closed_on: Day | null;
    readonly close_reason: string | null;
  }[];
  /** Alert proposals that were not shown, with why (`plan_action` of kind `alert`, outcome not `planned`). */
  readonly held: readonly { readonly account_id: string; readonly as_of: Day; readonly why: string }[];
  /** Churns known by the day (`outcome_asof`). */
  readonly outcomes: readonly { readonly account_id: string; readonly decided_on: Day }[];
  /** CSMs (pools) that had accounts; the divisor of alerts per CSM. */
  readonly csm_count: number;
}

export interface StatisticsSettings {
  /** Days looked back for rates of alerts. Default 56: eight weeks. */
  readonly window_days?: number;
  /** Days looked back for alerts whose outcome is known. Default 365. */
  readonly outcome_window_days?: number;
  /** An alert is a repeat when the account had one that closed at most so many days before. Default 90. */
  readonly repeat_days?: number;
  readonly horizon_days: number;
  readonly cool_down_days: number;
}

/** A share with the numbers it comes from; null where there is nothing to divide by. Wilson's 95 % interval. */
export interface Share {
  readonly count: number;
  readonly of: number;
  readonly rate: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

export interface AlertStatistics {
  readonly opened_count: number;
  readonly alerts_per_csm_week: number | null;
  /** Of the alerts opened in the window, those of an account that had one not long before. */
  readonly repeat: Share;
  /** Of the alerts that closed by themselves (recovered or lapsed) and whose cool-down is over, those whose account entered again within it. */
  readonly flap: Share;
  /** Of the accounts alerted at least a horizon ago, those that churned within the horizon of their first alert. */
  readonly precision: Share;
  /** Churns of the last horizon: whether an alert was out in the horizon before the decision. */
  readonly churned_count: number;
  readonly churned_alerted_count: number;
  /** Entered at-risk and never shown, by the last reason before the decision. */
  readonly churned_suppressed: readonly { readonly why: string; readonly count: number }[];
  readonly churned_suppressed_accounts: readonly string[];
  readonly churned_unseen_count: number;
}

const NOT_HELD_BACK = 'merged';
const Z95 = 1.959963984540054;

/** How the alerts of the past did, as known at the end of `day`. Nothing later than `day` is read. */
export function alertStatistics(history: AlertHistory, day: Day, settings: StatisticsSettings): AlertStatistics {
  const { window_days = 56, outcome_window_days = 365, repeat_days = 90, horizon_days, cool_down_days } = settings;
  const alerts = history.alerts.filter((alert) => alert.opened_on <= day);
  const alertsOf = groupBy(alerts, (alert) => alert.account_id);
  const heldOf = groupBy(
    history.held.filter((row) => row.as_of <= day && row.why !== NOT_HELD_BACK),
    (row) => row.account_id,
  );
  const churns = firstChurns(history.outcomes, day);

  const opened = alerts.filter((alert) => isWithin(alert.opened_on, addDays(day, -window_days), day));
  const repeated = opened.filter((alert) =>
    (alertsOf.get(alert.account_id) ?? []).some(
      ({ closed_on }) =>
        closed_on !== null && closed_on <= alert.opened_on && daysBetween(closed_on, alert.opened_on) <= repeat_days,
    ),
  );

  const cooledBy = addDays(day, -cool_down_days);
  const closed = alerts.filter(
    (alert) =>
      (alert.close_reason === 'recovered' || alert.close_reason === 'lapsed') &&
      alert.closed_on !== null &&
      isWithin(alert.closed_on, addDays(cooledBy, -window_days), cooledBy),
  );
  const flapped = closed.filter((alert) => {
    const from = alert.closed_on ?? day;
    const end = addDays(from, cool_down_days);
    return (heldOf.get(alert.account_id) ?? []).some((row) => isWithin(row.as_of, from, end));
  });

  const closedBy = addDays(day, -horizon_days);
  const firstAlert = new Map<string, Day>();
  for (const { account_id, opened_on } of alerts) {
    if (!isWithin(opened_on, addDays(closedBy, -outcome_window_days), closedBy)) continue;
    const before = firstAlert.get(account_id);
    if (before === undefined || opened_on < before) firstAlert.set(account_id, opened_on);
  }
  const right = [...firstAlert].filter(([account_id, from]) =>
    (churns.get(account_id) ?? []).some((on) => isWithin(on, from, addDays(from, horizon_days))),
  );

  const missed = missedChurns(churns, alertsOf, heldOf, day, horizon_days);
  return {
    opened_count: opened.length,
    alerts_per_csm_week: history.csm_count === 0 ? null : opened.length / history.csm_count / (window_days / 7),
    repeat: share(repeated.length, opened.length),
    flap: share(flapped.length, closed.length),
    precision: share(right.length, firstAlert.size),
    ...missed,
  };
}

/** After `from`, up to `to`. */
function isWithin(on: Day, from: Day, to: Day): boolean {
  return from < on && on <= to;
}

function firstChurns(outcomes: AlertHistory['outcomes'], day: Day): Map<string, Day[]> {
  const days = new Map<string, Day[]>();
  for (const [account_id, rows] of groupBy(outcomes, (row) => row.account_id)) {
    const known = rows.map((row) => row.decided_on).filter((on) => on <= day);
    if (known.length > 0) days.set(account_id, known.sort(compareText));
  }
  return days;
}

function missedChurns(
  churns: ReadonlyMap<string, readonly Day[]>,
  alertsOf: ReadonlyMap<string, AlertHistory['alerts']>,
  heldOf: ReadonlyMap<string, AlertHistory['held']>,
  day: Day,
  horizonDays: number,
) {
  const reasons = new Map<string, number>();
  const accounts: string[] = [];
  let churned = 0;
  let alerted = 0;
  for (const [account_id, days] of [...churns].sort(([a], [b]) => compareText(a, b))) {
    const decided = days.findLast((on) => isWithin(on, addDays(day, -horizonDays), day));
    if (decided === undefined) continue;
    churned++;
    const from = addDays(decided, -horizonDays);
    const isAlerted = (alertsOf.get(account_id) ?? []).some(
      ({ opened_on, closed_on }) => opened_on < decided && (closed_on === null || closed_on >= from),
    );
    if (isAlerted) {
      alerted++;
      continue;
    }
    const last = (heldOf.get(account_id) ?? [])
      .filter(({ as_of }) => from <= as_of && as_of < decided)
      .sort((a, b) => compareText(a.as_of, b.as_of) || compareText(a.why, b.why))
      .at(-1);
    if (last === undefined) continue;
    accounts.push(account_id);
    reasons.set(last.why, (reasons.get(last.why) ?? 0) + 1);
  }
  return {
    churned_count: churned,
    churned_alerted_count: alerted,
    churned_suppressed: [...reasons]
      .map(([why, count]) => ({ why, count }))
      .sort((a, b) => b.count - a.count || compareText(a.why, b.why)),
    churned_suppressed_accounts: accounts,
    churned_unseen_count: churned - alerted - accounts.length,
  };
}

/** Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927). */
function share(count: number, of: number): Share {
  if (of === 0) return { count, of, rate: null, low: null, high: null };
  const rate = count / of;
  const z2 = Z95 * Z95;
  const centre = (rate + z2 / (2 * of)) / (1 + z2 / of);
  const half = (Z95 / (1 + z2 / of)) * Math.sqrt((rate * (1 - rate)) / of + z2 / (4 * of * of));
  return { count, of, rate, low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}
