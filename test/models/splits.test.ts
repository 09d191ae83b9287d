import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/lib/random.ts';
import {
  accountFolds,
  innerOrigins,
  type Panel,
  permuteWithinDates,
  rollingOrigins,
  sampleAccounts,
  takePanelRows,
} from '../../src/models/splits.ts';
import { simulatePanel } from './simulation.ts';

const company = { accounts: 60, months: 14, rate: 0.04, effect: 0 };

describe('rolling origins', () => {
  it('train on closed labels only, test on the date itself, whatever the panel', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 0, max: 200 }), (seed, jitter) => {
        const base = simulatePanel(seed, { ...company, accounts: 15 });
        const random = createRandom(seed);
        const panel: Panel = { ...base, closed_on: base.closed_on.map((day) => day + Math.floor(jitter * random())) };
        for (const { origin, train, test } of rollingOrigins(panel)) {
          expect(test.length).toBeGreaterThan(0);
          for (const row of train) expect(panel.closed_on[row]).toBeLessThanOrEqual(origin);
          for (const row of train) expect(panel.observation_date[row]).toBeLessThan(origin);
          for (const row of test) expect(panel.observation_date[row]).toBe(origin);
          expect(new Set(Array.from(train, (row) => panel.label[row])).size).toBe(2);
        }
      }),
      { numRuns: 30 },
    );
  });
  it('can keep every account on one side', () => {
    const panel = simulatePanel(1, company);
    const splits = rollingOrigins(panel, { account_folds: 3, random: createRandom(1) });
    const seen = new Map<number, number>();
    for (const { train, test } of splits) {
      const trained = new Set(Array.from(train, (row) => panel.account[row]));
      for (const row of test) {
        expect(trained.has(panel.account[row] as number)).toBe(false);
        seen.set(row, (seen.get(row) ?? 0) + 1);
      }
    }
    expect([...seen.values()].every((times) => times === 1)).toBe(true);
  });
  it('inner origins are closed by the outer one, and are the latest', () => {
    const panel = simulatePanel(2, company);
    const outer = (panel.observation_date.at(-1) as number) + 5;
    const inner = innerOrigins(panel, outer, 3, 5);
    expect(inner).toHaveLength(3);
    for (const { test } of inner) for (const row of test) expect(panel.closed_on[row]).toBeLessThanOrEqual(outer);
    const later = rollingOrigins(panel).filter((split) => split.origin > (inner.at(-1)?.origin ?? 0));
    for (const { origin } of later) expect(origin + 90).toBeGreaterThan(outer);
  });
  it('do not change when rows that close later change', () => {
    const panel = simulatePanel(3, company);
    const outer = 18_993 + 30 * 10;
    const before = innerOrigins(panel, outer);
    const flipped = {
      ...panel,
      label: panel.label.map((y, i) => ((panel.closed_on[i] as number) > outer ? 1 - y : y)),
    };
    expect(innerOrigins(flipped, outer)).toEqual(before);
  });
});

describe('account folds', () => {
  it('keep accounts whole, deal outcomes evenly, and ignore the order of rows', () => {
    const panel = simulatePanel(4, company);
    const fold = accountFolds(panel.account, 4, createRandom(1), panel.label);
    const of = new Map<number, number>();
    panel.account.forEach((id, row) => {
      expect(of.get(id) ?? fold[row]).toBe(fold[row]);
      of.set(id, fold[row] as number);
    });
    const withOutcome = [0, 1, 2, 3].map(
      (k) => new Set(panel.account.filter((_, row) => fold[row] === k && panel.label[row] === 1)).size,
    );
    expect(Math.max(...withOutcome) - Math.min(...withOutcome)).toBeLessThanOrEqual(1);
    const reversed = Uint32Array.from(panel.label, (_, i) => panel.label.length - 1 - i);
    const turned = takePanelRows(panel, reversed);
    const again = accountFolds(turned.account, 4, createRandom(1), turned.label);
    expect([...again].reverse()).toEqual([...fold]);
  });
});

describe('samples and permutations', () => {
  it('a sample keeps accounts whole, keeps the outcomes, and stands for all', () => {
    const panel = simulatePanel(5, { ...company, accounts: 400 });
    const { rows, weight } = sampleAccounts(panel, 2500, createRandom(1));
    expect(rows.length).toBeLessThan(2600);
    const total = weight.reduce((sum, w) => sum + w, 0);
    expect(total).toBeCloseTo(panel.label.length, 6);
    const outcomes = (list: Iterable<number>) => [...list].reduce((sum, row) => sum + (panel.label[row] as number), 0);
    expect(outcomes(rows)).toBeGreaterThan(0.4 * outcomes(panel.label.keys()));
    const kept = new Set(Array.from(rows, (row) => panel.account[row]));
    expect(rows.length).toBe(panel.account.filter((id) => kept.has(id)).length);
  });
  it('a permutation keeps the outcomes of every date', () => {
    const panel = simulatePanel(6, company);
    const mixed = permuteWithinDates(panel.label, panel.observation_date, createRandom(1));
    const perDate = (label: Uint8Array) => {
      const out = new Map<number, number>();
      label.forEach((y, row) => {
        const day = panel.observation_date[row] as number;
        out.set(day, (out.get(day) ?? 0) + y);
      });
      return [...out];
    };
    expect(perDate(mixed)).toEqual(perDate(panel.label));
    expect(mixed).not.toEqual(panel.label);
  });
});
