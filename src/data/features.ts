/**
 * The feature catalogue: every column of the view `account_features` beside its keys, in words. Models, reasons, the
 * leak audit and docs/metrics.md read it; there is no second list. A window stands in the name: `_28d` are the days
 * (D − 28, D], `_12w` and `_84d` three such windows, D the as-of date.
 */

export type FeatureGroup = 'usage' | 'support' | 'relationship' | 'outcomes' | 'contract' | 'profile';

export interface Feature {
  /** Column of `account_features`; the unit or direction stands in the name. */
  readonly name: string;
  readonly kind: 'continuous' | 'nominal';
  readonly group: FeatureGroup;
  /** Unit of the value as it is printed. */
  readonly unit: string;
  /** Days (D − window, D] the value covers; null for a state of the day. */
  readonly window_days: number | null;
  /** Canonical table it is computed from. */
  readonly source: string;
  /** 1: higher is healthier, -1: lower is healthier, 0: neither is known beforehand. */
  readonly direction: 1 | 0 | -1;
  /** Whether someone can act on it; what cannot be acted on stands in the profile line and is never a reason. */
  readonly actionable: boolean;
  /** What it says as a reason, without its values, which stand beside it. */
  readonly reason: string;
  /** The same as a sentence; `{now}`, `{past}` and `{peer}` are filled in, a part between `[` `]` falls away with its value. */
  readonly template: string;
  readonly description: string;
}

type Spec = readonly [
  name: string,
  unit: string,
  window: number | null,
  source: string,
  direction: 1 | 0 | -1,
  reason: string,
  template: string,
  description: string,
];

function group(name: FeatureGroup, actionable: boolean, specs: readonly Spec[]): Feature[] {
  return specs.map(([feature, unit, window_days, source, direction, reason, template, description]) => ({
    name: feature,
    kind: unit === 'text' ? 'nominal' : 'continuous',
    group: name,
    unit,
    window_days,
    source,
    direction,
    actionable,
    reason,
    template,
    description,
  }));
}

const USAGE = group('usage', true, [
  [
    'days_since_last_use',
    'days',
    392,
    'usage',
    -1,
    'days without use',
    'no use for {now} days[; peers {peer}]',
    'Days from the last use to D, 392 at most; an account that never used anything counts from its start or the feed’s, whichever is later. A month’s sum without use counts 30 days.',
  ],
  [
    'event_count_28d',
    'events',
    28,
    'usage',
    1,
    'use of the product',
    '{now} events in 28 days[, was {past}][; peers {peer}]',
    'Sum of event_count; a row without a count is one event, a period row without one counts its active users.',
  ],
  [
    'active_users_28d',
    'users',
    28,
    'usage',
    1,
    'active users',
    '{now} active users in 28 days[, was {past}][; peers {peer}]',
    'The greater of the distinct user_id with use and the largest stated active_users; never a sum over periods or features.',
  ],
  [
    'peak_active_users_84d',
    'users',
    84,
    'usage',
    1,
    'peak of active users',
    'at most {now} active users in any of the last three windows[; peers {peer}]',
    'Largest active_users of the three newest 28-day windows; what seats are held against.',
  ],
  [
    'feature_count_28d',
    'features',
    28,
    'usage',
    1,
    'breadth of use',
    '{now} features used in 28 days[, was {past}][; peers {peer}]',
    'Distinct features with use.',
  ],
  [
    'active_days_28d',
    'days',
    28,
    'usage',
    1,
    'days with use',
    'used on {now} of 28 days[; peers {peer}]',
    'Days with use; missing where the export holds weekly or monthly sums.',
  ],
  [
    'active_weeks_12w',
    'weeks',
    84,
    'usage',
    1,
    'weeks with use',
    'used in {now} of the last 12 weeks[; peers {peer}]',
    'Weeks of the last 12, counted back from D, with use; a monthly sum counts as four.',
  ],
  [
    'events_per_user_28d',
    'events per user',
    28,
    'usage',
    1,
    'use per active user',
    '{now} events per active user in 28 days[; peers {peer}]',
    'event_count_28d ÷ active_users_28d; missing without active users.',
  ],
  [
    'events_per_seat_28d',
    'events per seat',
    28,
    'usage',
    1,
    'use per seat',
    '{now} events per seat in 28 days[; peers {peer}]',
    'event_count_28d ÷ seats; missing without seats.',
  ],
  [
    'seat_use_rate_28d',
    'rate',
    28,
    'usage',
    1,
    'share of seats in use',
    '{now} of the seats in use[; peers {peer}]',
    'active_users_28d ÷ seats, above 1 where more use it than pay; missing without seats.',
  ],
  [
    'event_log_ratio_28d',
    'log ratio',
    112,
    'usage',
    1,
    'use against its own past',
    'use {now} against its own last 12 weeks (log ratio)[; peers {peer}]',
    'ln((event_count_28d + 1) ÷ (mean of the up to three windows before + 1)); missing below 56 days of life or feed.',
  ],
  [
    'user_log_ratio_28d',
    'log ratio',
    112,
    'usage',
    1,
    'active users against their own past',
    'active users {now} against the last 12 weeks (log ratio)[; peers {peer}]',
    'As event_log_ratio_28d, of active users.',
  ],
  [
    'feature_log_ratio_28d',
    'log ratio',
    112,
    'usage',
    1,
    'breadth of use against its own past',
    'breadth of use {now} against the last 12 weeks (log ratio)[; peers {peer}]',
    'As event_log_ratio_28d, of distinct features.',
  ],
  [
    'event_log_ratio_84d',
    'log ratio',
    168,
    'usage',
    1,
    'use of a quarter against the quarter before',
    'use of 12 weeks {now} against the 12 weeks before (log ratio)[; peers {peer}]',
    'ln((events of windows 0–2 + 1) ÷ (events of windows 3–5 + 1)); missing below 168 days.',
  ],
  [
    'error_rate_28d',
    'rate',
    28,
    'usage',
    -1,
    'errors in use',
    '{now} errors per event[; peers {peer}]',
    'error_count ÷ event_count; missing without use.',
  ],
  [
    'hours_per_user_28d',
    'hours per user',
    28,
    'usage',
    1,
    'hours in the product',
    '{now} hours per active user in 28 days[; peers {peer}]',
    'duration_seconds ÷ 3600 ÷ active_users_28d; missing without active users.',
  ],
]);

