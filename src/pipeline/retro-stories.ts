import type { CellRow, Day } from '../contract/agent.ts';
import type { Config } from '../contract/config.ts';
import type { Engine } from '../engine/engine.ts';
import { daysBetween } from '../lib/dates.ts';

/** What became of a warning before an account decided to leave. */
export type LostVerdict = 'acted' | 'shown' | 'waited' | 'unseen' | 'signalled' | 'silent';

/** The story of one account that decided to leave after its first reading. Days before the decision are ≥ 1. */
export interface LostStory {
  readonly account_id: string;
  readonly name: string | null;
  readonly csm: string | null;
  readonly segment: string | null;
  readonly arr_amount: number | null;
  readonly decided_on: Day;
  readonly ended_on: Day | null;
  readonly reason_code: string | null;
  readonly is_unavoidable: boolean;
  readonly verdict: LostVerdict;
  /** First signal that a reading held: a red fact, `forecast` or `health_red`; the reading's day, and the fact's own. */
  readonly first_signal: string | null;
  readonly first_signal_on: Day | null;
  readonly first_fact_on: Day | null;
  readonly first_signal_days: number | null;
  readonly signals_seen: readonly string[];
  readonly signals_silent: readonly string[];
  /** Dates on which a list that a person could see held the account. */
  readonly shown_count: number;
  readonly first_shown_on: Day | null;
  readonly shown_reason: string | null;
  /** Days between the first such list and the decision: what there was to use. */
  readonly lead_days: number | null;
  /** Replayed dates of a first run on whose list it stood: nobody saw those. */
  readonly unseen_count: number;
  /** Why it was not shown although it had entered. */
  readonly waited_for: string | null;
  /** Decisions after the first list that did nothing for the account: `disagree`, `snooze`, `reject`, `reopen`. */
  readonly said: readonly string[];
  readonly action_count: number;
  readonly first_action: string | null;
  readonly first_action_on: Day | null;
  /** Days between the first action after the first list and the decision: what was used. */
  readonly lead_used_days: number | null;
  readonly last_read_on: Day;
  readonly last_health_score: number | null;
  readonly last_band: string | null;
  readonly last_churn_probability: number | null;
}

/** Signals beside the kinds of facts. */
const OTHER_SIGNALS = ['forecast', 'health_red'] as const;
/** A probability this many times its base rate is a signal: the rule by which accounts enter at-risk. */
const ENTRY_FACTOR = 2;

const LEAVERS = `
  create or replace table main.retro_leaver as
  with reading as (select account_id, as_of, segment, health_score, band from readings_asof($as_of::date)),
  leaver as (
    select o.account_id, o.decided_on, o.ended_on, o.reason_code, o.is_unavoidable, max(r.as_of) as last_read_on
    from main.retro_outcome as o
    join reading as r on r.account_id = o.account_id and r.as_of < o.decided_on
    where o.decided_on <= $as_of::date and o.decided_on > (select min(as_of) from reading)
    group by o.account_id, o.decided_on, o.ended_on, o.reason_code, o.is_unavoidable
  ),
  named as (select account_id, min(name) as name, min(csm) as csm from account group by account_id),
  paid as (
    select l.account_id, l.decided_on, p.arr_amount_reported,
      row_number() over (partition by l.account_id, l.decided_on order by p.observation_date desc) as newness
    from leaver as l join main.panel as p on p.account_id = l.account_id and p.observation_date < l.decided_on
  )
  select l.*, n.name, n.csm, r.segment, r.health_score, r.band, s.churn_probability, p.arr_amount_reported as arr_amount
  from leaver as l
  join reading as r on r.account_id = l.account_id and r.as_of = l.last_read_on
  left join named as n on n.account_id = l.account_id
  left join scores_asof($as_of::date) as s on s.account_id = l.account_id and s.as_of = l.last_read_on
  left join paid as p on p.account_id = l.account_id and p.decided_on = l.decided_on and p.newness = 1`;

