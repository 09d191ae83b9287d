// What a reason claims, worked out from the raw rows by its sentence alone (docs/metrics.md says the same in words).
// Each measure gives { now, past? }; null where the exports say nothing. What has no measure here is told as unchecked.
import { day } from './exports.js';

const sum = (values) => values.reduce((a, b) => a + b, 0);
const median = (values) => {
  const sorted = values.filter((value) => value !== null && !Number.isNaN(value)).sort((a, b) => a - b);
  if (sorted.length === 0) return null;
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
};
/** The lower of the two middle ones where there are two: an answer that some ticket really had. */
const middleOne = (values) => {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  return sorted.length === 0 ? null : sorted[Math.ceil(sorted.length / 2) - 1];
};

/** Use of a 28-day window, 0 the newest. */
function use(x, id, window) {
  const rows = x.usage(id).filter((row) => {
    const ago = x.asOf - day(row.usage_date);
    return ago >= 28 * window && ago < 28 * (window + 1) && Number(row.event_count) > 0;
  });
  return {
    events: sum(rows.map((row) => Number(row.event_count))),
    users: new Set(rows.map((row) => row.user_id)).size,
    features: new Set(rows.map((row) => row.feature)).size,
    days: new Set(rows.map((row) => row.usage_date)).size,
    errors: sum(rows.map((row) => Number(row.error_count))),
  };
}

function firstStart(x, id) {
  return Math.min(
    ...x
      .subscriptions(id)
      .filter((row) => row.is_trial !== 'true')
      .map((row) => day(row.term_start)),
  );
}

/** Whole windows before the newest that lie inside the account's life, three at most. */
const pastWindows = (x, id, length) =>
  Math.min(3, Math.floor(Math.min(x.asOf - firstStart(x, id), x.asOf - x.feedStart + 1) / length) - 1);

function against(x, id, what) {
  const windows = pastWindows(x, id, 28);
  const now = use(x, id, 0)[what];
  if (windows < 1) return { now };
  return { now, past: sum([1, 2, 3].slice(0, windows).map((window) => use(x, id, window)[what])) / windows };
}

const ratio = (pair) => (pair.past === undefined ? null : { now: Math.log((pair.now + 1) / (pair.past + 1)) });

const isOpen = (x, row) =>
  !(day(row.solved_at) <= x.asOf) && !(row.solved_at === '' && /solved|closed/.test(row.status));
const solvedWithin = (x, id, days) =>
  x.tickets(id).filter((row) => x.asOf - day(row.solved_at) < days && day(row.solved_at) <= x.asOf);
const createdWithin = (x, id, from, to) =>
  x.tickets(id).filter((row) => x.asOf - day(row.created_at) >= from && x.asOf - day(row.created_at) < to);
const load = (rows) => sum(rows.map(({ priority }) => ({ urgent: 4, high: 2, normal: 1, low: 0.5 })[priority] ?? 1));
const minutes = (from, to) => Math.floor(Date.parse(`${to}Z`) / 60_000) - Math.floor(Date.parse(`${from}Z`) / 60_000);
const stays = (x, row) => !(day(row.left_date) <= x.asOf);
const due = (x, id) => x.invoices(id).filter((row) => day(row.due_date) <= x.asOf && day(row.due_date) > x.asOf - 365);
const isPaid = (x, row) => day(row.paid_date) <= x.asOf;
const paidLate = (x, row) => Math.max(0, (isPaid(x, row) ? day(row.paid_date) : x.asOf) - day(row.due_date));
const isPartnerServed = (x, id) => x.account(id)?.service_model === 'partner';
const isMeeting = (row) => ['meeting', 'video'].includes(row.channel);
/** Messages of ours; a meeting waits for no answer. */
const outbound = (x, id) =>
  x
    .interactions(id)
    .filter((row) => row.direction === 'outbound' && !isMeeting(row) && x.asOf - day(row.occurred_at) < 90);
const answered = (x, row) => day(row.responded_at) <= x.asOf;

/** The day of the last contact in which the customer took part. */
function lastTwoWay(x, id) {
  const days = x.interactions(id).flatMap((row) => {
    if (row.direction === 'inbound') return [day(row.occurred_at)];
    if (answered(x, row)) return [day(row.responded_at)];
    return isMeeting(row) ? [day(row.occurred_at)] : [];
  });
  return days.length === 0 ? null : Math.max(...days);
}

