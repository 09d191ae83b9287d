import type { HealthSettings } from '../contract/config.ts';
import type { HealthCalibration } from './health-calibration.ts';
import { Scorer } from './scorer.ts';

/** Raw measures of the same accounts, in the same order, as one reading saw them. */
export interface HealthReading {
  readonly segment: readonly string[];
  readonly tenure_days: Float64Array;
  /** `NaN` = missing. A measure without a column is taken from the next reading of the chain. */
  readonly values: Readonly<Record<string, Float64Array>>;
  /** As in `HealthRows`; a measure not named is connected when it has a value somewhere. */
  readonly connected: Readonly<Record<string, boolean | Uint8Array>>;
}

/** Settings with the peers frozen under them: the yardstick. */
export interface Yardstick {
  readonly settings: HealthSettings;
  readonly calibration: HealthCalibration;
}

export interface ChangeInput {
  readonly account: readonly string[];
  /** The old reading as it was stored that day. */
  readonly stored: HealthReading;
  /** The old day again, from what is known of it today. Differs from `stored` only where history was corrected. */
  readonly recomputed: HealthReading;
  /** The old day again under today's settings, where these change raw values (windows, segment rules). */
  readonly recomputed_now?: HealthReading | undefined;
  readonly current: HealthReading;
  readonly old_yardstick: Yardstick;
  readonly new_yardstick: Yardstick;
}

/** What moved each score, in points; the four parts add up to `change`. `NaN` where either reading has no score. */
export interface ChangeParts {
  readonly change: Float64Array;
  /** What the account did. */
  readonly behaviour: Float64Array;
  /** Weights, methods, thresholds, frozen peers. */
  readonly configuration: Float64Array;
  /** Which measures are present: feeds connected or lost, readings that appeared or vanished. */
  readonly coverage: Float64Array;
  /** Rows about the past that arrived late or were corrected. */
  readonly data_revision: Float64Array;
}

const BEHAVIOUR = 1;
const CONFIGURATION = 2;
const COVERAGE = 4;
const REVISION = 8;
const FACTORS = [BEHAVIOUR, CONFIGURATION, COVERAGE, REVISION] as const;
/** |S|! · (3 − |S|)! ÷ 4! for the number of factors already replaced. */
const SHAPLEY_WEIGHTS = [1 / 4, 1 / 12, 1 / 12, 1 / 4] as const;

/** Steps of one quantity from the stored reading to the current one, and the factor that each step belongs to. */
type Chain<T> = readonly { readonly factor: number; readonly before: T; readonly after: T }[];

/**
 * Takes the change since the last reading apart: the Shapley value of four factors, that is the mean over all orders of
 * replacing old by new. A step whose predecessors were not taken is laid onto what stands there (raw values: the
 * difference is added; presence and segment: taken when the step changes them). A factor that changed nothing gets
 * exactly 0; a factor that alone changed gets the whole.
 */
export function decomposeChange(input: ChangeInput): ChangeParts {
  const { account, stored, recomputed, current } = input;
  const recomputedNow = input.recomputed_now ?? recomputed;
  const readings = [stored, recomputed, recomputedNow, current] as const;
  const scorers = [scorerOf(input.old_yardstick), scorerOf(input.new_yardstick)] as const;
  const names = [...new Set(scorers.flatMap((scorer) => scorer.measures))];
  const slots = scorers.map((scorer) => scorer.measures.map((name) => names.indexOf(name)));
  const scratch = scorers.map((scorer) => new Float64Array(scorer.measures.length));
  const feeds = names.map((name) => [feedOf(stored, name), feedOf(current, name)] as const);
  const n = account.length;
  const parts = Array.from({ length: 5 }, () => new Float64Array(n));
  const value = new Float64Array(16);

  for (let i = 0; i < n; i++) {
    const measures = names.map((name, m) => measureChains(readings, name, i, feeds[m] as Feeds));
    const tenure = stepsOf([0, 1, 2, 3].map((k) => (readings[k] as HealthReading).tenure_days[i] as number));
    const segment = stepsOf([0, 1, 2, 3].map((k) => (readings[k] as HealthReading).segment[i] ?? ''));
    for (let state = 0; state < 16; state++) {
      const side = (state & CONFIGURATION) === 0 ? 0 : 1;
      const scorer = scorers[side];
      const values = scratch[side] as Float64Array;
      (slots[side] as number[]).forEach((m, slot) => {
        const chain = measures[m] as MeasureChains;
        values[slot] = replaced(chain.present, state) ? added(chain.value, state) : Number.NaN;
      });
      const card = scorer.card(replaced(segment, state));
      value[state] = scorer.score(card, values, added(tenure, state), account[i] as string);
    }
    const from = value[0] as number;
    const to = value[15] as number;
    writeParts(value, parts, i, to - from);
  }
  const [change, behaviour, configuration, coverage, data_revision] = parts as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  return { change, behaviour, configuration, coverage, data_revision };
}

