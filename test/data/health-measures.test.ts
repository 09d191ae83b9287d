import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_COMPONENTS } from '../../src/data/config-defaults.ts';
import type { Engine, Row } from '../../src/engine/engine.ts';
import { openTiny, TINY_DAY } from '../helpers/tiny.ts';

/** Numbers of fixtures/tiny/README.md; null = no reading. */
const BY_HAND: Readonly<Record<string, Readonly<Record<string, number | null>>>> = {
  feature_adoption_rate: { a01: 1, a02: 1 / 3, a03: 2 / 3, a04: 0, a08: 0, a12: null },
  engagement_rate: { a01: 0.7, a02: 1, a03: 0.5, a04: 0, a05: 0.25, a12: null },
  usage_trend: { a05: -2.3862, a06: 0, a01: 0, a04: null, a12: null },
  ticket_load: { a01: 1.4048, a02: 0.4028, a03: 0, a10: 10.2222, a04: null, a12: null },
  sentiment: { a01: 0.2857, a02: null, a04: null },
  resolution_rate: { a01: 0.1667, a02: 0.7143, a03: null },
  csm_contact_ratio: { a01: 0.5, a02: 3, a06: 3, a12: null },
  executive_contact_ratio: { a01: 28 / 90, a02: 99, a03: null, a07: null, a04: null },
  response_rate: { a01: 0.5, a02: null, a06: null },
  goal_rate: { a01: 0.6667, a02: 0, a03: null },
  roi_rate: { a01: 0.5, a02: 0, a03: null },
  expansion_rate: { a01: 0, a06: 0.2, a02: null },
};

describe('health_measures on fixtures/tiny', () => {
  let engine: Engine;
  let rows: Map<string, Row>;
  beforeAll(async () => {
    engine = await openTiny(['health_measures']);
    const found = await engine.rows('select * from dated.health_measures');
    rows = new Map(found.map((row) => [String(row['account_id']), row]));
  });
  afterAll(() => engine.close());

  it('has one row for each of the twelve active accounts', () => {
    expect([...rows.keys()].sort()).toEqual(Array.from({ length: 12 }, (_, i) => `a${String(i + 1).padStart(2, '0')}`));
  });

  const measures = Object.values(DEFAULT_COMPONENTS).flatMap((component) => Object.keys(component.measures));
  it('is worked out by hand for every measure of the scorecard', () => {
    expect(Object.keys(BY_HAND)).toEqual(measures);
  });

  it.each(Object.entries(BY_HAND))('%s is as worked out by hand', (measure, accounts) => {
    for (const [account, expected] of Object.entries(accounts)) {
      const value = rows.get(account)?.[measure];
      if (expected === null) expect(value, account).toBeNull();
      else expect(value, account).toBeCloseTo(expected, 4);
    }
  });

  it('says that every feed is connected', () => {
    for (const measure of measures) expect(rows.get('a01')?.[`${measure}_connected`], measure).toBe(true);
  });

  it('takes back every measure of a feed that is gone, and no other', async () => {
    const gone: Readonly<Record<string, readonly string[]>> = {
      usage: ['feature_adoption_rate', 'engagement_rate', 'usage_trend'],
      ticket: ['ticket_load', 'sentiment', 'resolution_rate'],
      interaction: ['csm_contact_ratio', 'executive_contact_ratio', 'response_rate'],
      goal: ['goal_rate', 'roi_rate'],
    };
    for (const [table, missing] of Object.entries(gone)) {
      const other = await openTiny(['health_measures'], TINY_DAY, `delete from ${table}`);
      const [row] = await other.rows("select * from dated.health_measures where account_id = 'a01'");
      for (const measure of measures) {
        expect(row?.[`${measure}_connected`], `${measure} without ${table}`).toBe(!missing.includes(measure));
        expect(row?.[measure] === null, `${measure} without ${table}`).toBe(missing.includes(measure));
      }
      other.close();
    }
  });
});
