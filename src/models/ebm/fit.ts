import { createHash } from 'node:crypto';
import type { FeatureColumn, Pool, TrainingTable } from '../../contract/model.ts';
import { dayFromNumber } from '../../lib/dates.ts';
import { UserError } from '../../lib/errors.ts';
import { forkRandom } from '../../lib/random.ts';
import { checkTable, type TableFacts } from '../logistic.ts';
import { TREATMENT } from '../treatment.ts';
import { assemble, type RawBag } from './assembly.ts';
import type { BagTable } from './bag.ts';
import { binWeights, groupCount, pairGroups } from './binning.ts';
import { binColumns, runMains, runPairs } from './jobs.ts';
import type { StepLimits } from './leaf-search.ts';
import type { MainsResult } from './mains.ts';
import { pairProof, unproven } from './pair-proof.ts';
import { choosePairs, twinTest } from './pair-ranking.ts';
import type { PairsResult } from './pairs.ts';
import { heldOut, meanOne, minLeafRows, rowTaker, type UsedRows, usedRows } from './rows.ts';
import { completeSettings, shrinkSettings } from './settings.ts';
import { forThreads } from './thread-memory.ts';
import {
  type BinnedColumn,
  type BinnedTable,
  binCount,
  type EbmFeature,
  type EbmModel,
  type EbmParams,
} from './types.ts';

export interface FitOptions {
  /** Whole number; the same seed gives the same bytes, whatever the pool. */
  readonly seed: number;
  /** Worker threads; without one everything runs in this thread. */
  readonly pool?: Pool | undefined;
}

/** Fits on a table of measurements: bins it, then `fitBinned`. Throws `UserError` where labels or outcomes do not suffice. */
export async function fitTable(
  table: TrainingTable,
  params: Partial<EbmParams>,
  options: FitOptions,
): Promise<EbmModel> {
  const asked = completeSettings(params);
  const { settings, shrunk, facts } = checkOutcomes(table, asked);
  const used = usedRows(table, settings, options.seed);
  const take = rowTaker(used.rows, table.label.length);
  const minLevelRows = minLeafRows(settings, used.rows.length, facts.accounts);
  const kept = table.columns.map(
    (column): FeatureColumn => (take === undefined ? column : { ...column, values: take(column.values) }),
  );
  const columns = binColumns(kept, settings.max_bins, minLevelRows, options.pool);
  return fitRows(columns, table, used, { settings, shrunk, facts }, options);
}

/** Fits on a table that is binned already. The bins of a column must fit a byte and be those its `bins` describe. */
export async function fitBinned(
  table: BinnedTable,
  params: Partial<EbmParams>,
  options: FitOptions,
): Promise<EbmModel> {
  const asked = completeSettings(params);
  for (const { bins, values } of table.columns) {
    const count = binCount(bins);
    const top = values.reduce((max, b) => Math.max(max, b), 0);
    if (count > 256 || top >= count)
      throw new Error(`the column ${bins.name} has the bin ${top}, its bins end at ${count - 1}`);
  }
  const checked = checkOutcomes({ ...table, columns: [] }, asked);
  const used = usedRows({ ...table, columns: [] }, checked.settings, options.seed);
  const take = rowTaker(used.rows, table.label.length);
  const columns = table.columns.map(({ bins, values }) => ({
    bins,
    values: take === undefined ? values : take(values),
  }));
  return fitRows(columns, table, used, checked, options);
}

interface Checked {
  readonly settings: EbmParams;
  readonly shrunk: readonly string[];
  readonly facts: TableFacts;
}

function checkOutcomes(table: TrainingTable, asked: EbmParams): Checked {
  const facts = checkTable(table);
  const rarer = Math.min(facts.outcomes, facts.stays);
  if (facts.outcomes < asked.min_outcomes || rarer < 1) {
    throw new UserError(
      `A glass-box model cannot be fitted: ${facts.outcomes} accounts have the outcome, ${asked.min_outcomes} are needed.`,
      { hint: 'Give a longer history, or use a simpler model; `retain train` shows which ones stand.' },
    );
  }
  return { ...shrinkSettings(asked, rarer), facts };
}

type RowTable = Pick<TrainingTable, 'label' | 'account' | 'observation_date'>;