function scorerOf({ settings, calibration }: Yardstick): Scorer {
  return new Scorer(settings, calibration);
}

function writeParts(value: Float64Array, parts: readonly Float64Array[], row: number, change: number): void {
  (parts[0] as Float64Array)[row] = change;
  // A state between the two readings can lack a score (no component counts); until it has one, nothing has changed.
  const at = (state: number) => (Number.isNaN(value[state]) ? (value[0] as number) : (value[state] as number));
  FACTORS.forEach((factor, f) => {
    let sum = 0;
    for (let state = 0; state < 16; state++) {
      if ((state & factor) !== 0) continue;
      sum += (SHAPLEY_WEIGHTS[bitCount(state)] as number) * (at(state | factor) - at(state));
    }
    (parts[f + 1] as Float64Array)[row] = Number.isNaN(change) ? Number.NaN : sum;
  });
}

function bitCount(state: number): number {
  return (state & 1) + ((state >> 1) & 1) + ((state >> 2) & 1) + ((state >> 3) & 1);
}

interface MeasureChains {
  readonly value: Chain<number>;
  readonly present: Chain<boolean>;
}

type Feeds = readonly [(row: number) => boolean, (row: number) => boolean];

function feedOf(reading: HealthReading, name: string): (row: number) => boolean {
  const declared = reading.connected[name];
  if (typeof declared === 'boolean') return () => declared;
  if (declared !== undefined) return (row) => declared[row] === 1;
  const has = reading.values[name]?.some((value) => !Number.isNaN(value)) ?? false;
  return () => has;
}

function measureChains(readings: readonly HealthReading[], name: string, row: number, feeds: Feeds): MeasureChains {
  const raw = readings.map((reading) => reading.values[name]?.[row] ?? Number.NaN);
  // A measure the old reading did not store at all is known from the recomputation.
  if (readings[0]?.values[name] === undefined) raw[0] = raw[1] as number;
  const present = raw.map((value) => !Number.isNaN(value));
  // A feed connected or lost since then is coverage, even where today's data reach back to the old day.
  if (feeds[0](row) !== feeds[1](row)) present[1] = present[2] = present[0] as boolean;
  // Where a value is missing its nearest neighbour stands in, so that presence alone carries the step.
  for (let k = 1; k < raw.length; k++) if (Number.isNaN(raw[k])) raw[k] = raw[k - 1] as number;
  for (let k = raw.length - 2; k >= 0; k--) if (Number.isNaN(raw[k])) raw[k] = raw[k + 1] as number;
  const [p0, p1, p2, p3] = present as [boolean, boolean, boolean, boolean];
  return {
    value: stepsOf(raw),
    present: [
      { factor: REVISION, before: p0, after: p1 },
      { factor: CONFIGURATION, before: p1, after: p2 },
      { factor: COVERAGE, before: p2, after: p3 },
    ],
  };
}

function stepsOf<T>(readings: readonly T[]): Chain<T> {
  const [stored, recomputed, now, current] = readings as [T, T, T, T];
  return [
    { factor: REVISION, before: stored, after: recomputed },
    { factor: CONFIGURATION, before: recomputed, after: now },
    { factor: BEHAVIOUR, before: now, after: current },
  ];
}

/** A number after the steps of `state`: a step that starts elsewhere adds its difference. */
function added(chain: Chain<number>, state: number): number {
  let at = chain[0]?.before ?? Number.NaN;
  for (const { factor, before, after } of chain) {
    if ((state & factor) === 0) continue;
    // Equal start: taken as it is, so that the whole chain ends exactly on the current value.
    at = at === before || Number.isNaN(at) ? after : at + (after - before);
  }
  return at;
}

/** A presence or segment after the steps of `state`: a step that changes it decides, one that does not leaves it. */
function replaced<T>(chain: Chain<T>, state: number): T {
  let at = (chain[0] as Chain<T>[number]).before;
  for (const { factor, before, after } of chain) if ((state & factor) !== 0 && before !== after) at = after;
  return at;
}

/**
 * Parts rounded to `digits` so that they add up to the rounded change (largest remainders), for printing.
 * Example: 0.4 + 0.4 + 0.4 = 1.2 prints as 1 = 1 + 0 + 0.
 */
export function roundedParts(parts: readonly number[], digits = 0): number[] {
  const factor = 10 ** digits;
  const scaled = parts.map((part) => part * factor);
  const floors = scaled.map(Math.floor);
  const total = Math.round(scaled.reduce((sum, part) => sum + part, 0));
  const missing = total - floors.reduce((sum, part) => sum + part, 0);
  const byRemainder = scaled
    .map((part, index) => ({ index, rest: part - Math.floor(part) }))
    .sort((a, b) => b.rest - a.rest || a.index - b.index);
  for (const { index } of byRemainder.slice(0, Math.max(0, missing))) floors[index] = (floors[index] as number) + 1;
  return floors.map((part) => (part === 0 ? 0 : part / factor));
}
