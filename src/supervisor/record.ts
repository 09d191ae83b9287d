import type { CellRow, Day } from '../contract/agent.ts';
import type {
  Alert,
  Play,
  RankedProposal,
  StepResult,
  SupervisorSettings,
  SupervisorState,
} from '../contract/supervisor.ts';
import { daysBetween } from '../lib/dates.ts';
import { compareText, plainKey } from './order.ts';
import { playFor } from './plan.ts';

/** Rows of one date for the ledger tables of the same names; `run_id` is the ledger's to fill. */
export interface StepRows {
  readonly alert: readonly CellRow[];
  readonly alert_event: readonly CellRow[];
  readonly plan_action: readonly CellRow[];
}

/** What a step leaves in the ledger: each alert that changed, each event, and what became of every proposal. */
export function stepRows(result: StepResult): StepRows {
  const as_of = result.state.day;
  const actions: CellRow[] = [];
  for (const { proposal, csm, alert_id, planned_on } of result.planned) {
    actions.push({ ...actionRow(as_of, csm, alert_id, proposal), outcome: 'planned', planned_on });
  }
  for (const row of result.suppressed) {
    if (row.proposal === null) continue;
    const { why, detail, until } = row;
    actions.push({
      ...actionRow(as_of, row.csm, row.alert_id, row.proposal),
      outcome: 'suppressed',
      why,
      detail,
      until,
    });
  }
  for (const row of result.in_hand) {
    if (row.proposal === null) continue;
    const { why, detail, until } = row;
    actions.push({ ...actionRow(as_of, row.csm, row.alert_id, row.proposal), outcome: 'in_hand', why, detail, until });
  }
  return {
    alert: result.changed.map((alert) => ({ as_of, ...alert })),
    alert_event: result.events.map((event) => ({ as_of, ...event })),
    plan_action: actions,
  };
}

function actionRow(as_of: Day | null, csm: string | null, alert_id: string | null, proposal: RankedProposal): CellRow {
  const { account_id, contact_id, agent, kind, reason, value_amount, evidence } = proposal;
  return { as_of, account_id, contact_id, csm, agent, kind, reason, alert_id, value_amount, evidence };
}

/**
 * The state as the ledger knows it: the last version of each alert (`alerts_asof`) and the planned actions of the
 * last `contact_gap_days` days (`plan_action` with outcome `planned`). Columns as `stepRows` wrote them, lists as JSON
 * text. Both as of the day before the one to be stepped to, or earlier.
 */
export function restoreState(
  alertRows: readonly CellRow[],
  actionRows: readonly CellRow[],
  settings: Pick<SupervisorSettings, 'contact_gap_days'>,
): SupervisorState {
  const days = [...alertRows, ...actionRows].map((row) => text(row, 'as_of')).sort(compareText);
  const day = days.at(-1) ?? null;
  if (day === null) return { day, alerts: [], plays: [], before: null };
  const plays = new Map<string, Play>();
  for (const row of actionRows) {
    const planned_on = optional(row, 'planned_on');
    if (row.outcome !== 'planned' || planned_on === null) continue;
    if (daysBetween(planned_on, day) >= settings.contact_gap_days) continue;
    const play = playFor(
      {
        account_id: text(row, 'account_id'),
        contact_id: optional(row, 'contact_id'),
        agent: text(row, 'agent'),
        kind: text(row, 'kind') as Play['kind'],
        reason: text(row, 'reason'),
      },
      planned_on,
    );
    if (play !== undefined) plays.set(JSON.stringify(play), play);
  }
  return {
    day,
    alerts: alertRows.map(alertOf).sort((a, b) => compareText(a.alert_id, b.alert_id)),
    plays: [...plays.values()],
    before: null,
  };
}

function alertOf(row: CellRow): Alert {
  return {
    alert_id: text(row, 'alert_id'),
    account_id: text(row, 'account_id'),
    kind: text(row, 'kind') as Alert['kind'],
    csm: optional(row, 'csm'),
    opened_csm: optional(row, 'opened_csm'),
    reason: text(row, 'reason'),
    state: text(row, 'state') as Alert['state'],
    opened_on: text(row, 'opened_on'),
    shown_on: text(row, 'shown_on'),
    listed_on: optional(row, 'listed_on'),
    entered_on: text(row, 'entered_on'),
    quiet_readings: Number(row.quiet_readings ?? 0),
    quiet_on: optional(row, 'quiet_on'),
    worked_on: optional(row, 'worked_on'),
    is_worked_assumed: row.is_worked_assumed === true,
    snoozed_until: optional(row, 'snoozed_until'),
    closed_on: optional(row, 'closed_on'),
    close_reason: optional(row, 'close_reason'),
    severity: number(row, 'severity'),
    worse_on: optional(row, 'worse_on'),
    grounds: list(row, 'grounds').map(String),
    feeds: list(row, 'feeds').map(String),
    rank_key: plainKey(list(row, 'rank_key').map(Number)),
    value_amount: number(row, 'value_amount'),
  };
}

function text(row: CellRow, name: string): string {
  const value = row[name];
  if (typeof value !== 'string') throw new Error(`the ledger row has no ${name}`);
  return value;
}

function optional(row: CellRow, name: string): string | null {
  const value = row[name];
  return typeof value === 'string' ? value : null;
}

function number(row: CellRow, name: string): number | null {
  const value = row[name];
  return typeof value === 'number' ? value : null;
}

function list(row: CellRow, name: string): readonly unknown[] {
  const value = row[name];
  const parsed: unknown = typeof value === 'string' ? JSON.parse(value) : value;
  return Array.isArray(parsed) ? parsed : [];
}
