import type { CellRow, Day } from '../contract/agent.ts';
import type { BasisModel, HorizonRecord, ModelBasis, OutOfTimeRows } from '../contract/churn-model.ts';
import type { Config } from '../contract/config.ts';
import type { FittedModel, Pool, TrainingTable } from '../contract/model.ts';
import { dayFromNumber, dayNumber } from '../lib/dates.ts';
import { forkRandom, randomInt } from '../lib/random.ts';
import { type CalibrationChoice, calibrate, chooseCalibration } from '../models/calibration.ts';
import { fitHorizon } from '../models/horizons.ts';
import { shrinkRates } from '../models/interval.ts';
import { climbLadder, type LadderOptions, type LadderResult } from '../models/ladder.ts';
import {
  fitServingInPool,
  judgeInPool,
  type LadderName,
  replayer,
  rungsOfLadder,
  type ServingFit,
} from '../models/ladder-jobs.ts';
import { type Panel, takeColumns, takePanelRows } from '../models/splits.ts';
import { tellsTreatment } from '../models/treatment.ts';
import { championSays, evidenceOf, NO_EVIDENCE, outOfTimeRows } from './basis-evidence.ts';
import { type BasisPanel, isInformative } from './panel.ts';

/** Days of the further horizons. */
const HORIZONS: readonly number[] = [30, 180];
/** Refits of the serving rung on resampled accounts: the entry interval. */
const REFITS = 20;

/**
 * A basis of which nothing is known.
 * @param why a clause on what is missing
 */
export function emptyBasis(basis: ModelBasis, why?: string): BasisModel {
  return {
    basis,
    verdict: 'too_few_outcomes',
    sentence: `Facts, not a forecast: no closed history to learn from${why === undefined ? '' : `: ${why}`}.`,
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
    evidence: NO_EVIDENCE,
  };
}

/** What fitting may use; none of it changes what is found. */
export interface BasisHelp {
  readonly pool?: Pool | undefined;
  /** The ladder's replays of inner dates, where a caller shares them over many as-of days (`sharedReplays`). */
  readonly replay?: LadderOptions['replay'];
}

/** A fitted basis, the rows it predicted out of time, and what the champion says of those rows. */
export interface BasisFit {
  readonly model: BasisModel;
  readonly predicted: OutOfTimeRows | null;
  /** In the order of `predicted`; null without a champion or where it reads a feature that the panel lacks. */
  readonly champion: readonly number[] | null;
}

/**
 * One basis as of a day: the ladder over what had closed by then, the rung that earned it, its calibration, refits and
 * further horizons. Rows of `source` that closed later are not looked at. Its evidence is left empty: see
 * `fitBasisWithEvidence`.
 */
export async function fitBasis(
  source: BasisPanel,
  basis: ModelBasis,
  config: Config,
  asOf: Day,
  help: BasisHelp = {},
): Promise<BasisModel> {
  return (await climb(source, basis, config, asOf, help)).model;
}

/**
 * `fitBasis` with what its card says (figures out of time, second opinion, hashes), what the ladder predicted out of time, and
 * what the champion says of the same rows. Every row of `source` must have closed by the day.
 */
export async function fitBasisWithEvidence(
  source: BasisPanel,
  basis: ModelBasis,
  config: Config,
  asOf: Day,
  { champion, ...help }: BasisHelp & { readonly champion?: BasisModel | undefined } = {},
): Promise<BasisFit> {
  const { model, ladder, calibration } = await climb(source, basis, config, asOf, help);
  if (ladder === undefined) return { model, predicted: null, champion: null };
  const evidence = await evidenceOf(source, ladder, calibration?.sentence, dayNumber(asOf), config.seed, help.pool);
  const predicted = outOfTimeRows(source, ladder, basis);
  return {
    model: { ...model, evidence },
    predicted,
    champion: predicted === null || champion === undefined ? null : championSays(source, ladder, champion),
  };
}

interface Climbed {
  readonly model: BasisModel;
  readonly ladder: LadderResult | undefined;
  readonly calibration: CalibrationChoice | undefined;
}

async function climb(
  source: BasisPanel,
  basis: ModelBasis,
  config: Config,
  asOf: Day,
  { pool, replay }: BasisHelp,
): Promise<Climbed> {
  const known = closedBy(source, dayNumber(asOf));
  const { panel } = known;
  if (panel.label.length === 0) {
    const why = basis === 'expansion' ? 'no label has closed, or nobody pays a fixed price' : undefined;
    return { model: emptyBasis(basis, why), ladder: undefined, calibration: undefined };
  }
  const seed = config.seed;
  const name = ladderOf(basis);
  const ladder = await climbLadder(source.panel, {
    rungs: rungsOfLadder(name),
    known_by: dayNumber(asOf),
    seed,
    min_outcomes: config.model.min_outcomes,
    min_months: config.model.min_months,
    replay: replay ?? replayer(source.panel, name, seed, pool),
    judge: (rows, replayed, options, facts) => judgeInPool(rows, replayed, options, facts, pool),
  });
  const frame: BasisModel = {
    ...emptyBasis(basis),
    verdict: ladder.verdict === 'signal' ? 'model' : ladder.verdict,
    sentence: ladder.sentence,
    outcome_count: ladder.outcomes,
    row_count: panel.label.length,
    // Not Math.min(...): a large panel has more rows than a call may have arguments.
    first_on: dayFromNumber(panel.observation_date.reduce((a, b) => Math.min(a, b))),
    last_on: dayFromNumber(panel.observation_date.reduce((a, b) => Math.max(a, b))),
    base_rate: rateOf(panel),
    segment_base_rates: segmentRates(known),
    ladder: ladder.rows.map((row) => ({ ...row }) as CellRow),
  };
  if (ladder.rung === null) return { model: frame, ladder, calibration: undefined };
  const [served] = await fitServingInPool(ladder.rung, panel, [{ seed, purpose: `serve ${basis}` }], pool);
  if (served === undefined) throw new Error('a fit gives a model');
  // Nothing enters a list by readiness, so nothing needs its entry interval.
  const refits = basis === 'expansion' ? [] : await refit(panel, ladder.rung, served, seed, pool);
  const choice = calibrationOf(source.panel, ladder, ladder.rung);
  const calibration =
    choice?.is_accepted === true ? { intercept: choice.calibration.intercept, slope: choice.calibration.slope } : null;
  const horizons = basis === 'leave' ? horizonsOf(source, ladder, ladder.rung, calibration, config, asOf) : [];
  return {
    model: { ...frame, rung: ladder.rung, served, calibration, refits, horizons },
    ladder,
    calibration: choice,
  };
}

