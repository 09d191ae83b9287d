import { describe, expect, it } from 'vitest';
import type { HealthSettings } from '../../src/contract/config.ts';
import { DEFAULT_HEALTH } from '../../src/data/config-defaults.ts';
import { createRandom } from '../../src/lib/random.ts';
import { freezeCalibration, scoreHealth } from '../../src/models/index.ts';
import { bandsOf, healthAcceptance } from '../../src/models/signals/acceptance.ts';
import type { ProposalRows } from '../../src/models/signals/band-proposal.ts';
import { proposeHealth, rescored, withWeight } from '../../src/models/signals/proposal.ts';

const MEASURES = Object.values(DEFAULT_HEALTH.components).flatMap(({ measures }) => Object.keys(measures));

/** Accounts over two years whose leaving follows one measure by `strength`; the eleven others are chance. */
function panel(seed: number, strength: number, accounts = 400): ProposalRows {
  const random = createRandom(seed);
  const rows: { account: number; date: number; label: number; scores: number[] }[] = [];
  for (let account = 0; account < accounts; account++) {
    const level = MEASURES.map(() => 100 * random());
    for (let month = 0; month < 24; month++) {
      const scores = level.map((value) => Math.min(100, Math.max(0, value + 30 * (random() - 0.5))));
      const own = scores[MEASURES.indexOf('usage_trend')] as number;
      const chance = 1 / (1 + Math.exp(3.6 + strength * (own / 50 - 1)));
      const label = random() < chance / 1.5 ? 1 : 0;
      rows.push({ account, date: 30 * month, label, scores });
      if (label === 1) break;
    }
  }
  return {
    label: Uint8Array.from(rows, ({ label }) => label),
    account: Int32Array.from(rows, ({ account }) => account),
    accountCount: accounts,
    observation_date: Int32Array.from(rows, ({ date }) => date),
    closed_on: Int32Array.from(rows, ({ date }) => date + 120),
    basis: new Uint8Array(rows.length),
    segment: rows.map(() => 'one'),
    tenure_days: new Float64Array(rows.length).fill(400),
    has_red_fact: new Uint8Array(rows.length),
    measure_scores: Object.fromEntries(
      MEASURES.map((name, i) => [name, Float64Array.from(rows, ({ scores }) => scores[i] as number)]),
    ),
  };
}

describe('a proposal of weights', () => {
  it('raises what tells who leaves, with a gain on later dates', () => {
    const { weights, reason, fit_outcomes, judged_outcomes } = proposeHealth(panel(1, 3), DEFAULT_HEALTH, 30);
    expect(reason).toBeNull();
    expect(fit_outcomes).toBeGreaterThanOrEqual(30);
    expect(judged_outcomes).toBeGreaterThanOrEqual(30);
    expect(weights.is_proposed).toBe(true);
    expect(weights.gain?.low).toBeGreaterThan(0);
    const changed = weights.changes.reduce<HealthSettings>(
      (settings, change) => withWeight(settings, change),
      DEFAULT_HEALTH,
    );
    const share = (settings: HealthSettings) => {
      const all = Object.values(settings.components).reduce((sum, { weight }) => sum + weight, 0);
      const usage = settings.components['product_usage'];
      if (usage === undefined) return 0;
      const { weight, measures } = usage;
      const own = Object.values(measures).reduce((sum, measure) => sum + measure.weight, 0);
      return ((weight / all) * (measures['usage_trend']?.weight ?? 0)) / own;
    };
    expect(share(changed)).toBeGreaterThan(2 * share(DEFAULT_HEALTH));
  });

  it('is made in at most two of 12 companies where nothing tells: the interval stands above 0 by chance', () => {
    let weights = 0;
    let bands = 0;
    for (let seed = 1; seed <= 12; seed++) {
      const proposal = proposeHealth(panel(seed, 0, 280), DEFAULT_HEALTH, 30);
      expect(proposal.reason).toBeNull();
      if (proposal.weights.is_proposed) weights++;
      if (proposal.bands.is_proposed) bands++;
    }
    // One in twenty is due: three or more of 12 come once in 50 times.
    expect(weights).toBeLessThanOrEqual(2);
    expect(bands).toBeLessThanOrEqual(2);
  });

  it('is not looked for with too few leavers on either side, and says how many there were', () => {
    const { reason, weights, bands } = proposeHealth(panel(1, 3), DEFAULT_HEALTH, 100_000);
    expect(reason).toMatch(/^\d+ accounts left, 100000 are needed to learn from$/);
    expect(weights).toMatchObject({ changes: [], gain: null, is_proposed: false });
    expect(bands).toMatchObject({ from: DEFAULT_HEALTH.bands, to: DEFAULT_HEALTH.bands, is_proposed: false });
  });

  it('scores measures that are scored already as the scorecard does', () => {
    const random = createRandom(3);
    const account = Array.from({ length: 50 }, (_, i) => `a${i}`);
    const values = Object.fromEntries(
      MEASURES.map((name) => [
        name,
        Float64Array.from(account, () => (random() < 0.3 ? Number.NaN : 3 * random() - 1)),
      ]),
    );
    const rows = {
      account,
      segment: account.map(() => 's'),
      tenure_days: Float64Array.from(account, () => 400 * random()),
      values,
      connected: {},
    };
    const calibration = freezeCalibration({ frozen_on: '2025-01-01', segment: rows.segment, values });
    const scores = scoreHealth(rows, DEFAULT_HEALTH, calibration);
    const again = rescored(
      {
        label: new Uint8Array(50),
        account: Int32Array.from(account, (_, i) => i),
        accountCount: 50,
        observation_date: new Int32Array(50),
        closed_on: new Int32Array(50),
        basis: new Uint8Array(50),
        segment: rows.segment,
        tenure_days: rows.tenure_days,
        has_red_fact: new Uint8Array(50),
        measure_scores: scores.measures,
      },
      DEFAULT_HEALTH,
    );
    again.forEach((score, i) => {
      if (Number.isNaN(scores.health_score[i])) expect(score).toBeNaN();
      else expect(score).toBeCloseTo(scores.health_score[i] as number, 9);
    });
  });
});