async function fitRows(
  binned: readonly BinnedColumn[] | Promise<readonly BinnedColumn[]>,
  table: RowTable,
  used: UsedRows,
  { settings, shrunk, facts }: Checked,
  { seed, pool }: FitOptions,
): Promise<EbmModel> {
  const take = rowTaker(used.rows, table.label.length);
  const label = take === undefined ? table.label : take(table.label);
  const account = take === undefined ? table.account : take(table.account);
  const date = take === undefined ? table.observation_date : take(table.observation_date);
  // Done here while the threads bin.
  const weight = meanOne(used.weight);
  const held = heldOut(account, label, settings, seed);
  const columns = await binned;
  const features = columns.map(({ bins }): EbmFeature => {
    const monotone = settings.monotone[bins.name] ?? 0;
    if (monotone !== 0 && bins.kind === 'nominal') {
      throw new UserError(`The feature ${bins.name} has levels without an order and cannot be monotone.`, {
        hint: 'Take it out of monotone.',
      });
    }
    return { ...bins, monotone, pair_groups: null };
  });
  checkNames(settings, features);
  const shared = shareTable(columns, features, label, weight, pool);
  const limits: StepLimits = { ...settings, min_rows: minLeafRows(settings, label.length, facts.accounts) };
  const mainWeights = columns.map(({ bins, values }) => binWeights(values, weight, binCount(bins)));
  const groups = pairBins(columns, features, mainWeights, settings);
  const named = typeof settings.pairs === 'number' ? undefined : namedPairs(settings.pairs, features);
  const pairCount = typeof settings.pairs === 'number' ? settings.pairs : 0;
  const bagTables = held.map((side): BagTable => ({ ...shared, held_out: forThreads(side, pool) }));
  const boosting = runMains(
    bagTables.map((bagTable, k) => ({
      table: bagTable,
      settings: { ...settings, limits },
      seed: bagSeed(seed, k),
      groups: pairCount > 0 ? groups : null,
    })),
    pool,
  );
  // Done here while the threads are at it.
  const data_hash = hashOf(columns, label, used.weight, account);
  const mains = await boosting;
  const twins = twinTest(columns.map(({ values }) => values));
  const strengths = mains.flatMap((bag) => (bag.strengths === null ? [] : [bag.strengths]));
  const chosen = named ?? choosePairs(strengths, features.length, pairCount, twins);
  const pairLimits = { ...limits, max_leaves: 4 };
  const tried =
    chosen.length === 0
      ? []
      : await runPairs(
          bagTables.map((bagTable, k) => ({
            table: bagTable,
            settings: {
              limits: pairLimits,
              max_rounds: settings.max_pair_rounds,
              smoothing_rounds: settings.pair_smoothing_rounds,
              greedy_rounds: settings.greedy_rounds,
              early_stopping_rounds: settings.early_stopping_rounds,
              early_stopping_tolerance: settings.early_stopping_tolerance,
            },
            seed: bagSeed(seed, k),
            intercept: mains[k]?.intercept ?? 0,
            shapes: mains[k]?.shapes ?? [],
            pairs: chosen,
            groups,
          })),
          pool,
        );
  const proof = pairProof(mains, tried);
  const isProven = named !== undefined || settings.pair_proof === 0 || proof >= settings.pair_proof;
  const pairs = isProven ? chosen : [];
  const pairResults = isProven ? tried : [];
  const inPair = new Set(pairs.flat());
  const paired = features.map((feature, j) =>
    inPair.has(j) ? { ...feature, pair_groups: Array.from(groups[j] ?? []) } : feature,
  );
  const bag_scale = settings.held_out_rate === 0 ? 1 : Math.sqrt((1 - settings.held_out_rate) / settings.held_out_rate);
  const assembly = assemble({
    columns,
    features: paired,
    weight,
    mainWeights,
    pairs,
    bags: mains.map((bag, k) => rawBag(bag, pairResults[k])),
    bag_scale,
  });
  const dates = dateRange(date);
  return freeze({
    kind: 'ebm',
    schema_version: 1,
    feature_names: features.map((feature) => feature.name),
    intercept: assembly.intercept,
    features: paired,
    terms: assembly.terms,
    bags: assembly.bags,
    bag_scale: Math.round(bag_scale * 1e6) / 1e6,
    training: {
      rows: label.length,
      accounts: facts.accounts,
      outcomes: facts.outcomes,
      ...dates,
      data_hash,
      shrunk: isProven || chosen.length === 0 ? shrunk : [...shrunk, unproven(proof, settings.pair_proof)],
    },
    seed,
    params: settings,
  });
}