/** By feature of the model: exports and account → { now, past? } or null. */
export const MEASURES = {
  days_since_last_use(x, id) {
    const days = x
      .usage(id)
      .filter((row) => Number(row.event_count) > 0)
      .map((row) => x.asOf - day(row.usage_date));
    if (days.length > 0) return { now: Math.min(392, ...days) };
    return { now: Math.min(x.asOf - firstStart(x, id), x.asOf - x.feedStart + 1) };
  },
  event_count_28d: (x, id) => against(x, id, 'events'),
  active_users_28d: (x, id) => against(x, id, 'users'),
  feature_count_28d: (x, id) => against(x, id, 'features'),
  event_log_ratio_28d: (x, id) => ratio(against(x, id, 'events')),
  user_log_ratio_28d: (x, id) => ratio(against(x, id, 'users')),
  feature_log_ratio_28d: (x, id) => ratio(against(x, id, 'features')),
  active_days_28d: (x, id) => ({ now: use(x, id, 0).days }),
  active_weeks_12w(x, id) {
    const weeks = x
      .usage(id)
      .filter((row) => Number(row.event_count) > 0)
      .map((row) => Math.floor((x.asOf - day(row.usage_date)) / 7));
    return { now: new Set(weeks.filter((week) => week < 12)).size };
  },
  events_per_user_28d(x, id) {
    const { events, users } = use(x, id, 0);
    return users === 0 ? null : { now: events / users };
  },
  error_rate_28d(x, id) {
    const { events, errors } = use(x, id, 0);
    return events === 0 ? null : { now: errors / events };
  },
  ticket_count_90d: (x, id) => ({ now: createdWithin(x, id, 0, 90).length }),
  ticket_log_ratio_90d(x, id) {
    const blocks = pastWindows({ ...x, feedStart: x.deskStart }, id, 90);
    if (blocks < 1) return null;
    const past = sum(
      [1, 2, 3].slice(0, blocks).map((block) => load(createdWithin(x, id, 90 * block, 90 * (block + 1)))),
    );
    return { now: Math.log((load(createdWithin(x, id, 0, 90)) + 1) / (past / blocks + 1)) };
  },
  open_ticket_count: (x, id) => ({ now: x.tickets(id).filter((row) => isOpen(x, row)).length }),
  open_urgent_ticket_count: (x, id) => ({
    now: x.tickets(id).filter((row) => isOpen(x, row) && row.priority === 'urgent').length,
  }),
  first_response_hours_90d(x, id) {
    const rows = createdWithin(x, id, 0, 90).filter((row) => day(row.first_response_at) <= x.asOf);
    const value = middleOne(rows.map((row) => minutes(row.created_at, row.first_response_at)));
    return value === null ? null : { now: value / 60 };
  },
  resolution_hours_90d(x, id) {
    const value = middleOne(solvedWithin(x, id, 90).map((row) => minutes(row.created_at, row.solved_at)));
    return value === null ? null : { now: value / 60 };
  },
  reopen_rate_90d(x, id) {
    const solved = solvedWithin(x, id, 90);
    return solved.length === 0
      ? null
      : { now: solved.filter((row) => Number(row.reopen_count) > 0).length / solved.length };
  },
  days_since_two_way_contact(x, id) {
    if (isPartnerServed(x, id)) return null;
    const last = lastTwoWay(x, id);
    return { now: x.asOf - (last ?? Math.max(firstStart(x, id), x.crmStart)) };
  },
  contact_count_90d: (x, id) =>
    isPartnerServed(x, id)
      ? null
      : { now: x.interactions(id).filter((row) => x.asOf - day(row.occurred_at) < 90).length },
  outbound_count_90d: (x, id) => (isPartnerServed(x, id) ? null : { now: outbound(x, id).length }),
  unanswered_outbound_count_90d: (x, id) =>
    isPartnerServed(x, id) ? null : { now: outbound(x, id).filter((row) => !answered(x, row)).length },
  response_rate_90d(x, id) {
    const rows = isPartnerServed(x, id) ? [] : outbound(x, id);
    return rows.length < 3 ? null : { now: rows.filter((row) => answered(x, row)).length / rows.length };
  },
  known_contact_count: (x, id) => ({ now: x.contacts(id).filter((row) => stays(x, row)).length }),
  executive_count: (x, id) => roles(x, id, 'executive'),
  champion_count: (x, id) => roles(x, id, 'champion'),
  contacts_left_90d: (x, id) => ({
    now: x.contacts(id).filter((row) => !stays(x, row) && x.asOf - day(row.left_date) < 90).length,
  }),
  nps_answer_365d(x, id) {
    const rows = x.surveys(id).filter((row) => {
      const on = day(row.responded_date);
      return row.survey_type === 'nps' && row.score !== '' && on <= x.asOf && x.asOf - on < 365;
    });
    return rows.length === 0 ? null : { now: sum(rows.map((row) => Number(row.score))) / rows.length };
  },
  overdue_goal_count: (x, id) => ({
    now: x.goals(id).filter((row) => day(row.due_date) <= x.asOf && !(day(row.achieved_date) <= x.asOf)).length,
  }),
  overdue_invoice_count: (x, id) => ({ now: due(x, id).filter((row) => !(day(row.paid_date) <= x.asOf)).length }),
  overdue_invoice_days: (x, id) => ({
    now: Math.max(
      0,
      ...due(x, id)
        .filter((row) => !(day(row.paid_date) <= x.asOf))
        .map((row) => x.asOf - day(row.due_date)),
    ),
  }),
  invoice_days_late_365d(x, id) {
    const rows = due(x, id);
    return rows.length === 0 ? null : { now: sum(rows.map((row) => paidLate(x, row))) / rows.length };
  },
  event_log_ratio_84d(x, id) {
    if (Math.min(x.asOf - firstStart(x, id), x.asOf - x.feedStart + 1) < 168) return null;
    const events = (windows) => sum(windows.map((window) => use(x, id, window).events));
    return { now: Math.log((events([0, 1, 2]) + 1) / (events([3, 4, 5]) + 1)) };
  },
  events_per_seat_28d(x, id) {
    const seats = seatsOf(x, id);
    return seats > 0 ? { now: use(x, id, 0).events / seats } : null;
  },
  discount_rate(x, id) {
    const open = x.subscriptions(id).filter((row) => !(day(row.ended_at) <= x.asOf) && row.discount_percent !== '');
    return open.length === 0 ? null : { now: Math.max(...open.map((row) => Number(row.discount_percent))) / 100 };
  },
  escalated_count_90d: (x, id) => ({
    now: x.tickets(id).filter((row) => day(row.escalated_at) <= x.asOf && x.asOf - day(row.escalated_at) < 90).length,
  }),
  oldest_open_ticket_days(x, id) {
    const rows = x.tickets(id).filter((row) => {
      const touched = [row.created_at, row.updated_at, row.first_response_at].map(day).filter((on) => on <= x.asOf);
      return isOpen(x, row) && x.asOf - Math.max(...touched) < 90;
    });
    return rows.length === 0 ? null : { now: Math.max(...rows.map((row) => x.asOf - day(row.created_at))) };
  },
  is_executive_gone(x, id) {
    const rows = x.contacts(id).filter(({ role }) => role === 'executive');
    return rows.length === 0 ? null : { now: rows.some((row) => stays(x, row)) ? 0 : 1 };
  },
  days_since_csm_change(x, id) {
    const since = day(x.account(id)?.csm_since);
    return since <= x.asOf ? { now: x.asOf - since } : null;
  },
  goal_achieved_rate(x, id) {
    const rows = x.goals(id).filter((row) => day(row.due_date) <= x.asOf);
    return rows.length === 0
      ? null
      : { now: rows.filter((row) => day(row.achieved_date) <= x.asOf).length / rows.length };
  },
  milestone_completed_rate(x, id) {
    const rows = required(x, id);
    return rows.length === 0
      ? null
      : { now: rows.filter((row) => day(row.completed_date) <= x.asOf).length / rows.length };
  },
  overdue_milestone_count: (x, id) => ({
    now: required(x, id).filter((row) => day(row.planned_date) < x.asOf && !(day(row.completed_date) <= x.asOf)).length,
  }),
  expansion_won_count_365d: (x, id) => ({
    now: x.opportunities(id).filter((row) => {
      const ago = x.asOf - day(row.closed_date);
      return row.type !== 'renewal' && row.is_won === 'true' && ago >= 0 && ago < 365;
    }).length,
  }),
  open_expansion_count: (x, id) => ({
    now: x
      .opportunities(id)
      .filter(
        (row) => row.type !== 'renewal' && x.asOf - day(row.created_date) < 365 && !(day(row.closed_date) <= x.asOf),
      ).length,
  }),
};