const SUPPORT = group('support', true, [
  [
    'ticket_count_90d',
    'tickets',
    90,
    'ticket',
    0,
    'tickets opened',
    '{now} tickets in 90 days[; peers {peer}]',
    'Tickets created.',
  ],
  [
    'weighted_tickets_per_user_90d',
    'tickets per user',
    90,
    'ticket',
    -1,
    'support load per user',
    '{now} weighted tickets per active user in 90 days[; peers {peer}]',
    'Tickets created, urgent counting 4, high 2, normal 1, low ½, ÷ monthly active users (mean of the three newest windows, at least 1).',
  ],
  [
    'ticket_log_ratio_90d',
    'log ratio',
    360,
    'ticket',
    -1,
    'support load against its own past',
    'support load {now} against its own past (log ratio)[; peers {peer}]',
    'ln((weighted tickets of 90 days + 1) ÷ (mean of the up to three 90-day blocks before + 1)); missing below 180 days.',
  ],
  [
    'open_ticket_count',
    'tickets',
    null,
    'ticket',
    -1,
    'open tickets',
    '{now} tickets open[; peers {peer}]',
    'Tickets open on D.',
  ],
  [
    'open_urgent_ticket_count',
    'tickets',
    null,
    'ticket',
    -1,
    'open priority-one tickets',
    '{now} priority-one tickets open[; peers {peer}]',
    'Tickets of the highest priority open on D.',
  ],
  [
    'oldest_open_ticket_days',
    'days',
    null,
    'ticket',
    -1,
    'a ticket open for long',
    'oldest open ticket is {now} days old[; peers {peer}]',
    'Age of the oldest open ticket with an update in 90 days; missing without one.',
  ],
  [
    'first_response_hours_90d',
    'hours',
    90,
    'ticket',
    -1,
    'slow first responses',
    'first response after {now} hours (median)[; peers {peer}]',
    'Median hours to the first response to tickets created in 90 days.',
  ],
  [
    'resolution_hours_90d',
    'hours',
    90,
    'ticket',
    -1,
    'slow resolution',
    'solved after {now} hours (median)[; peers {peer}]',
    'Median hours from creation to solution of tickets solved in 90 days.',
  ],
  [
    'reopen_rate_90d',
    'rate',
    90,
    'ticket',
    -1,
    'reopened tickets',
    '{now} of solved tickets were reopened[; peers {peer}]',
    'Share of tickets solved in 90 days that were reopened; missing without a solved one.',
  ],
  [
    'escalated_count_90d',
    'tickets',
    90,
    'ticket',
    -1,
    'escalated tickets',
    '{now} tickets escalated in 90 days[; peers {peer}]',
    'Tickets escalated.',
  ],
  [
    'csat_rate_180d',
    'rate',
    180,
    'ticket',
    1,
    'satisfaction with support',
    '{now} of answers satisfied[; peers {peer}]',
    'Share of satisfied CSAT answers (top quarter of the scale), shrunk to the book’s share with the weight of five answers; missing without an answer.',
  ],
]);

