import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/lib/random.ts';
import { type HeldRows, rateOverBase } from '../../src/models/signals/rate-over-base.ts';

/** One date of `accounts`, the first `left` of which leave; those that `holds` are held. */
function oneDate(accounts: number, left: number, holds: (account: number) => boolean): HeldRows {
  const ids = Array.from({ length: accounts }, (_, id) => id);
  return {
    label: Uint8Array.from(ids, (id) => (id < left ? 1 : 0)),
    account: Int32Array.from(ids),
    observation_date: new Int32Array(accounts).fill(20_000),
    is_held: Uint8Array.from(ids, (id) => (holds(id) ? 1 : 0)),
  };
}

describe('the rate of a group over that of all', () => {
  it('none of few is not "never": as many more could have left as the exact interval of none allows', () => {
    // Five held of which none left, where 20 of 100 did: one was due. Exact: 0 to −ln .05 = 2.996 accounts.
    const found = rateOverBase(
      oneDate(100, 20, (id) => id >= 95),
      createRandom(1),
    );
    expect(found).toMatchObject({ rate: 0, ratio: 0, low: 0 });
    expect(found?.base_rate).toBeCloseTo(0.2, 12);
    expect(found?.high).toBeCloseTo(-Math.log(0.05) / 1, 6);
  });
  it('rows of one account with the outcome are one event', () => {
    // The same company at two dates: two rows an account, still one account due.
    const once = oneDate(100, 20, (id) => id >= 95);
    const twice = (values: ArrayLike<number>) => [...Array.from(values), ...Array.from(values)];
    const rows = {
      label: Uint8Array.from(twice(once.label)),
      account: Int32Array.from(twice(once.account)),
      observation_date: Int32Array.from({ length: 200 }, (_, i) => (i < 100 ? 20_000 : 20_030)),
      is_held: Uint8Array.from(twice(once.is_held)),
    };
    expect(rateOverBase(rows, createRandom(1))?.high).toBeCloseTo(-Math.log(0.05), 6);
  });
  it('with ten accounts and more it is the interval of the draws', () => {
    const found = rateOverBase(
      oneDate(100, 40, (id) => id % 2 === 0),
      createRandom(1),
    );
    // 20 of 50 held and 40 of 100 left: never as far out as the exact interval of 20, 13.3 to 29.1 of 20 due.
    expect(found?.ratio).toBe(1);
    expect(found?.low).toBeGreaterThan(0.72);
    expect(found?.high).toBeLessThan(1.4);
  });
  it('covers a rate that is the same for all in nine of ten small groups', () => {
    const random = createRandom(5);
    let covered = 0;
    const draws = 300;
    for (let draw = 0; draw < draws; draw++) {
      const label = Uint8Array.from({ length: 200 }, () => (random() < 0.15 ? 1 : 0));
      const rows = { ...oneDate(200, 0, (id) => id < 25), label };
      const found = rateOverBase(rows, createRandom(draw + 1));
      if (found !== null && found.low <= 1 && found.high >= 1) covered++;
    }
    // Conservative, as exact intervals are; three standard errors of 90 % over 300 draws are 5.2 %.
    expect(covered / draws).toBeGreaterThan(0.85);
    expect(covered / draws).toBeLessThanOrEqual(1);
  });
});
