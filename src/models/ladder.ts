import { dayFromNumber } from '../lib/dates.ts';
import { forkRandom } from '../lib/random.ts';
import { type FamilyResult, testFamily } from './family-test.ts';
import { bootstrapMetric } from './metrics/bootstrap.ts';
import { type ClusteredMean, clusteredMean, pairedDifference } from './metrics/paired.ts';
import { logLosses } from './metrics/probability.ts';
import { METRICS } from './metrics/registry.ts';
import { clustersOf } from './metrics/replicates.ts';
import { joinReplays, type Replay, type Replayed, replaySplit, type SplitReplay, wholeLadder } from './replay.ts';
import type { Rung } from './rungs.ts';
import { innerOrigins, type OriginSplit, type Panel, takePanelRows } from './splits.ts';

export interface LadderOptions {
  /** Rungs in any order; the base rate is added when it is not among them. */
  readonly rungs: readonly Rung[];
  /** Day of the outer origin, days since 1970-01-01: nothing that closed later is looked at. */
  readonly known_by: number;
  readonly seed: number;
  /** Distinct accounts with the outcome below which no verdict is given. Default 30. */
  readonly min_outcomes?: number;
  /** Calendar months of closed history below which no verdict is given. Default 12. */
  readonly min_months?: number;
  /** Inner origins compared on, the latest ones. Default 12. */
  readonly origins?: number;
  /** Accounts with the outcome that each inner training side must hold. Default 10. */
  readonly min_train_outcomes?: number;
  /** One-sided family-wise level. Default 0.02. */
  readonly family_level?: number;
  /**
   * Where the replay of an inner origin comes from, for callers that judge many outer origins over one panel
   * (`sharedReplays`) or hand dates to threads (`replayer`); it is asked for all of them at once. Default: every rung is fitted
   * here, date by date. Must give what `replaySplit` gives.
   */
  readonly replay?: (split: OriginSplit) => Promise<SplitReplay>;
  /** Who judges, for callers that hand it to a thread (`judgeInPool`). Default, and what it must give: `judgeReplay`. */
  readonly judge?: (panel: Panel, replay: Replay, options: JudgeOptions, facts: LadderFacts) => Promise<LadderResult>;
  /** Bootstrap draws of the test (default 2000) and of the AUC intervals (default 200). */
  readonly replicates?: number;
  readonly auc_replicates?: number;
}

/** One rung of the printed table. Losses and gains in nats a row, out of time. */
export interface LadderRow {
  readonly rung: string;
  readonly title: string;
  readonly complexity: number;
  readonly status: 'compared' | 'skipped';
  /** Why it was skipped; `null` when compared. */
  readonly reason: string | null;
  readonly log_loss: number;
  readonly log_loss_se: number;
  /** Log loss of the base rate known at each origin, less this rung's: above 0 is better. */
  readonly gain: number;
  readonly gain_se: number;
  /** One-sided, family-wise over all rungs; 1 for the base rate. */
  readonly p_value: number;
  readonly beats_base: boolean;
  /** Outcome-weighted mean within origins, and its 90 % interval by account. */
  readonly auc: number;
  readonly auc_low: number;
  readonly auc_high: number;
  readonly is_taken: boolean;
  /** What a reader may be misled by, or `null`. */
  readonly note: string | null;
}

export type LadderVerdict = 'signal' | 'no_signal' | 'too_few_outcomes';

/** Which rung serves, and the evidence. */
export interface LadderResult {
  readonly verdict: LadderVerdict;
  /** The rung taken; `null` unless the verdict is `signal`. */
  readonly rung: string | null;
  /** Simplest first; empty where there were too few outcomes. */
  readonly rows: readonly LadderRow[];
  /** One sentence for the header of a list. */
  readonly sentence: string;
  /** Distinct accounts with a closed outcome, and calendar months of closed observation dates. */
  readonly outcomes: number;
  readonly months: number;
  /** Inner origins compared on, `YYYY-MM-DD`. */
  readonly origins: readonly string[];
  /** Out-of-time predictions of every compared rung on the inner origins, for calibration; undefined when too few. */
  readonly out_of_time: OutOfTime | undefined;
}

export interface OutOfTime {
  /** Rows of the panel, origin by origin. */
  readonly rows: Uint32Array;
  /** Probabilities by rung name, in the order of `rows`. */
  readonly probability: Readonly<Record<string, Float64Array>>;
}

