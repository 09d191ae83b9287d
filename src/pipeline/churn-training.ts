import { createHash } from 'node:crypto';
import type { Day } from '../contract/agent.ts';
import type { BasisModel, ChurnBasis, ChurnModel, FactRecord } from '../contract/churn-model.ts';
import type { Config } from '../contract/config.ts';
import type { ExpansionModel } from '../contract/expansion-model.ts';
import type { Pool } from '../contract/model.ts';
import type { Progress } from '../contract/report.ts';
import { customFeatures } from '../data/custom-features.ts';
import type { DateCache } from '../data/date-cache.ts';
import { auditLeaks } from '../data/leak-audit.ts';
import { observationDates, type Panel, WARM_UP_DAYS } from '../data/panel.ts';
import type { Engine } from '../engine/engine.ts';
import { longDay } from '../lib/dates.ts';
import { type BasisFit, emptyBasis, fitBasisWithEvidence } from './basis-fit.ts';
import { type ExpansionTraining, emptyExpansion, trainExpansion } from './expansion-training.ts';
import { judgeLeaks, type LeakVerdict } from './leak-verdict.ts';
import { buildPanel, readBasis } from './panel.ts';

/** Raised when the stored form of a churn model changes; one of another form is fitted again. */
export const CHURN_MODEL_SCHEMA = 5;
/**
 * Outcomes that holders of a fact must have been due at the rate of the rest before evidence can take its red away. A
 * fact that doubles the rate then shows ten or fewer of twenty by chance once in a hundred times.
 */
const MIN_EXPECTED_OUTCOMES = 10;

/** What training may use, and what it does on a leak. Progress, pool and cache change nothing of what it finds. */
export interface TrainingHelp {
  readonly progress?: Progress | undefined;
  readonly pool?: Pool | undefined;
  readonly cache?: DateCache | undefined;
  /**
   * What an admitted column that knows the outcome does, unless it is allowed: stop the training with a `UserError`, or stay
   * out of the model (default), so that a nightly job goes on.
   */
  readonly onLeak?: 'refuse' | 'leave_out' | undefined;
  /** The model that serves now: asked about the rows that the ladder predicts out of time, to be compared on them. */
  readonly champion?: ChurnModel | undefined;
  /** Fits the expansion model too, on the same panel; default no: a nightly run has no use for it. */
  readonly expansion?: { readonly champion: ExpansionModel | undefined } | undefined;
  /** What people did to accounts, see `PanelExtras`. */
  readonly worked?: string;
}

/** A fitted churn model, and what it and the champion say of rows out of time. */
export interface ChurnTraining {
  readonly model: ChurnModel;
  readonly bases: readonly BasisFit[];
  /** Where it was asked for. */
  readonly expansion?: ExpansionTraining;
}

/** `trainChurn` without what only a challenge needs. */
export async function fitChurn(
  engine: Engine,
  config: Config,
  asOf: Day,
  help: TrainingHelp = {},
): Promise<ChurnModel> {
  return (await trainChurn(engine, config, asOf, help)).model;
}

/**
 * Fits the churn model on what was known by the end of `asOf`: the panel, the ladder of each basis, the rung that
 * earned it, its calibration and its refits, and what each red fact's holders did.
 */
export async function trainChurn(
  engine: Engine,
  config: Config,
  asOf: Day,
  { progress, pool, onLeak = 'leave_out', champion, expansion: asked, worked, cache }: TrainingHelp = {},
): Promise<ChurnTraining> {
  const first = await firstDay(engine);
  const dates = first === null ? [] : observationDates(first, asOf, config.model.every);
  const bases: BasisFit[] = [];
  let facts: FactRecord[] = [];
  let judged: LeakVerdict = { leaks: [], leftOut: new Map() };
  let expansion: ExpansionTraining | undefined;
  if (dates.length > 0) {
    const panel = await buildPanel(engine, config, dates, asOf, progress, {
      expansion: asked !== undefined,
      ...(worked === undefined ? {} : { worked }),
      cache,
    });
    progress?.detail('looking for columns that know the outcome');
    judged = await auditPanel(engine, config, panel, onLeak, cache);
    for (const basis of ['leave', 'renewal'] as const) {
      progress?.detail(`fitting: ${basis}`);
      const rows = await readBasis(engine, basis, asOf, new Set(judged.leftOut.keys()), { acted: worked });
      bases.push(await fitBasisWithEvidence(rows, basis, config, asOf, { pool, champion: champion?.[basis] }));
    }
    facts = await readFactRecords(engine, config, asOf);
    if (asked !== undefined) {
      progress?.detail('fitting: expansion');
      const help = { pool, champion: asked.champion };
      expansion = await trainExpansion(engine, config, asOf, panel, judged, help);
    }
    await engine.execute('drop table main.panel; drop table main.panel_fact');
  }
  const why = dates.length > 0 ? undefined : tooShort(first);
  if (asked !== undefined) expansion ??= await emptyExpansion(engine, config, asOf, why);
  const basisOf = (name: ChurnBasis) => bases.find(({ model }) => model.basis === name)?.model ?? emptyBasis(name, why);
  const fits = { leave: basisOf('leave'), renewal: basisOf('renewal') };
  const model = assembleModel(config, asOf, fits, judged, facts);
  return { model, bases, ...(expansion === undefined ? {} : { expansion }) };
}

