/** What fitting took: processor milliseconds of the threads that did it, each thread's counted apart. */
export interface FitTimes {
  /** Fits that were executed: every date's rungs once, and every origin's judgement, serving model and refits. */
  readonly executed: number;
  /**
   * What the origins' own fits would have taken, added up, if nothing were shared: for each origin the rungs fitted as of that
   * day, which are tested there, every earlier date its ladder rests on, and its own judgement, serving model and refits. A date
   * counts again for each origin that rests on it, at what it took here. It is a sum of measured times, not a time that passed.
   */
  readonly alone: number;
}

/** One origin of one basis: what only it needs, and the dates whose replays it rests on. */
export interface OwnFit {
  /** Date whose rungs are tested; undefined where none could be fitted. */
  readonly tested: number | undefined;
  readonly restsOn: ReadonlySet<number>;
  /** Of its judgement, serving model and refits. */
  readonly milliseconds: number;
}

/**
 * The times of the fits of one basis.
 * @param dates milliseconds that each date's rungs took, fitted once
 */
export function fitTimes(dates: ReadonlyMap<number, number>, fits: readonly OwnFit[]): FitTimes {
  const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);
  const own = sum(fits.map(({ milliseconds }) => milliseconds));
  const needed = fits.map(({ tested, restsOn }) => {
    const all = new Set(tested === undefined ? restsOn : [...restsOn, tested]);
    return sum([...all].map((date) => dates.get(date) ?? 0));
  });
  return { executed: sum(dates.values()) + own, alone: sum(needed) + own };
}
