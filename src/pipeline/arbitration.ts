import type { CellRow, Day, Proposal } from '../contract/agent.ts';
import type { Config } from '../contract/config.ts';
import type {
  AccountCondition,
  Decision,
  Ground,
  ProposalBook,
  RankedProposal,
  StepResult,
  SupervisorSettings,
  SupervisorState,
} from '../contract/supervisor.ts';
import type { Engine } from '../engine/engine.ts';
import { restoreState, STEP_DEFAULTS, step } from '../supervisor/index.ts';
import { unmendedFacts } from './alert-endings.ts';

/** The supervisor's settings of a configuration and a day's feeds. */
export function supervisorSettings(
  config: Config,
  staleFeeds: readonly string[],
  printedOn: Readonly<Record<string, Day>>,
): SupervisorSettings {
  const { assumed_days, cool_down_days, readings_to_close, min_reading_gap_days, suppression_calendar } = config.alerts;
  return {
    ...STEP_DEFAULTS,
    ...config.capacity,
    assumed_days,
    cool_down_days,
    readings_to_close,
    min_reading_gap_days,
    suppression_calendar,
    stale_feeds: staleFeeds,
    printed_on: printedOn,
  };
}

/** The supervisor's state as the ledger knows it, from the copies in `state`. */
export async function restoreSupervisor(
  engine: Engine,
  asOf: Day,
  settings: SupervisorSettings,
): Promise<SupervisorState> {
  const alerts = await engine.rows('select * from alerts_asof($as_of::date) order by alert_id', { as_of: asOf });
  const actions = await engine.rows(
    "select p.* from state.plan_action as p where p.outcome = 'planned' and p.as_of < $as_of::date order by as_of, account_id, agent, kind, reason",
    { as_of: asOf },
  );
  return restoreState(alerts, actions, settings);
}

/** One date of the supervisor over the proposals and accounts that stand in `finding` and `dated`. */
export async function arbitrate(
  engine: Engine,
  state: SupervisorState,
  asOf: Day,
  settings: SupervisorSettings,
): Promise<StepResult> {
  const decisions = await engine.rows('select * from decisions_asof($as_of::date) order by decision_id', {
    as_of: asOf,
  });
  return step(state, await readBook(engine, state, asOf), decisions.map(decisionOf), asOf, settings);
}

/** Relations of the exports that arbitration reads of a date; what only passes rows through is read in place. */
export const ARBITRATED = ['account_state', 'interaction_reading'] as const;

const CONDITIONS = `
  select s.account_id, s.csm, s.status, r.band, c.last_two_way_on,
    case when t.open_count > 0 then 'escalated ticket ' || t.ticket_id end as open_work
  from account_state as s
  left join finding.health_reading as r on r.account_id = s.account_id
  left join (
    select account_id, max(contact_on) as last_two_way_on from interaction_reading($as_of::date)
    where is_two_way group by account_id
  ) as c on c.account_id = s.account_id
  left join (
    select account_id, count(*) as open_count, min(ticket_id) as ticket_id from ticket_asof($as_of::date)
    where is_escalated and solved_at is null group by account_id
  ) as t on t.account_id = s.account_id
  order by s.account_id`;

/** Tables of agents that may have failed; empty, so that the supervisor still arbitrates what the others propose. */
const STAND_INS = [
  'health_reading (account_id varchar, band varchar)',
  'churn_score (account_id varchar, basis varchar, churn_probability double, churn_probability_low double, churn_probability_high double, churn_probability_30d double, churn_probability_180d double, base_rate double, expected_loss_amount double, may varchar)',
  'churn_reason (account_id varchar, position integer, source varchar, kind varchar, is_red boolean, contribution double, fact_on date, now_value double, past_value double, peer_value double, unit varchar, detail varchar, contact_id varchar)',
];

async function readBook(engine: Engine, state: SupervisorState, asOf: Day): Promise<ProposalBook> {
  for (const table of STAND_INS) await engine.execute(`create table if not exists finding.${table}`);
  const accounts = await engine.rows(CONDITIONS, { as_of: asOf });
  const rows = await engine.rows('select * from finding.proposal order by account_id, kind, agent, reason, contact_id');
  const proposals = rows.map(proposalOf);
  const entered = new Set(proposals.filter(({ kind }) => kind === 'alert').map(({ account_id }) => account_id));
  const unmended = await unmendedFacts(engine, state.alerts, entered, asOf);
  return { accounts: accounts.map((row) => conditionOf(row, unmended)), proposals };
}

const CLOSED: ReadonlySet<string> = new Set(['notice_given', 'churned', 'lapsed']);
const BANDS: ReadonlySet<string> = new Set(['green', 'yellow', 'red']);

function conditionOf(row: CellRow, unmended: ReadonlyMap<string, readonly string[]>): AccountCondition {
  const account_id = String(row['account_id']);
  const status = String(row['status']);
  const band = String(row['band']);
  return {
    account_id,
    csm: textOf(row['csm']),
    closed_as: CLOSED.has(status) ? status : null,
    band: BANDS.has(band) ? (band as 'green' | 'yellow' | 'red') : null,
    is_onboarding: false,
    is_escalated: row['open_work'] !== null,
    is_renewal_disputed: false,
    last_contact_on: textOf(row['last_two_way_on']),
    last_contact_id: null,
    open_work: textOf(row['open_work']),
    unmended: unmended.get(account_id) ?? [],
  };
}

function proposalOf(row: CellRow): RankedProposal {
  return {
    agent: String(row['agent']),
    account_id: String(row['account_id']),
    contact_id: textOf(row['contact_id']),
    kind: String(row['kind']) as Proposal['kind'],
    reason: String(row['reason']),
    evidence: String(row['evidence']),
    value_amount: typeof row['value_amount'] === 'number' ? row['value_amount'] : null,
    not_before: textOf(row['not_before']),
    expires: textOf(row['expires']),
    rank_key: (JSON.parse(String(row['rank_key'])) as (number | null)[]).map((part) => part ?? Number.NaN),
    severity: typeof row['severity'] === 'number' ? row['severity'] : null,
    grounds: JSON.parse(String(row['grounds'])) as Ground[],
  };
}

function decisionOf(row: CellRow): Decision {
  return {
    decision_id: String(row['decision_id']),
    decided_on: String(row['decided_on']),
    csm: textOf(row['csm']),
    account_id: String(row['account_id']),
    kind: String(row['kind']) as Decision['kind'],
    alert_id: textOf(row['alert_id']),
    action_kind: textOf(row['action_kind']) as Proposal['kind'] | null,
    action_reason: textOf(row['action_reason']),
    until: textOf(row['until']),
  };
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
