import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/lib/errors.ts';
import { accountSketch, checkSameCompany } from '../../../src/models/gates/index.ts';

const ids = (from: number, count: number) => Array.from({ length: count }, (_, i) => `A${from + i}`);

describe('whose baseline it is', () => {
  it('is known by its accounts, of whom the sketch tells no id', () => {
    const sketch = accountSketch(ids(0, 500));
    expect(sketch).toHaveLength(64);
    expect(sketch.every((print) => /^[0-9a-f]{16}$/.test(print))).toBe(true);
    // A year later: a fifth are gone, a fifth are new.
    expect(() => checkSameCompany(sketch, ids(100, 500), 'b.json')).not.toThrow();
    const other = () => checkSameCompany(sketch, ids(1000, 500), 'b.json');
    expect(other).toThrow(UserError);
    expect(other).toThrow(
      '--baseline b.json is of another company: none of 64 accounts tested there is in these exports',
    );
  });

  it('is not asked of seven accounts, who may all have left', () => {
    expect(() => checkSameCompany(accountSketch(ids(0, 7)), ids(1000, 500), 'b.json')).not.toThrow();
    expect(() => checkSameCompany(accountSketch(ids(0, 8)), ids(1000, 500), 'b.json')).toThrow('none of 8 accounts');
  });

  it('draws the same accounts from any set that holds them', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 70, maxLength: 120 }), (names) => {
        const all = new Set(accountSketch(names));
        const half = accountSketch(names.slice(0, 60));
        // Whatever of the half ranks among the lowest of all is in both.
        for (const print of half) if (print <= ([...all].at(-1) ?? '')) expect(all.has(print)).toBe(true);
        expect(accountSketch([...names].reverse())).toEqual([...all]);
      }),
    );
  });
});
