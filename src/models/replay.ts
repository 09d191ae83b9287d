import { forkRandom } from '../lib/random.ts';
import { baseRateRung, type FittedRung, type Rung, recentBaseRateRung, type SkippedRung } from './rungs.ts';
import { type OriginSplit, type Panel, takePanelRows } from './splits.ts';

/** What the rungs said of the rows of one date, each fitted on what was known that day. */
export interface SplitReplay {
  /** Rows of the panel. */
  readonly rows: Uint32Array;
  readonly entries: readonly SplitEntry[];
}

/** One rung at one date; where it could not stand it repeats the base rate and says why. */
export interface SplitEntry {
  readonly rung: Rung;
  /** Probabilities in the order of `rows`. */
  readonly probability: Float64Array;
  readonly skipped: string | null;
}

/** One rung over several dates. */
export interface Replayed {
  readonly rung: Rung;
  readonly probability: Float64Array;
  /** Origins at which it stood on its own; elsewhere it repeats the base rate. */
  readonly fitted: number;
  /** Why it stood nowhere; null where it did. */
  readonly reason: string | null;
}

/** Several dates put one after the other. */
export interface Replay {
  readonly rows: Uint32Array;
  readonly rungs: readonly Replayed[];
}

/** The rungs with both base rates first, once. */
export function wholeLadder(rungs: readonly Rung[]): Rung[] {
  return [baseRateRung, recentBaseRateRung, ...rungs.filter(({ isBase }) => isBase !== true)];
}

/**
 * Fits every rung on the training side of a split and predicts its test rows. The base rate must be the first.
 *
 * The richest rung is begun first and the others are fitted while the threads of its pool work; between them it gets its
 * turn. Each has its own random source, so that the order changes no number.
 */
export async function replaySplit(
  panel: Panel,
  rungs: readonly Rung[],
  split: OriginSplit,
  seed: number,
): Promise<SplitReplay> {
  const train = takePanelRows(panel, split.train);
  const test = takePanelRows(panel, split.test);
  const fits: (FittedRung | SkippedRung)[] = [];
  const begin = async (k: number): Promise<void> => {
    const rung = rungs[k] as Rung;
    // Its own source for each rung and origin: a rung added or left out changes no other rung's numbers.
    fits[k] = await rung.fit(train, forkRandom(seed, `${rung.name}:${split.origin}`));
  };
  const first = begin(rungs.length - 1);
  // It is awaited below; told here, so that a fault of it that comes before is not taken for one that nobody handles.
  first.catch(() => undefined);
  for (let k = 0; k < rungs.length - 1; k++) {
    await turn();
    await begin(k);
  }
  await first;
  const entries: SplitEntry[] = [];
  for (const [k, rung] of rungs.entries()) {
    const fitted = fits[k] as FittedRung | SkippedRung;
    const isFitted = !('skipped' in fitted);
    const probability = isFitted ? fitted.predict(test) : entries[0]?.probability;
    if (probability === undefined) throw new Error('the base rate must stand on every table');
    entries.push({ rung, probability, skipped: isFitted ? null : fitted.skipped });
  }
  return { rows: split.test, entries };
}

/** Lets what threads have answered be taken up. */
function turn(): Promise<void> {
  return new Promise((wake) => setImmediate(wake));
}

/** Replays of several dates as one, rung by rung. All must hold the same rungs. */
export function joinReplays(splits: readonly SplitReplay[]): Replay {
  const rows = Uint32Array.from(splits.flatMap((split) => [...split.rows]));
  const rungs = (splits[0]?.entries ?? []).map(({ rung }, k): Replayed => {
    const probability = new Float64Array(rows.length);
    let offset = 0;
    let fitted = 0;
    let reason: string | null = null;
    for (const { entries } of splits) {
      const entry = entries[k] as SplitEntry;
      probability.set(entry.probability, offset);
      offset += entry.probability.length;
      if (entry.skipped === null) fitted++;
      else reason = entry.skipped;
    }
    return { rung, probability, fitted, reason: fitted > 0 ? null : reason };
  });
  return { rows, rungs };
}

/**
 * One fit a date for every outer origin that asks for it. The training side of a date (rows closed by it) does not
 * depend on who asks, and neither does the random source, so the first answer is everyone's; only which rows of the date
 * had closed differs, and a row's probability does not depend on its neighbours. Exactly what `replay` gives, which must be
 * `replaySplit` whoever runs it.
 */
export function sharedReplays(
  panel: Panel,
  replay: (split: OriginSplit) => Promise<SplitReplay>,
): (split: OriginSplit) => Promise<SplitReplay> {
  const whole = new Map<number, Promise<SplitReplay>>();
  return async (split) => {
    let fitted = whole.get(split.origin);
    if (fitted === undefined) {
      const test = Uint32Array.from([...panel.label.keys()].filter((i) => panel.observation_date[i] === split.origin));
      fitted = replay({ ...split, test });
      whole.set(split.origin, fitted);
    }
    const { rows, entries } = await fitted;
    if (rows.length === split.test.length) return { rows: split.test, entries };
    const place = new Map(Array.from(rows, (row, k) => [row, k]));
    const chosen = Array.from(split.test, (row) => place.get(row) as number);
    return {
      rows: split.test,
      entries: entries.map((entry) => ({
        ...entry,
        probability: Float64Array.from(chosen, (k) => entry.probability[k] as number),
      })),
    };
  };
}
