import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { DEFAULT_HEALTH } from '../../src/data/config-defaults.ts';
import { openDuckDB } from '../../src/engine/duckdb.ts';
import { readState } from '../../src/ledger/index.ts';
import { addDays } from '../../src/lib/dates.ts';
import { NIGHT_TABLES, nightParts } from '../../src/pipeline/night-state.ts';
import { RUN_LISTS } from '../../src/pipeline/run.ts';
import { TemporaryCompany } from '../helpers/night.ts';

const reads = vi.hoisted(() => ({ everything: false }));
vi.mock('../../src/pipeline/night-state.ts', async (original) => {
  const module = await original<typeof import('../../src/pipeline/night-state.ts')>();
  const parts: typeof module.nightParts = (...given) => (reads.everything ? {} : module.nightParts(...given));
  return { ...module, nightParts: parts };
});

/** One measure is held against the account's own past: it needs six readings, and all of them. */
const SETTINGS = `model: { max_age_days: 400 }
health:
  components:
    support_health:
      measures:
        ticket_load: { weight: 1, method: own_history }
`;
/** A first run lives through eight weeks; then alerts go quiet, close and open again. */
const [FIRST, ...NIGHTS] = [0, 8, 46, 53].map((days) => addDays('2024-12-29', days));
/** Here a07 is missing from the contracts, so that its last reading is older than that of the others when it is back. */
const WITHOUT_A07 = NIGHTS[1];
const READINGS = ['health_reading', 'churn_score', 'fact_reading', 'alert', 'alert_event', 'plan_action'];

describe('a night that reads a part of the ledger', () => {
  const part = new TemporaryCompany();
  let whole: TemporaryCompany;
  const said = new Map<string, string>();
  const expected = new Map<string, string>();

  beforeAll(async () => {
    part.edit('retain.yaml', 'tables:\n', `${SETTINGS}tables:\n`);
    await part.run(FIRST as string);
    whole = new TemporaryCompany(part.folder);
    for (const night of NIGHTS) {
      for (const company of [whole, part]) {
        reads.everything = company === whole;
        const contracts = readFileSync(join(company.folder, 'contracts.csv'), 'utf8');
        if (night === WITHOUT_A07) company.rewrite('contracts.csv', (text) => text.replace(/^k07,.*\n/m, ''));
        (company === whole ? expected : said).set(night, await company.run(night));
        writeFileSync(join(company.folder, 'contracts.csv'), contracts);
      }
    }
  }, 900_000);
  afterAll(() => {
    part.remove();
    whole.remove();
  });

  it('says, byte for byte, what one that reads everything says', () => {
    for (const night of NIGHTS) expect(said.get(night)).toBe(expected.get(night));
    const { lists } = JSON.parse(said.get(NIGHTS[0] as string) as string) as { lists: { name: string }[] };
    expect(lists.map(({ name }) => name)).toEqual(RUN_LISTS);
  });

  it.each(READINGS)('leaves the same %s', async (table) => {
    const rows = (company: TemporaryCompany) =>
      company.ledger(
        `select * from state.${table} where as_of <= $as_of::date order by all`,
        [table],
        NIGHTS.at(-1) as string,
      );
    const left = await rows(part);
    expect(left).toEqual(await rows(whole));
    expect(left.length).toBeGreaterThan(10);
  });

  it('was asked what only a part could have missed', async () => {
    const last = NIGHTS.at(-1) as string;
    const returned = await part.ledger(
      `select as_of::varchar as as_of, band_since < as_of as was_in_band from state.health_reading
       where account_id = 'a07' and as_of > $as_of::date - 50 order by as_of`,
      ['health_reading'],
      last,
    );
    expect(returned.map((row) => row['as_of'])).toEqual([NIGHTS[0], NIGHTS[2]]);
    expect(returned[1]?.['was_in_band']).toBe(true);
    const [own] = await part.ledger(
      `select count(*) as n from state.calibration where json_array_length(json_keys(calibration->'$.measures.ticket_load.own')) > 0
         and as_of <= $as_of::date`,
      ['calibration'],
      last,
    );
    expect(own?.['n']).toBeGreaterThan(0);
    const closed = await part.ledger(
      `select close_reason from state.alert where close_reason is not null and as_of <= $as_of::date`,
      ['alert'],
      last,
    );
    expect(closed.length).toBeGreaterThan(0);
  });

  it('reads no more of many nights than of few', async () => {
    const asOf = addDays(NIGHTS.at(-1) as string, 1);
    const engine = await openDuckDB({ threads: 1 });
    try {
      const counts = async (given: Parameters<typeof readState>[3]) => {
        await readState(engine, join(part.folder, '.retain', 'ledger.duckdb'), NIGHT_TABLES, given);
        const [row] = await engine.rows(
          `select ${READINGS.filter((table) => table !== 'alert_event')
            .map((table) => `(select count(*) from state.${table}) as ${table}`)
            .join(', ')}`,
        );
        return row ?? {};
      };
      reads.everything = false;
      const needed = await counts({ asOf, part: nightParts({ health: DEFAULT_HEALTH }, asOf) });
      const all = await counts({ asOf });
      const accounts = 14;
      expect(Number(all['health_reading'])).toBeGreaterThan(8 * accounts);
      expect(Number(needed['health_reading'])).toBeLessThanOrEqual(accounts);
      expect(Number(needed['churn_score'])).toBeLessThanOrEqual(accounts);
      for (const table of ['alert', 'plan_action', 'fact_reading']) {
        expect(Number(needed[table])).toBeLessThan(Number(all[table]));
      }
    } finally {
      engine.close();
    }
  });
});
