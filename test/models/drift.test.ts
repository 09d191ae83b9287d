import { describe, expect, it } from 'vitest';
import { createRandom, randomInt } from '../../src/lib/random.ts';
import { chiSquareAbove, chiSquareCritical, dateDispersion, populationDrift } from '../../src/models/drift.ts';

describe('the chi-square law', () => {
  it('has its tabulated values', () => {
    // Abramowitz & Stegun, table 26.8.
    expect(chiSquareCritical(0.05, 1)).toBeCloseTo(3.841459, 5);
    expect(chiSquareCritical(0.05, 9)).toBeCloseTo(16.918978, 5);
    expect(chiSquareCritical(0.01, 30)).toBeCloseTo(50.892181, 5);
    // With two degrees of freedom it is exp(−x/2).
    for (const x of [0.1, 1, 3, 10, 60]) expect(chiSquareAbove(x, 2) / Math.exp(-x / 2)).toBeCloseTo(1, 10);
    expect(chiSquareAbove(0, 5)).toBe(1);
  });
});

const each = (length: number, value: (i: number) => number) => Float64Array.from({ length }, (_, i) => value(i));
const accounts = (length: number, rows = 1) => Int32Array.from({ length }, (_, i) => Math.floor(i / rows));

describe('the population stability index', () => {
  it('is worked out by hand for two kinds', () => {
    const found = populationDrift({
      before: each(100, (i) => (i < 40 ? 0 : 1)),
      beforeAccount: accounts(100),
      now: each(50, (i) => (i < 30 ? 0 : 1)),
      isNominal: true,
    });
    // Shares with half an account a bin: 40.5/101 and 30.5/51.
    const p = 40.5 / 101;
    const q = 30.5 / 51;
    const psi = (q - p) * Math.log(q / p) + (p - q) * Math.log((1 - q) / (1 - p));
    expect(found.psi).toBeCloseTo(psi, 12);
    expect(found.psi_threshold).toBeCloseTo(3.841459 * (1 / 100 + 1 / 50), 6);
    expect(found).toMatchObject({ bin_count: 2, before_count: 100, now_count: 50 });
    expect(found.p_value).toBeCloseTo(chiSquareAbove(psi / 0.03, 1), 12);
  });

  it('counts an account once, however many rows it has', () => {
    const one = {
      before: each(60, (i) => i % 2),
      beforeAccount: accounts(60),
      now: each(40, (i) => i % 2),
      isNominal: true,
    };
    const many = { ...one, before: each(360, (i) => Math.floor(i / 6) % 2), beforeAccount: accounts(360, 6) };
    expect(populationDrift(many).psi).toBeCloseTo(populationDrift(one).psi, 12);
    expect(populationDrift(many).before_count).toBe(60);
  });

  it('passes its threshold about once in twenty where nothing moved, at three sizes, and finds what did', () => {
    const random = createRandom(5);
    for (const [n, m] of [
      [80, 60],
      [400, 120],
      [2000, 1500],
    ] as const) {
      let passed = 0;
      const draws = 400;
      for (let draw = 0; draw < draws; draw++) {
        const value = () => (random() < 0.1 ? Number.NaN : random() < 0.2 ? 0 : 1 + randomInt(random, 400));
        const drift = populationDrift({
          before: each(n, value),
          beforeAccount: accounts(n),
          now: each(m, value),
          isNominal: false,
        });
        if (drift.psi > drift.psi_threshold) passed++;
      }
      expect(passed / draws).toBeGreaterThan(0.015);
      expect(passed / draws).toBeLessThan(0.085);
    }
    const moved = populationDrift({
      before: each(400, () => random()),
      beforeAccount: accounts(400),
      now: each(120, () => random() + 0.4),
      isNominal: false,
    });
    expect(moved.p_value).toBeLessThan(1e-6);
  });

  it('takes what whole dates share for what it is', () => {
    const random = createRandom(8);
    const dates = (spread: number) =>
      Array.from({ length: 13 }, () => {
        const shift = spread * (random() - 0.5);
        return each(150, () => random() + shift);
      });
    expect(dateDispersion(dates(0), false)).toBeLessThan(1.4);
    let called = 0;
    for (let draw = 0; draw < 60; draw++) {
      const past = dates(0.8);
      const dispersion = dateDispersion(past.slice(0, 12), false);
      expect(dispersion).toBeGreaterThan(2);
      const before = Float64Array.from(past.slice(0, 12).flatMap((date) => [...date]));
      const now = past[12] ?? new Float64Array(0);
      const beforeAccount = Int32Array.from(before.keys(), (i) => i % 150);
      const drift = populationDrift({ before, beforeAccount, now, isNominal: false, dispersion });
      if (drift.psi > drift.psi_threshold) called++;
    }
    // Without the stretch nearly every date is called.
    expect(called / 60).toBeLessThan(0.1);
  });

  it('says nothing of a constant or an empty side', () => {
    const flat = { before: each(50, () => 1), beforeAccount: accounts(50), now: each(20, () => 1), isNominal: false };
    expect(populationDrift(flat).psi).toBeNaN();
    expect(populationDrift({ ...flat, now: new Float64Array(0) }).psi).toBeNaN();
  });
});
