import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HealthSettings } from '../../src/contract/config.ts';
import { decideBand, nextBand, plainBand, rollUp } from '../../src/models/bands.ts';
import {
  extendOwnNorms,
  freezeCalibration,
  type HealthCalibration,
  peerRank,
} from '../../src/models/health-calibration.ts';
import { scoreHealth } from '../../src/models/scorecard.ts';
import { explainUnscored } from '../../src/models/unscored.ts';

const threshold = (weight: number, worst: number, best: number) => ({
  weight,
  method: 'threshold' as const,
  worst,
  best,
});

const settings: HealthSettings = {
  min_coverage: 0.5,
  bands: { red: 40, green: 70 },
  hysteresis: 3,
  short_window_days: 28,
  long_window_days: 90,
  half_life_days: 30,
  parent_rollup: 'none',
  components: {
    usage: {
      weight: 60,
      combine: 'mean',
      measures: { adoption: threshold(2, 0, 0.5), engagement: threshold(1, 0, 1), trend: threshold(1, -1, 1) },
    },
    support: { weight: 40, combine: 'worst', measures: { load: threshold(1, 10, 0), csat: threshold(1, 0, 1) } },
  },
  segments: {
    digital: { components: { support: { weight: 40, combine: 'mean', measures: { load: threshold(1, 10, 0) } } } },
  },
};
const none: HealthCalibration = { schema_version: 1, frozen_on: '2024-01-01', measures: {} };
const N = Number.NaN;

const score = (
  values: Record<string, number[]>,
  more: {
    segment?: string[];
    tenure?: number[];
    settings?: HealthSettings;
    calibration?: HealthCalibration;
    connected?: Record<string, boolean>;
  } = {},
) => {
  const n = Object.values(values)[0]?.length ?? 0;
  return scoreHealth(
    {
      account: Array.from({ length: n }, (_, i) => `a${i}`),
      segment: more.segment ?? Array.from({ length: n }, () => 'main'),
      tenure_days: Float64Array.from(more.tenure ?? Array.from({ length: n }, () => 400)),
      values: Object.fromEntries(Object.entries(values).map(([name, list]) => [name, Float64Array.from(list)])),
      connected: more.connected ?? {},
    },
    more.settings ?? settings,
    more.calibration ?? none,
  );
};

