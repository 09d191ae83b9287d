import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Row } from '../../src/engine/engine.ts';
import { TemporaryCompany } from '../helpers/night.ts';

/** A day on which the first reading is taken, and the day after, with windows that hold the same rows on both. */
const FIRST = '2024-12-29';
const NEXT = '2024-12-30';

// Two measures that a day passing by does not change: due goals, and answers of the last ninety days.
const HEALTH = `health:
  min_coverage: 0.1
  components:
    product_usage: { weight: 0 }
    support_health: { weight: 0 }
    relationship:
      weight: 50
      measures:
        response_rate: { weight: 1, worst: 0, best: 1 }
        csm_contact_ratio: { weight: 0 }
        executive_contact_ratio: { weight: 0 }
    business_outcomes:
      weight: 50
      measures:
        goal_rate: { weight: 1, worst: 0, best: 0.8 }
        roi_rate: { weight: 0 }
        expansion_rate: { weight: 0 }
`;
const PARTS = ['behaviour_change', 'configuration_change', 'coverage_change', 'data_revision_change'] as const;

describe('two nights of a company', () => {
  let base: TemporaryCompany;
  const made: TemporaryCompany[] = [];
  const copy = (from?: string): TemporaryCompany => {
    const company = new TemporaryCompany(from);
    made.push(company);
    return company;
  };

  beforeAll(async () => {
    base = copy();
    base.edit('retain.yaml', 'tables:\n', `${HEALTH}tables:\n`);
    await base.run(FIRST);
  });
  afterAll(() => {
    for (const company of made) company.remove();
  });

  /** What a01's health changed by on the second night, after `change`, in points. */
  async function secondNight(change: (company: TemporaryCompany) => void): Promise<Row> {
    const company = copy(base.folder);
    change(company);
    await company.run(NEXT);
    return partsOf(company);
  }

  async function partsOf(company: TemporaryCompany): Promise<Row> {
    const [row] = await company.ledger(
      `select change, ${PARTS.join(', ')} from state.health_reading where as_of = $as_of::date and account_id = 'a01'`,
      ['health_reading'],
      NEXT,
    );
    return row ?? {};
  }

  /** The whole change stands in one part, and exactly nothing in the others. */
  function expectOnly(row: Row, part: (typeof PARTS)[number]): void {
    expect(Math.abs(Number(row['change']))).toBeGreaterThan(1);
    expect(row[part]).toBeCloseTo(Number(row['change']), 9);
    for (const other of PARTS.filter((name) => name !== part)) expect([other, row[other]]).toEqual([other, 0]);
  }

  it('says the same, byte for byte, from the same exports and the same ledger, and finds no change in nothing', async () => {
    const twins = [copy(base.folder), copy(base.folder)] as const;
    const said = await twins[0].run(NEXT);
    expect(await twins[1].run(NEXT)).toBe(said);
    expect(said.length).toBeGreaterThan(10_000);
    expect(await partsOf(twins[0])).toEqual({ change: 0, ...Object.fromEntries(PARTS.map((name) => [name, 0])) });
  });

  it('puts a change of the configuration alone into configuration', async () => {
    const row = await secondNight((company) => company.edit('retain.yaml', 'best: 0.8', 'best: 1'));
    expectOnly(row, 'configuration_change');
  });

  it('puts the loss of a feed alone into coverage', async () => {
    const row = await secondNight((company) => {
      company.rewrite('retain.yaml', (text) => text.replace(/ {2}goal:\n(?: {4}.*\n)+/, ''));
    });
    expectOnly(row, 'coverage_change');
  });

  it('puts a row about the past alone into data revision', async () => {
    const row = await secondNight((company) => company.edit('goals.csv', '2024-09-30,,', '2024-09-30,2024-09-20,'));
    expectOnly(row, 'data_revision_change');
  });

  it('puts what the account did since alone into behaviour', async () => {
    const row = await secondNight((company) => company.edit('goals.csv', '2024-09-30,,', '2024-09-30,2024-12-30,'));
    expectOnly(row, 'behaviour_change');
  });
});

describe('a measure held against the own history', () => {
  it("is scored by the account's own norm once six readings are there, not in silence by its peers", async () => {
    const company = new TemporaryCompany();
    try {
      // Goals of a01: two of three achieved in every reading, so that its own norm is two thirds without spread.
      company.edit(
        'retain.yaml',
        'tables:\n',
        'health:\n  components:\n    business_outcomes: { measures: { goal_rate: { weight: 1, method: own_history } } }\ntables:\n',
      );
      await company.run(FIRST);
      const rows = await company.ledger(
        "select as_of, goal_rate, goal_rate_score from state.health_reading where account_id = 'a01' and as_of <= $as_of::date order by as_of",
        ['health_reading'],
        FIRST,
      );
      const [last] = rows.slice(-1);
      expect(rows.length).toBeGreaterThanOrEqual(8);
      expect(last?.['goal_rate']).toBeCloseTo(2 / 3, 12);
      const past = rows.slice(0, 6).map((row) => Number(row['goal_rate']));
      const [calibration] = await company.ledger(
        'select calibration::varchar as calibration from state.calibration where as_of <= $as_of::date order by as_of desc limit 1',
        ['calibration'],
        FIRST,
      );
      const own = JSON.parse(String(calibration?.['calibration'])).measures.goal_rate.own.a01;
      const sorted = past.sort((a, b) => a - b);
      expect(own.median).toBeCloseTo(((sorted[2] ?? 0) + (sorted[3] ?? 0)) / 2, 12);
    } finally {
      company.remove();
    }
  }, 120_000);
});
