import type { Random } from '../../contract/model.ts';
import { MAX_STEP, type StepLimits } from './leaf-search.ts';
import { CELL_FACTORS, CELL_SUMS, MOST_CELLS } from './pair-kernel.ts';

/** What is fixed about one pair within a bag. Cells in cutting order, line by line. */
export interface PairFrame {
  readonly height: number;
  readonly width: number;
  /** Weighted labels of each cell. */
  readonly labels: Float64Array;
  /** Rows of all cells above and left of each corner, `width + 1` corners a line. */
  readonly rows: Float64Array;
  /** Which of the four boxes around each corner have rows enough to be a leaf: `TOP_LEFT` … together. */
  readonly thick: Uint8Array;
}

const TOP_LEFT = 1;
const TOP_RIGHT = 2;
const BOTTOM_LEFT = 4;
const BOTTOM_RIGHT = 8;
/** Bins of a pair's feature, at most. */
const MOST_BINS = 64;
/** What a leaf that is too thin gains: no sum with it is more than any other. */
const NEVER = Number.NEGATIVE_INFINITY;

/** Sums of gradient and hessian over all cells above and left of each corner. Set by each step. */
const GRADIENT = new Float64Array((MOST_BINS + 1) ** 2);
const HESSIAN = new Float64Array((MOST_BINS + 1) ** 2);
/** Best gain, and the cut it comes from, of what lies left and right of each cut across the columns; 0 = no cut. */
const LEFT = new Float64Array(MOST_BINS);
const RIGHT = new Float64Array(MOST_BINS);
const LEFT_AT = new Uint8Array(MOST_BINS);
const RIGHT_AT = new Uint8Array(MOST_BINS);
/** The step of each cell last found, in log-odds; its exp(−x) stand in `CELL_FACTORS`. */
export const CELL_UPDATE: Float64Array = new Float64Array(MOST_CELLS);

/** A pair's frame from the weighted labels and the rows of its cells. `minRows` = least rows of a leaf. */
export function framePair(
  height: number,
  width: number,
  labels: Float64Array,
  cellRows: Float64Array,
  minRows: number,
): PairFrame {
  const line = width + 1;
  const rows = new Float64Array((height + 1) * line);
  for (let a = 0; a < height; a++) {
    let sum = 0;
    for (let b = 0; b < width; b++) {
      sum += cellRows[a * width + b] as number;
      rows[(a + 1) * line + b + 1] = (rows[a * line + b + 1] as number) + sum;
    }
  }
  const last = height * line;
  const all = rows[last + width] as number;
  const thick = rows.map((topLeft, corner) => {
    const b = corner % line;
    const top = rows[corner - b + width] as number;
    const left = rows[last + b] as number;
    return (
      Number(topLeft >= minRows) * TOP_LEFT +
      Number(top - topLeft >= minRows) * TOP_RIGHT +
      Number(left - topLeft >= minRows) * BOTTOM_LEFT +
      Number(all - top - (left - topLeft) >= minRows) * BOTTOM_RIGHT
    );
  });
  return { height, width, labels, rows, thick: Uint8Array.from(thick) };
}

/** One Newton step of a pair: a cut of one feature, and on each side its own cut of the other; at most four leaves. */
export class PairSearch {
  readonly #limits: StepLimits;
  /** The cut in hand: of lines or columns (0 = none), and what cuts the part before it and the part behind; 0 = nothing. */
  #areLinesFirst = true;
  #at = 0;
  #low = 0;
  #high = 0;
  #gain = 0;

  constructor(limits: StepLimits) {
    this.#limits = limits;
  }

  /** What the step last sought gains; of a drawn one 0. */
  get gain(): number {
    return this.#gain;
  }

