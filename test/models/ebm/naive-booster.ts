import { forkRandom } from '../../../src/lib/random.ts';
import type { MainsInput } from '../../../src/models/ebm/mains.ts';
import type { PairsInput } from '../../../src/models/ebm/pairs.ts';

/**
 * The booster written for reading: scores kept as log-odds, every probability from its own exponential, every histogram a
 * pass over the rows, every cut tried by summing its two sides anew. Slow, and the oracle of the quick one.
 */

interface Found {
  readonly gain: number;
  readonly take: () => void;
}

/** The order of steps, written for reading: `seek` finds the step of a term, `take` takes it. */
function goRound(
  round: number,
  terms: readonly number[],
  settings: { readonly smoothing_rounds: number; readonly greedy_rounds: number },
  gains: Map<number, number>,
  seek: (term: number, isRandom: boolean) => Found,
): void {
  const greedyRound = round - settings.smoothing_rounds - 1;
  if (greedyRound < 0 || settings.greedy_rounds === 0) {
    for (const term of terms) seek(term, greedyRound < 0).take();
    return;
  }
  if (greedyRound % settings.greedy_rounds === 0) for (const term of terms) gains.set(term, seek(term, false).gain);
  for (const _ of terms) {
    const most = Math.max(...terms.map((term) => gains.get(term) ?? 0));
    const term = terms.find((candidate) => (gains.get(candidate) ?? 0) === most) ?? 0;
    const found = seek(term, false);
    gains.set(term, found.gain);
    found.take();
  }
}

interface Row {
  readonly bins: readonly number[];
  readonly y: number;
  readonly w: number;
  score: number;
}

interface Leaf {
  readonly bins: readonly number[];
}

const sigmoid = (score: number): number => 1 / (1 + Math.exp(-score));

function rowsOf(input: { readonly table: MainsInput['table'] }, side: 0 | 1): Row[] {
  const { values, label, weight, held_out } = input.table;
  const rows: Row[] = [];
  for (let i = 0; i < label.length; i++) {
    if (held_out[i] !== side) continue;
    rows.push({ bins: values.map((column) => column[i] ?? 0), y: label[i] ?? 0, w: weight?.[i] ?? 1, score: 0 });
  }
  return rows;
}

function logLoss(rows: readonly Row[]): number {
  let sum = 0;
  let all = 0;
  for (const { y, w, score } of rows) {
    sum += w * Math.log1p(Math.exp(y === 1 ? -score : score));
    all += w;
  }
  return sum / all;
}

/** Gradient, hessian and rows of the bins named. */
function sumsOf(rows: readonly Row[], feature: number, bins: readonly number[]): { g: number; h: number; n: number } {
  let [g, h, n] = [0, 0, 0];
  for (const row of rows) {
    if (!bins.includes(row.bins[feature] ?? -1)) continue;
    const p = sigmoid(row.score);
    g += row.w * (row.y - p);
    h += row.w * p * (1 - p);
    n++;
  }
  return { g, h, n };
}