const RELATIONSHIP = group('relationship', true, [
  [
    'days_since_two_way_contact',
    'days',
    null,
    'interaction',
    -1,
    'days since the last two-way contact',
    'no two-way contact for {now} days[; peers {peer}]',
    'Days since the customer last wrote, answered, called or met us; without one, since the later of the account’s start and the feed’s. Missing for partner-served accounts.',
  ],
  [
    'days_since_executive_contact',
    'days',
    null,
    'interaction',
    -1,
    'days since the last contact with an executive',
    'no contact with an executive for {now} days[; peers {peer}]',
    'The same for contacts of role executive who are still there; missing without one.',
  ],
  [
    'contact_count_90d',
    'contacts',
    90,
    'interaction',
    1,
    'contacts with us',
    '{now} contacts in 90 days[; peers {peer}]',
    'Interactions of any direction.',
  ],
  [
    'outbound_count_90d',
    'messages',
    90,
    'interaction',
    0,
    'outreach by us',
    '{now} outbound messages in 90 days[; peers {peer}]',
    'Outbound interactions.',
  ],
  [
    'unanswered_outbound_count_90d',
    'messages',
    90,
    'interaction',
    -1,
    'unanswered outreach',
    '{now} outbound messages without an answer in 90 days[; peers {peer}]',
    'Outbound interactions without a response by D; missing where the export records no responses.',
  ],
  [
    'response_rate_90d',
    'rate',
    90,
    'interaction',
    1,
    'answers to outreach',
    '{now} of outreach answered[; peers {peer}]',
    'Answered ÷ outbound; missing below three outbound.',
  ],
  [
    'known_contact_count',
    'people',
    null,
    'contact',
    1,
    'people we know there',
    '{now} people known there[; peers {peer}]',
    'Contacts who have not left.',
  ],
  [
    'executive_count',
    'people',
    null,
    'contact',
    1,
    'executives we know there',
    '{now} executives known there[; peers {peer}]',
    'Contacts of role executive who have not left; missing for an account without roles.',
  ],
  [
    'champion_count',
    'people',
    null,
    'contact',
    1,
    'champions we know there',
    '{now} champions known there[; peers {peer}]',
    'Contacts of role champion who have not left; missing for an account without roles.',
  ],
  [
    'is_executive_gone',
    'yes or no',
    null,
    'contact',
    -1,
    'the last executive has left',
    'the last executive contact has left',
    '1 when an executive was known and none is left, 0 when one is; missing when none was ever known.',
  ],
  [
    'contacts_left_90d',
    'people',
    90,
    'contact',
    -1,
    'contacts who left',
    '{now} contacts left in 90 days[; peers {peer}]',
    'Contacts whose left_date lies in the window.',
  ],
  [
    'days_since_csm_change',
    'days',
    null,
    'account',
    0,
    'a change of CSM',
    'CSM changed {now} days ago',
    'Days since csm_since.',
  ],
  [
    'nps_answer_365d',
    'points of 10',
    365,
    'survey',
    1,
    'NPS answers',
    'NPS answers average {now} of 10[; peers {peer}]',
    'Mean nps_answer (0–10); missing without an answer.',
  ],
  [
    'csm_sentiment_value',
    'call from -2 to 2',
    90,
    'csm_call',
    1,
    'the CSM’s call',
    'the CSM calls it {now} (-2 to 2)',
    'Newest sentiment call of 90 days.',
  ],
]);