/**
 * The decision rule. Every rung is fitted on what was known at each inner origin and predicts that origin's rows; log
 * losses are compared row by row, clustered by account. Only rungs that beat the base rate known at each origin at a
 * one-sided family-wise 2 % (max-T bootstrap over all rungs, see `testFamily`) can be taken: the best of them, or a simpler
 * one of them whose loss is less than one standard error of their paired difference above it. When none does, the verdict is
 * `no_signal`, whatever the AUCs say.
 *
 * Where the ladder has a floor (`Rung.isFloor`), the same test must hold against that too.
 *
 * Where the base rate drifts, a model whose features grow with time follows it better than the rate of all years and still
 * tells no account from another. So the same test must hold against the rung's own mean of each date, and its loss must
 * be below that of the base rate of the last three months too.
 */
export async function climbLadder(panel: Panel, options: LadderOptions): Promise<LadderResult> {
  const { min_outcomes = 30, min_months = 12, origins: originCount = 12, min_train_outcomes = 10 } = options;
  const { outcomes, months } = closedHistory(panel, options.known_by);
  const tooFew = (sentence: string): LadderResult => ({
    verdict: 'too_few_outcomes',
    rung: null,
    rows: [],
    sentence,
    outcomes,
    months,
    origins: [],
    out_of_time: undefined,
  });
  if (outcomes < min_outcomes)
    return tooFew(`Facts, not a forecast: ${outcomes} outcomes here, ${min_outcomes} needed.`);
  if (months < min_months) {
    return tooFew(`Facts, not a forecast: ${months} months of closed history here, ${min_months} needed.`);
  }
  const splits = innerOrigins(panel, options.known_by, originCount, min_train_outcomes);
  if (splits.length === 0) {
    return tooFew(`Facts, not a forecast: no date has ${min_train_outcomes} earlier outcomes to learn from.`);
  }
  const rungs = wholeLadder(options.rungs);
  const { replay, judge } = options;
  let replays: SplitReplay[] = [];
  if (replay !== undefined) replays = await Promise.all(splits.map(replay));
  else for (const split of splits) replays.push(await replaySplit(panel, rungs, split, options.seed));
  const facts = { outcomes, months, origins: splits.map((split) => dayFromNumber(split.origin)) };
  const joined = joinReplays(replays);
  return judge === undefined
    ? judgeReplay(panel, joined, options, facts)
    : judge(panel, joined, judgeOptionsOf(options), facts);
}

/** Distinct accounts with an outcome closed by the day, and calendar months of dates with closed rows. */
export function closedHistory(panel: Panel, knownBy: number): { outcomes: number; months: number } {
  const accounts = new Set<number>();
  const dates = new Set<number>();
  for (let i = 0; i < panel.label.length; i++) {
    if ((panel.closed_on[i] as number) > knownBy || !((panel.weight[i] as number) > 0)) continue;
    dates.add(panel.observation_date[i] as number);
    if (panel.label[i] === 1) accounts.add(panel.account[i] as number);
  }
  const months = new Set([...dates].map((date) => dayFromNumber(date).slice(0, 7)));
  return { outcomes: accounts.size, months: months.size };
}

/** What a verdict rests on beside the predictions. */
export type LadderFacts = Pick<LadderResult, 'outcomes' | 'months' | 'origins'>;

/** What the decision rule reads of the options. */
export type JudgeOptions = Pick<LadderOptions, 'seed' | 'family_level' | 'replicates' | 'auc_replicates'>;

/** Those of the options that are plain data. */
function judgeOptionsOf({ seed, family_level, replicates, auc_replicates }: LadderOptions): JudgeOptions {
  return {
    seed,
    ...(family_level === undefined ? {} : { family_level }),
    ...(replicates === undefined ? {} : { replicates }),
    ...(auc_replicates === undefined ? {} : { auc_replicates }),
  };
}

