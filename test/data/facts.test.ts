import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { openTiny, TINY_DAY } from '../helpers/tiny.ts';

const FACTS = `select account_id, kind, is_red, fact_on, round(now_value, 2) as now_value,
  round(past_value, 2) as past_value, peer_value, detail, contact_id from dated.fact order by account_id, kind`;

describe('fact on fixtures/tiny', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openTiny(['fact']);
  });
  afterAll(() => engine.close());

  it('finds exactly the facts of the README', async () => {
    const rows = (await engine.rows(FACTS)).map((row) => Object.values(row));
    expect(rows).toEqual([
      ['a02', 'executive_left', true, '2024-11-15', 0, 1, null, 'Cleo', 'c03'],
      ['a03', 'decision_due', true, '2025-03-01', 62, null, 215, null, null],
      ['a03', 'users_drop', true, '2024-12-29', 4, 8, 2, null, null],
      ['a05', 'decision_due', true, '2025-02-15', 48, null, 215, null, null],
      ['a05', 'usage_drop', true, '2024-12-29', 7, 85.97, 7, null, null],
      ['a07', 'champion_left', true, '2024-12-01', 1, 2, null, 'Eva', 'c05'],
      ['a08', 'no_use', true, '2024-11-03', 56, 7, 0, null, null],
      ['a09', 'decision_due', false, '2025-03-20', 81, null, 215, null, null],
      ['a10', 'priority_ticket', true, '2024-12-20', 9, null, 1, 't12', null],
      ['a11', 'invoice_overdue', true, '2024-11-01', 58, 10, 5, 'v03', null],
      ['a12', 'csm_call_red', true, '2024-12-20', -2, 1, null, 'Eli', null],
      ['a13', 'term_ended_in_use', true, '2024-12-20', 9, null, null, null, null],
    ]);
  });

  const silent = [
    ['no use while the whole feed is silent', "delete from usage where occurred_on > date '2024-11-10'", 'no_use'],
    ['nothing overdue where no payments are recorded', 'update invoice set paid_date = null', 'invoice_overdue'],
    [
      'a ticket without an update for 90 days',
      "update ticket set updated_at = '2024-09-01', created_at = '2024-09-01' where ticket_id = 't12'",
      'priority_ticket',
    ],
    [
      'a judgement older than 90 days',
      "update csm_call set said_at = '2024-09-01', known_on = '2024-09-01' where value = '-2'",
      'csm_call_red',
    ],
    ['a switched-off kind', "update fact_setting set is_enabled = false where kind = 'champion_left'", 'champion_left'],
  ] as const;
  it(`is no fact: ${silent.map(([name]) => name).join(', ')}`, async () => {
    const other = await openTiny(['fact'], TINY_DAY, silent.map(([, change]) => change).join(';'));
    const kinds = (await other.rows(FACTS)).map((row) => row['kind']);
    for (const [name, , kind] of silent) expect(kinds, name).not.toContain(kind);
    expect(kinds).toContain('executive_left');
    other.close();
  });

  it('keeps a fact that is not red for the company plain', async () => {
    const other = await openTiny(['fact'], TINY_DAY, "update fact_setting set is_red = false where kind = 'no_use'");
    const [row] = await other.rows("select is_red from dated.fact where kind = 'no_use'");
    expect(row?.['is_red']).toBe(false);
    other.close();
  });
});
