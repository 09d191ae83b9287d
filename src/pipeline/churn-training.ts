import { createHash } from 'node:crypto';
import type { CellRow, Day } from '../contract/agent.ts';
import type {
  BasisModel,
  ChurnBasis,
  ChurnModel,
  FactRecord,
  HorizonRecord,
  LeakRecord,
} from '../contract/churn-model.ts';
import type { Config } from '../contract/config.ts';
import type { FittedModel, Pool, TrainingTable } from '../contract/model.ts';
import type { Progress } from '../contract/report.ts';
import { customFeatures } from '../data/custom-features.ts';
import { auditLeaks } from '../data/leak-audit.ts';
import { observationDates } from '../data/panel.ts';
import type { Engine } from '../engine/engine.ts';
import { dayFromNumber, dayNumber } from '../lib/dates.ts';
import { createRandom, forkRandom, randomInt } from '../lib/random.ts';
import { calibrate, chooseCalibration } from '../models/calibration.ts';
import { churnRungs } from '../models/churn-rungs.ts';
import { fitHorizon } from '../models/horizons.ts';
import { shrinkRates } from '../models/interval.ts';
import { climbLadder, type LadderResult } from '../models/ladder.ts';
import { fitServing } from '../models/serving.ts';
import type { Panel } from '../models/splits.ts';
import { judgeLeaks } from './leak-verdict.ts';
import { type BasisPanel, buildPanel, readBasis } from './panel.ts';

/** Raised when the stored form of a churn model changes; one of another form is fitted again. */
export const CHURN_MODEL_SCHEMA = 4;
/** Days of the further horizons. */
const HORIZONS: readonly number[] = [30, 180];
/** Refits of the serving rung on resampled accounts: the entry interval. */
const REFITS = 20;
/**
 * Outcomes that holders of a fact must have been due at the rate of the rest before evidence can take its red away. A
 * fact that doubles the rate then shows ten or fewer of twenty by chance once in a hundred times.
 */
const MIN_EXPECTED_OUTCOMES = 10;

/** What training may use, and what it does on a leak. Progress and pool change nothing of what it finds. */
export interface TrainingHelp {
  readonly progress?: Progress | undefined;
  readonly pool?: Pool | undefined;
  /**
   * What an admitted column that knows the outcome does, unless it is allowed: stop the training with a `UserError`, or stay
   * out of the model (default), so that a nightly job goes on.
   */
  readonly onLeak?: 'refuse' | 'leave_out' | undefined;
}

/**
 * Fits the churn model on what was known by the end of `asOf`: the panel, the ladder of each basis, the rung that
 * earned it, its calibration and its refits, and what each red fact's holders did.
 */