/** Required milestones planned until the day, or done by it. */
const required = (x, id) =>
  x
    .milestones(id)
    .filter((row) => row.required === 'true' && (day(row.planned_date) <= x.asOf || day(row.completed_date) <= x.asOf));

/** Seats of the lines open on the day: of each product the newest, and of these the one with most. */
function seatsOf(x, id) {
  const newest = new Map();
  for (const row of x.subscriptions(id)) {
    if (day(row.ended_at) <= x.asOf || row.is_trial === 'true' || row.seats === '') continue;
    const before = newest.get(row.product);
    if (before === undefined || day(before.term_start) <= day(row.term_start)) newest.set(row.product, row);
  }
  return Math.max(0, ...[...newest.values()].map(({ seats }) => Number(seats)));
}

function roles(x, id, role) {
  const rows = x.contacts(id);
  if (!rows.some((row) => row.role !== '')) return null;
  return { now: rows.filter((row) => row.role === role && stays(x, row)).length };
}

/** Median of a measure over a segment's accounts. */
export const peerMedian = (x, measure, accounts) => median(accounts.map((id) => measure(x, id)?.now ?? null));

/** By kind of fact: exports, account and printed fact → { now, on, past? } from the raw rows, or null when none bears it out. */
export const FACTS = {
  decision_due(x, id, fact) {
    const open = x.subscriptions(id).filter((row) => !(day(row.ended_at) <= x.asOf) && row.term_end !== '');
    const days = open.map((row) => day(row.term_end) - (row.auto_renew === 'true' ? Number(row.notice_days) : 0));
    const found = days.find((on) => on === day(fact.fact_on));
    return found === undefined ? null : { on: found, now: found - x.asOf };
  },
  champion_left: (x, id, fact) => leftRole(x, id, 'champion', fact),
  executive_left: (x, id, fact) => leftRole(x, id, 'executive', fact),
  priority_ticket(x, id, fact) {
    const row = x.tickets(id).find(({ ticket_id, priority }) => ticket_id === fact.detail && priority === 'urgent');
    return row === undefined || !isOpen(x, row) ? null : { on: day(row.created_at), now: x.asOf - day(row.created_at) };
  },
  invoice_overdue(x, id, fact) {
    const row = x.invoices(id).find(({ invoice_id }) => invoice_id === fact.detail);
    if (row === undefined || day(row.paid_date) <= x.asOf) return null;
    const paid = x
      .invoices(id)
      .filter((other) => day(other.paid_date) <= x.asOf && day(other.paid_date) > x.asOf - 365);
    const late = paid.map((other) => Math.max(0, day(other.paid_date) - day(other.due_date)));
    return {
      on: day(row.due_date),
      now: x.asOf - day(row.due_date),
      past: late.length === 0 ? null : sum(late) / late.length,
    };
  },
  no_use(x, id) {
    const last = Math.max(
      ...x
        .usage(id)
        .filter((row) => Number(row.event_count) > 0)
        .map((row) => day(row.usage_date)),
    );
    return { on: last, now: x.asOf - last };
  },
  users_drop: (x, id) => ({ on: x.asOf, now: use(x, id, 0).users }),
  usage_drop: (x, id) => ({ on: x.asOf, now: use(x, id, 0).events }),
};

function leftRole(x, id, role, fact) {
  const all = x.contacts(id).filter((row) => row.role === role);
  const gone = all.find((row) => row.full_name === fact.detail && row.left_date === fact.fact_on);
  if (gone === undefined || stays(x, gone) || x.asOf - day(gone.left_date) >= 90) return null;
  return {
    on: day(gone.left_date),
    now: all.filter((row) => stays(x, row)).length,
    past: all.filter((row) => !(day(row.left_date) <= x.asOf - 90)).length,
  };
}
