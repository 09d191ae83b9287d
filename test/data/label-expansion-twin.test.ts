import { describe, expect, it } from 'vitest';
import { defaultConfig } from '../../src/data/config.ts';
import { createSettings } from '../../src/data/settings.ts';
import { clearViews } from '../../src/data/standing.ts';
import { createViews } from '../../src/data/views.ts';
import { openDuckDB } from '../../src/engine/duckdb.ts';
import { addDays, type Day, daysBetween } from '../../src/lib/dates.ts';
import { createRandom, randomInt } from '../../src/lib/random.ts';
import { CompanyMaker, liveOn, loadCompany, START } from './future-row-company.ts';
import { companyOf } from './views-rows.ts';

interface Line {
  readonly contract_id: string;
  readonly account_id: string;
  readonly product: string;
  readonly plan: string | null;
  readonly start_date: Day;
  readonly ended_date: Day | null;
  readonly mrr_amount: number;
  readonly seats: number | null;
}

/** What an account pays for on a day, by product: a slow reading of the definition, one contract at a time. */
function heldOn(lines: readonly Line[], day: Day): Map<string, Line> {
  const held = new Map<string, Line>();
  for (const product of new Set(lines.map((line) => line.product))) {
    const own = lines.filter((line) => line.product === product).sort((a, b) => (a.start_date < b.start_date ? -1 : 1));
    for (const line of own) {
      if (line.start_date > day) continue;
      const next = own.find(({ start_date }) => start_date > line.start_date)?.start_date;
      let end = line.ended_date ?? '9999-12-31';
      if (next !== undefined && next > end && daysBetween(end, next) <= 30) end = next;
      // The newest that is open wins: later ones overwrite.
      if (end > day) held.set(product, line);
    }
  }
  return held;
}

function twin(lines: readonly Line[], asOf: Day): number | null {
  const [then, now] = [heldOn(lines, asOf), heldOn(lines, addDays(asOf, 90))];
  let past = 0;
  let growth = 0;
  for (const product of new Set([...then.keys(), ...now.keys()])) {
    const [before, after] = [then.get(product), now.get(product)];
    past += before?.mrr_amount ?? 0;
    const change = (after?.mrr_amount ?? 0) - (before?.mrr_amount ?? 0);
    const isVolume = before?.seats && after?.seats && before.plan === after.plan;
    growth += isVolume
      ? Math.min(change, (before.mrr_amount * after.seats) / before.seats - before.mrr_amount)
      : change;
  }
  if (past === 0) return null;
  return growth > 0 && growth / past >= 0.1 ? 1 : 0;
}

describe('label_expansion', () => {
  it('agrees with a slow twin on random contracts', async () => {
    const random = createRandom(11);
    const lines: Line[] = [];
    for (let account = 0; account < 80; account++) {
      // One line without an end keeps the account from leaving; its product is nobody else's.
      const base = { account_id: `a${account}`, plan: null, seats: null, ended_date: null, mrr_amount: 100 };
      lines.push({ ...base, contract_id: `base${account}`, product: 'Base', start_date: '2023-01-01' });
      for (let k = randomInt(random, 6); k > 0; k--) {
        const start_date = addDays('2023-06-01', randomInt(random, 500));
        lines.push({
          contract_id: `c${account}-${k}`,
          account_id: `a${account}`,
          product: random() < 0.5 ? 'A' : 'B',
          plan: random() < 0.5 ? 'pro' : 'basic',
          start_date,
          ended_date: random() < 0.5 ? addDays(start_date, 1 + randomInt(random, 300)) : null,
          mrr_amount: 5 + randomInt(random, 120),
          seats: random() < 0.7 ? 1 + randomInt(random, 9) : null,
        });
      }
    }
    // Two contracts of a product that start on one day are summed by nobody's rule: none here.
    const seen = new Set<string>();
    const contract = lines.filter(({ account_id, product, start_date }) => {
      const key = `${account_id} ${product} ${start_date}`;
      return seen.has(key) ? false : seen.add(key);
    });
    const { engine } = await companyOf({ contract: contract.map((line) => ({ ...line })) });
    try {
      let ones = 0;
      for (const asOf of ['2024-02-01', '2024-05-10']) {
        const rows = await engine.rows(
          'select account_id, label from label_expansion($as_of::date, $known_by::date) order by account_id',
          { as_of: asOf, known_by: '2025-06-30' },
        );
        const own = (id: unknown) => contract.filter(({ account_id }) => account_id === id);
        expect(rows.map((row) => [row['account_id'], row['label']])).toEqual(
          rows.map((row) => [row['account_id'], twin(own(row['account_id']), asOf)]),
        );
        ones += rows.filter((row) => row['label'] === 1).length;
      }
      expect(ones).toBeGreaterThan(20);
    } finally {
      engine.close();
    }
  }, 60_000);

  it('looks no further than known_by: what happens or becomes known later changes no label', async () => {
    // Companies of chance in which a label had closed; in some everyone is being sold to.
    for (const [seed, definition] of [
      [4, 'arr_growth'],
      [7, 'won_opportunity'],
    ] as const) {
      const random = createRandom(seed);
      const maker = new CompanyMaker(random);
      const company = maker.company();
      const knownBy = addDays(START, 520);
      const later = liveOn(company, knownBy, maker, random);
      const engine = await openDuckDB({ threads: 1 });
      try {
        const labels = async (told: typeof company) => {
          await clearViews(engine);
          await loadCompany(engine, told);
          const base = defaultConfig('/nowhere');
          const expansion = { ...base.expansion, definition };
          await createSettings(engine, { ...base, expansion, currency: 'EUR' }, { firstSeenOn: addDays(knownBy, 40) });
          await createViews(engine);
          return engine.rows(
            'select account_id, label, closed_on from label_expansion($as_of::date, $known_by::date) order by account_id',
            { as_of: addDays(knownBy, -130), known_by: knownBy },
          );
        };
        const before = await labels(company);
        expect(await labels(later)).toEqual(before);
        expect(before.filter((row) => row['label'] !== null).length).toBeGreaterThan(0);
      } finally {
        engine.close();
      }
    }
  }, 60_000);
});
