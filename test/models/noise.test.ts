import { describe, expect, it } from 'vitest';
import { churnRungs } from '../../src/models/churn-rungs.ts';
import { climbLadder, type LadderResult } from '../../src/models/ladder.ts';
import { simulatePanel } from './simulation.ts';

/** The ladder as `retain train` climbs it, the glass box on it; four dates and fewer draws keep it within a test. */
function climb(seed: number, effect: number, permuted: boolean): Promise<LadderResult> {
  const panel = simulatePanel(seed, { accounts: 90, months: 14, rate: 0.05, effect, permuted });
  const known_by = panel.closed_on.reduce((last, day) => Math.max(last, day), 0);
  const rungs = churnRungs();
  return climbLadder(panel, { rungs, known_by, seed, origins: 4, min_months: 10, replicates: 300, auc_replicates: 2 });
}

// Hundreds of companies: bench/noise.ts.
describe('the whole ladder, the glass box on it', () => {
  it('finds no signal where labels are shuffled within each date', async () => {
    let found = 0;
    for (let seed = 0; seed < 20; seed++) {
      const { verdict, rows } = await climb(seed, 0, true);
      expect(rows.some(({ rung, status }) => rung === 'ebm' && status === 'compared')).toBe(true);
      if (verdict === 'signal') found++;
    }
    // At the 2 % that the test is made for, four or more of twenty happen once in two thousand.
    expect(found).toBeLessThanOrEqual(3);
  }, 120_000);

  it('finds one where use drives leaving', async () => {
    let found = 0;
    for (let seed = 0; seed < 5; seed++) if ((await climb(seed, -1.5, false)).verdict === 'signal') found++;
    expect(found).toBeGreaterThanOrEqual(4);
  }, 60_000);
});
