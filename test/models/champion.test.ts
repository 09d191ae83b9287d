import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/lib/random.ts';
import { compareRivals } from '../../src/models/champion.ts';

/** Twelve accounts with the outcome and 108 without; the better model leans the right way. */
function rows(champion: (label: number) => number, challenger: (label: number) => number) {
  const label = Array.from({ length: 120 }, (_, i) => (i < 12 ? 1 : 0));
  return {
    account: label.map((_, i) => `a${i}`),
    label,
    champion: label.map(champion),
    challenger: label.map(challenger),
  };
}

const knows = (label: number) => (label === 1 ? 0.4 : 0.07);
const constant = () => 0.1;

describe('compareRivals', () => {
  it('keeps a champion whose log loss is lower beyond chance, and no other', () => {
    const kept = compareRivals(rows(knows, constant));
    // By hand: −(12 ln .4 + 108 ln .93)/120 and −(12 ln .1 + 108 ln .9)/120.
    expect(kept?.champion_log_loss).toBeCloseTo(-(12 * Math.log(0.4) + 108 * Math.log(0.93)) / 120, 12);
    expect(kept?.challenger_log_loss).toBeCloseTo(-(12 * Math.log(0.1) + 108 * Math.log(0.9)) / 120, 12);
    expect(kept?.difference).toBeCloseTo((kept?.challenger_log_loss ?? 0) - (kept?.champion_log_loss ?? 0), 12);
    expect(kept?.is_champion_better).toBe(true);
    expect(compareRivals(rows(constant, knows))?.is_champion_better).toBe(false);
    expect(compareRivals(rows(constant, constant))).toMatchObject({ difference: 0, is_champion_better: false });
  });

  it('says nothing of fewer than ten accounts with the outcome', () => {
    const few = rows(knows, constant);
    expect(compareRivals({ ...few, label: few.label.map((_, i) => (i < 9 ? 1 : 0)) })).toBeUndefined();
    expect(compareRivals({ account: [], label: [], champion: [], challenger: [] })).toBeUndefined();
  });

  it('counts the rows of an account as one story', () => {
    const once = rows(knows, constant);
    const twice = {
      account: [...once.account, ...once.account],
      label: [...once.label, ...once.label],
      champion: [...once.champion, ...once.champion],
      challenger: [...once.challenger, ...once.challenger],
    };
    expect(compareRivals(twice)?.difference_se).toBeCloseTo(compareRivals(once)?.difference_se ?? 0, 12);
  });

  it('keeps a champion that is no better in about one of twenty companies', () => {
    const random = createRandom(7);
    let kept = 0;
    for (let company = 0; company < 400; company++) {
      const label = Array.from({ length: 300 }, () => (random() < 0.1 ? 1 : 0));
      const result = compareRivals({
        account: label.map((_, i) => `a${i}`),
        label,
        champion: label.map(() => 0.05 + 0.1 * random()),
        challenger: label.map(() => 0.05 + 0.1 * random()),
      });
      if (result?.is_champion_better === true) kept++;
    }
    // 400 × 5 % = 20, give or take three standard deviations of 4.4.
    expect(kept).toBeGreaterThan(6);
    expect(kept).toBeLessThan(34);
  });
});
