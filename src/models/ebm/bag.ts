import { logit } from '../../lib/numbers.ts';
import type { Monotone } from './types.ts';

/** What a bag needs to know of one feature. */
export interface FeatureFrame {
  readonly bins: number;
  readonly isNominal: boolean;
  readonly monotone: Monotone | 0;
}

/** The table as every bag sees it. Arrays stand in shared memory where worker threads read them. */
export interface BagTable {
  readonly features: readonly FeatureFrame[];
  /** Bins of every feature, row by row. */
  readonly values: readonly Uint8Array[];
  readonly label: Uint8Array;
  /** `null` = all rows weigh the same. Mean 1 otherwise. */
  readonly weight: Float64Array | null;
  /** 1 = this row is held out of the bag. */
  readonly held_out: Uint8Array;
}

/** Rows of one side of a bag, packed. */
export interface BagSide {
  readonly rowCount: number;
  readonly values: readonly Uint8Array[];
  readonly label: Uint8Array;
  readonly weight: Float64Array | null;
}

/** The rows of `table` whose `held_out` is `side`, moved together so that loops run straight through memory. */
export function packSide(table: BagTable, side: 0 | 1): BagSide {
  const { held_out, label, weight, values } = table;
  const n = held_out.length;
  let rowCount = 0;
  for (let i = 0; i < n; i++) if (held_out[i] === side) rowCount++;
  const rows = new Uint32Array(rowCount);
  let at = 0;
  for (let i = 0; i < n; i++) if (held_out[i] === side) rows[at++] = i;
  const take = (from: Uint8Array): Uint8Array => {
    const out = new Uint8Array(rowCount);
    for (let k = 0; k < rowCount; k++) out[k] = from[rows[k] as number] as number;
    return out;
  };
  let packedWeight: Float64Array | null = null;
  if (weight !== null) {
    packedWeight = new Float64Array(rowCount);
    for (let k = 0; k < rowCount; k++) packedWeight[k] = weight[rows[k] as number] as number;
  }
  return { rowCount, values: values.map(take), label: take(label), weight: packedWeight };
}

/** Log-odds of the weighted mean label. */
export function baseLogOdds(side: BagSide): number {
  let all = 0;
  let ones = 0;
  for (let i = 0; i < side.rowCount; i++) {
    const w = side.weight === null ? 1 : (side.weight[i] as number);
    all += w;
    ones += w * (side.label[i] as number);
  }
  return logit(ones / all);
}

/** Held-out log loss, kept up to date step by step. */
export class HeldOutLoss {
  /** exp(−score) of each row. */
  readonly e: Float64Array;
  readonly #weight: Float64Array | null;
  readonly #all: number;
  readonly #stay: Uint8Array;
  /** Σ weight × score over rows without the outcome: −log(1 − p) = log(1 + e) + score. */
  #stayScore = 0;

  constructor(side: BagSide, logOdds: ArrayLike<number>) {
    this.e = Float64Array.from(logOdds, (score) => Math.exp(-score));
    this.#weight = side.weight;
    this.#stay = side.label.map((y) => 1 - y);
    this.#all = side.weight === null ? side.rowCount : side.weight.reduce((sum, w) => sum + w, 0);
    for (let i = 0; i < side.rowCount; i++) {
      const w = side.weight === null ? 1 : (side.weight[i] as number);
      this.#stayScore += w * (this.#stay[i] as number) * (logOdds[i] as number);
    }
  }

  /** Weight without the outcome in each bin: what `moved` needs of a term. */
  stayWeights(bins: ArrayLike<number>, count: number): Float64Array {
    const out = new Float64Array(count);
    for (let i = 0; i < bins.length; i++) {
      const w = this.#weight === null ? 1 : (this.#weight[i] as number);
      const b = bins[i] as number;
      out[b] = (out[b] as number) + w * (this.#stay[i] as number);
    }
    return out;
  }

  /** Tells that the scores of a term's bins moved by `update`; `e` is stepped by the caller. */
  moved(stayWeights: Float64Array, update: Float64Array): void {
    const n = stayWeights.length;
    const whole = n & ~1;
    let even = 0;
    let odd = 0;
    for (let b = 0; b < whole; b += 2) {
      even += (stayWeights[b] as number) * (update[b] as number);
      odd += (stayWeights[b + 1] as number) * (update[b + 1] as number);
    }
    if (whole < n) even += (stayWeights[whole] as number) * (update[whole] as number);
    this.#stayScore += even + odd;
  }

  /** Mean log loss, nats. Eight rows share one logarithm where they weigh the same. */
  value(): number {
    const { e } = this;
    const n = e.length;
    let sum = 0;
    if (this.#weight === null) {
      let i = 0;
      for (; i + 8 <= n; i += 8) {
        let product = 1;
        for (let k = i; k < i + 8; k++) product *= 1 + (e[k] as number);
        sum += Math.log(product);
      }
      for (; i < n; i++) sum += Math.log1p(e[i] as number);
    } else {
      for (let i = 0; i < n; i++) sum += (this.#weight[i] as number) * Math.log1p(e[i] as number);
    }
    return (sum + this.#stayScore) / this.#all;
  }
}

/** Keeps the best round and says when to stop. */
export class EarlyStopping {
  /** Round after which the held-out loss was best; 0 = before the first. */
  bestRound = 0;
  best: number;
  readonly #patience: number;
  readonly #tolerance: number;

  constructor(start: number, patience: number, tolerance: number) {
    this.best = start;
    this.#patience = patience;
    this.#tolerance = tolerance;
  }

  /** Whether this round is the best so far. */
  isBetter(round: number, loss: number): boolean {
    if (!(loss < this.best - this.#tolerance)) return false;
    this.best = loss;
    this.bestRound = round;
    return true;
  }

  isOver(round: number): boolean {
    return this.#patience > 0 && round - this.bestRound >= this.#patience;
  }
}