/** The decision rule over a replay, whoever fitted it: which rung, if any, is taken, and the table of all. */
export function judgeReplay(panel: Panel, replay: Replay, options: JudgeOptions, facts: LadderFacts): LadderResult {
  const { family_level = 0.02, replicates = 2000, auc_replicates = 200, seed } = options;
  const rows = takePanelRows(panel, replay.rows);
  const compared = replay.rungs.filter((entry) => entry.reason === null);
  const losses = compared.map((entry) => logLosses(entry.probability, rows.label));
  const means = losses.map((loss) => clusteredMean(loss, rows.account, rows.weight));
  const lossOf = (k: number): number => means[k]?.mean ?? Number.NaN;
  const base = losses[0] as Float64Array;
  const rivals = [...compared.keys()].slice(1);
  const gains = rivals.map((k) => (losses[k] as Float64Array).map((value, i) => (base[i] as number) - value));
  const clusters = clustersOf(rows.account);
  const family = testFamily(gains, clusters, rows.weight, forkRandom(seed, 'ladder'), replicates);
  // What a rung owes to knowing the date better than the base rate does tells no account from another.
  const apart = rivals.map((k) => {
    const level = logLosses(dateMeans((compared[k] as Replayed).probability, rows), rows.label);
    return level.map((value, i) => value - ((losses[k] as Float64Array)[i] as number));
  });
  const within = testFamily(apart, clusters, rows.weight, forkRandom(seed, 'ladder within dates'), replicates);
  const overFloors = floorsOf(compared).map((floor) => {
    const ahead = rivals.map((k) => (losses[floor] as Float64Array).map((loss, i) => loss - at(losses[k], i)));
    const random = forkRandom(seed, `ladder over ${(compared[floor] as Replayed).rung.name}`);
    return testFamily(ahead, clusters, rows.weight, random, replicates);
  });
  const resultOf = (k: number): FamilyResult | undefined => {
    const place = rivals.indexOf(k);
    const overBase = family[place];
    if (overBase === undefined) return undefined;
    const others = [within, ...overFloors].map((results) => results[place]);
    const p_value = Math.max(
      overBase.p_value,
      ...others.map((other) => (other !== undefined && other.mean > 0 ? other.p_value : 1)),
    );
    return { ...overBase, p_value };
  };
  const leastBase = Math.min(
    ...compared.map(({ rung }, k) => (rung.isBase === true ? lossOf(k) : Number.POSITIVE_INFINITY)),
  );
  const isSure = (k: number): boolean => {
    const result = resultOf(k);
    return result !== undefined && result.mean > 0 && result.p_value <= family_level;
  };
  const floors = floorsOf(compared).map((k) => (compared[k] as Replayed).rung.title);
  const isOverBase = (k: number): boolean => {
    const [overBase, overLevel] = [family[rivals.indexOf(k)], within[rivals.indexOf(k)]];
    const isOver = (result: FamilyResult | undefined) =>
      result !== undefined && result.mean > 0 && result.p_value <= family_level;
    return isOver(overBase) && isOver(overLevel) && lossOf(k) < leastBase;
  };
  const floorNote = (k: number): string | null => {
    if (isSure(k) || !isOverBase(k)) return null;
    return compared[k]?.rung.isFloor === true ? 'is never taken' : `no better than ${floors.join(', ')}`;
  };
  const beats = compared.map(({ rung }, k) => rung.isBase !== true && isSure(k) && lossOf(k) < leastBase);
  const taken = takeRung(compared, losses, beats, rows);
  const table = replay.rungs.map((entry): LadderRow => {
    const k = compared.indexOf(entry);
    const head = { rung: entry.rung.name, title: entry.rung.title, complexity: entry.rung.complexity };
    if (k < 0) return { ...head, ...SKIPPED, reason: entry.reason };
    const loss = means[k] as ClusteredMean;
    const result = resultOf(k);
    const auc = bootstrapMetric(
      METRICS.roc_auc,
      { score: entry.probability, label: rows.label, weight: rows.weight },
      rows.account,
      forkRandom(seed, 'auc'),
      { origin: rows.observation_date, replicates: auc_replicates },
    );
    const beats_base = beats[k] === true;
    return {
      ...head,
      status: 'compared',
      reason: null,
      log_loss: loss.mean,
      log_loss_se: loss.standard_error,
      gain: result?.mean ?? 0,
      gain_se: result?.standard_error ?? 0,
      p_value: result?.p_value ?? 1,
      beats_base,
      auc: auc.value,
      auc_low: auc.low,
      auc_high: auc.high,
      is_taken: entry === taken,
      note: beats_base ? null : (floorNote(k) ?? noteOf(isSure(k), auc.low)),
    };
  });
  table.sort((a, b) => a.complexity - b.complexity || (a.rung < b.rung ? -1 : 1));
  return {
    verdict: taken === undefined ? 'no_signal' : 'signal',
    rung: taken?.rung.name ?? null,
    rows: table,
    sentence: sentenceOf(table, facts, floors, [...compared.keys()].some(isOverBase)),
    ...facts,
    out_of_time: {
      rows: replay.rows,
      probability: Object.fromEntries(compared.map((entry) => [entry.rung.name, entry.probability])),
    },
  };
}

