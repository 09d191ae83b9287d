import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TableColumn } from '../../src/contract/agent.ts';
import { cellText, digitsOf, grouped, moneyText, oddsText, plainText, rateText } from '../../src/reports/cells.ts';

const column = (kind: TableColumn['kind'], unit?: string): TableColumn => ({
  key: 'x',
  label: 'X',
  kind,
  ...(unit === undefined ? {} : { unit }),
});

describe('grouped', () => {
  it.each([
    [0, 0, '0'],
    [-0, 2, '0.00'],
    [-0.004, 2, '0.00'],
    [999, 0, '999'],
    [1000, 0, '1,000'],
    [-1234567.891, 2, '-1,234,567.89'],
    [0.5, 1, '0.5'],
  ])('%d with %i decimals is %s', (value, digits, text) => {
    expect(grouped(value, digits)).toBe(text);
  });

  it('is the number with separators and nothing else', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e12, max: 1e12, noNaN: true }),
        fc.integer({ min: 0, max: 4 }),
        (value, digits) => {
          const text = grouped(value, digits);
          expect(Number(text.replaceAll(',', ''))).toBeCloseTo(Number(value.toFixed(digits)), 4);
          expect(text).toMatch(/^-?\d{1,3}(,\d{3})*(\.\d+)?$/);
        },
      ),
    );
  });
});

describe('oddsText', () => {
  it.each([
    [0, 'under 1 in 100'],
    [0.009, 'about 1 in 100'],
    [0.05, 'about 1 in 20'],
    [0.2731, 'about 1 in 4'],
    [1 / 3, 'about 1 in 3'],
    [0.5, 'about 1 in 2'],
    [0.72, 'about 3 in 4'],
    [0.95, 'about 19 in 20'],
    [0.99, 'over 19 in 20'],
    [1, 'over 19 in 20'],
  ])('%d is told as "%s"', (probability, text) => {
    expect(oddsText(probability)).toBe(text);
  });

  it('never goes down when the probability goes up', () => {
    const told = (probability: number): number => {
      const [, part, of] = /(\d+) in (\d+)/.exec(oddsText(probability)) ?? [];
      return Number(part) / Number(of);
    };
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), (a, b) => {
        expect(told(Math.min(a, b))).toBeLessThanOrEqual(told(Math.max(a, b)));
      }),
    );
  });
});

describe('cells', () => {
  it('tells no value from zero and false', () => {
    expect(cellText(null, column('integer'), 0)).toBe('–');
    expect(cellText(undefined, column('text'), 0)).toBe('–');
    expect(cellText(Number.NaN, column('money'), 0)).toBe('–');
    expect(cellText(0, column('integer'), 0)).toBe('0');
    expect(cellText(false, column('boolean'), 0)).toBe('no');
  });

  it('writes rates as percentages unless the column has its own unit', () => {
    expect([0, 0.0041, 0.0741, 0.0996, 0.5, 1.2].map(rateText)).toEqual(['0%', '0.4%', '7.4%', '10%', '50%', '120%']);
    expect(cellText(0.25, column('rate'), 2)).toBe('25%');
    expect(cellText(0.25, column('rate', 'a day'), 2)).toBe('0.25');
  });

  it('writes money with its currency in prose, and cents only for small sums that have them', () => {
    expect(moneyText(148_000, 'EUR')).toBe('EUR 148,000');
    expect(moneyText(9_600.5, 'USD')).toBe('USD 9,601');
    expect(moneyText(12.5, null)).toBe('12.50');
    expect(moneyText(-1_200, 'EUR')).toBe('EUR -1,200');
  });

  it('gives the numbers of a column the same decimals', () => {
    expect(digitsOf(column('money'), [1, 2, 3])).toBe(0);
    expect(digitsOf(column('money'), [12.5, 3])).toBe(2);
    expect(digitsOf(column('money'), [12.5, 30_000])).toBe(0);
    expect(digitsOf(column('number'), [0.123, null, 'x'])).toBe(2);
    expect(digitsOf(column('number'), [123.4])).toBe(1);
    expect(digitsOf(column('score'), [55.4])).toBe(0);
  });

  it('tells lists by their items, objects by their text', () => {
    expect(plainText(['a', 'b'])).toBe('a; b');
    expect(plainText([{ text: 'no use', fact_on: '2024-08-29' }, { text: 'champion left' }])).toBe(
      'no use; champion left',
    );
    expect(plainText({ a: 1 })).toBe('{"a":1}');
    expect(cellText(['x\ny'], column('list'), 0)).toBe('x y');
  });
});
