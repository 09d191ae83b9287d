import type { Random } from '../../contract/model.ts';
import { clamp } from '../../lib/numbers.ts';
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

/** One Newton step of a single feature: finds at most `max_leaves` runs of bins and the value of each. */
export class LeafSearch {
  readonly #limits: StepLimits;
  /** Bins in the order they are cut in; running sums over it of gradient, hessian and rows, from 0. */
  readonly #order = new Int32Array(256);
  readonly #rank = new Float64Array(256);
  readonly #gradient = new Float64Array(257);
  readonly #hessian = new Float64Array(257);
  readonly #rows = new Float64Array(257);
  #edges: number[] = [];

  constructor(limits: StepLimits) {
    this.#limits = limits;
  }

  /**
   * Writes the update of each bin, in log-odds, and exp(−update); false when there is nothing to do. `sums` holds Σp and
   * Σp² of each bin in turn; a `random` source draws the cuts instead of seeking the best.
   */
  step(
    frame: TermFrame,
    sums: Float64Array,
    random: Random | undefined,
    update: Float64Array,
    factors: Float64Array,
  ): boolean {
    update.fill(0, 0, frame.bins);
    factors.fill(1, 0, frame.bins);
    const count = this.#arrange(frame, sums);
    const first = frame.isNominal ? 0 : this.#missing(frame, sums);
    if (first !== 0) {
      update[0] = first;
      factors[0] = Math.exp(-first);
    }
    if (random === undefined) this.#seekEdges(count, frame.monotone);
    else this.#drawEdges(count, random);
    const values = this.#leafValues(frame.monotone);
    let isChanged = first !== 0;
    for (let leaf = 0; leaf < values.length; leaf++) {
      const value = this.#limits.learning_rate * (values[leaf] as number);
      if (value === 0) continue;
      isChanged = true;
      const factor = Math.exp(-value);
      for (let k = this.#edges[leaf] as number; k < (this.#edges[leaf + 1] as number); k++) {
        const b = this.#order[k] as number;
        update[b] = value;
        factors[b] = factor;
      }
    }
    return isChanged;
  }

