import type { Day } from '../../contract/agent.ts';
import type { ChurnBasis } from '../../contract/churn-model.ts';
import type { Config } from '../../contract/config.ts';
import { BOUND_DAYS, type Engine } from '../../engine/engine.ts';
import { dayNumber } from '../../lib/dates.ts';

/** Terms shorter than this are month-to-month. */
const LONG_TERM_DAYS = 90;

/** Every active account at every tested date, and what became of it. Equally long arrays, ordered by date and account. */
export interface BacktestBook {
  readonly account_id: readonly string[];
  readonly account: Int32Array;
  /** By account number. */
  readonly ids: readonly string[];
  /** Days since 1970-01-01. */
  readonly origin: Int32Array;
  readonly basis: readonly ChurnBasis[];
  readonly segment: readonly (string | null)[];
  readonly term: readonly ('monthly' | 'long')[];
  readonly amount: Float64Array;
  /** Whether somebody worked the account within the horizon before or after the date. */
  readonly worked: Uint8Array;
  /** The same, after the date up to the day of its decision where that lies beyond the horizon. */
  readonly worked_by_decision: Uint8Array;
  /** Whether the decision lies within the horizon; month-to-month and open-ended accounts can leave any day. */
  readonly is_inside: Uint8Array;
  /** Whether the renewal model speaks of the row: a decision ahead of it and within the horizon. */
  readonly is_due: Uint8Array;
  readonly left_days: Float64Array;
  /** Of the row's own basis, and of leaving within the horizon (`all`): 1, 0, NaN = not closed or not to be judged. */
  readonly own_label: Float64Array;
  readonly all_label: Float64Array;
  /** Of paying for more: 1, 0, NaN = not closed, or nothing can be said of the account. */
  readonly expansion_label: Float64Array;
  /** `own_label`, and what could not be avoided with it: money is lost either way. */
  readonly own_outcome: Float64Array;
  /** Day (since 1970-01-01) on which the row's own label closes; NaN where nothing is asked of it. */
  readonly closed_on: Float64Array;
  /** Place of each row by date and account. */
  readonly place: ReadonlyMap<string, number>;
}

/** Key of a row in `place`. */
export function rowKey(origin: number, account_id: string): string {
  return `${origin} ${account_id}`;
}

/** Reads `main.panel` at the tested dates. Labels are those closed by the day the panel was built with. */
export async function readBook(
  engine: Engine,
  config: Config,
  tested: readonly Day[],
  knownBy: Day,
): Promise<BacktestBook> {
  const { horizon_days } = config.churn;
  const rows = await engine.columns(
    `select *, is_unavoidable::integer as unavoidable, is_worked::integer as worked,
       is_worked_by_decision::integer as worked_by_decision, $horizon as horizon
     from main.panel where observation_date in (select day from ${BOUND_DAYS})
     order by observation_date, account_id`,
    { dates: tested.join(','), horizon: horizon_days },
  );
  const account_id = rows.text('account_id').map((id) => id ?? '');
  const ids = [...new Set(account_id)].sort();
  const index = new Map(ids.map((id, at) => [id, at]));
  const origin = Int32Array.from(rows.number('observation_date'));
  const basis = rows.text('churn_basis').map((name): ChurnBasis => (name === 'renewal' ? 'renewal' : 'leave'));
  const label = rows.number('label');
  const closed_on = rows.number('closed_on');
  const unavoidable = rows.number('unavoidable');
  const unavoidable_days = rows.number('unavoidable_days');
  const left_days = rows.number('left_days');
  const decision = rows.number('decision_days_left');
  const term_days = rows.number('term_days');
  const wait = waitDays(config);
  const last = dayNumber(knownBy);
  const own_label = label.map((value, i) => {
    const isJudged = (closed_on[i] as number) <= last && !(value === 1 && unavoidable[i] === 1);
    return isJudged ? value : Number.NaN;
  });
  const all_label = left_days.map((left, i) => {
    const first = unavoidable_days[i] as number;
    const isUnavoidable = first <= horizon_days && !(left < first);
    // A monthly row without a label had left unknown to us, or is not closed.
    const isUnknown = basis[i] === 'leave' && Number.isNaN(label[i]);
    if (isUnavoidable || isUnknown || (origin[i] as number) + wait > last) return Number.NaN;
    return left <= horizon_days ? 1 : 0;
  });
  return {
    account_id,
    ids,
    account: Int32Array.from(account_id, (id) => index.get(id) as number),
    origin,
    basis,
    segment: rows.text('segment'),
    term: basis.map((name, i) =>
      name === 'renewal' || (term_days[i] as number) >= LONG_TERM_DAYS ? 'long' : 'monthly',
    ),
    amount: rows.number('arr_amount_reported'),
    worked: Uint8Array.from(rows.number('worked')),
    worked_by_decision: Uint8Array.from(rows.number('worked_by_decision')),
    is_inside: Uint8Array.from(basis, (name, i) =>
      name === 'leave' || (decision[i] as number) <= horizon_days ? 1 : 0,
    ),
    is_due: Uint8Array.from(decision, (days) => (days >= 1 && days <= horizon_days ? 1 : 0)),
    left_days,
    own_label,
    all_label,
    expansion_label: rows.number('expansion_label'),
    closed_on,
    own_outcome: label.map((value, i) => ((closed_on[i] as number) <= last ? value : Number.NaN)),
    place: new Map(account_id.map((id, i) => [rowKey(origin[i] as number, id), i])),
  };
}

/** Days after a date until leaving within the horizon is closed: the horizon, for contract chains also the grace. */
export function waitDays({ churn }: Config): number {
  return churn.horizon_days + (churn.definition === 'contract_chain' ? churn.grace_days : 0);
}

/**
 * By origin: the share of long-term accounts with no decision within the horizon that left within it all the same, from
 * dates closed by the origin, (outcomes + ½) ÷ (rows + 1). It is what is known of accounts of which no model speaks.
 */
export async function earlyLeaveRates(
  engine: Engine,
  config: Config,
  tested: readonly Day[],
): Promise<Map<number, number>> {
  const rows = await engine.rows(
    `select o.origin::varchar as origin, count(p.account_id) as row_count,
       coalesce(sum(case when p.left_days <= $horizon then 1 else 0 end), 0) as outcome_count
     from (select day as origin from ${BOUND_DAYS}) as o
     left join main.panel as p on p.observation_date + $wait <= o.origin and p.churn_basis = 'renewal'
       and not coalesce(p.decision_days_left between 1 and $horizon, false)
       and not coalesce(p.unavoidable_days <= $horizon, false)
     group by o.origin order by o.origin`,
    { dates: tested.join(','), horizon: config.churn.horizon_days, wait: waitDays(config) },
  );
  return new Map(
    rows.map((row) => [
      dayNumber(String(row['origin'])),
      (Number(row['outcome_count']) + 0.5) / (Number(row['row_count']) + 1),
    ]),
  );
}