/** Places of the rungs that every other must beat beside the base rate. */
function floorsOf(compared: readonly Replayed[]): number[] {
  return compared.flatMap(({ rung }, k) => (rung.isFloor === true ? [k] : []));
}

function at(values: Float64Array | undefined, i: number): number {
  return values?.[i] ?? Number.NaN;
}

/** Why a rung with something to show is not taken; null where it has nothing to show. */
function noteOf(isSure: boolean, aucLow: number): string | null {
  if (isSure) return 'follows a base rate that drifts: no better than that of the last three months';
  return aucLow > 0.5 ? 'ranks, but its probabilities are no better than the base rate' : null;
}

/** Each row's probability replaced by the mean of its date, which is all that a rung says of the date. */
function dateMeans(probability: Float64Array, { observation_date, weight }: Panel): Float64Array {
  const sums = new Map<number, { value: number; weight: number }>();
  for (let i = 0; i < probability.length; i++) {
    const date = observation_date[i] as number;
    const sum = sums.get(date) ?? { value: 0, weight: 0 };
    sum.value += (weight[i] as number) * (probability[i] as number);
    sum.weight += weight[i] as number;
    sums.set(date, sum);
  }
  return probability.map((own, i) => {
    const sum = sums.get(observation_date[i] as number);
    return sum === undefined || sum.weight === 0 ? own : sum.value / sum.weight;
  });
}

const SKIPPED = {
  status: 'skipped',
  log_loss: Number.NaN,
  log_loss_se: Number.NaN,
  gain: Number.NaN,
  gain_se: Number.NaN,
  p_value: Number.NaN,
  beats_base: false,
  auc: Number.NaN,
  auc_low: Number.NaN,
  auc_high: Number.NaN,
  is_taken: false,
  note: null,
} as const;

/** Best of those that beat the base; then the simplest of those within one standard error of it. */
function takeRung(
  compared: readonly Replayed[],
  losses: readonly Float64Array[],
  beats: readonly boolean[],
  rows: Panel,
): Replayed | undefined {
  const candidates = compared
    .map((entry, k) => ({ entry, loss: losses[k] as Float64Array }))
    .filter((_, k) => beats[k] === true)
    .map((candidate) => ({ ...candidate, mean: clusteredMean(candidate.loss, rows.account, rows.weight).mean }))
    .sort((a, b) => a.mean - b.mean);
  const best = candidates[0];
  if (best === undefined) return undefined;
  const asGood = candidates.filter((candidate) => {
    if (candidate === best) return true;
    const gap = pairedDifference(candidate.loss, best.loss, rows.account, rows.weight);
    const isAsGood = gap.mean <= 0 || gap.mean < gap.standard_error;
    return candidate.entry.rung.complexity < best.entry.rung.complexity && isAsGood;
  });
  return asGood.sort((a, b) => a.entry.rung.complexity - b.entry.rung.complexity || a.mean - b.mean)[0]?.entry;
}

/**
 * @param floors titles of the rungs that are never taken and that every other must beat
 * @param isBaseBeaten a rung beats the base rate, beyond chance
 */
function sentenceOf(
  table: readonly LadderRow[],
  facts: LadderFacts,
  floors: readonly string[],
  isBaseBeaten: boolean,
): string {
  const over = `${facts.origins.length} ${facts.origins.length === 1 ? 'date' : 'dates'}, ${facts.outcomes} outcomes`;
  const taken = table.find((row) => row.is_taken);
  const base = table.find((row) => row.rung === 'base_rate');
  if (taken !== undefined && base !== undefined) {
    return (
      `${capital(taken.title)} beats the base rate out of time: log loss ${taken.log_loss.toFixed(4)} against ` +
      `${base.log_loss.toFixed(4)} (family-wise p = ${taken.p_value.toFixed(4)}; ${over}).`
    );
  }
  if (floors.length > 0 && isBaseBeaten) return `No signal: no model beats ${floors.join(', ')} out of time (${over}).`;
  const ranking = table
    .filter((row) => row.note !== null && row.auc_low > 0.5 && !floors.includes(row.title))
    .sort((a, b) => b.auc - a.auc)
    .at(0);
  const tail =
    ranking === undefined
      ? ''
      : ` ${capital(ranking.title)} ranks (AUC ${ranking.auc.toFixed(2)}), but its probabilities are no better than the base rate.`;
  return `No signal: no model beats the base rate out of time (${over}).${tail}`;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
