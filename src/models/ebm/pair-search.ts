import type { Random } from '../../contract/model.ts';
import { MAX_STEP, type StepLimits } from './leaf-search.ts';
import { CELL_FACTORS, CELL_SUMS, MOST_CELLS } from './pair-kernel.ts';

/** What is fixed about one pair within a bag. Cells in cutting order, line by line. */
export interface PairFrame {
  readonly height: number;
  readonly width: number;
  /** Weighted labels of each cell. */
  readonly labels: Float64Array;
  /** Rows of each cell. */
  readonly rows: Float64Array;
}

/** One cut across lines or columns, and one on either side of it across the other; 0 = none. */
interface PairCut {
  gain: number;
  areLinesFirst: boolean;
  at: number;
  low: number;
  high: number;
}

/** Sums of gradient, hessian and rows over all cells above and left of each corner. Set by each step. */
const GRADIENT = new Float64Array(65 * 65);
const HESSIAN = new Float64Array(65 * 65);
const ROWS = new Float64Array(65 * 65);
/** The step of each cell last found, in log-odds; its exp(−x) stand in `CELL_FACTORS`. */
export const CELL_UPDATE: Float64Array = new Float64Array(MOST_CELLS);

/** One Newton step of a pair: a cut of one feature, and on each side its own cut of the other; at most four leaves. */
export class PairSearch {
  readonly #limits: StepLimits;
  /** Best cut of a half and its gain, as left by `#cutHalf`. */
  #halfAt = 0;
  #halfGain = 0;

  constructor(limits: StepLimits) {
    this.#limits = limits;
  }

  /**
   * Sets `CELL_UPDATE` and `CELL_FACTORS` from `CELL_SUMS`; false when there is nothing to do. A `random` source draws
   * the cuts.
   */
  step(frame: PairFrame, random: Random | undefined): boolean {
    const { height, width } = frame;
    const cells = height * width;
    CELL_UPDATE.fill(0, 0, cells);
    CELL_FACTORS.fill(1, 0, cells);
    this.#accumulate(frame);
    const cut = random === undefined ? this.#seek(frame) : draw(frame, random);
    if (cut.at === 0) return false;
    let isChanged = false;
    const across = cut.areLinesFirst ? width : height;
    const along = cut.areLinesFirst ? height : width;
    for (const [from, to, second] of [
      [0, cut.at, cut.low],
      [cut.at, along, cut.high],
    ] as const) {
      const edges = second === 0 ? [0, across] : [0, second, across];
      for (let k = 0; k + 1 < edges.length; k++) {
        const [start, end] = [edges[k] as number, edges[k + 1] as number];
        const box = cut.areLinesFirst ? [from, to, start, end] : [start, end, from, to];
        isChanged = this.#fill(frame, box as [number, number, number, number]) || isChanged;
      }
    }
    return isChanged;
  }

