import type { Random } from '../../contract/model.ts';
import { clamp } from '../../lib/numbers.ts';
import { BYTE_BINS, FACTORS, SUMS } from './kernel.ts';
import type { Monotone } from './types.ts';

/** What a step may do, in units of the bag it works on. */
export interface StepLimits {
  readonly learning_rate: number;
  readonly max_leaves: number;
  /** Least rows of a leaf. */
  readonly min_rows: number;
  readonly min_hessian: number;
  readonly l2: number;
  readonly nominal_smoothing: number;
}

/** Leaves a step can have. */
export const MOST_LEAVES = 8;
/** The longest Newton step, in log-odds: a leaf of one class has none otherwise. */
export const MAX_STEP = 4;

/** What is fixed about one single-feature term within a bag. */
export interface TermFrame {
  readonly bins: number;
  readonly isNominal: boolean;
  readonly monotone: Monotone | 0;
  /** Weighted labels of each bin. */
  readonly labels: Float64Array;
  /** Rows of each bin. */
  readonly rows: Float64Array;
}

/** Bins in the order they are cut in; running sums along it of gradient, hessian and rows, from 0. Set by each step. */
const ORDER = new Uint8Array(BYTE_BINS);
const RANK = new Float64Array(BYTE_BINS);
const GRADIENT = new Float64Array(BYTE_BINS + 1);
const HESSIAN = new Float64Array(BYTE_BINS + 1);
const ROWS = new Float64Array(BYTE_BINS + 1);
/** First place of each leaf and, at the end, the number of places; the leaves' best cuts and their values. */
const EDGES = new Int32Array(MOST_LEAVES + 1);
const CUT_AT = new Int32Array(MOST_LEAVES);
const CUT_GAIN = new Float64Array(MOST_LEAVES);
const VALUES = new Float64Array(MOST_LEAVES);
/** The step of each bin last found, in log-odds; its exp(−x) stand in `FACTORS`. */
export const UPDATE: Float64Array = new Float64Array(BYTE_BINS);

/** One Newton step of a single feature: finds at most `max_leaves` runs of bins and the value of each. */
export class LeafSearch {
  readonly #limits: StepLimits;
  #leaves = 1;
  #gain = 0;

  constructor(limits: StepLimits) {
    this.#limits = limits;
  }

  /** What the step last sought gains; of drawn cuts only what its missing values bring. */
  get gain(): number {
    return this.#gain;
  }

  /**
   * Sets `UPDATE` and `FACTORS` from `SUMS`; false when there is nothing to do. A `random` source draws the cuts instead
   * of seeking the best.
   */
  step(frame: TermFrame, random: Random | undefined): boolean {
    UPDATE.fill(0, 0, frame.bins);
    FACTORS.fill(1, 0, frame.bins);
    const count = this.#arrange(frame);
    this.#gain = 0;
    const first = frame.isNominal ? 0 : this.#missing(frame);
    if (first !== 0) {
      UPDATE[0] = first;
      FACTORS[0] = Math.exp(-first);
    }
    if (random === undefined) this.#seekEdges(count, frame.monotone);
    else this.#drawEdges(count, random);
    let isChanged = first !== 0;
    // One leaf would only move the intercept.
    if (this.#leaves === 1) return isChanged;
    this.#valueLeaves(frame.monotone);
    for (let leaf = 0; leaf < this.#leaves; leaf++) {
      const value = this.#limits.learning_rate * (VALUES[leaf] as number);
      if (value === 0) continue;
      isChanged = true;
      const factor = Math.exp(-value);
      for (let k = EDGES[leaf] as number; k < (EDGES[leaf + 1] as number); k++) {
        const b = ORDER[k] as number;
        UPDATE[b] = value;
        FACTORS[b] = factor;
      }
    }
    return isChanged;
  }

  /** Puts bins in cutting order and sums along it; returns how many there are. */
  #arrange(frame: TermFrame): number {
    const { labels, rows } = frame;
    let count = 0;
    if (frame.isNominal) {
      // A level without rows is unknown.
      for (let b = 0; b < frame.bins; b++) if ((rows[b] as number) > 0) ORDER[count++] = b;
      this.#sortLevels(frame, count);
    } else {
      // An empty bin of an ordered feature lies between its neighbours and moves with them.
      for (let b = 1; b < frame.bins; b++) ORDER[count++] = b;
    }
    let gradient = 0;
    let hessian = 0;
    let rowCount = 0;
    for (let k = 0; k < count; k++) {
      const b = ORDER[k] as number;
      const p = SUMS[2 * b] as number;
      gradient += (labels[b] as number) - p;
      hessian += p - (SUMS[2 * b + 1] as number);
      rowCount += rows[b] as number;
      GRADIENT[k + 1] = gradient;
      HESSIAN[k + 1] = hessian;
      ROWS[k + 1] = rowCount;
    }
    return count;
  }