  /**
   * Sets `CELL_UPDATE` and `CELL_FACTORS` from `CELL_SUMS`; false when there is nothing to do. A `random` source draws
   * the cuts.
   */
  step(frame: PairFrame, random: Random | undefined): boolean {
    const cells = frame.height * frame.width;
    CELL_UPDATE.fill(0, 0, cells);
    CELL_FACTORS.fill(1, 0, cells);
    accumulate(frame);
    this.#gain = 0;
    if (random === undefined) this.#seek(frame);
    else this.#draw(frame, random);
    if (this.#at === 0) return false;
    const along = this.#areLinesFirst ? frame.height : frame.width;
    const isLowChanged = this.#fillPart(frame, 0, this.#at, this.#low);
    const isHighChanged = this.#fillPart(frame, this.#at, along, this.#high);
    return isLowChanged || isHighChanged;
  }

  /**
   * The best of all cuts. Whichever feature is cut first, a corner has the same four boxes around it: each is valued once,
   * and serves the cut of lines above and below as well as that of columns left and right. First of equals.
   */
  #seek({ height, width, thick }: PairFrame): void {
    const { l2, min_hessian } = this.#limits;
    const line = width + 1;
    const last = height * line;
    const gAll = GRADIENT[last + width] as number;
    const hAll = HESSIAN[last + width] as number;
    this.#at = 0;
    const whole = (gAll * gAll) / (hAll + l2);
    // A cut must gain more than rounding can make up.
    let best = whole + 1e-12 * hAll;
    for (let b = 1; b < width; b++) {
      const [g, h] = [GRADIENT[last + b] as number, HESSIAN[last + b] as number];
      const isThick = isStripThick(thick[last + b] as number, TOP_LEFT, TOP_RIGHT);
      LEFT[b] = isThick && h >= min_hessian ? (g * g) / (h + l2) : NEVER;
      RIGHT[b] = isThick && hAll - h >= min_hessian ? ((gAll - g) * (gAll - g)) / (hAll - h + l2) : NEVER;
      LEFT_AT[b] = 0;
      RIGHT_AT[b] = 0;
    }
    for (let a = 1; a < height; a++) {
      const here = a * line;
      const [gTop, hTop] = [GRADIENT[here + width] as number, HESSIAN[here + width] as number];
      const [gBottom, hBottom] = [gAll - gTop, hAll - hTop];
      const isThick = isStripThick(thick[here + width] as number, TOP_LEFT, BOTTOM_LEFT);
      let top = isThick && hTop >= min_hessian ? (gTop * gTop) / (hTop + l2) : NEVER;
      let bottom = isThick && hBottom >= min_hessian ? (gBottom * gBottom) / (hBottom + l2) : NEVER;
      let topAt = 0;
      let bottomAt = 0;
      for (let b = 1; b < width; b++) {
        const boxes = thick[here + b] as number;
        const g = GRADIENT[here + b] as number;
        const h = HESSIAN[here + b] as number;
        const gTopRight = gTop - g;
        const hTopRight = hTop - h;
        const gBottomLeft = (GRADIENT[last + b] as number) - g;
        const hBottomLeft = (HESSIAN[last + b] as number) - h;
        const gBottomRight = gBottom - gBottomLeft;
        const hBottomRight = hBottom - hBottomLeft;
        const topLeft = (boxes & TOP_LEFT) !== 0 && h >= min_hessian ? (g * g) / (h + l2) : NEVER;
        const topRight =
          (boxes & TOP_RIGHT) !== 0 && hTopRight >= min_hessian ? (gTopRight * gTopRight) / (hTopRight + l2) : NEVER;
        const bottomLeft =
          (boxes & BOTTOM_LEFT) !== 0 && hBottomLeft >= min_hessian
            ? (gBottomLeft * gBottomLeft) / (hBottomLeft + l2)
            : NEVER;
        const bottomRight =
          (boxes & BOTTOM_RIGHT) !== 0 && hBottomRight >= min_hessian
            ? (gBottomRight * gBottomRight) / (hBottomRight + l2)
            : NEVER;
        if (topLeft + topRight > top) {
          top = topLeft + topRight;
          topAt = b;
        }
        if (bottomLeft + bottomRight > bottom) {
          bottom = bottomLeft + bottomRight;
          bottomAt = b;
        }
        if (topLeft + bottomLeft > (LEFT[b] as number)) {
          LEFT[b] = topLeft + bottomLeft;
          LEFT_AT[b] = a;
        }
        if (topRight + bottomRight > (RIGHT[b] as number)) {
          RIGHT[b] = topRight + bottomRight;
          RIGHT_AT[b] = a;
        }
      }
      if (top + bottom > best) {
        best = top + bottom;
        this.#keep(true, a, topAt, bottomAt);
      }
    }
    for (let b = 1; b < width; b++) {
      const gain = (LEFT[b] as number) + (RIGHT[b] as number);
      if (!(gain > best)) continue;
      best = gain;
      this.#keep(false, b, LEFT_AT[b] as number, RIGHT_AT[b] as number);
    }
    this.#gain = this.#at === 0 ? 0 : best - whole;
  }

