import type { HealthSettings } from '../contract/config.ts';

export type Band = 'green' | 'yellow' | 'red' | 'unscored';

/** The band of a score by its boundaries alone: ≥ `green` is green, below `red` red, between them yellow. */
export function plainBand(score: number, bands: HealthSettings['bands']): Band {
  if (Number.isNaN(score)) return 'unscored';
  if (score >= bands.green) return 'green';
  return score < bands.red ? 'red' : 'yellow';
}

/**
 * The band with hysteresis: an account stays in its previous band until its score lies `hysteresis` points beyond the
 * boundary it would cross; then it takes the band of its score. Without a previous band (or after `unscored`), the
 * plain one.
 */
export function nextBand(
  score: number,
  previous: Band | undefined,
  settings: Pick<HealthSettings, 'bands' | 'hysteresis'>,
): Band {
  const { bands, hysteresis } = settings;
  const plain = plainBand(score, bands);
  if (plain === 'unscored' || previous === undefined || previous === 'unscored' || previous === plain) return plain;
  const stays =
    previous === 'green'
      ? score >= bands.green - hysteresis
      : previous === 'red'
        ? score < bands.red + hysteresis
        : score >= bands.red - hysteresis && score < bands.green + hysteresis;
  return stays ? previous : plain;
}

/** A person's word on an account's health, with reason, author and an end. */
export interface HealthOverride {
  readonly band: Exclude<Band, 'unscored'>;
  readonly reason: string;
  readonly author: string;
  /** First and last day on which it holds, `YYYY-MM-DD`. */
  readonly set_on: string;
  readonly expires_on: string;
}

export interface BandInput {
  readonly score: number;
  /** Band of the last reading as the scores gave it (`computed`), before any override. */
  readonly previous: Band | undefined;
  /** No use for 30 days, or any red fact. */
  readonly has_red_fact: boolean;
  readonly override?: HealthOverride | undefined;
  /** `YYYY-MM-DD`. */
  readonly as_of: string;
}

export interface BandResult {
  /** What is shown. */
  readonly band: Band;
  /** What score, hysteresis and red facts give; the `previous` of the next reading. */
  readonly computed: Band;
  readonly basis: 'score' | 'red_fact' | 'override';
}

/**
 * The band shown: hysteresis, then the red-fact cap (never green), then an override in force. The cap also holds against
 * an override to green: a person may calm a score, not a fact. An override whose last day is past is not in force.
 */
export function decideBand(input: BandInput, settings: Pick<HealthSettings, 'bands' | 'hysteresis'>): BandResult {
  const scored = nextBand(input.score, input.previous, settings);
  const isCapped = input.has_red_fact && scored === 'green';
  const computed: Band = isCapped ? 'yellow' : scored;
  const { override, as_of } = input;
  if (override !== undefined && override.set_on <= as_of && as_of <= override.expires_on) {
    if (!(input.has_red_fact && override.band === 'green')) return { band: override.band, computed, basis: 'override' };
  }
  return { band: computed, computed, basis: isCapped ? 'red_fact' : 'score' };
}

/**
 * Score of a parent from itself and everyone below it. `parent` holds the row of each row's parent, −1 for none;
 * unscored rows (`NaN`) take no part. `arr_weighted` is the mean by ARR (by count where no ARR is known), `worst` the
 * lowest. Rows without children keep their own score. A circle of parents is cut at the row it is entered by.
 */
export function rollUp(
  score: Float64Array,
  arr: Float64Array,
  parent: Int32Array,
  mode: HealthSettings['parent_rollup'],
): Float64Array {
  const out = score.slice();
  if (mode === 'none') return out;
  const n = score.length;
  const sum = new Float64Array(n);
  const weight = new Float64Array(n);
  const plainSum = new Float64Array(n);
  const count = new Float64Array(n);
  const lowest = new Float64Array(n).fill(Number.POSITIVE_INFINITY);
  const hasChild = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    const seen = new Set<number>();
    for (let at = i; at >= 0 && !seen.has(at); at = parent[at] ?? -1) {
      seen.add(at);
      if (at !== i) hasChild[at] = 1;
      const own = score[i] as number;
      if (Number.isNaN(own)) continue;
      const amount = arr[i] as number;
      const money = Number.isNaN(amount) || amount < 0 ? 0 : amount;
      sum[at] = (sum[at] as number) + money * own;
      weight[at] = (weight[at] as number) + money;
      plainSum[at] = (plainSum[at] as number) + own;
      count[at] = (count[at] as number) + 1;
      lowest[at] = Math.min(lowest[at] as number, own);
    }
  }
  for (let i = 0; i < n; i++) {
    if (hasChild[i] === 0 || count[i] === 0) continue;
    const mean =
      weight[i] === 0 ? (plainSum[i] as number) / (count[i] as number) : (sum[i] as number) / (weight[i] as number);
    out[i] = mode === 'worst' ? (lowest[i] as number) : mean;
  }
  return out;
}
