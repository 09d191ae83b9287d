import type { Day } from '../contract/agent.ts';
import type { FactRecord } from '../contract/churn-model.ts';
import type { Config } from '../contract/config.ts';
import type { Engine } from '../engine/engine.ts';
import { judgeFact } from './churn-training.ts';

/** What holders of a red fact did, as the readings of past runs held it. */
export type FactEvidence = FactRecord;

/** Each account counts once, at the first reading that held the fact, against those of the date and basis without it. */
const HELD = `
  with closed as (
    select p.observation_date, p.account_id, p.churn_basis, p.label from main.panel as p
    join readings_asof($as_of::date) as r on r.account_id = p.account_id and r.as_of = p.observation_date
    where p.label is not null and p.closed_on <= $as_of::date and not (p.label = 1 and p.is_unavoidable)
  ),
  held as (
    select distinct f.as_of, f.account_id, f.kind from state.fact_reading as f
    join state.run_date as d on d.run_id = f.run_id and d.as_of = f.as_of and d.superseded_by is null
    where f.is_red
  ),
  marked as (
    select kind.kind, closed.*, case when h.account_id is null then 0 else 1 end as is_holder
    from closed cross join (select distinct kind from held) as kind
    left join held as h
      on h.kind = kind.kind and h.as_of = closed.observation_date and h.account_id = closed.account_id
  ),
  rest as (
    select kind, observation_date, churn_basis, count(*) as row_count, sum(label) as outcome_count
    from marked where is_holder = 0 group by kind, observation_date, churn_basis
  ),
  first_held as (
    select *, row_number() over (partition by kind, account_id order by observation_date) as position
    from marked where is_holder = 1
  )
  select h.kind, count(*) as holders, sum(h.label) as outcomes,
    round(sum(cast(r.outcome_count as double) / r.row_count), 6) as expected,
    (select count(distinct account_id) from closed where label = 1) as leavers
  from first_held as h
  join rest as r on r.kind = h.kind and r.observation_date = h.observation_date and r.churn_basis = h.churn_basis
  where h.position = 1
  group by h.kind order by h.kind`;

/** Red facts against what happened, by the rule under which training takes their red away. */
export async function judgeFacts(engine: Engine, config: Config, asOf: Day): Promise<FactEvidence[]> {
  const rows = await engine.rows(HELD, { as_of: asOf });
  return rows.map((row) =>
    judgeFact(
      {
        kind: String(row['kind']),
        holder_count: Number(row['holders']),
        holder_outcome_count: Number(row['outcomes']),
        expected_outcome_count: Number(row['expected']),
      },
      Number(row['leavers']) >= config.model.min_outcomes,
    ),
  );
}