describe('scoreHealth', () => {
  it('is the hand-worked account', () => {
    // usage: adoption .25 → 50 (×2), engagement .8 → 80, trend 0 → 50: (100 + 80 + 50) / 4 = 57.5
    // support: load 4 → 60, csat .9 → 90, worst of = 60; health = .6 · 57.5 + .4 · 60 = 58.5
    const out = score({ adoption: [0.25], engagement: [0.8], trend: [0], load: [4], csat: [0.9] });
    expect(out.components.usage?.[0]).toBeCloseTo(57.5, 12);
    expect(out.components.support?.[0]).toBe(60);
    expect(out.health_score[0]).toBeCloseTo(58.5, 12);
    expect([out.coverage_rate[0], out.feed_coverage_rate[0]]).toEqual([1, 1]);
  });

  it('renormalises when measures are missing, and drops a component below half its worth', () => {
    const out = score({
      adoption: [0.25, N, N],
      engagement: [N, 0.8, 0.8],
      trend: [N, 0, N],
      load: [4, 4, 4],
      csat: [N, N, 0.9],
    });
    // Adoption alone is half of usage; engagement and trend together are the other half; engagement alone is a quarter.
    expect(out.components.usage?.[0]).toBe(50);
    expect(out.components.usage?.[1]).toBe(65);
    expect(out.components.usage?.[2]).toBeNaN();
    expect(out.health_score[0]).toBeCloseTo(0.6 * 50 + 0.4 * 60, 12);
    expect(out.raw_score[2]).toBe(60);
    // Third: engagement .15, load .2, csat .2 of 1 = .55 of what is connected.
    expect(out.coverage_rate[2]).toBeCloseTo(0.55, 12);
    expect(out.health_score[2]).toBe(60);
  });

  it('leaves an account unscored below min_coverage, never average, and keeps the two coverages apart', () => {
    const out = score(
      { adoption: [0.5, N], engagement: [1, N], trend: [1, N], load: [N, 1] },
      { connected: { csat: false } },
    );
    expect(out.feed_coverage_rate[0]).toBeCloseTo(0.8, 12);
    expect(out.coverage_rate[0]).toBeCloseTo(0.75, 12);
    expect(out.health_score[0]).toBe(100);
    expect(out.coverage_rate[1]).toBeCloseTo(0.25, 12);
    expect(out.health_score[1]).toBeNaN();
    expect(out.raw_score[1]).toBe(90);
  });

  it('never reads missing as good or bad: the score of what is there does not move', () => {
    const all = score({ adoption: [0.25], engagement: [0.5], trend: [0], load: [5], csat: [0.5] });
    const less = score({ adoption: [0.25], engagement: [0.5], trend: [0], load: [5], csat: [N] });
    expect(less.health_score[0]).toBe(all.health_score[0]);
  });

  it('uses the scorecard of the segment', () => {
    const out = score(
      { adoption: [0.25], engagement: [0.8], trend: [0], load: [4], csat: [0] },
      { segment: ['digital'] },
    );
    expect(out.health_score[0]).toBeCloseTo(0.6 * 57.5 + 0.4 * 60, 12);
  });

  const only = (measure: HealthSettings['components'][string]['measures'][string]): HealthSettings => ({
    ...settings,
    segments: {},
    components: { one: { weight: 1, combine: 'mean', measures: { ticket_load: measure } } },
  });

  it('ramps the best value with tenure', () => {
    const ramped = only({ weight: 1, method: 'tenure_threshold', worst: 0, best: 10, ramp_start: 0.2, ramp_days: 100 });
    // best is 2, 6, 10, 10 at 0, 50, 100 and 300 days.
    const out = score({ ticket_load: [1, 3, 5, 5] }, { settings: ramped, tenure: [0, 50, 100, 300] });
    for (const health of out.health_score) expect(health).toBeCloseTo(50, 12);
  });

  it('holds a value against peers of the segment, low being good for a load', () => {
    const values = { ticket_load: Float64Array.from({ length: 101 }, (_, i) => i) };
    const calibration = freezeCalibration({
      frozen_on: '2024-01-01',
      segment: Array.from({ length: 101 }, () => 'main'),
      values,
    });
    const out = score(
      { ticket_load: [0, 25, 50, 100, 500] },
      { settings: only({ weight: 1, method: 'peer' }), calibration },
    );
    expect([...out.health_score]).toEqual([100, 75, 50, 0, 0]);
    // A segment of its own with too few peers falls to the whole.
    const other = score(
      { ticket_load: [25] },
      { settings: only({ weight: 1, method: 'peer' }), calibration, segment: ['tiny'] },
    );
    expect(other.health_score[0]).toBe(75);
  });

  it('holds a value against the own history, and against peers without one', () => {
    const calibration = freezeCalibration({
      frozen_on: '2024-01-01',
      segment: Array.from({ length: 101 }, () => 'main'),
      values: { ticket_load: Float64Array.from({ length: 101 }, (_, i) => i) },
      history: {
        ticket_load: {
          account: ['a0', 'a0', 'a0', 'a0', 'a0', 'a1'],
          values: Float64Array.from([8, 9, 10, 11, 12, 1]),
        },
      },
      min_readings: 5,
    });
    expect(calibration.measures.ticket_load?.own.a0).toEqual({ median: 10, spread: 1.4826 });
    const out = score(
      { ticket_load: [10 + 1.4826, 25] },
      { settings: only({ weight: 1, method: 'own_history' }), calibration },
    );
    expect(out.health_score[0]).toBeCloseTo(25, 9);
    expect(out.health_score[1]).toBe(75);
  });

  it('adds the own norm of an account once it has six readings, and keeps what is frozen', () => {
    const history = (counts: Readonly<Record<string, number>>, value: number) => {
      const account = Object.entries(counts).flatMap(([name, count]) => Array.from({ length: count }, () => name));
      return { load: { account, values: Float64Array.from(account, () => value) } };
    };
    const first = extendOwnNorms(none, history({ a0: 6, a1: 5 }, 3));
    expect(first.measures.load?.own).toEqual({ a0: { median: 3, spread: 0 } });
    expect(extendOwnNorms(first, history({ a0: 9, a1: 5 }, 8))).toBe(first);
    expect(extendOwnNorms(first, history({ a0: 9, a1: 6 }, 8)).measures.load?.own).toEqual({
      a0: { median: 3, spread: 0 },
      a1: { median: 8, spread: 0 },
    });
  });

  it('says of an unscored account what it lacks, in the row and for all', () => {
    const values = { adoption: [0.5, N, N], engagement: [1, N, N], trend: [1, N, N], load: [N, 1, N] };
    const connected = { csat: false };
    const n = 3;
    const rows = {
      account: ['a0', 'a1', 'a2'],
      segment: ['main', 'main', 'main'],
      tenure_days: new Float64Array(n).fill(400),
      values: Object.fromEntries(Object.entries(values).map(([name, list]) => [name, Float64Array.from(list)])),
      connected,
    };
    // As above: a1 has .2 of the .8 that is connected.
    const { why, summary } = explainUnscored(rows, scoreHealth(rows, settings, none), settings);
    expect(why).toEqual([
      null,
      'readings for 25 % of the connected measures, 50 % needed; none for adoption, engagement, trend',
      'no connected feed has a reading of it, 50 % needed',
    ]);
    expect(summary).toBe(
      '2 unscored, most for lack of adoption (needs its column): 2; engagement (needs its column): 2; trend (needs its column): 2; the column "why unscored" says it of each',
    );
    const sound = { ...rows, account: ['a0'], segment: ['main'] };
    expect(explainUnscored(sound, scoreHealth(sound, settings, none), settings)).toEqual({
      why: [null],
      summary: null,
    });
  });

  it('refuses a threshold without two ends', () => {
    expect(() => score({ ticket_load: [1] }, { settings: only({ weight: 1, method: 'threshold', worst: 1 }) })).toThrow(
      'health.components.one.measures.ticket_load needs two different values',
    );
  });

  it('stays in 0–100 and rises with a measure that is good high', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 5, maxLength: 5 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (v, up) => {
          const at = (adoption: number) =>
            score({
              adoption: [adoption],
              engagement: [v[1] as number],
              trend: [v[2] as number],
              load: [v[3] as number],
              csat: [v[4] as number],
            }).health_score[0] as number;
          const [before, after] = [at(v[0] as number), at((v[0] as number) + up)];
          expect(before).toBeGreaterThanOrEqual(0);
          expect(after).toBeLessThanOrEqual(100);
          expect(after).toBeGreaterThanOrEqual(before - 1e-9);
        },
      ),
    );
  });
});