describe('the acceptance of the health score', () => {
  it('is worked out by hand', () => {
    // Date 0: red 0 (left), red 1 (stayed), green 2, green 3 with a red fact (yellow), unscored 4 (left).
    // Date 90: red 1 (left after 75 days), green 2, yellow 3, green 5 (left after 65 days).
    const rows = [
      [0, 0, 1, 10, 30, 0],
      [1, 0, 0, 165, 20, 0],
      [2, 0, 0, Number.NaN, 90, 0],
      [3, 0, 0, Number.NaN, 90, 1],
      [4, 0, 1, 20, Number.NaN, 0],
      [1, 90, 1, 75, 39, 0],
      [2, 90, 0, Number.NaN, 70, 0],
      [3, 90, 0, Number.NaN, 69, 0],
      [5, 90, 1, 65, 80, 0],
    ] as const;
    const book = {
      account: Int32Array.from(rows, ([account]) => account),
      observation_date: Int32Array.from(rows, ([, date]) => date),
      label: Uint8Array.from(rows, ([, , label]) => label),
      left_days: Float64Array.from(rows, ([, , , left]) => left),
      health_score: Float64Array.from(rows, ([, , , , score]) => score),
      has_red_fact: Uint8Array.from(rows, ([, , , , , fact]) => fact),
    };
    expect(bandsOf(book, { red: 40, green: 70 })).toEqual([
      ...['red', 'red', 'green', 'yellow', 'unscored'],
      ...['red', 'green', 'yellow', 'green'],
    ]);
    const found = healthAcceptance('leave', book, { red: 40, green: 70 }, createRandom(1));
    // Red rows: 2 of 3 left. All scored: 1 of 4 on date 0, 2 of 4 on date 90: expected (2 · 1/4 + 1 · 2/4) ÷ 3.
    expect(found).toMatchObject({ outcome_count: 4, red_outcome_count: 2, seen_early_count: 2 });
    expect(found.red_rate).toBeCloseTo(2 / 3, 12);
    expect(found.base_rate).toBeCloseTo(1 / 3, 12);
    expect(found.red_over_base).toBeCloseTo(2, 12);
    expect(found.green_rate).toBeCloseTo(1 / 3, 12);
    // Account 1 was red 75 days before, account 5 green 65 days before.
    expect(found.below_green_early_rate).toBeCloseTo(0.5, 12);
    expect(found.green_share).toBeCloseTo(3 / 8, 12);
    expect(found.green_share_last).toBeCloseTo(2 / 4, 12);
    expect(found.unscored_share).toBeCloseTo(1 / 9, 12);
    expect(found.red_over_base_low ?? 0).toBeLessThanOrEqual(2);
  });
});