  /** Puts bins in cutting order and sums along it; returns how many there are. */
  #arrange(frame: TermFrame, sums: Float64Array): number {
    const order = this.#order;
    let count = 0;
    for (let b = frame.isNominal ? 0 : 1; b < frame.bins; b++) {
      // An empty bin of an ordered feature lies between its neighbours and moves with them; an empty level is unknown.
      if (!frame.isNominal || (frame.rows[b] as number) > 0) order[count++] = b;
    }
    if (frame.isNominal) this.#sortLevels(frame, sums, count);
    for (let k = 0; k < count; k++) {
      const b = order[k] as number;
      const p = sums[2 * b] as number;
      this.#gradient[k + 1] = (this.#gradient[k] as number) + ((frame.labels[b] as number) - p);
      this.#hessian[k + 1] = (this.#hessian[k] as number) + (p - (sums[2 * b + 1] as number));
      this.#rows[k + 1] = (this.#rows[k] as number) + (frame.rows[b] as number);
    }
    return count;
  }

  /** Levels by gradient over hessian, thin ones drawn to 0; insertion sort, since few levels move between rounds. */
  #sortLevels(frame: TermFrame, sums: Float64Array, count: number): void {
    const order = this.#order;
    const rank = this.#rank;
    for (let k = 0; k < count; k++) {
      const b = order[k] as number;
      const p = sums[2 * b] as number;
      const hessian = p - (sums[2 * b + 1] as number);
      rank[b] = ((frame.labels[b] as number) - p) / (hessian + this.#limits.nominal_smoothing);
    }
    for (let k = 1; k < count; k++) {
      const b = order[k] as number;
      const key = rank[b] as number;
      let at = k;
      while (at > 0 && (rank[order[at - 1] as number] as number) > key) {
        order[at] = order[at - 1] as number;
        at--;
      }
      order[at] = b;
    }
  }

  /** Missing values of a continuous feature are a leaf of their own. */
  #missing(frame: TermFrame, sums: Float64Array): number {
    const p = sums[0] as number;
    const hessian = p - (sums[1] as number);
    if ((frame.rows[0] as number) < this.#limits.min_rows || hessian < this.#limits.min_hessian) return 0;
    return this.#limits.learning_rate * this.#newton((frame.labels[0] as number) - p, hessian);
  }

  #newton(gradient: number, hessian: number): number {
    const value = gradient / (hessian + this.#limits.l2);
    return clamp(value, -MAX_STEP, MAX_STEP);
  }

  /** Best-first cuts: each splits the leaf whose best cut gains most, until there are `max_leaves`. */
  #seekEdges(count: number, monotone: Monotone | 0): void {
    const edges = [0, count];
    const cuts = [this.#bestCut(0, count, monotone)];
    while (edges.length <= this.#limits.max_leaves) {
      let leaf = -1;
      for (let i = 0; i < cuts.length; i++) {
        const gain = cuts[i]?.gain ?? 0;
        if (gain > 0 && (leaf < 0 || gain > (cuts[leaf]?.gain ?? 0))) leaf = i;
      }
      if (leaf < 0) break;
      const at = cuts[leaf]?.at ?? 0;
      edges.splice(leaf + 1, 0, at);
      const left = this.#bestCut(edges[leaf] as number, at, monotone);
      cuts.splice(leaf, 1, left, this.#bestCut(at, edges[leaf + 2] as number, monotone));
    }
    this.#edges = edges;
  }

  /** The cut of [from, to) with most gain; gain 0 when none is allowed. The first of equal cuts wins. */
  #bestCut(from: number, to: number, monotone: Monotone | 0): { readonly at: number; readonly gain: number } {
    const { l2, min_rows, min_hessian } = this.#limits;
    const gradient = this.#gradient;
    const hessian = this.#hessian;
    const rows = this.#rows;
    const g0 = gradient[from] as number;
    const h0 = hessian[from] as number;
    const g = (gradient[to] as number) - g0;
    const h = (hessian[to] as number) - h0;
    const minRow = (rows[from] as number) + min_rows;
    const maxRow = (rows[to] as number) - min_rows;
    let best = (g * g) / (h + l2) + 1e-12 * h;
    const whole = (g * g) / (h + l2);
    let at = 0;
    for (let k = from + 1; k < to; k++) {
      const row = rows[k] as number;
      if (row < minRow) continue;
      if (row > maxRow) break;
      const gl = (gradient[k] as number) - g0;
      const hl = (hessian[k] as number) - h0;
      const gr = g - gl;
      const hr = h - hl;
      if (hl < min_hessian || hr < min_hessian) continue;
      const gain = (gl * gl) / (hl + l2) + (gr * gr) / (hr + l2);
      if (gain <= best) continue;
      if (monotone !== 0 && monotone * (gr / (hr + l2) - gl / (hl + l2)) < 0) continue;
      best = gain;
      at = k;
    }
    return { at, gain: at === 0 ? 0 : best - whole };
  }

  /** `max_leaves − 1` cuts drawn evenly over the bins; a cut that leaves too thin a leaf is left out. */
  #drawEdges(count: number, random: Random): void {
    const { max_leaves, min_rows, min_hessian } = this.#limits;
    const drawn: number[] = [];
    for (let i = 1; i < max_leaves; i++) drawn.push(1 + Math.floor(random() * (count - 1)));
    drawn.sort((a, b) => a - b);
    const edges = [0];
    for (const at of drawn) {
      const last = edges[edges.length - 1] as number;
      const isThick = (from: number, to: number): boolean =>
        (this.#rows[to] as number) - (this.#rows[from] as number) >= min_rows &&
        (this.#hessian[to] as number) - (this.#hessian[from] as number) >= min_hessian;
      if (at < count && at > last && isThick(last, at) && isThick(at, count)) edges.push(at);
    }
    edges.push(count);
    this.#edges = edges;
  }

  /** Newton values of the leaves; where a direction is given, neighbours that break it share one value. */
  #leafValues(monotone: Monotone | 0): number[] {
    const edges = this.#edges;
    if (edges.length < 3) return [];
    const blocks: { gradient: number; hessian: number; leaves: number }[] = [];
    for (let leaf = 0; leaf + 1 < edges.length; leaf++) {
      const from = edges[leaf] as number;
      const to = edges[leaf + 1] as number;
      let block = {
        gradient: (this.#gradient[to] as number) - (this.#gradient[from] as number),
        hessian: (this.#hessian[to] as number) - (this.#hessian[from] as number),
        leaves: 1,
      };
      for (let above = blocks.at(-1); monotone !== 0 && above !== undefined; above = blocks.at(-1)) {
        const gap = this.#newton(block.gradient, block.hessian) - this.#newton(above.gradient, above.hessian);
        if (monotone * gap >= 0) break;
        block = {
          gradient: above.gradient + block.gradient,
          hessian: above.hessian + block.hessian,
          leaves: above.leaves + block.leaves,
        };
        blocks.pop();
      }
      blocks.push(block);
    }
    return blocks.flatMap(({ gradient, hessian, leaves }) =>
      Array.from({ length: leaves }, () => this.#newton(gradient, hessian)),
    );
  }
}