const SIGNALS = `
  with found as (
    select f.account_id, f.as_of, f.kind, f.fact_on
    from state.fact_reading as f
    join state.run_date as d on d.run_id = f.run_id and d.as_of = f.as_of and d.superseded_by is null
    where f.is_red
    union all
    select account_id, as_of, 'forecast', null from scores_asof($as_of::date)
    where churn_probability >= $factor * base_rate
    union all
    select account_id, as_of, 'health_red', null from readings_asof($as_of::date) where band = 'red'
  )
  select l.account_id, l.decided_on, f.kind, min(f.as_of) as read_on, min(f.fact_on) as fact_on
  from main.retro_leaver as l
  join found as f on f.account_id = l.account_id and f.as_of < l.decided_on
  group by l.account_id, l.decided_on, f.kind
  order by l.account_id, l.decided_on, read_on, case when f.kind = 'decision_due' then 1 else 0 end, f.kind`;

/** Lists that held it: those of a run's own date, which a person could see, and of the weeks a first run replayed. */
const SHOWN = `
  select l.account_id, l.decided_on,
    count(distinct case when not d.is_replayed then a.as_of end) as shown_count,
    count(distinct case when d.is_replayed then a.as_of end) as unseen_count,
    min(case when not d.is_replayed then a.as_of end) as first_shown_on,
    min_by(a.reason, (d.is_replayed, a.as_of, a.alert_id)) as shown_reason
  from main.retro_leaver as l
  join state.alert as a on a.account_id = l.account_id and a.as_of < l.decided_on and a.shown_on = a.as_of
  join state.run_date as d on d.run_id = a.run_id and d.as_of = a.as_of and d.superseded_by is null
  group by l.account_id, l.decided_on
  order by l.account_id, l.decided_on`;

const WAITED = `
  select account_id, decided_on, why from (
    select l.account_id, l.decided_on, p.why,
      row_number() over (partition by l.account_id, l.decided_on order by p.as_of desc, p.why) as newness
    from main.retro_leaver as l
    join state.plan_action as p
      on p.account_id = l.account_id and p.as_of < l.decided_on and p.kind = 'alert'
      and p.outcome in ('suppressed', 'in_hand')
    join state.run_date as d
      on d.run_id = p.run_id and d.as_of = p.as_of and d.superseded_by is null and not d.is_replayed
  ) where newness = 1
  order by account_id, decided_on`;

/** What was done for each leaver before its decision, by the rule of what counts as work in a backtest (`data/panel.ts`). */
const ACTIONS = `
  select l.account_id, l.decided_on, a.done_on, a.action, a.is_done
  from main.retro_leaver as l
  join (
    select account_id, decided_on as done_on, kind as action,
      case when kind in ('done', 'approve', 'edit') then 1 else 0 end as is_done
    from decisions_asof($as_of::date)
    union all
    select account_id, occurred_on, coalesce(nullif(purpose, ''), nullif(channel, ''), 'contact'), 1
    from interaction_reading($as_of::date) where is_meeting or not is_inbound
    union all
    select account_id, started_on, coalesce(play, 'intervention'), 1 from state.intervention where started_on <= $as_of::date
  ) as a on a.account_id = l.account_id and a.done_on < l.decided_on
  order by l.account_id, l.decided_on, a.done_on, a.action`;

/**
 * The retro of every account that decided to leave by `asOf` and had a reading before. Needs the ledger's tables in
 * `state`, `main.panel` over its dates, and `main.retro_outcome`. Latest decision first.
 */
