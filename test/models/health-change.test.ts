import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HealthSettings } from '../../src/contract/config.ts';
import type { HealthCalibration } from '../../src/models/health-calibration.ts';
import {
  type ChangeInput,
  decomposeChange,
  type HealthReading,
  roundedParts,
  type Yardstick,
} from '../../src/models/health-change.ts';
import { scoreHealth } from '../../src/models/scorecard.ts';

const calibration: HealthCalibration = { schema_version: 1, frozen_on: '2024-01-01', measures: {} };
const MEASURES = ['a', 'b', 'c', 'd'] as const;

const settingsOf = (weights: readonly number[]): HealthSettings => ({
  min_coverage: 0,
  bands: { red: 40, green: 70 },
  hysteresis: 3,
  short_window_days: 28,
  long_window_days: 90,
  half_life_days: 30,
  parent_rollup: 'none',
  components: {
    one: {
      weight: weights[0] as number,
      combine: 'mean',
      measures: {
        a: { weight: 1, method: 'threshold', worst: 0, best: 1 },
        b: { weight: weights[1] as number, method: 'threshold', worst: 0, best: 1 },
      },
    },
    two: {
      weight: 1,
      combine: 'worst',
      measures: {
        c: { weight: 1, method: 'threshold', worst: 1, best: 0 },
        d: { weight: 1, method: 'threshold', worst: 0, best: weights[2] as number },
      },
    },
  },
  segments: {},
});
const yardstick = (weights: readonly number[]): Yardstick => ({ settings: settingsOf(weights), calibration });

const value = fc.oneof(
  { weight: 4, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }) },
  { weight: 1, arbitrary: fc.constant(Number.NaN) },
);
const values = fc.tuple(value, value, value, value);
const weights = fc.tuple(
  fc.integer({ min: 1, max: 9 }),
  fc.integer({ min: 1, max: 4 }),
  fc.integer({ min: 1, max: 3 }),
);

const reading = (list: readonly number[], connected = true): HealthReading => ({
  segment: ['main'],
  tenure_days: Float64Array.from([100]),
  values: Object.fromEntries(MEASURES.map((name, i) => [name, Float64Array.from([list[i] as number])])),
  connected: Object.fromEntries(MEASURES.map((name) => [name, connected || name !== 'a'])),
});
const rawOf = (r: HealthReading, y: Yardstick) =>
  scoreHealth({ account: ['x'], ...r }, y.settings, y.calibration).raw_score[0] as number;
const PARTS = ['behaviour', 'configuration', 'coverage', 'data_revision'] as const;

/** Oracle: walks all 24 orders one by one on a toy game. */
function walk(game: (taken: ReadonlySet<string>) => number): Record<string, number> {
  const out: Record<string, number> = Object.fromEntries(PARTS.map((part) => [part, 0]));
  const orders = (rest: readonly string[]): string[][] =>
    rest.length === 0
      ? [[]]
      : rest.flatMap((head) => orders(rest.filter((x) => x !== head)).map((tail) => [head, ...tail]));
  for (const order of orders(PARTS)) {
    const taken = new Set<string>();
    for (const part of order) {
      const before = game(taken);
      taken.add(part);
      out[part] = (out[part] ?? 0) + (game(taken) - before) / 24;
    }
  }
  return out;
}

const base: ChangeInput = {
  account: ['x'],
  stored: reading([0.2, 0.4, 0.5, 0.5]),
  recomputed: reading([0.2, 0.4, 0.5, 0.5]),
  current: reading([0.2, 0.4, 0.5, 0.5]),
  old_yardstick: yardstick([1, 1, 1]),
  new_yardstick: yardstick([1, 1, 1]),
};

function expectOnly(input: ChangeInput, part: (typeof PARTS)[number]): void {
  const out = decomposeChange(input);
  const change = rawOf(input.current, input.new_yardstick) - rawOf(input.stored, input.old_yardstick);
  if (Number.isNaN(change)) {
    expect(out[part][0]).toBeNaN();
    return;
  }
  expect(out.change[0]).toBe(change);
  expect(out[part][0]).toBeCloseTo(change, 10);
  for (const other of PARTS) if (other !== part) expect(out[other][0]).toBe(0);
}

