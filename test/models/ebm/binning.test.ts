import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/lib/random.ts';
import {
  applyBins,
  binColumn,
  groupCount,
  learnCuts,
  pairGroups,
  readableCut,
} from '../../../src/models/ebm/binning.ts';
import { nominalColumn } from '../../../src/models/feature-column.ts';

const continuous = (values: number[]) => ({
  name: 'x',
  kind: 'continuous' as const,
  values: Float64Array.from(values),
});

describe('learnCuts', () => {
  it('gives each of a few values its bin, parted by a short decimal', () => {
    const column = continuous([3, 1, 2, 2, Number.NaN, 10]);
    const bins = learnCuts(column, 256);
    expect(bins.cuts).toEqual([2, 3, 7]);
    expect([...applyBins(bins, column)]).toEqual([3, 1, 2, 2, 0, 4]);
  });

  it('cuts many values into bins of about equal size, within the bins allowed', () => {
    const bins = learnCuts(continuous(Array.from({ length: 1000 }, (_, i) => i)), 11);
    expect(bins.cuts).toHaveLength(9);
    const counts = new Array<number>(11).fill(0);
    for (const b of applyBins(bins, continuous(Array.from({ length: 1000 }, (_, i) => i))))
      counts[b] = (counts[b] ?? 0) + 1;
    expect(counts[0]).toBe(0);
    for (const count of counts.slice(1)) expect(Math.abs(count - 100)).toBeLessThan(6);
  });

  it('keeps a heavy value in one bin and spends the rest on the others', () => {
    const values = [...new Array<number>(900).fill(0), ...Array.from({ length: 100 }, (_, i) => 1 + i)];
    const { cuts } = learnCuts(continuous(values), 12);
    expect(cuts).toHaveLength(10);
    expect(cuts[0]).toBe(0.5);
  });

  it('has no cut where there is one value or none', () => {
    expect(learnCuts(continuous([4, 4, Number.NaN]), 256).cuts).toEqual([]);
    expect(learnCuts(continuous([Number.NaN]), 256).cuts).toEqual([]);
  });

  it('never parts equal values, never passes the bins allowed, and places every value as a linear scan does', () => {
    const anyValue = fc.oneof(fc.integer({ min: -5, max: 5 }), fc.double({ noNaN: true }), fc.constant(Number.NaN));
    fc.assert(
      fc.property(fc.array(anyValue, { maxLength: 80 }), fc.integer({ min: 4, max: 30 }), (values, maxBins) => {
        const column = continuous(values);
        const bins = learnCuts(column, maxBins);
        expect(bins.cuts.length + 2).toBeLessThanOrEqual(maxBins);
        for (let k = 1; k < bins.cuts.length; k++) expect(bins.cuts[k]).toBeGreaterThan(bins.cuts[k - 1] as number);
        expect(JSON.parse(JSON.stringify(bins))).toEqual(bins);
        const ends = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.MAX_VALUE, -Number.MAX_VALUE];
        const probes = [...values, ...ends, -0, Number.MIN_VALUE, -Number.MIN_VALUE, ...bins.cuts];
        // Few rows are placed by halving, many by a grid.
        for (const filled of [probes, [...probes, ...Array.from({ length: 512 }, () => 0)]]) {
          const placed = applyBins(bins, continuous(filled));
          probes.forEach((x, i) => {
            expect(placed[i]).toBe(Number.isNaN(x) ? 0 : 1 + bins.cuts.filter((cut) => cut <= x).length);
          });
        }
      }),
    );
  });
});

describe('applyBins', () => {
  // Even cells part the first two best, with one cut a cell, and the third, with several; cells of the bit pattern the
  // others; the last two fill cells with many cuts.
  it.each<[string, (u: number) => number]>([
    ['even', (u) => 100 * u - 50],
    ['whole numbers', (u) => Math.floor(40 * u)],
    ['crowded at one end of a narrow range', (u) => 1000 + u ** 2],
    ['over many decades', (u) => 10 ** (12 * u - 6)],
    ['on both sides of 0, with far ends', (u) => Math.tan(Math.PI * (u - 0.5))],
    ['all but one close together', (u) => (u > 0.999 ? 1e9 : u)],
    ['beyond the range of a double', (u) => (u < 0.01 ? -1.5e308 : u > 0.99 ? 1.5e308 : u)],
  ])('places numbers that are %s as a linear scan does', (_, shape) => {
    const random = createRandom(4);
    const values = Array.from({ length: 3000 }, () => shape(random()));
    const bins = learnCuts(continuous(values), 256);
    const probes = [...values, ...bins.cuts, ...bins.cuts.map((cut) => cut - Math.abs(cut) * 1e-15), 1e300, -1e300];
    const placed = applyBins(bins, continuous(probes));
    probes.forEach((x, i) => {
      expect(placed[i]).toBe(1 + bins.cuts.filter((cut) => cut <= x).length);
    });
  });
});

describe('readableCut', () => {
  it.each([
    [1, 2, 2],
    [0.123, 0.124, 0.1235],
    [99, 1000, 500],
    [-3, 5, 1],
    [1.5, 1.6, 1.6],
  ])('between %d and %d is %d', (low, high, cut) => {
    expect(readableCut(low, high)).toBe(cut);
  });
});

describe('levels', () => {
  it('too rare to learn from share the bin of unseen ones; order of input does not matter', () => {
    const column = nominalColumn('plan', ['b', 'a', 'a', null, 'rare', 'b', 'a']);
    const { bins, values } = binColumn(column, 256, 2);
    expect(bins).toEqual({ kind: 'nominal', name: 'plan', levels: ['a', 'b'] });
    expect([...values]).toEqual([2, 1, 1, 0, 3, 2, 1]);
    expect([...applyBins(bins, nominalColumn('plan', ['z', 'b']))]).toEqual([3, 2]);
  });

  it('a number is no level', () => {
    const { bins } = binColumn(nominalColumn('plan', ['a', 'b']), 256, 1);
    expect(() => applyBins(bins, continuous([1]))).toThrow('nominal');
  });
});

describe('pairGroups', () => {
  it('joins neighbours to about equal weight and keeps missing apart', () => {
    const bins = { kind: 'continuous' as const, name: 'x', cuts: [1, 2, 3, 4, 5, 6, 7] };
    const groups = pairGroups(bins, Float64Array.of(5, 10, 10, 10, 10, 40, 10, 10, 20), 4);
    expect([...groups]).toEqual([0, 1, 1, 1, 1, 2, 3, 3, 3]);
    expect(groupCount(groups)).toBe(4);
  });

  it('keeps the heaviest levels and puts the others with unseen', () => {
    const bins = { kind: 'nominal' as const, name: 'x', levels: ['a', 'b', 'c'] };
    expect([...pairGroups(bins, Float64Array.of(1, 5, 1, 9, 2), 4)]).toEqual([0, 1, 3, 2, 3]);
  });
});
