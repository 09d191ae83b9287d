import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { detectDateOrder } from '../../src/data/date-order.ts';

describe('detectDateOrder', () => {
  it.each([
    [['2024-01-05', '2024/2/6', '20240107'], 'ymd'],
    [['05/01/2024', '25/01/2024'], 'dmy'],
    [['5-1-24', '1-25-24 10:00'], 'mdy'],
    [['2024-01-05', '3/14/23'], 'mdy'],
    [['05/01/2024', '06/02/2024'], undefined],
    [['25/01/2024', '01/25/2024'], undefined],
    [['Jan 5, 2024', null, ''], undefined],
  ])('%j is %s', (values, order) => {
    expect(detectDateOrder(values).order).toBe(order);
  });

  it('counts what proves each order and gives an example', () => {
    expect(detectDateOrder(['25/01/2024', '01/25/2024', '01/02/2024', '2024-01-01'])).toEqual({
      order: undefined,
      dayFirst: 1,
      monthFirst: 1,
      yearFirst: 1,
      ambiguous: 1,
      dayFirstExample: '25/01/2024',
      monthFirstExample: '01/25/2024',
    });
  });

  it('never depends on the order of the values, and never contradicts how they were written', () => {
    const day = fc.date({ min: new Date('1990-01-01'), max: new Date('2060-12-31'), noInvalidDate: true });
    fc.assert(
      fc.property(fc.array(day, { minLength: 1 }), fc.boolean(), (dates, isDayFirst) => {
        const values = dates.map((date) => {
          const [y, m, d] = date.toISOString().slice(0, 10).split('-');
          return isDayFirst ? `${d}/${m}/${y}` : `${m}/${d}/${y}`;
        });
        const { order } = detectDateOrder(values);
        expect(detectDateOrder([...values].reverse()).order).toBe(order);
        if (order !== undefined) expect(order).toBe(isDayFirst ? 'dmy' : 'mdy');
      }),
    );
  });
});
