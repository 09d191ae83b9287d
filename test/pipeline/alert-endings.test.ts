import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Row } from '../../src/engine/engine.ts';
import { TemporaryCompany } from '../helpers/night.ts';

/** fixtures/tiny on its own day, and two readings a week apart, 90 days after Cleo, a02's executive, left. */
const DAYS = ['2024-12-29', '2025-02-13', '2025-02-20'] as const;

describe('how an alert ends', () => {
  const company = new TemporaryCompany();
  const endings = new Map<string, unknown>();
  const waiting = new Map<string, readonly unknown[]>();

  beforeAll(async () => {
    await company.run(DAYS[0]);
    // a11 pays its invoice; nothing is done about Cleo.
    company.edit('invoices.csv', '2024-11-01,,1250', '2024-11-01,2025-02-10,1250');
    const { lists } = JSON.parse(await company.run(DAYS[1])) as { lists: { name: string; rows: Row[] }[] };
    for (const row of lists.find(({ name }) => name === 'at_risk')?.rows ?? [])
      waiting.set(String(row['account_id']), [row['change'], row['next_step']]);
    await company.run(DAYS[2]);
    const rows = await company.ledger(
      `select e.account_id, a.close_reason, e.detail from state.alert_event as e
       join state.alert as a on a.alert_id = e.alert_id and a.close_reason is not null
       where e.event = 'resolved' and e.as_of <= $as_of::date order by e.account_id`,
      ['alert_event', 'alert'],
      DAYS[2],
    );
    for (const row of rows) endings.set(String(row['account_id']), [row['close_reason'], row['detail']]);
  });
  afterAll(() => company.remove());

  it('is told on the list while it waits: what was put right asks for nothing, what has only grown old for what it did', () => {
    expect(waiting.get('a11')?.[0]).toMatch(/^quiet: .* holds no more/);
    expect(waiting.get('a11')?.[1]).toBe('check that it is settled; nothing else is needed');
    expect(waiting.get('a02')?.[0]).toMatch(
      /^quiet: .*executive sponsor left.* it has grown old, nothing put it right/,
    );
    expect(waiting.get('a02')?.[1]).toBe('have our executive sponsor write to the successor');
  });

  it('is a recovery where what it entered by was put right', () => {
    expect(endings.get('a11')).toEqual(['recovered', 'recovered']);
  });

  it('is no recovery where a departure has only grown older than 90 days', () => {
    expect(endings.get('a02')).toEqual(['lapsed', 'lapsed, not put right: executive_left']);
  });
});
