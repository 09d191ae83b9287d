import type {
  AccountCondition,
  Alert,
  InHand,
  RankedProposal,
  SupervisorSettings,
  Suppressed,
} from '../contract/supervisor.ts';
import { addDays, type Day, daysBetween } from '../lib/dates.ts';

type Reason = Pick<Suppressed, 'why' | 'detail' | 'until'>;

/** Why a proposal is turned away before anything is weighed: no such account, out of its time, an ended account. */
export function refuseEarly(
  proposal: RankedProposal,
  condition: AccountCondition | undefined,
  day: Day,
): Reason | undefined {
  const { kind, not_before, expires } = proposal;
  if (condition === undefined) return { why: 'account_unknown', detail: null, until: null };
  if (not_before !== null && day < not_before) return { why: 'not_yet', detail: null, until: not_before };
  if (expires !== null && day > expires) return { why: 'expired', detail: `on ${expires}`, until: null };
  if (kind === 'alert' && condition.closed_as !== null) {
    return { why: 'account_closed', detail: condition.closed_as, until: null };
  }
  return undefined;
}

/** Whether someone cares for the account already, so that its alert takes no row. */
export function careOf(
  condition: AccountCondition,
  alert: Alert | undefined,
  day: Day,
  settings: SupervisorSettings,
): Pick<InHand, 'why' | 'detail' | 'until'> | undefined {
  if (alert?.state === 'worked' && alert.worked_on !== null) {
    const how = alert.is_worked_assumed ? 'assumed worked' : 'worked';
    const until = addDays(alert.worked_on, settings.cool_down_days);
    return { why: 'worked', detail: `${how} on ${alert.worked_on}`, until };
  }
  if (condition.is_onboarding) return { why: 'onboarding', detail: null, until: null };
  if (condition.open_work !== null) return { why: 'open_work', detail: condition.open_work, until: null };
  const { last_contact_on } = condition;
  if (last_contact_on === null || daysBetween(last_contact_on, day) >= settings.contact_gap_days) return undefined;
  return {
    why: 'contacted',
    detail: `on ${last_contact_on}`,
    until: addDays(last_contact_on, settings.contact_gap_days),
  };
}