describe('peerRank', () => {
  it('gives a value that everyone has the middle', () => {
    expect(peerRank([3, 3, 3, 3, 3], 3)).toBe(0.5);
    expect(peerRank([0, 1, 1, 1, 2], 1)).toBe(0.5);
    expect(peerRank([0, 1, 2], 0.5)).toBe(0.25);
    expect(peerRank([], 1)).toBeNaN();
  });
});

describe('bands', () => {
  it('have documented boundaries', () => {
    expect([39.9, 40, 69.9, 70].map((s) => plainBand(s, settings.bands))).toEqual(['red', 'yellow', 'yellow', 'green']);
    expect(plainBand(N, settings.bands)).toBe('unscored');
  });
  it('are left only some points beyond the boundary', () => {
    expect(nextBand(67, 'green', settings)).toBe('green');
    expect(nextBand(66.9, 'green', settings)).toBe('yellow');
    expect(nextBand(72.9, 'yellow', settings)).toBe('yellow');
    expect(nextBand(73, 'yellow', settings)).toBe('green');
    expect(nextBand(37, 'yellow', settings)).toBe('yellow');
    expect(nextBand(36.9, 'yellow', settings)).toBe('red');
    expect(nextBand(42.9, 'red', settings)).toBe('red');
    expect(nextBand(43, 'red', settings)).toBe('yellow');
    expect(nextBand(20, 'green', settings)).toBe('red');
    expect(nextBand(72, 'unscored', settings)).toBe('green');
    expect(nextBand(N, 'green', settings)).toBe('unscored');
  });
  it('do not flap on noise within the hysteresis', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 67.01, max: 72.99, noNaN: true }), { minLength: 2 }), (scores) => {
        let band = nextBand(scores[0] as number, undefined, settings);
        let changes = 0;
        for (const s of scores) {
          const next = nextBand(s, band, settings);
          if (next !== band) changes++;
          band = next;
        }
        expect(changes).toBe(0);
      }),
    );
  });
  const override = {
    band: 'green' as const,
    reason: 'new sponsor',
    author: 'ana',
    set_on: '2024-03-01',
    expires_on: '2024-03-31',
  };
  it('are never green with a red fact, whatever a person says', () => {
    const input = { score: 95, previous: 'green' as const, has_red_fact: true, as_of: '2024-03-10' };
    expect(decideBand(input, settings)).toEqual({ band: 'yellow', computed: 'yellow', basis: 'red_fact' });
    expect(decideBand({ ...input, override }, settings).band).toBe('yellow');
    expect(decideBand({ ...input, score: 10, override: { ...override, band: 'yellow' } }, settings)).toEqual({
      band: 'yellow',
      computed: 'red',
      basis: 'override',
    });
  });
  it('follow an override only until it expires', () => {
    const input = { score: 20, previous: 'red' as const, has_red_fact: false, override };
    expect(
      ['2024-02-29', '2024-03-01', '2024-03-31', '2024-04-01'].map(
        (as_of) => decideBand({ ...input, as_of }, settings).band,
      ),
    ).toEqual(['red', 'green', 'green', 'red']);
  });
});

describe('rollUp', () => {
  // 0 is the parent of 1 and 2, 2 of 3; 4 stands alone; 3 is unscored.
  const parent = Int32Array.from([-1, 0, 0, 2, -1]);
  const scores = Float64Array.from([80, 50, 20, N, 60]);
  const arr = Float64Array.from([100, 300, 100, 900, N]);
  it('weighs by ARR, or takes the worst, or does nothing', () => {
    expect([...rollUp(scores, arr, parent, 'arr_weighted')]).toEqual([(8000 + 15000 + 2000) / 500, 50, 20, N, 60]);
    expect([...rollUp(scores, arr, parent, 'worst')]).toEqual([20, 50, 20, N, 60]);
    expect([...rollUp(scores, arr, parent, 'none')]).toEqual([80, 50, 20, N, 60]);
  });
  it('survives a circle of parents', () => {
    expect([
      ...rollUp(Float64Array.from([10, 30]), Float64Array.from([1, 1]), Int32Array.from([1, 0]), 'arr_weighted'),
    ]).toEqual([20, 20]);
  });
});
