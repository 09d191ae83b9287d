import { describe, expect, it } from 'vitest';
import { fitTimes } from '../../src/pipeline/backtest/fit-clock.ts';

describe('the time of fits that origins share, by hand', () => {
  // The rungs of three dates took 100, 20 and 7.
  const dates = new Map([
    [1, 100],
    [2, 20],
    [3, 7],
  ]);

  it('counts a date once as executed, and for each origin that tests it or rests on it as its own', () => {
    const fits = [
      { tested: 2, restsOn: new Set([1]), milliseconds: 5 },
      { tested: 3, restsOn: new Set([1, 2]), milliseconds: 11 },
    ];
    expect(fitTimes(dates, fits)).toEqual({
      executed: 100 + 20 + 7 + 5 + 11,
      alone: 20 + 100 + 5 + (7 + 100 + 20 + 11),
    });
  });

  it('counts an origin that could fit nothing as its own time alone', () => {
    expect(fitTimes(dates, [{ tested: undefined, restsOn: new Set(), milliseconds: 2 }])).toEqual({
      executed: 129,
      alone: 2,
    });
  });
});