  /** A cut of one feature and one of the other on either side, all drawn evenly. */
  #draw({ height, width }: PairFrame, random: Random): void {
    const areLinesFirst = random() < 0.5;
    const [along, across] = areLinesFirst ? [height, width] : [width, height];
    const at = 1 + Math.floor(random() * (along - 1));
    const low = 1 + Math.floor(random() * (across - 1));
    const high = 1 + Math.floor(random() * (across - 1));
    this.#keep(areLinesFirst, at, low, high);
  }

  #keep(areLinesFirst: boolean, at: number, low: number, high: number): void {
    this.#areLinesFirst = areLinesFirst;
    this.#at = at;
    this.#low = low;
    this.#high = high;
  }

  /** Gives the one or two leaves between two cuts of the first feature their steps; `second` cuts the other, 0 = not. */
  #fillPart(frame: PairFrame, from: number, to: number, second: number): boolean {
    const { height, width } = frame;
    if (this.#areLinesFirst) {
      const isChanged = second > 0 && this.#fill(frame, from, to, 0, second);
      return this.#fill(frame, from, to, second, width) || isChanged;
    }
    const isChanged = second > 0 && this.#fill(frame, 0, second, from, to);
    return this.#fill(frame, second, height, from, to) || isChanged;
  }

  /** Gives the cells of a box (lines from, to, columns from, to) their common step. */
  #fill({ width, rows }: PairFrame, top: number, bottom: number, left: number, right: number): boolean {
    const { l2, min_rows, min_hessian, learning_rate } = this.#limits;
    const [above, below] = [top * (width + 1), bottom * (width + 1)];
    const hessian = boxOf(HESSIAN, above, below, left, right);
    if (boxOf(rows, above, below, left, right) < min_rows || hessian < min_hessian) return false;
    const newton = boxOf(GRADIENT, above, below, left, right) / (hessian + l2);
    const value = learning_rate * Math.min(MAX_STEP, Math.max(-MAX_STEP, newton));
    if (value === 0) return false;
    const factor = Math.exp(-value);
    for (let a = top; a < bottom; a++) {
      for (let cell = a * width + left; cell < a * width + right; cell++) {
        CELL_UPDATE[cell] = value;
        CELL_FACTORS[cell] = factor;
      }
    }
    return true;
  }
}

/** Whether both parts have rows enough. */
function isStripThick(boxes: number, one: number, other: number): boolean {
  return (boxes & (one | other)) === (one | other);
}

/** Sum over the cells between two lines and two columns. */
function boxOf(sum: Float64Array, above: number, below: number, left: number, right: number): number {
  return (
    (sum[below + right] as number) -
    (sum[above + right] as number) -
    ((sum[below + left] as number) - (sum[above + left] as number))
  );
}

/** Sums over all cells above and left of each corner, from `CELL_SUMS`. */
function accumulate({ height, width, labels }: PairFrame): void {
  const line = width + 1;
  GRADIENT.fill(0, 0, line);
  HESSIAN.fill(0, 0, line);
  for (let a = 0; a < height; a++) {
    let g = 0;
    let h = 0;
    const above = a * line + 1;
    const here = above + line;
    GRADIENT[here - 1] = 0;
    HESSIAN[here - 1] = 0;
    const start = a * width;
    for (let b = 0; b < width; b++) {
      const cell = start + b;
      const p = CELL_SUMS[2 * cell] as number;
      g += (labels[cell] as number) - p;
      h += p - (CELL_SUMS[2 * cell + 1] as number);
      GRADIENT[here + b] = (GRADIENT[above + b] as number) + g;
      HESSIAN[here + b] = (HESSIAN[above + b] as number) + h;
    }
  }
}