  /** Levels by gradient over hessian, thin ones drawn to 0. Insertion sort: it keeps equal levels in place and is quick on few. */
  #sortLevels(frame: TermFrame, count: number): void {
    for (let k = 0; k < count; k++) {
      const b = ORDER[k] as number;
      const p = SUMS[2 * b] as number;
      const hessian = p - (SUMS[2 * b + 1] as number);
      RANK[b] = ((frame.labels[b] as number) - p) / (hessian + this.#limits.nominal_smoothing);
    }
    for (let k = 1; k < count; k++) {
      const b = ORDER[k] as number;
      const key = RANK[b] as number;
      let at = k;
      while (at > 0 && (RANK[ORDER[at - 1] as number] as number) > key) {
        ORDER[at] = ORDER[at - 1] as number;
        at--;
      }
      ORDER[at] = b;
    }
  }

  /** Missing values of a continuous feature are a leaf of their own. */
  #missing(frame: TermFrame): number {
    const p = SUMS[0] as number;
    const hessian = p - (SUMS[1] as number);
    if ((frame.rows[0] as number) < this.#limits.min_rows || hessian < this.#limits.min_hessian) return 0;
    const gradient = (frame.labels[0] as number) - p;
    this.#gain = (gradient * gradient) / (hessian + this.#limits.l2);
    return this.#limits.learning_rate * this.#newton(gradient, hessian);
  }

  #newton(gradient: number, hessian: number): number {
    const value = gradient / (hessian + this.#limits.l2);
    return clamp(value, -MAX_STEP, MAX_STEP);
  }

