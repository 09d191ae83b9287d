import { forkRandom } from '../lib/random.ts';
import { baseRateRung, type FittedRung, type Rung, recentBaseRateRung } from './rungs.ts';
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

/** Fits every rung on the training side of a split and predicts its test rows. The base rate must be the first. */
export async function replaySplit(
  panel: Panel,
  rungs: readonly Rung[],
  split: OriginSplit,
  seed: number,
): Promise<SplitReplay> {
  const train = takePanelRows(panel, split.train);
  const test = takePanelRows(panel, split.test);
  const entries: SplitEntry[] = [];
  for (const rung of rungs) {
    // Its own source for each rung and origin: a rung added or left out changes no other rung's numbers.
    const fitted = await rung.fit(train, forkRandom(seed, `${rung.name}:${split.origin}`));
    const isFitted = !('skipped' in fitted);
    const probability = isFitted ? (fitted as FittedRung).predict(test) : entries[0]?.probability;
    if (probability === undefined) throw new Error('the base rate must stand on every table');
    entries.push({ rung, probability, skipped: isFitted ? null : fitted.skipped });
  }
  return { rows: split.test, entries };
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
