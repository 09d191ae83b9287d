import type { Day } from '../contract/agent.ts';
import type { Config } from '../contract/config.ts';
import type { Engine } from '../engine/engine.ts';
import { wilson } from '../models/interval.ts';

/** People's word against the model's, of one kind. Counts are of judgements whose horizon has closed. */
export interface PeopleRecord {
  /** `band_override`, `renewal_forecast`, `sentiment`. */
  readonly kind: string;
  readonly judged_count: number;
  readonly account_count: number;
  readonly left_count: number;
  readonly human_right_count: number;
  readonly model_right_count: number;
  /** Judgements on which the two differed, and on how many of them the person was right. */
  readonly differed_count: number;
  readonly human_right_where_differed: number;
  readonly low: number | null;
  readonly high: number | null;
  readonly sentence: string;
}

/** What people did with what was proposed, by play, template, action or alert reason. */
export interface AcceptanceRecord {
  readonly what: string;
  readonly name: string;
  readonly decided_count: number;
  readonly accepted_count: number;
  readonly refused_count: number;
  readonly snoozed_count: number;
  readonly acceptance_rate: number;
  readonly low: number;
  readonly high: number;
}

/** Fewer differing judgements than this decide nothing. */
const MIN_DIFFERED = 10;

/**
 * Judgements with a side: an override to red or green, a forecast, a sentiment other than neutral. The model's side is that
 * of the last reading in the 35 days before: its probability at least twice its base rate, where there was one, else its
 * red band. A judgement is right when the account left within the horizon, or did not.
 */
const JUDGEMENTS = `
  with said as (
    select 'band_override' as kind, account_id, said_on,
      case value when 'red' then 1 when 'green' then 0 end as says_leave
    from state.override_record where field = 'band'
    union all
    select kind, account_id, said_on, says_leave from (
      select kind, account_id, said_on,
        case
          when kind = 'renewal_forecast' and value in ('at_risk', 'lost') then 1
          when kind = 'renewal_forecast' and value in ('commit', 'most_likely') then 0
          when kind = 'sentiment' and try_cast(value as double) < 0 then 1
          when kind = 'sentiment' and try_cast(value as double) > 0 then 0
        end as says_leave
      from (
        select kind, account_id, said_on, value from calls_asof($as_of::date)
        union all
        select kind, account_id, cast(said_at as date), value from csm_call_asof($as_of::date)
        where account_id is not null
      ) as calls
    ) as sided
  ),
  closed as (
    select distinct * from said
    where says_leave is not null and said_on + $horizon + $grace <= $as_of::date
  ),
  met as (
    select c.*, r.band, s.churn_probability, s.base_rate,
      row_number() over (partition by c.kind, c.account_id, c.said_on, c.says_leave order by r.as_of desc) as newness
    from closed as c
    join readings_asof($as_of::date) as r
      on r.account_id = c.account_id and r.as_of <= c.said_on and r.as_of > c.said_on - 35
    left join scores_asof($as_of::date) as s on s.account_id = r.account_id and s.as_of = r.as_of
  ),
  judged as (
    select m.kind, m.account_id, m.says_leave,
      case
        when m.churn_probability is null then case when m.band = 'red' then 1 else 0 end
        when m.churn_probability >= 2 * m.base_rate then 1 else 0
      end as model_leave,
      case when exists (
        select 1 from main.retro_outcome as o
        where o.account_id = m.account_id and o.decided_on > m.said_on and o.decided_on <= m.said_on + $horizon
      ) then 1 else 0 end as has_left
    from met as m where m.newness = 1
  )
  select kind, count(*) as judged_count, count(distinct account_id) as account_count, sum(has_left) as left_count,
    count(case when says_leave = has_left then 1 end) as human_right,
    count(case when model_leave = has_left then 1 end) as model_right,
    count(case when says_leave <> model_leave then 1 end) as differed,
    count(case when says_leave <> model_leave and says_leave = has_left then 1 end) as human_right_where_differed
  from judged group by kind order by kind`;

/** Humans against the model, by kind of judgement; empty where none has been recorded and closed. */
export async function judgePeople(engine: Engine, config: Config, asOf: Day): Promise<PeopleRecord[]> {
  const { horizon_days, grace_days, definition } = config.churn;
  const rows = await engine.rows(JUDGEMENTS, {
    as_of: asOf,
    horizon: horizon_days,
    grace: definition === 'contract_chain' ? grace_days : 0,
  });
  return rows.map((row) => {
    const count = (name: string) => Number(row[name]);
    const differed = count('differed');
    const right = count('human_right_where_differed');
    const { low, high } = wilson(right, differed);
    const isEnough = differed >= MIN_DIFFERED;
    return {
      kind: String(row['kind']),
      judged_count: count('judged_count'),
      account_count: count('account_count'),
      left_count: count('left_count'),
      human_right_count: count('human_right'),
      model_right_count: count('model_right'),
      differed_count: differed,
      human_right_where_differed: right,
      low: isEnough ? low : null,
      high: isEnough ? high : null,
      sentence: peopleSentence(differed, right, low, high),
    };
  });
}

function peopleSentence(differed: number, right: number, low: number, high: number): string {
  if (differed === 0) return 'people and model said the same';
  const counts = `where they differed people were right ${right} of ${differed} times`;
  if (differed < MIN_DIFFERED) return `${counts}: too few to say who is better (${MIN_DIFFERED} needed)`;
  if (low > 0.5) return `${counts}: people knew better`;
  return high < 0.5 ? `${counts}: the model knew better` : `${counts}: neither knew better beyond chance`;
}

const ACCEPTANCE = `
  with decided as (
    select
      case
        when d.draft_id is not null then 'play'
        when d.action_kind is not null then 'action'
        else 'alert'
      end as what,
      coalesce(case when d.draft_id is not null then f.play end, d.action_reason, a.reason, d.action_kind, 'unnamed') as name,
      d.kind
    from decisions_asof($as_of::date) as d
    left join (select draft_id, min(play) as play from state.draft group by draft_id) as f on f.draft_id = d.draft_id
    left join alerts_asof($as_of::date) as a on a.alert_id = d.alert_id
  )
  select what, name, count(*) as decided_count,
    count(case when kind in ('approve', 'edit', 'done') then 1 end) as accepted_count,
    count(case when kind in ('reject', 'disagree') then 1 end) as refused_count,
    count(case when kind = 'snooze' then 1 end) as snoozed_count
  from decided group by what, name order by what, decided_count desc, name`;

/** How often people took what was proposed: done, approved or edited, of all they decided. */
export async function judgeAcceptance(engine: Engine, asOf: Day): Promise<AcceptanceRecord[]> {
  const rows = await engine.rows(ACCEPTANCE, { as_of: asOf });
  return rows.map((row) => {
    const decided_count = Number(row['decided_count']);
    const accepted_count = Number(row['accepted_count']);
    const { rate, low, high } = wilson(accepted_count, decided_count);
    return {
      what: String(row['what']),
      name: String(row['name']),
      decided_count,
      accepted_count,
      refused_count: Number(row['refused_count']),
      snoozed_count: Number(row['snoozed_count']),
      acceptance_rate: rate,
      low,
      high,
    };
  });
}