/** The ladder of a basis. */
export function ladderOf(basis: ModelBasis): LadderName {
  return basis === 'expansion' ? 'expansion' : 'churn';
}

/** The rows that had closed by a day as the panel of that day: accounts numbered anew, columns that tell nothing dropped. */
export function closedBy(source: BasisPanel, day: number): BasisPanel {
  const { panel } = source;
  const rows = Uint32Array.from([...panel.closed_on.keys()].filter((i) => (panel.closed_on[i] as number) <= day));
  if (rows.length === panel.label.length) return source;
  const taken = takePanelRows(panel, rows);
  const ids = [...new Set(taken.account)].sort((a, b) => a - b);
  const place = new Map(ids.map((id, index) => [id, index]));
  const pick = (values: Float64Array) => Float64Array.from(rows, (row) => values[row] as number);
  return {
    panel: {
      ...taken,
      columns: taken.columns.filter(isInformative),
      account: taken.account.map((id) => place.get(id) as number),
    },
    accounts: ids.map((id) => source.accounts[id] as string),
    segments: Array.from(rows, (row) => source.segments[row] as string),
    left_days: pick(source.left_days),
    unavoidable_days: pick(source.unavoidable_days),
    column: (name) => {
      const column = source.column(name);
      return column === undefined ? undefined : takeColumns([column], rows)[0];
    },
  };
}

/** Outcome rate of the rows that nobody acted on; without a treatment of all. */
function rateOf(panel: Panel): number {
  const { label } = panel;
  const treatment = tellsTreatment(panel) ? panel.treatment : undefined;
  let outcomes = 0;
  let rows = 0;
  for (let i = 0; i < label.length; i++) {
    if (treatment?.[i] === 1) continue;
    outcomes += label[i] as number;
    rows++;
  }
  return outcomes / rows;
}

/** Outcome rate by segment of the rows that nobody acted on, shrunk toward the whole by as much as segments differ. */
function segmentRates({ panel, segments }: BasisPanel): Record<string, number> {
  const tally = new Map<string, { segment: string; trials: number; outcomes: number }>();
  const treatment = tellsTreatment(panel) ? panel.treatment : undefined;
  segments.forEach((segment, i) => {
    if (treatment?.[i] === 1) return;
    const entry = tally.get(segment) ?? { segment, trials: 0, outcomes: 0 };
    entry.trials++;
    entry.outcomes += panel.label[i] as number;
    tally.set(segment, entry);
  });
  const { segments: rates } = shrinkRates([...tally.values()].sort((a, b) => (a.segment < b.segment ? -1 : 1)));
  return { ...rates };
}

function calibrationOf(panel: Panel, ladder: LadderResult, rung: string): CalibrationChoice | undefined {
  const probability = ladder.out_of_time?.probability[rung];
  if (ladder.out_of_time === undefined || probability === undefined) return undefined;
  const rows = ladder.out_of_time.rows;
  const pick = (values: ArrayLike<number>) => Int32Array.from(rows, (row) => values[row] as number);
  return chooseCalibration({
    probability,
    label: pick(panel.label),
    weight: Float64Array.from(rows, (row) => panel.weight[row] as number),
    account: pick(panel.account),
    origin: pick(panel.observation_date),
    closed_on: pick(panel.closed_on),
  });
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
function refit(
  panel: Panel,
  rung: string,
  served: FittedModel,
  seed: number,
  pool: Pool | undefined,
): Promise<FittedModel[]> {
  const accounts = panel.account.reduce((most, account) => Math.max(most, account), -1) + 1;
  const random = forkRandom(seed, 'refits');
  const fits: ServingFit[] = [];
  for (let tries = 0; fits.length < REFITS && tries < 4 * REFITS; tries++) {
    const times = new Float64Array(accounts);
    for (let i = 0; i < accounts; i++) {
      const drawn = randomInt(random, accounts);
      times[drawn] = (times[drawn] as number) + 1;
    }
    const weight = panel.weight.map((value, i) => value * (times[panel.account[i] as number] as number));
    if (hasBothClasses(panel, weight)) fits.push({ seed: tries + 1, weight, repeats: served });
  }
  return fitServingInPool(rung, panel, fits, pool);
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
