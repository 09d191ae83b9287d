import type { SplitReplay } from '../../models/replay.ts';
import type { OriginSplit } from '../../models/splits.ts';

type Replayer = (split: OriginSplit) => Promise<SplitReplay>;

/** What fitting took, in milliseconds of this run. */
export interface FitTimes {
  /** Fits that were executed: every date's rungs once, and every origin's judgement, serving model, refits, calibration. */
  readonly executed: number;
  /**
   * What the origins' own fits would have taken alone, added up: for each origin every inner date its ladder rests on, at the
   * time that date took when it was fitted here and counted again for each origin that rests on it, and its own judgement,
   * serving model, refits and calibration. The rungs fitted at the origin itself are not among them: they are tested there,
   * and `train` does not fit them. It is a sum of measured times, not a time that passed.
   */
  readonly alone: number;
}

/** Takes the time of fits that origins share. */
export interface FitClock {
  readonly times: FitTimes;
  /** A shared replayer (`sharedReplays`) that is watched; one watch for each panel. */
  watch(replay: Replayer): Replayer;
  /** Runs one origin's own fit. Fits must not overlap. */
  own<T>(work: () => Promise<T>): Promise<T>;
}

/** @param now milliseconds since any fixed moment, never falling */
export function fitClock(now: () => number): FitClock {
  let executed = 0;
  let alone = 0;
  // Inside an own fit: the time its replays were waited for, and the time they would take had nobody asked before.
  let inside: { waited: number; anew: number } | undefined;
  return {
    get times() {
      return { executed, alone };
    },
    watch(replay) {
      const first = new Map<number, number>();
      return async (split) => {
        const started = now();
        const result = await replay(split);
        const taken = now() - started;
        const whole = first.get(split.origin) ?? taken;
        first.set(split.origin, whole);
        if (inside === undefined) executed += taken;
        else {
          inside.waited += taken;
          inside.anew += whole;
        }
        return result;
      };
    },
    async own(work) {
      const replays = { waited: 0, anew: 0 };
      inside = replays;
      const started = now();
      try {
        return await work();
      } finally {
        const taken = now() - started;
        inside = undefined;
        executed += taken;
        alone += taken - replays.waited + replays.anew;
      }
    },
  };
}
