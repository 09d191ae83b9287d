import { describe, expect, it } from 'vitest';
import type { SplitReplay } from '../../src/models/replay.ts';
import type { OriginSplit } from '../../src/models/splits.ts';
import { fitClock } from '../../src/pipeline/backtest/fit-clock.ts';

/** A replayer as `sharedReplays`: a date takes its time once, and nothing when asked for again. */
function company() {
  let time = 0;
  const clock = fitClock(() => time);
  const cost = new Map([
    [1, 100],
    [2, 20],
    [3, 7],
  ]);
  const replay = clock.watch(async ({ origin }: OriginSplit): Promise<SplitReplay> => {
    time += cost.get(origin) ?? 0;
    cost.delete(origin);
    return { rows: new Uint32Array(0), entries: [] };
  });
  const at = (origin: number) => replay({ origin } as OriginSplit);
  const spend = (milliseconds: number) => {
    time += milliseconds;
  };
  return { clock, at, spend, now: () => time };
}

describe('the time of fits that origins share, by hand', () => {
  it('counts a shared date once as executed and for each origin that rests on it as its own', async () => {
    const { clock, at, spend, now } = company();
    // Origin 2: tests date 2 (20), rests on date 1 (100), judges and serves for 5.
    await at(2);
    await clock.own(async () => {
      await at(1);
      spend(5);
    });
    expect(clock.times).toEqual({ executed: 125, alone: 105 });
    spend(1000); // between the fits: neither
    // Origin 3: tests date 3 (7), rests on 1 and 2, which stand; judges and serves for 11.
    await at(3);
    await clock.own(async () => {
      await at(1);
      await at(2);
      spend(11);
    });
    expect(clock.times).toEqual({ executed: 125 + 7 + 11, alone: 105 + 100 + 20 + 11 });
    expect(now()).toBe(1143);
  });

  it('keeps counting after a fit that failed', async () => {
    const { clock, at, spend } = company();
    await expect(
      clock.own(async () => {
        spend(3);
        throw new Error('no such rung');
      }),
    ).rejects.toThrow('no such rung');
    await at(3);
    expect(clock.times).toEqual({ executed: 10, alone: 3 });
  });
});
