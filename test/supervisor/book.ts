import type {
  AccountCondition,
  Decision,
  ProposalBook,
  RankedProposal,
  SupervisorSettings,
} from '../../src/contract/supervisor.ts';
import { STEP_DEFAULTS } from '../../src/supervisor/step.ts';

/** The defaults of the config and of the step. */
export const SETTINGS: SupervisorSettings = {
  ...STEP_DEFAULTS,
  rows_per_csm: 10,
  new_per_week: 5,
  assumed_days: 7,
  cool_down_days: 28,
  readings_to_close: 2,
  min_reading_gap_days: 7,
  suppression_calendar: [],
};

/** An active account of nobody's, with nothing special about it. */
export function account(account_id: string, parts: Partial<AccountCondition> = {}): AccountCondition {
  return {
    account_id,
    csm: null,
    closed_as: null,
    band: 'yellow',
    is_onboarding: false,
    is_escalated: false,
    is_renewal_disputed: false,
    last_contact_on: null,
    last_contact_id: null,
    open_work: null,
    unmended: [],
    ...parts,
  };
}

/** An alert proposal from the churn agent on a usage fact, or what `parts` make of it. */
export function proposal(account_id: string, parts: Partial<RankedProposal> = {}): RankedProposal {
  return {
    agent: 'churn',
    account_id,
    contact_id: null,
    kind: 'alert',
    reason: 'no_use',
    evidence: '[]',
    value_amount: 1000,
    not_before: null,
    expires: null,
    rank_key: [0],
    severity: 1,
    grounds: [{ kind: 'no_use', feeds: ['usage'] }],
    ...parts,
  };
}

/** A book of the accounts named by the proposals, plus `others`. */
export function book(proposals: readonly RankedProposal[], accounts?: readonly AccountCondition[]): ProposalBook {
  const ids = [...new Set(proposals.map((one) => one.account_id))];
  return { proposals, accounts: accounts ?? ids.map((id) => account(id)) };
}

export function decision(decided_on: string, kind: Decision['kind'], parts: Partial<Decision> = {}): Decision {
  return {
    decision_id: `${decided_on}-${kind}`,
    decided_on,
    csm: null,
    account_id: 'a',
    kind,
    alert_id: null,
    action_kind: null,
    action_reason: null,
    until: null,
    ...parts,
  };
}