export async function fitChurn(
  engine: Engine,
  config: Config,
  asOf: Day,
  { progress, pool, onLeak = 'leave_out' }: TrainingHelp = {},
): Promise<ChurnModel> {
  const leftOut = new Map<string, string>();
  const first = await firstDay(engine);
  const dates = first === null ? [] : observationDates(first, asOf, config.model.every);
  const fits: Record<ChurnBasis, BasisModel> = { leave: emptyBasis('leave'), renewal: emptyBasis('renewal') };
  let facts: FactRecord[] = [];
  const leaks: LeakRecord[] = [];
  if (dates.length > 0) {
    const panel = await buildPanel(engine, config, dates, asOf, progress);
    progress?.detail('looking for columns that know the outcome');
    const findings = await auditLeaks(engine, { panel, admitted: customFeatures(config) });
    const judged = judgeLeaks(findings, config, onLeak);
    leaks.push(...judged.leaks);
    for (const [feature, reason] of judged.leftOut) leftOut.set(feature, reason);
    const excluded = new Set(leftOut.keys());
    for (const basis of ['leave', 'renewal'] as const) {
      progress?.detail(`fitting: ${basis}`);
      fits[basis] = await fitBasis(await readBasis(engine, basis, asOf, excluded), basis, config, asOf, pool);
    }
    facts = await readFactRecords(engine, config, asOf);
    await engine.execute('drop table main.panel; drop table main.panel_fact');
  }
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

/** First day on which contracts and, where there is one, the usage feed give history; null without dated contracts. */
export async function firstDay(engine: Engine): Promise<Day | null> {
  const [row] = await engine.rows(
    `select case when used.first_on > paid.first_on then used.first_on else paid.first_on end as first_on
     from (select min(start_date) as first_on from contract) as paid
     cross join (select min(occurred_on) as first_on from usage_calendar) as used`,
  );
  const day = row?.['first_on'];
  return typeof day === 'string' ? day : null;
}

function emptyBasis(basis: ChurnBasis): BasisModel {
  return {
    basis,
    verdict: 'too_few_outcomes',
    sentence: 'no closed history',
    rung: null,
    outcome_count: 0,
    row_count: 0,
    first_on: null,
    last_on: null,
    base_rate: 0,
    segment_base_rates: {},
    served: null,
    calibration: null,
    refits: [],
    horizons: [],
    ladder: [],
  };
}

async function fitBasis(
  source: BasisPanel,
  basis: ChurnBasis,
  config: Config,
  asOf: Day,
  pool: Pool | undefined,
): Promise<BasisModel> {
  const { panel } = source;
  if (panel.label.length === 0) return emptyBasis(basis);
  const seed = config.seed;
  const ladder = await climbLadder(panel, {
    rungs: churnRungs(pool),
    known_by: dayNumber(asOf),
    seed,
    min_outcomes: config.model.min_outcomes,
    min_months: config.model.min_months,
  });
  const days = [...panel.observation_date];
  const rate = panel.label.reduce((sum, label) => sum + label, 0) / panel.label.length;
  const frame: BasisModel = {
    ...emptyBasis(basis),
    verdict: ladder.verdict === 'signal' ? 'model' : ladder.verdict,
    sentence: ladder.sentence,
    outcome_count: ladder.outcomes,
    row_count: panel.label.length,
    first_on: dayFromNumber(Math.min(...days)),
    last_on: dayFromNumber(Math.max(...days)),
    base_rate: rate,
    segment_base_rates: segmentRates(source),
    ladder: ladder.rows.map((row) => ({ ...row }) as CellRow),
  };
  if (ladder.rung === null) return frame;
  const served = await fitServing(ladder.rung, panel, forkRandom(seed, `serve ${basis}`), { pool });
  const calibration = calibrationOf(panel, ladder, ladder.rung);
  const refits = await refit(panel, ladder.rung, served, seed, pool);
  const horizons = basis === 'leave' ? horizonsOf(source, ladder, ladder.rung, calibration, config, asOf) : [];
  return { ...frame, rung: ladder.rung, served, calibration, refits, horizons };
}

/** Outcome rate by segment, shrunk toward the whole by as much as segments differ. */
function segmentRates({ panel, segments }: BasisPanel): Record<string, number> {
  const tally = new Map<string, { segment: string; trials: number; outcomes: number }>();
  segments.forEach((segment, i) => {
    const entry = tally.get(segment) ?? { segment, trials: 0, outcomes: 0 };
    entry.trials++;
    entry.outcomes += panel.label[i] as number;
    tally.set(segment, entry);
  });
  const { segments: rates } = shrinkRates([...tally.values()].sort((a, b) => (a.segment < b.segment ? -1 : 1)));
  return { ...rates };
}

function calibrationOf(panel: Panel, ladder: LadderResult, rung: string): BasisModel['calibration'] {
  const probability = ladder.out_of_time?.probability[rung];
  if (ladder.out_of_time === undefined || probability === undefined) return null;
  const rows = ladder.out_of_time.rows;
  const pick = (values: ArrayLike<number>) => Int32Array.from(rows, (row) => values[row] as number);
  const choice = chooseCalibration({
    probability,
    label: pick(panel.label),
    weight: Float64Array.from(rows, (row) => panel.weight[row] as number),
    account: pick(panel.account),
    origin: pick(panel.observation_date),
    closed_on: pick(panel.closed_on),
  });
  return choice.is_accepted ? { intercept: choice.calibration.intercept, slope: choice.calibration.slope } : null;
}

/** The 30- and 180-day probabilities, on the ladder's out-of-time predictions and what happened within those days. */
function horizonsOf(
  { panel, left_days, unavoidable_days }: BasisPanel,
  ladder: LadderResult,
  rung: string,
  calibration: BasisModel['calibration'],
  config: Config,
  asOf: Day,
): HorizonRecord[] {
  const predicted = ladder.out_of_time?.probability[rung];
  if (ladder.out_of_time === undefined || predicted === undefined) return [];
  const { rows } = ladder.out_of_time;
  const probability = calibration === null ? predicted : calibrate({ kind: 'platt', ...calibration }, predicted);
  const own = config.churn.horizon_days;
  return HORIZONS.filter((days) => days !== own).map((days) => {
    // The grace that the basis waits before it calls a row closed is waited here too.
    const closedOn = (row: number) => (panel.closed_on[row] as number) - own + days;
    const kept = Array.from(rows.keys()).filter((k) => {
      const row = rows[k] as number;
      const isUnavoidable = (unavoidable_days[row] as number) <= Math.min(days, left_days[row] || days);
      return closedOn(row) <= dayNumber(asOf) && !isUnavoidable;
    });
    const pick = (values: ArrayLike<number>) => Int32Array.from(kept, (k) => values[rows[k] as number] as number);
    return fitHorizon(
      {
        days,
        probability: Float64Array.from(kept, (k) => probability[k] as number),
        label: Uint8Array.from(kept, (k) => ((left_days[rows[k] as number] as number) <= days ? 1 : 0)),
        weight: Float64Array.from(kept, (k) => panel.weight[rows[k] as number] as number),
        account: pick(panel.account),
        origin: pick(panel.observation_date),
        closed_on: Int32Array.from(kept, (k) => closedOn(rows[k] as number)),
      },
      config.model.min_outcomes,
    );
  });
}

/** The whole fit again on accounts drawn with replacement; a draw of one class is drawn again. */
async function refit(
  panel: Panel,
  rung: string,
  served: FittedModel,
  seed: number,
  pool: Pool | undefined,
): Promise<FittedModel[]> {
  const accounts = panel.account.reduce((most, account) => Math.max(most, account), -1) + 1;
  const random = forkRandom(seed, 'refits');
  const models: FittedModel[] = [];
  for (let tries = 0; models.length < REFITS && tries < 4 * REFITS; tries++) {
    const times = new Float64Array(accounts);
    for (let i = 0; i < accounts; i++) {
      const drawn = randomInt(random, accounts);
      times[drawn] = (times[drawn] as number) + 1;
    }
    const weight = panel.weight.map((value, i) => value * (times[panel.account[i] as number] as number));
    if (!hasBothClasses(panel, weight)) continue;
    models.push(await fitServing(rung, { ...panel, weight }, createRandom(tries + 1), { pool, repeats: served }));
  }
  return models;
}

function hasBothClasses(table: TrainingTable, weight: Float64Array): boolean {
  let ones = false;
  let zeros = false;
  for (let i = 0; i < weight.length; i++) {
    if (!((weight[i] as number) > 0)) continue;
    if (table.label[i] === 1) ones = true;
    else zeros = true;
  }
  return ones && zeros;
}

/** What holders of each red fact did, against the accounts of the same date and basis without it. */
async function readFactRecords(engine: Engine, config: Config, asOf: Day): Promise<FactRecord[]> {
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
