import { describe, expect, test } from 'vitest';
import { addDays } from '../../src/lib/dates.ts';
import { type AlertHistory, alertStatistics } from '../../src/supervisor/statistics.ts';

const DAY = '2024-12-31';
const ago = (days: number) => addDays(DAY, -days);
const SETTINGS = { horizon_days: 90, cool_down_days: 28 };

type Alert = AlertHistory['alerts'][number];

function alert(account_id: string, opened: number, closed?: number, close_reason = 'recovered'): Alert {
  const closed_on = closed === undefined ? null : ago(closed);
  return { account_id, csm: 'Ann', opened_on: ago(opened), closed_on, close_reason: closed_on && close_reason };
}

function statistics(parts: Partial<AlertHistory>) {
  return alertStatistics({ alerts: [], held: [], outcomes: [], csm_count: 2, ...parts }, DAY, SETTINGS);
}

describe('alert statistics', () => {
  test('of nothing are empty, not zero', () => {
    const none = { count: 0, of: 0, rate: null, low: null, high: null };
    expect(alertStatistics({ alerts: [], held: [], outcomes: [], csm_count: 0 }, DAY, SETTINGS)).toEqual({
      opened_count: 0,
      alerts_per_csm_week: null,
      repeat: none,
      flap: none,
      precision: none,
      churned_count: 0,
      churned_alerted_count: 0,
      churned_suppressed: [],
      churned_suppressed_accounts: [],
      churned_unseen_count: 0,
    });
  });

  test('count alerts a CSM and week over eight weeks', () => {
    // Eight alerts opened in 56 days, two CSMs, eight weeks: a half each week.
    const alerts = [0, 7, 14, 21, 28, 35, 42, 55, 56].map((days, i) => alert(`a${i}`, days));
    expect(statistics({ alerts })).toMatchObject({ opened_count: 8, alerts_per_csm_week: 0.5 });
  });

  test('call an alert a repeat when the account had one that closed in the 90 days before', () => {
    const alerts = [alert('a', 100, 60), alert('a', 10), alert('b', 200, 120), alert('b', 20), alert('c', 5)];
    expect(statistics({ alerts }).repeat).toMatchObject({ count: 1, of: 3 });
  });

  test('call it flapping when the account enters again within the cool-down', () => {
    const alerts = [alert('a', 90, 40), alert('b', 90, 40), alert('c', 90, 40, 'disagreed'), alert('d', 90, 20)];
    const held = [
      { account_id: 'a', as_of: ago(30), why: 'cool_down' },
      { account_id: 'b', as_of: ago(5), why: 'capacity' },
    ];
    // c did not recover, d is still cooling down.
    expect(statistics({ alerts, held }).flap).toMatchObject({ count: 1, of: 2, rate: 0.5 });
  });

  test('are precise where the first alert of an account came before its churn within the horizon', () => {
    const alerts = [alert('a', 200, 150), alert('a', 120), alert('b', 100), alert('c', 300), alert('d', 89)];
    const outcomes = [
      { account_id: 'a', decided_on: ago(111) },
      { account_id: 'b', decided_on: ago(9) },
      { account_id: 'c', decided_on: ago(209) },
      { account_id: 'd', decided_on: ago(10) },
    ];
    const { precision } = statistics({ alerts, outcomes });
    // a after 89 days, b after 91, c after 91; d's horizon is not over.
    expect(precision).toMatchObject({ count: 1, of: 3 });
    // Wilson's interval of 1 of 3: (1/3 + z²/6 ± z √(2/27 + z²/36)) / (1 + z²/3), z = 1.96.
    expect(precision.low).toBeCloseTo(0.0614919, 6);
    expect(precision.high).toBeCloseTo(0.7923404, 6);
  });

  test('tell churns that were suppressed from churns that nobody saw', () => {
    const outcomes = ['a', 'b', 'c', 'd', 'e', 'old', 'next'].map((account_id) => ({
      account_id,
      decided_on: ago(10),
    }));
    const given = statistics({
      outcomes: outcomes.map((row) =>
        row.account_id === 'old'
          ? { ...row, decided_on: ago(90) }
          : row.account_id === 'next'
            ? { ...row, decided_on: addDays(DAY, 1) }
            : row,
      ),
      alerts: [alert('a', 30), alert('b', 10), alert('c', 300, 150)],
      held: [
        { account_id: 'b', as_of: ago(12), why: 'new_budget' },
        { account_id: 'c', as_of: ago(40), why: 'capacity' },
        { account_id: 'c', as_of: ago(20), why: 'cool_down' },
        { account_id: 'c', as_of: ago(9), why: 'capacity' },
        { account_id: 'd', as_of: ago(20), why: 'merged' },
        { account_id: 'e', as_of: ago(101), why: 'capacity' },
      ],
    });
    expect(given).toMatchObject({
      churned_count: 5,
      churned_alerted_count: 1,
      churned_suppressed: [
        { why: 'cool_down', count: 1 },
        { why: 'new_budget', count: 1 },
      ],
      churned_suppressed_accounts: ['b', 'c'],
      churned_unseen_count: 2,
    });
  });

  test('do not change with what comes later', () => {
    const now = statistics({ alerts: [alert('a', 100, 50)], outcomes: [{ account_id: 'a', decided_on: ago(50) }] });
    const later = statistics({
      alerts: [alert('a', 100, 50), alert('b', -1)],
      held: [{ account_id: 'a', as_of: addDays(DAY, 1), why: 'cool_down' }],
      outcomes: [
        { account_id: 'a', decided_on: ago(50) },
        { account_id: 'b', decided_on: addDays(DAY, 1) },
      ],
    });
    expect(later).toEqual(now);
  });
});