/** One bag of single features, step by step. Same order of random draws as the quick booster. */
export function naiveMains(input: MainsInput): { shapes: number[][]; intercept: number; rounds: number; loss: number } {
  const { settings, table } = input;
  const { limits } = settings;
  const random = forkRandom(input.seed, 'mains');
  const train = rowsOf(input, 0);
  const held = rowsOf(input, 1);
  const ones = train.reduce((sum, row) => sum + row.w * row.y, 0);
  const all = train.reduce((sum, row) => sum + row.w, 0);
  const intercept = Math.log(ones / all / (1 - ones / all));
  for (const row of [...train, ...held]) row.score = intercept;
  const shapes = table.features.map((feature) => new Array<number>(feature.bins).fill(0));
  let best = { shapes: structuredClone(shapes), rounds: 0, loss: logLoss(held) };
  const newton = (bins: readonly number[], j: number): number => {
    const { g, h } = sumsOf(train, j, bins);
    return Math.min(4, Math.max(-4, g / (h + limits.l2)));
  };
  const gains = new Map<number, number>();
  const terms = [...table.features.keys()].filter((j) => new Set(train.map((row) => row.bins[j])).size > 1);
  for (let round = 1; round <= settings.max_rounds; round++) {
    goRound(round, terms, settings, gains, (j, isRandom) => {
      const feature = table.features[j] ?? { bins: 0, isNominal: false, monotone: 0 };
      const steps = new Map<number, number>();
      let gain = 0;
      let order = Array.from({ length: feature.bins }, (_, b) => b);
      if (feature.isNominal) {
        const rank = (b: number): number => {
          const { g, h } = sumsOf(train, j, [b]);
          return g / (h + limits.nominal_smoothing);
        };
        order = order.filter((b) => sumsOf(train, j, [b]).n > 0).sort((a, b) => rank(a) - rank(b) || a - b);
      } else {
        const missing = sumsOf(train, j, [0]);
        if (missing.n >= limits.min_rows && missing.h >= limits.min_hessian) {
          steps.set(0, newton([0], j));
          gain += value([0]);
        }
        order = order.slice(1);
      }
      const leaves = isRandom ? drawLeaves(order) : seekLeaves(order);
      if (leaves.length > 1) {
        for (const leaf of leaves) for (const b of leaf.bins) steps.set(b, newton(leaf.bins, j));
        gain += leaves.reduce((sum, leaf) => sum + value(leaf.bins), 0) - value(order);
      }
      return {
        gain,
        take() {
          for (const [b, step] of steps) {
            const shape = shapes[j] as number[];
            shape[b] = (shape[b] ?? 0) + limits.learning_rate * step;
          }
          for (const row of [...train, ...held]) {
            row.score += limits.learning_rate * (steps.get(row.bins[j] ?? -1) ?? 0);
          }
        },
      };

      function value(part: readonly number[]): number {
        const { g, h } = sumsOf(train, j, part);
        return (g * g) / (h + limits.l2);
      }
      function isThick(bins: readonly number[]): boolean {
        const { h, n } = sumsOf(train, j, bins);
        return bins.length > 0 && n >= limits.min_rows && h >= limits.min_hessian;
      }
      function drawLeaves(places: readonly number[]): Leaf[] {
        const cuts = Array.from(
          { length: limits.max_leaves - 1 },
          () => 1 + Math.floor(random() * (places.length - 1)),
        );
        const leaves: Leaf[] = [];
        let from = 0;
        for (const cut of cuts.sort((a, b) => a - b)) {
          if (!isThick(places.slice(from, cut)) || !isThick(places.slice(cut))) continue;
          leaves.push({ bins: places.slice(from, cut) });
          from = cut;
        }
        return [...leaves, { bins: places.slice(from) }];
      }
      function seekLeaves(places: readonly number[]): Leaf[] {
        let leaves: Leaf[] = [{ bins: places }];
        while (leaves.length < limits.max_leaves) {
          const cuts = leaves.map((leaf) => bestCut(leaf.bins));
          const top = cuts.reduce((at, cut, k) => (cut.gain > (cuts[at]?.gain ?? 0) ? k : at), 0);
          const cut = cuts[top];
          if (cut === undefined || cut.gain <= 0) break;
          const { bins } = leaves[top] as Leaf;
          leaves = leaves.toSpliced(top, 1, { bins: bins.slice(0, cut.at) }, { bins: bins.slice(cut.at) });
        }
        return leaves;
      }
      function bestCut(bins: readonly number[]): { gain: number; at: number } {
        let found = { gain: 1e-12 * sumsOf(train, j, bins).h, at: 0 };
        for (let at = 1; at < bins.length; at++) {
          const [left, right] = [bins.slice(0, at), bins.slice(at)];
          if (!isThick(left) || !isThick(right)) continue;
          const gain = value(left) + value(right) - value(bins);
          // Cuts around an empty bin part the same rows: rounding must not choose between them.
          if (gain > found.gain + 1e-12) found = { gain, at };
        }
        return found.at === 0 ? { gain: 0, at: 0 } : found;
      }
    });
    const loss = logLoss(held);
    if (loss < best.loss - settings.early_stopping_tolerance)
      best = { shapes: structuredClone(shapes), rounds: round, loss };
    else if (round - best.rounds >= settings.early_stopping_rounds) break;
  }
  return { ...best, intercept };
}

