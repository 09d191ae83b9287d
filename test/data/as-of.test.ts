import { afterEach, describe, expect, it } from 'vitest';
import { resolveAsOf } from '../../src/data/as-of.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { addDays } from '../../src/lib/dates.ts';
import { companyOf } from './views-rows.ts';

let opened: Engine | undefined;
afterEach(() => {
  opened?.close();
  opened = undefined;
});

async function company(...given: Parameters<typeof companyOf>) {
  const made = await companyOf(...given);
  opened = made.engine;
  return made;
}

const TODAY = '2026-01-01';
/** `perDay` usage events at noon on each of `days` days from 1 January 2024. */
const usage = (days: number, perDay = 2, clock = ' 12:00:00') =>
  Array.from({ length: days * perDay }, (_, i) => ({
    account_id: 'a',
    occurred_at: `${addDays('2024-01-01', Math.floor(i / perDay))}${clock}`,
    event_count: 1,
  }));
const open = { contract_id: 'c1', account_id: 'a', start_date: '2023-01-01', mrr_amount: 10 };

describe('resolveAsOf', () => {
  it('takes the last full day of the densest feed, not the end or due dates of others', async () => {
    const { engine, config } = await company({
      usage: usage(60),
      ticket: [{ ticket_id: 't', account_id: 'a', created_at: '2024-03-03 10:00:00' }],
      contract: [{ ...open, term_end_date: '2027-01-01' }],
      goal: [{ goal_id: 'g', account_id: 'a', title: 't', created_date: '2024-01-01', due_date: '2026-12-31' }],
    });
    const { asOf, reason, stopped } = await resolveAsOf(engine, config, { today: TODAY });
    expect(asOf).toBe('2024-02-29');
    expect(reason).toBe('the last full day of usage, the feed with most rows per day (2.0)');
    expect(stopped).toEqual([]);
  });

  it('steps back from a day that was cut short', async () => {
    const last = { account_id: 'a', occurred_at: '2024-03-01 01:00:00', event_count: 1 };
    const { engine, config } = await company({ usage: [...usage(60, 4), last], contract: [open] });
    const { asOf, reason } = await resolveAsOf(engine, config, { today: TODAY });
    expect(asOf).toBe('2024-02-29');
    expect(reason).toContain('1 Mar 2024 is not complete');
  });

  it('is never moved by a main feed that stopped, and names it', async () => {
    const ticket = Array.from({ length: 90 }, (_, i) => ({
      ticket_id: `t${i}`,
      account_id: 'a',
      created_at: `${addDays('2024-01-01', i)} 10:00:00`,
    }));
    const { engine, config } = await company({ usage: usage(60, 3), ticket, contract: [open] });
    const { asOf, stopped } = await resolveAsOf(engine, config, { today: TODAY });
    expect(asOf).toBe('2024-03-30');
    expect(stopped).toEqual(['usage']);
    const rows = await engine.rows('select table_name from feed where is_stopped');
    expect(rows).toEqual([{ table_name: 'usage' }]);
  });

  it('ends where the contract export ends, when going on would look like a churn wave', async () => {
    const contract = Array.from({ length: 60 }, (_, i) => {
      const start = addDays('2024-01-01', i);
      return {
        contract_id: `c${i}`,
        account_id: `a${i % 20}`,
        start_date: start,
        term_end_date: addDays(start, 30),
        mrr_amount: 1,
      };
    });
    const { engine, config } = await company({ usage: usage(90), contract });
    const { asOf, reason } = await resolveAsOf(engine, config, { today: TODAY });
    expect(asOf).toBe('2024-02-29');
    expect(reason).toMatch(/^the last recorded action of contract: on 30 Mar 2024, .* 20 of 20 accounts/);
  });

  it('obeys a declared export date and the day asked for, never a day after today', async () => {
    const { engine, config } = await company({ usage: usage(60), contract: [open] });
    const at = async (exported_at: string, today = TODAY) =>
      (await resolveAsOf(engine, { ...config, exported_at }, { today })).asOf;
    expect(await at('2024-03-10')).toBe('2024-03-10');
    expect(await at('2024-03-10T06:00:00')).toBe('2024-03-09');
    expect(await at('2024-03-10', '2024-03-05')).toBe('2024-03-05');
    const asked = await resolveAsOf(engine, config, { requested: '2024-02-01', today: TODAY });
    expect([asked.asOf, asked.reason]).toEqual(['2024-02-01', 'asked for with --as-of']);
    await expect(resolveAsOf(engine, config, { requested: '2024-02-30', today: TODAY })).rejects.toThrow(
      'is not a day',
    );
    await expect(resolveAsOf(engine, config, { requested: '2026-02-01', today: TODAY })).rejects.toThrow('after today');
    await expect(resolveAsOf(engine, config, { requested: '2021-02-01', today: TODAY })).rejects.toThrow(
      'before the first',
    );
  });

  it('knows undated rows from eight weeks before the date, unless the ledger knows better', async () => {
    const { engine, config } = await company({ usage: usage(60), contract: [open] });
    await engine.execute('update settings set first_seen_on = null');
    await resolveAsOf(engine, config, { today: TODAY });
    expect(await engine.rows('select first_seen_on from settings')).toEqual([{ first_seen_on: '2024-01-04' }]);
  });
});