describe('decomposeChange', () => {
  it('adds up to the change, whatever changed', () => {
    fc.assert(
      fc.property(values, values, values, weights, weights, fc.boolean(), fc.boolean(), (s, r, c, w, v, x, y) => {
        const input: ChangeInput = {
          ...base,
          stored: reading(s, x),
          recomputed: reading(r, y),
          current: reading(c, y),
          old_yardstick: yardstick(w),
          new_yardstick: yardstick(v),
        };
        const out = decomposeChange(input);
        const change = rawOf(input.current, input.new_yardstick) - rawOf(input.stored, input.old_yardstick);
        const sum = PARTS.reduce((total, part) => total + (out[part][0] as number), 0);
        if (Number.isNaN(change)) expect(sum).toBeNaN();
        else {
          expect(out.change[0]).toBeCloseTo(change, 10);
          expect(sum).toBeCloseTo(change, 10);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('puts the whole change in behaviour when only new events came', () => {
    const full = fc.tuple(...MEASURES.map(() => fc.double({ min: 0, max: 1, noNaN: true })));
    fc.assert(
      fc.property(full, full, weights, (s, c, w) => {
        expectOnly(
          {
            ...base,
            stored: reading(s),
            recomputed: reading(s),
            current: reading(c),
            old_yardstick: yardstick(w),
            new_yardstick: yardstick(w),
          },
          'behaviour',
        );
      }),
    );
  });

  it('puts the whole change in configuration when only the config changed', () => {
    fc.assert(
      fc.property(values, weights, weights, (s, w, v) => {
        expectOnly(
          {
            ...base,
            stored: reading(s),
            recomputed: reading(s),
            current: reading(s),
            old_yardstick: yardstick(w),
            new_yardstick: yardstick(v),
          },
          'configuration',
        );
      }),
    );
  });

  it('puts the whole change in configuration when a new setting changes raw values (a window)', () => {
    fc.assert(
      fc.property(values, values, weights, (s, c, w) => {
        expectOnly(
          {
            ...base,
            stored: reading(s),
            recomputed: reading(s),
            recomputed_now: reading(c),
            current: reading(c),
            old_yardstick: yardstick(w),
            new_yardstick: yardstick(w),
          },
          'configuration',
        );
      }),
    );
  });

  it('puts the whole change in coverage when only a feed came or went', () => {
    fc.assert(
      fc.property(values, weights, fc.boolean(), (s, w, comes) => {
        const without = reading([Number.NaN, s[1], s[2], s[3]], false);
        const [stored, current] = comes ? [without, reading(s)] : [reading(s), without];
        // Today's data of the old day have the feed as it is today.
        expectOnly(
          { ...base, stored, recomputed: current, current, old_yardstick: yardstick(w), new_yardstick: yardstick(w) },
          'coverage',
        );
      }),
    );
  });

  it('puts the whole change in data revision when only past rows changed, also where they make a measure appear', () => {
    fc.assert(
      fc.property(values, values, weights, (s, c, w) => {
        expectOnly(
          {
            ...base,
            stored: reading(s),
            recomputed: reading(c),
            current: reading(c),
            old_yardstick: yardstick(w),
            new_yardstick: yardstick(w),
          },
          'data_revision',
        );
      }),
    );
  });

  it('equals the mean over all 24 orders', () => {
    // One measure counts (weights make the others nothing), product of what the factors do to it.
    const input: ChangeInput = {
      ...base,
      stored: reading([0.2, 0.4, 0.3, 0.9]),
      recomputed: reading([0.3, 0.4, 0.3, 0.9]),
      current: reading([0.7, 0.1, 0.6, Number.NaN]),
      new_yardstick: yardstick([3, 2, 2]),
    };
    const out = decomposeChange(input);
    const expected = walk((taken) => {
      const has = (part: string) => taken.has(part);
      const a = 0.2 + (has('data_revision') ? 0.1 : 0) + (has('behaviour') ? 0.4 : 0);
      const b = has('behaviour') ? 0.1 : 0.4;
      const c = has('behaviour') ? 0.6 : 0.3;
      const d = has('coverage') ? Number.NaN : 0.9;
      return rawOf(reading([a, b, c, d]), has('configuration') ? input.new_yardstick : input.old_yardstick);
    });
    for (const part of PARTS) expect(out[part][0]).toBeCloseTo(expected[part] as number, 10);
    expect(Object.values(expected).every((part) => part !== 0)).toBe(true);
  });

  it('follows the segment: a move that new events bring is behaviour', () => {
    const segmented = { ...settingsOf([1, 1, 1]), segments: { big: { components: settingsOf([1, 1, 3]).components } } };
    const y: Yardstick = { settings: segmented, calibration };
    expectOnly(
      { ...base, current: { ...base.current, segment: ['big'] }, old_yardstick: y, new_yardstick: y },
      'behaviour',
    );
  });
});

describe('roundedParts', () => {
  it('adds up to the rounded whole', () => {
    expect(roundedParts([0.4, 0.4, 0.4, 0])).toEqual([1, 0, 0, 0]);
    expect(roundedParts([-3.5, 2.2, 0, 0.1], 0).reduce((a, b) => a + b)).toBe(-1);
    fc.assert(
      fc.property(fc.array(fc.double({ min: -50, max: 50, noNaN: true }), { minLength: 4, maxLength: 4 }), (parts) => {
        const rounded = roundedParts(parts, 1);
        expect(rounded.reduce((a, b) => a + b)).toBeCloseTo(Math.round(parts.reduce((a, b) => a + b) * 10) / 10, 9);
        rounded.forEach((part, i) => {
          expect(Math.abs(part - (parts[i] as number))).toBeLessThan(0.1 + 1e-9);
        });
      }),
    );
  });
});