const OUTCOMES = group('outcomes', true, [
  [
    'goal_achieved_rate',
    'rate',
    null,
    'goal',
    1,
    'goals achieved',
    '{now} of due goals achieved[; peers {peer}]',
    'Weight of achieved due goals ÷ weight of due goals; missing before one is due.',
  ],
  [
    'overdue_goal_count',
    'goals',
    null,
    'goal',
    -1,
    'goals overdue',
    '{now} goals overdue[; peers {peer}]',
    'Goals due on or before D and not achieved.',
  ],
  [
    'milestone_completed_rate',
    'rate',
    null,
    'milestone',
    1,
    'milestones completed',
    '{now} of required milestones completed[; peers {peer}]',
    'Required milestones completed ÷ required.',
  ],
  [
    'overdue_milestone_count',
    'milestones',
    null,
    'milestone',
    -1,
    'milestones overdue',
    '{now} milestones overdue[; peers {peer}]',
    'Required milestones planned before D and not completed.',
  ],
  [
    'invoice_days_late_365d',
    'days',
    365,
    'invoice',
    -1,
    'late payment',
    'invoices paid {now} days late on average[; peers {peer}]',
    'Mean days after the due date of invoices due in 365 days, unpaid ones to D; missing where no payment is recorded.',
  ],
  [
    'overdue_invoice_count',
    'invoices',
    365,
    'invoice',
    -1,
    'unpaid invoices',
    '{now} invoices overdue[; peers {peer}]',
    'Invoices due in 365 days and unpaid on D.',
  ],
  [
    'overdue_invoice_days',
    'days',
    365,
    'invoice',
    -1,
    'an invoice unpaid for long',
    'an invoice {now} days overdue[; peers {peer}]',
    'Days the oldest of them is overdue; 0 without one.',
  ],
  [
    'expansion_won_count_365d',
    'deals',
    365,
    'opportunity',
    1,
    'expansion won',
    '{now} expansions won in 12 months[; peers {peer}]',
    'Won opportunities other than renewals.',
  ],
  [
    'open_expansion_count',
    'deals',
    365,
    'opportunity',
    1,
    'expansion under way',
    '{now} expansions under way[; peers {peer}]',
    'Opportunities other than renewals created in 365 days and not closed.',
  ],
]);

const CONTRACT = group('contract', true, [
  [
    'decision_days',
    'days',
    null,
    'contract',
    0,
    'nearness of the decision',
    'decision in {now} days',
    'Days from D to the decision date: notice deadline of a self-renewing contract, else term end.',
  ],
  [
    'discount_rate',
    'rate',
    null,
    'contract',
    0,
    'discount',
    'discount of {now}[; peers {peer}]',
    'Largest discount of the open lines.',
  ],
]);

const PROFILE = group('profile', false, [
  [
    'tenure_days',
    'days',
    null,
    'contract',
    1,
    'tenure',
    'customer for {now} days',
    'Days since the start of the first paid contract.',
  ],
  [
    'arr_amount',
    'money',
    null,
    'contract',
    0,
    'size',
    'ARR {now}',
    'Annual recurring revenue in the reporting currency.',
  ],
  ['seats', 'seats', null, 'contract', 0, 'seats', '{now} seats', 'Seats of the open lines.'],
  [
    'line_count',
    'lines',
    null,
    'contract',
    1,
    'number of contract lines',
    '{now} contract lines',
    'Open contract lines.',
  ],
  [
    'term_days',
    'days',
    null,
    'contract',
    0,
    'length of term',
    'term of {now} days',
    'Length of the current term of the principal line.',
  ],
  [
    'days_since_last_contract',
    'days',
    null,
    'contract',
    0,
    'age of the newest contract',
    'newest contract {now} days old',
    'Days since the newest start.',
  ],
  [
    'ended_contract_count',
    'contracts',
    null,
    'contract',
    0,
    'contracts ended before',
    '{now} contracts ended before',
    'Contracts of the account that have ended.',
  ],
  [
    'is_auto_renew',
    'yes or no',
    null,
    'contract',
    0,
    'self-renewing contract',
    'contract renews by itself: {now}',
    '1 when the principal line renews by itself, 0 when not; missing when unknown.',
  ],
  ['plan', 'text', null, 'contract', 0, 'plan', 'plan {now}', 'Plan of the principal line.'],
]);

/** All features, in the order of the columns of `account_features`. */
export const FEATURES: readonly Feature[] = [
  ...USAGE,
  ...SUPPORT,
  ...RELATIONSHIP,
  ...OUTCOMES,
  ...CONTRACT,
  ...PROFILE,
];

/** The feature of a name; throws for one that is not in the catalogue. */
export function featureNamed(name: string): Feature {
  const found = FEATURES.find((feature) => feature.name === name);
  if (found === undefined) throw new Error(`${name} is not in the feature catalogue`);
  return found;
}

/** Values of a reason, as text; a missing past or peer drops the part of the sentence that speaks of it. */
export interface ReasonValues {
  readonly now: string;
  readonly past?: string;
  readonly peer?: string;
}

/** A feature's sentence with its values: "12 events in 28 days, was 40; peers 55". */
export function reasonText(feature: Feature, values: ReasonValues): string {
  const parts = feature.template.replaceAll(/\[([^\]]*)\]/g, (_whole, part: string) => {
    if (part.includes('{past}')) return values.past === undefined ? '' : part;
    return values.peer === undefined ? '' : part;
  });
  return parts
    .replaceAll('{now}', values.now)
    .replaceAll('{past}', values.past ?? '')
    .replaceAll('{peer}', values.peer ?? '');
}