  /** Best-first cuts: each splits the leaf whose best cut gains most, until there are `max_leaves`. */
  #seekEdges(count: number, monotone: Monotone | 0): void {
    const { max_leaves } = this.#limits;
    EDGES[0] = 0;
    EDGES[1] = count;
    this.#leaves = 1;
    this.#bestCut(0, monotone);
    for (;;) {
      let leaf = 0;
      for (let i = 1; i < this.#leaves; i++) if ((CUT_GAIN[i] as number) > (CUT_GAIN[leaf] as number)) leaf = i;
      if (!((CUT_GAIN[leaf] as number) > 0)) return;
      this.#gain += CUT_GAIN[leaf] as number;
      for (let i = this.#leaves; i > leaf; i--) {
        EDGES[i + 1] = EDGES[i] as number;
        CUT_GAIN[i] = CUT_GAIN[i - 1] as number;
        CUT_AT[i] = CUT_AT[i - 1] as number;
      }
      EDGES[leaf + 1] = CUT_AT[leaf] as number;
      this.#leaves++;
      if (this.#leaves === max_leaves) return;
      this.#bestCut(leaf, monotone);
      this.#bestCut(leaf + 1, monotone);
    }
  }

  /** The cut of a leaf with most gain, into `CUT_AT` and `CUT_GAIN`; gain 0 when none is allowed. First of equals. */
  #bestCut(leaf: number, monotone: Monotone | 0): void {
    const { l2, min_rows, min_hessian } = this.#limits;
    const from = EDGES[leaf] as number;
    const to = EDGES[leaf + 1] as number;
    const g0 = GRADIENT[from] as number;
    const h0 = HESSIAN[from] as number;
    const g = (GRADIENT[to] as number) - g0;
    const h = (HESSIAN[to] as number) - h0;
    const minRow = (ROWS[from] as number) + min_rows;
    const maxRow = (ROWS[to] as number) - min_rows;
    const whole = (g * g) / (h + l2);
    // A cut must gain more than rounding can make up.
    let best = whole + 1e-12 * h;
    let at = 0;
    for (let k = from + 1; k < to; k++) {
      const row = ROWS[k] as number;
      if (row < minRow) continue;
      if (row > maxRow) break;
      const gl = (GRADIENT[k] as number) - g0;
      const hl = (HESSIAN[k] as number) - h0;
      const gr = g - gl;
      const hr = h - hl;
      if (hl < min_hessian || hr < min_hessian) continue;
      const dl = hl + l2;
      const dr = hr + l2;
      const gain = (gl * gl * dr + gr * gr * dl) / (dl * dr);
      if (gain <= best) continue;
      if (monotone !== 0 && monotone * (gr * dl - gl * dr) < 0) continue;
      best = gain;
      at = k;
    }
    CUT_AT[leaf] = at;
    CUT_GAIN[leaf] = at === 0 ? 0 : best - whole;
  }

  /** `max_leaves − 1` cuts drawn evenly over the bins; a cut that leaves too thin a leaf is left out. */
  #drawEdges(count: number, random: Random): void {
    const { max_leaves } = this.#limits;
    const drawn = Array.from({ length: max_leaves - 1 }, () => 1 + Math.floor(random() * (count - 1)));
    this.#leaves = 1;
    EDGES[0] = 0;
    for (const at of drawn.sort((a, b) => a - b)) {
      if (this.#isThick(EDGES[this.#leaves - 1] as number, at) && this.#isThick(at, count)) EDGES[this.#leaves++] = at;
    }
    EDGES[this.#leaves] = count;
  }

  #isThick(from: number, to: number): boolean {
    const { min_rows, min_hessian } = this.#limits;
    return (
      to > from &&
      (ROWS[to] as number) - (ROWS[from] as number) >= min_rows &&
      (HESSIAN[to] as number) - (HESSIAN[from] as number) >= min_hessian
    );
  }

  /** Newton values of the leaves into `VALUES`; where a direction is given, neighbours that break it share one value. */
  #valueLeaves(monotone: Monotone | 0): void {
    for (let leaf = 0; leaf < this.#leaves; leaf++) {
      VALUES[leaf] = this.#valueBetween(EDGES[leaf] as number, EDGES[leaf + 1] as number);
    }
    if (monotone !== 0) this.#pool(monotone);
  }

  #valueBetween(from: number, to: number): number {
    return this.#newton(
      (GRADIENT[to] as number) - (GRADIENT[from] as number),
      (HESSIAN[to] as number) - (HESSIAN[from] as number),
    );
  }

  /** Pool adjacent violators: a leaf that breaks the direction takes one Newton step together with those before it. */
  #pool(monotone: Monotone): void {
    for (let leaf = 1; leaf < this.#leaves; leaf++) {
      let first = leaf;
      while (first > 0 && monotone * ((VALUES[first] as number) - (VALUES[first - 1] as number)) < 0) {
        // The block before may itself be pooled: go to its start.
        let start = first - 1;
        while (start > 0 && VALUES[start - 1] === VALUES[first - 1]) start--;
        VALUES.fill(this.#valueBetween(EDGES[start] as number, EDGES[leaf + 1] as number), start, leaf + 1);
        first = start;
      }
    }
  }
}