/** One bag of pairs of continuous features (whose cutting order is their own), step by step. */
export function naivePairs(input: PairsInput): { tables: number[][]; rounds: number; loss: number } {
  const { settings } = input;
  const { limits } = settings;
  const random = forkRandom(input.seed, 'pairs');
  const train = rowsOf(input, 0);
  const held = rowsOf(input, 1);
  for (const row of [...train, ...held]) {
    row.score = input.shapes.reduce((sum, shape, j) => sum + (shape[row.bins[j] ?? 0] ?? 0), input.intercept);
  }
  const groups = input.groups.map((map) => Array.from(map ?? []));
  const size = (j: number): number => Math.max(...(groups[j] ?? [])) + 1;
  const groupOf = (row: Row, j: number): number => groups[j]?.[row.bins[j] ?? 0] ?? 0;
  const tables = input.pairs.map(([i, j]) => new Array<number>(size(i) * size(j)).fill(0));
  let best = { tables: structuredClone(tables), rounds: 0, loss: logLoss(held) };
  const gains = new Map<number, number>();
  for (let round = 1; round <= settings.max_rounds; round++) {
    goRound(round, [...input.pairs.keys()], settings, gains, (t, isRandom) => {
      const [i, j] = input.pairs[t] ?? [0, 0];
      type Box = readonly [number, number, number, number];
      const inBox = (row: Row, [top, bottom, left, right]: Box): boolean => {
        const [a, b] = [groupOf(row, i), groupOf(row, j)];
        return a >= top && a < bottom && b >= left && b < right;
      };
      const sums = (box: Box): { g: number; h: number; n: number } => {
        let [g, h, n] = [0, 0, 0];
        for (const row of train) {
          if (!inBox(row, box)) continue;
          const p = sigmoid(row.score);
          g += row.w * (row.y - p);
          h += row.w * p * (1 - p);
          n++;
        }
        return { g, h, n };
      };
      const isThick = (box: Box): boolean => {
        const { h, n } = sums(box);
        return n >= limits.min_rows && h >= limits.min_hessian;
      };
      const value = (box: Box): number => {
        const { g, h } = sums(box);
        return (g * g) / (h + limits.l2);
      };
      const boxOf = (areLinesFirst: boolean, from: number, to: number, start: number, end: number): Box =>
        areLinesFirst ? [from, to, start, end] : [start, end, from, to];
      let boxes: Box[] = [];
      if (isRandom) {
        const areLinesFirst = random() < 0.5;
        const [along, across] = areLinesFirst ? [size(i), size(j)] : [size(j), size(i)];
        const [at, low, high] = [along, across, across].map((n) => 1 + Math.floor(random() * (n - 1))) as [
          number,
          number,
          number,
        ];
        boxes = [
          boxOf(areLinesFirst, 0, at, 0, low),
          boxOf(areLinesFirst, 0, at, low, across),
          boxOf(areLinesFirst, at, along, 0, high),
          boxOf(areLinesFirst, at, along, high, across),
        ];
      } else {
        const whole: Box = [0, size(i), 0, size(j)];
        let top = value(whole) + 1e-12 * sums(whole).h;
        for (const areLinesFirst of [true, false]) {
          const [along, across] = areLinesFirst ? [size(i), size(j)] : [size(j), size(i)];
          for (let at = 1; at < along; at++) {
            const halves = [
              [0, at],
              [at, along],
            ].map(([from = 0, to = 0]) => {
              const strip = boxOf(areLinesFirst, from, to, 0, across);
              if (!isThick(strip)) return undefined;
              let found = { gain: value(strip), boxes: [strip] };
              for (let cut = 1; cut < across; cut++) {
                const parts = [boxOf(areLinesFirst, from, to, 0, cut), boxOf(areLinesFirst, from, to, cut, across)];
                if (!parts.every(isThick)) continue;
                const gain = parts.reduce((sum, box) => sum + value(box), 0);
                if (gain > found.gain + 1e-12) found = { gain, boxes: parts };
              }
              return found;
            });
            const [low, high] = halves;
            if (low === undefined || high === undefined || low.gain + high.gain <= top + 1e-12) continue;
            top = low.gain + high.gain;
            boxes = [...low.boxes, ...high.boxes];
          }
        }
      }
      const steps = boxes.filter(isThick).map((box) => {
        const { g, h } = sums(box);
        return { box, value: limits.learning_rate * Math.min(4, Math.max(-4, g / (h + limits.l2))) };
      });
      return {
        gain:
          boxes.length === 0 ? 0 : boxes.reduce((sum, box) => sum + value(box), 0) - value([0, size(i), 0, size(j)]),
        take() {
          for (const { box, value: move } of steps) {
            for (const row of [...train, ...held]) if (inBox(row, box)) row.score += move;
            const table = tables[t] as number[];
            for (let a = box[0]; a < box[1]; a++) {
              for (let b = box[2]; b < box[3]; b++) table[a * size(j) + b] = (table[a * size(j) + b] ?? 0) + move;
            }
          }
        },
      };
    });
    const loss = logLoss(held);
    if (loss < best.loss - settings.early_stopping_tolerance)
      best = { tables: structuredClone(tables), rounds: round, loss };
    else if (round - best.rounds >= settings.early_stopping_rounds) break;
  }
  return best;
}