/** First and last day; a table whose days are all 0 is undated. */
function dateRange(date: Int32Array): { first_date: string | null; last_date: string | null } {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const day of date) {
    low = Math.min(low, day);
    high = Math.max(high, day);
  }
  if (low === 0 && high === 0) return { first_date: null, last_date: null };
  return { first_date: dayFromNumber(low), last_date: dayFromNumber(high) };
}

function bagSeed(seed: number, bag: number): number {
  return Math.floor(forkRandom(seed, `bag:${bag}`)() * 2 ** 32);
}

function rawBag(mains: MainsResult, pairs: PairsResult | undefined): RawBag {
  return {
    intercept: mains.intercept,
    shapes: mains.shapes,
    tables: pairs?.tables ?? [],
    rounds: mains.rounds,
    pair_rounds: pairs?.rounds ?? 0,
    held_out_log_loss: pairs?.held_out_log_loss ?? mains.held_out_log_loss,
  };
}

function checkNames(settings: EbmParams, features: readonly EbmFeature[]): void {
  const known = new Set(features.map((feature) => feature.name));
  for (const name of Object.keys(settings.monotone)) {
    if (!known.has(name)) {
      throw new UserError(`The setting monotone names ${name}, which is no feature of the table.`, {
        hint: `Features are: ${[...known].join(', ')}.`,
      });
    }
  }
}

function namedPairs(
  pairs: readonly (readonly [string, string])[],
  features: readonly EbmFeature[],
): [number, number][] {
  return pairs.map(([a, b]) => {
    const [i, j] = [a, b].map((name) => features.findIndex((feature) => feature.name === name));
    const isFree = (place: number | undefined): boolean => place !== undefined && features[place]?.monotone === 0;
    if (i === undefined || j === undefined || i === j || !isFree(i) || !isFree(j)) {
      throw new UserError(`The setting pairs names ${a} × ${b}, which is no pair of two free features of the table.`, {
        hint: 'Name two different features that are not held to a direction.',
      });
    }
    return i < j ? [i, j] : [j, i];
  });
}

/** Pair bins of each feature; none for a feature held to a direction, which a pair could break, or without two bins. */
function pairBins(
  columns: readonly BinnedColumn[],
  features: readonly EbmFeature[],
  mainWeights: readonly Float64Array[],
  settings: EbmParams,
): (Uint8Array | null)[] {
  return columns.map(({ bins }, j) => {
    const weights = mainWeights[j];
    if (weights === undefined || settings.pairs === 0 || features[j]?.monotone !== 0) return null;
    // What acting does is to be one number, to be taken out again: see `withoutTreatment`.
    if (bins.name === TREATMENT) return null;
    if (weights.filter((w) => w > 0).length < 2) return null;
    const groups = pairGroups(bins, weights, settings.pair_bins);
    return groupCount(groups) < 2 ? null : groups;
  });
}

function shareTable(
  columns: readonly BinnedColumn[],
  features: readonly EbmFeature[],
  label: Uint8Array,
  weight: Float64Array,
  pool: Pool | undefined,
): Omit<BagTable, 'held_out'> {
  return {
    features: columns.map(({ bins }, j) => ({
      bins: binCount(bins),
      isNominal: bins.kind === 'nominal',
      monotone: features[j]?.monotone ?? 0,
    })),
    values: columns.map(({ values }) => forThreads(values, pool)),
    label: forThreads(label, pool),
    weight: weight.every((w) => w === 1) ? null : forThreads(weight, pool),
  };
}

function hashOf(
  columns: readonly BinnedColumn[],
  label: Uint8Array,
  weight: Float64Array,
  account: Int32Array,
): string {
  const hash = createHash('sha256');
  for (const { bins, values } of columns) hash.update(JSON.stringify(bins)).update(values);
  return hash.update(label).update(bytesOf(weight)).update(bytesOf(account)).digest('hex');
}

function bytesOf(values: Float64Array | Int32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    // Nothing is in a row of numbers that could be frozen.
    const isNumbers = Array.isArray(value) && typeof value[0] === 'number';
    if (!isNumbers) for (const child of Object.values(value)) freeze(child);
    Object.freeze(value);
  }
  return value;
}