/** Why a history gives no observation date. */
function tooShort(first: Day | null): string {
  return first === null
    ? 'no contract and no monthly revenue says who paid, and since when'
    : `contracts and usage together begin on ${longDay(first)}, and a date to learn from needs ${WARM_UP_DAYS} days before it`;
}

/** What the leak audit makes of a panel. */
export async function auditPanel(
  engine: Engine,
  config: Config,
  panel: Panel,
  onLeak: 'refuse' | 'leave_out',
  cache?: DateCache,
): Promise<LeakVerdict> {
  return judgeLeaks(await auditLeaks(engine, { panel, admitted: customFeatures(config), cache }), config, onLeak);
}

/** The frozen model of a day from its parts; equal parts give an equal `model_id`. */
export function assembleModel(
  config: Config,
  asOf: Day,
  fits: Readonly<Record<ChurnBasis, BasisModel>>,
  { leaks, leftOut }: LeakVerdict,
  facts: readonly FactRecord[],
): ChurnModel {
  const body = {
    kind: 'churn' as const,
    schema_version: CHURN_MODEL_SCHEMA,
    feature_names: [
      ...new Set([fits.leave, fits.renewal].flatMap((basis) => basis.served?.feature_names ?? [])),
    ].sort(),
    as_of: asOf,
    churn_definition: config.churn.definition,
    horizon_days: config.churn.horizon_days,
    min_outcomes: config.model.min_outcomes,
    seed: config.seed,
    leave: fits.leave,
    renewal: fits.renewal,
    left_out: [...leftOut].sort().map(([feature, reason]) => ({ feature, reason })),
    leaks,
    facts,
  };
  const model_id = `churn-${asOf}-${createHash('sha256').update(JSON.stringify(body)).digest('hex').slice(0, 8)}`;
  return { ...body, model_id };
}

/**
 * First day on which contracts (or monthly revenue) and, where there is one, the usage feed give history; null without dated
 * contracts.
 */
export async function firstDay(engine: Engine): Promise<Day | null> {
  const [row] = await engine.rows(
    `select case when used.first_on > paid.first_on then used.first_on else paid.first_on end as first_on
     from (
       select min(first_on) as first_on
       from (select start_date as first_on from contract union all select month from mrr_month)
     ) as paid
     cross join (select min(occurred_on) as first_on from usage_calendar) as used`,
  );
  const day = row?.['first_on'];
  return typeof day === 'string' ? day : null;
}

/** What holders of each red fact did, against the accounts of the same date and basis without it. */
export async function readFactRecords(engine: Engine, config: Config, asOf: Day): Promise<FactRecord[]> {
  const rows = await engine.rows(
    `with closed as (
       select p.observation_date, p.account_id, p.churn_basis, p.label from main.panel as p
       where p.label is not null and p.closed_on <= $as_of::date and not (p.label = 1 and p.is_unavoidable)
     ),
     kind as (select distinct kind from main.panel_fact),
     marked as (
       select kind.kind, closed.*, case when f.account_id is null then 0 else 1 end as is_holder
       from closed cross join kind
       left join main.panel_fact as f
         on f.kind = kind.kind and f.observation_date = closed.observation_date and f.account_id = closed.account_id
     ),
     rest as (
       select kind, observation_date, churn_basis, count(*) as row_count, sum(label) as outcome_count
       from marked where is_holder = 0 group by kind, observation_date, churn_basis
     ),
     first_held as (
       select * from (
         select *, row_number() over (partition by kind, account_id order by observation_date) as position
         from marked where is_holder = 1
       ) where position = 1
     )
     select h.kind, count(*) as holders, sum(h.label) as outcomes,
       round(sum(cast(r.outcome_count as double) / r.row_count), 6) as expected,
       (select count(distinct account_id) from closed where label = 1) as accounts
     from first_held as h
     join rest as r on r.kind = h.kind and r.observation_date = h.observation_date and r.churn_basis = h.churn_basis
     group by h.kind order by h.kind`,
    { as_of: asOf },
  );
  return rows.map((row) =>
    judgeFact(
      {
        kind: String(row['kind']),
        holder_count: Number(row['holders']),
        holder_outcome_count: Number(row['outcomes']),
        expected_outcome_count: Number(row['expected']),
      },
      Number(row['accounts']) >= config.model.min_outcomes,
    ),
  );
}

/**
 * A fact loses its red when enough accounts left at all (`hasOutcomes`), at least ten of its holders were due to leave
 * at the rate of the rest, and no more than were due did. A fact that rules nothing in or out stays red.
 */
export function judgeFact(
  counts: Pick<FactRecord, 'kind' | 'holder_count' | 'holder_outcome_count' | 'expected_outcome_count'>,
  hasOutcomes: boolean,
): FactRecord {
  const { holder_count, holder_outcome_count, expected_outcome_count } = counts;
  return {
    ...counts,
    holder_rate: holder_count === 0 ? 0 : holder_outcome_count / holder_count,
    other_rate: holder_count === 0 ? 0 : expected_outcome_count / holder_count,
    is_demoted:
      hasOutcomes && expected_outcome_count >= MIN_EXPECTED_OUTCOMES && holder_outcome_count <= expected_outcome_count,
  };
}
