import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accountPlaces } from '../../src/models/account-places.ts';

/** The same by a map, slowly. */
function naivePlaces(account: readonly number[]): { places: number[]; count: number } {
  const ids = [...new Set(account)].sort((a, b) => a - b);
  return { places: account.map((id) => ids.indexOf(id)), count: ids.length };
}

describe('accountPlaces', () => {
  it('numbers accounts in the order of their ids', () => {
    const { places, count } = accountPlaces(Int32Array.of(7, -2, 7, 40, -2));
    expect([...places]).toEqual([1, 0, 1, 2, 0]);
    expect(count).toBe(3);
    expect(accountPlaces(new Int32Array(0)).count).toBe(0);
  });

  it.each([
    ['close together', 50],
    ['anywhere in 32 bits', 2 ** 31 - 1],
  ])('agrees with a map, ids %s', (_, reach) => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -reach, max: reach }), { maxLength: 60 }), (account) => {
        const { places, count } = accountPlaces(Int32Array.from(account));
        expect({ places: [...places], count }).toEqual(naivePlaces(account));
      }),
    );
  });
});