export async function lostStories(engine: Engine, config: Config, asOf: Day): Promise<LostStory[]> {
  await engine.execute(LEAVERS, { as_of: asOf });
  const leavers = await engine.rows(
    'select * from main.retro_leaver order by decided_on desc, arr_amount desc nulls last, account_id',
  );
  const signals = byDecision(await engine.rows(SIGNALS, { as_of: asOf, factor: ENTRY_FACTOR }));
  const shown = byDecision(await engine.rows(SHOWN));
  const waited = byDecision(await engine.rows(WAITED));
  const actions = byDecision(await engine.rows(ACTIONS, { as_of: asOf }));
  const watched = [
    ...Object.entries(config.facts).flatMap(([kind, { enabled, red }]) => (enabled && red ? [kind] : [])),
    ...OTHER_SIGNALS,
  ];
  return leavers.map((row) => {
    const key = keyOf(row);
    return tell(
      row,
      signals.get(key) ?? [],
      shown.get(key)?.[0],
      waited.get(key)?.[0],
      actions.get(key) ?? [],
      watched,
    );
  });
}

function tell(
  row: CellRow,
  signals: readonly CellRow[],
  shown: CellRow | undefined,
  waited: CellRow | undefined,
  actions: readonly CellRow[],
  watched: readonly string[],
): LostStory {
  const decided = String(row['decided_on']);
  const before = (day: Day | null) => (day === null ? null : daysBetween(day, decided));
  const [first] = signals;
  const seen = signals.map(({ kind }) => String(kind));
  const first_shown_on = textOf(shown?.['first_shown_on']);
  const since = first_shown_on === null ? [] : actions.filter(({ done_on }) => String(done_on) > first_shown_on);
  const after = since.filter(({ is_done }) => is_done === 1);
  const first_action_on = textOf(after[0]?.['done_on']);
  const first_signal_on = textOf(first?.['read_on']);
  const unseen_count = numberOf(shown?.['unseen_count']) ?? 0;
  return {
    account_id: String(row['account_id']),
    name: textOf(row['name']),
    csm: textOf(row['csm']),
    segment: textOf(row['segment']),
    arr_amount: numberOf(row['arr_amount']),
    decided_on: decided,
    ended_on: textOf(row['ended_on']),
    reason_code: textOf(row['reason_code']),
    is_unavoidable: row['is_unavoidable'] === true,
    verdict: verdictOf(first_shown_on !== null, after.length, waited !== undefined, unseen_count, first !== undefined),
    first_signal: textOf(first?.['kind']),
    first_signal_on,
    first_fact_on: textOf(first?.['fact_on']),
    first_signal_days: before(first_signal_on),
    signals_seen: seen,
    signals_silent: watched.filter((kind) => !seen.includes(kind)),
    shown_count: numberOf(shown?.['shown_count']) ?? 0,
    first_shown_on,
    shown_reason: textOf(shown?.['shown_reason']),
    lead_days: before(first_shown_on),
    unseen_count,
    waited_for: first_shown_on === null ? textOf(waited?.['why']) : null,
    said: since.filter(({ is_done }) => is_done === 0).map(({ action }) => String(action)),
    action_count: after.length,
    first_action: textOf(after[0]?.['action']),
    first_action_on,
    lead_used_days: before(first_action_on),
    last_read_on: String(row['last_read_on']),
    last_health_score: numberOf(row['health_score']),
    last_band: textOf(row['band']),
    last_churn_probability: numberOf(row['churn_probability']),
  };
}

function verdictOf(
  isShown: boolean,
  actions: number,
  hasWaited: boolean,
  unseen: number,
  hasSignal: boolean,
): LostVerdict {
  if (isShown) return actions > 0 ? 'acted' : 'shown';
  if (hasWaited) return 'waited';
  if (unseen > 0) return 'unseen';
  return hasSignal ? 'signalled' : 'silent';
}

function keyOf(row: CellRow): string {
  return `${String(row['account_id'])} ${String(row['decided_on'])}`;
}

function byDecision(rows: readonly CellRow[]): Map<string, CellRow[]> {
  const out = new Map<string, CellRow[]>();
  for (const row of rows) {
    const list = out.get(keyOf(row));
    if (list === undefined) out.set(keyOf(row), [row]);
    else list.push(row);
  }
  return out;
}

function textOf(value: CellRow[string] | undefined): string | null {
  return value === undefined || value === null ? null : String(value);
}

function numberOf(value: CellRow[string] | undefined): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