  /** Sums over all cells above and left of each corner. */
  #accumulate({ height, width, labels, rows }: PairFrame): void {
    const line = width + 1;
    GRADIENT.fill(0, 0, line);
    HESSIAN.fill(0, 0, line);
    ROWS.fill(0, 0, line);
    for (let a = 0; a < height; a++) {
      let [g, h, r] = [0, 0, 0];
      const above = a * line;
      const here = above + line;
      GRADIENT[here] = 0;
      HESSIAN[here] = 0;
      ROWS[here] = 0;
      for (let b = 0; b < width; b++) {
        const cell = a * width + b;
        const p = CELL_SUMS[2 * cell] as number;
        g += (labels[cell] as number) - p;
        h += p - (CELL_SUMS[2 * cell + 1] as number);
        r += rows[cell] as number;
        GRADIENT[here + b + 1] = (GRADIENT[above + b + 1] as number) + g;
        HESSIAN[here + b + 1] = (HESSIAN[above + b + 1] as number) + h;
        ROWS[here + b + 1] = (ROWS[above + b + 1] as number) + r;
      }
    }
  }

  #seek({ height, width }: PairFrame): PairCut {
    const line = width + 1;
    const end = height * line + width;
    const total = (GRADIENT[end] as number) ** 2 / ((HESSIAN[end] as number) + this.#limits.l2);
    const best: PairCut = {
      gain: total + 1e-12 * (HESSIAN[end] as number),
      areLinesFirst: true,
      at: 0,
      low: 0,
      high: 0,
    };
    this.#sweep(height, line, width, 1, best, true);
    this.#sweep(width, 1, height, line, best, false);
    return best;
  }

  /** Every cut along one axis (`n1` places, `step1` apart) with the best cut of each half along the other. */
  #sweep(n1: number, step1: number, n2: number, step2: number, best: PairCut, areLinesFirst: boolean): void {
    for (let a = 1; a < n1; a++) {
      this.#cutHalf(0, a * step1, n2, step2);
      const low = this.#halfAt;
      const lowGain = this.#halfGain;
      if (lowGain < 0) continue;
      this.#cutHalf(a * step1, n1 * step1, n2, step2);
      const gain = lowGain + this.#halfGain;
      if (this.#halfGain < 0 || gain <= best.gain) continue;
      best.gain = gain;
      best.areLinesFirst = areLinesFirst;
      best.at = a;
      best.low = low;
      best.high = this.#halfAt;
    }
  }

  /** The best cut of the strip between two corners, or none of it; gain −1 when the strip itself is too thin. */
  #cutHalf(from: number, to: number, n2: number, step2: number): void {
    const { l2, min_rows, min_hessian } = this.#limits;
    const end = n2 * step2;
    const g = (GRADIENT[to + end] as number) - (GRADIENT[from + end] as number);
    const h = (HESSIAN[to + end] as number) - (HESSIAN[from + end] as number);
    const r = (ROWS[to + end] as number) - (ROWS[from + end] as number);
    this.#halfAt = 0;
    this.#halfGain = -1;
    if (r < min_rows || h < min_hessian) return;
    let best = (g * g) / (h + l2);
    let at = 0;
    for (let b = 1; b < n2; b++) {
      const k = b * step2;
      const rl = (ROWS[to + k] as number) - (ROWS[from + k] as number);
      if (rl < min_rows) continue;
      if (r - rl < min_rows) break;
      const hl = (HESSIAN[to + k] as number) - (HESSIAN[from + k] as number);
      const hr = h - hl;
      if (hl < min_hessian || hr < min_hessian) continue;
      const gl = (GRADIENT[to + k] as number) - (GRADIENT[from + k] as number);
      const gr = g - gl;
      const dl = hl + l2;
      const dr = hr + l2;
      const gain = (gl * gl * dr + gr * gr * dl) / (dl * dr);
      if (gain > best) {
        best = gain;
        at = b;
      }
    }
    this.#halfAt = at;
    this.#halfGain = best;
  }

  /** Gives the cells of a box (lines from, to, columns from, to) their common step. */
  #fill({ width }: PairFrame, [top, bottom, left, right]: readonly [number, number, number, number]): boolean {
    const { l2, min_rows, min_hessian, learning_rate } = this.#limits;
    const line = width + 1;
    const boxOf = (sum: Float64Array): number =>
      (sum[bottom * line + right] as number) -
      (sum[top * line + right] as number) -
      ((sum[bottom * line + left] as number) - (sum[top * line + left] as number));
    const hessian = boxOf(HESSIAN);
    if (boxOf(ROWS) < min_rows || hessian < min_hessian) return false;
    const newton = boxOf(GRADIENT) / (hessian + l2);
    const value = learning_rate * Math.min(MAX_STEP, Math.max(-MAX_STEP, newton));
    if (value === 0) return false;
    const factor = Math.exp(-value);
    for (let a = top; a < bottom; a++) {
      CELL_UPDATE.fill(value, a * width + left, a * width + right);
      CELL_FACTORS.fill(factor, a * width + left, a * width + right);
    }
    return true;
  }
}

/** A cut of one feature and one of the other on either side, all drawn evenly. */
function draw({ height, width }: PairFrame, random: Random): PairCut {
  const areLinesFirst = random() < 0.5;
  const [along, across] = areLinesFirst ? [height, width] : [width, height];
  const at = 1 + Math.floor(random() * (along - 1));
  const low = 1 + Math.floor(random() * (across - 1));
  const high = 1 + Math.floor(random() * (across - 1));
  return { gain: 0, areLinesFirst, at, low, high };
}
