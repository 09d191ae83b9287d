import { describe, expect, test } from 'vitest';
import type { AccountCondition, Decision, RankedProposal } from '../../src/contract/supervisor.ts';
import { addDays } from '../../src/lib/dates.ts';
import { EMPTY_STATE, step } from '../../src/supervisor/step.ts';
import { account, book, decision, proposal, SETTINGS } from './book.ts';

const MONDAY = '2024-09-02';
const on = (days: number) => addDays(MONDAY, days);

const touch = proposal('a', {
  agent: 'engagement',
  kind: 'touchpoint',
  reason: 'cadence',
  contact_id: 'eve',
  grounds: [],
});
const pitch = proposal('a', {
  agent: 'expansion',
  kind: 'expansion_pitch',
  reason: 'seats',
  contact_id: 'eve',
  grounds: [],
});
const ask = proposal('a', {
  agent: 'advocacy',
  kind: 'advocacy_ask',
  reason: 'review',
  contact_id: 'max',
  grounds: [],
});
const task = proposal('a', { agent: 'renewal', kind: 'task', reason: 'prepare', grounds: [] });

function plan(
  proposals: readonly RankedProposal[],
  condition: Partial<AccountCondition> = {},
  decisions: readonly Decision[] = [],
  state = EMPTY_STATE,
  day = MONDAY,
) {
  const result = step(state, book(proposals, [account('a', condition)]), decisions, day, SETTINGS);
  return {
    state: result.state,
    planned: result.planned.map((row) => [row.proposal.reason, row.planned_on]),
    suppressed: result.suppressed.map((row) => [row.proposal?.reason, row.why, row.until]),
  };
}

describe('one next best action', () => {
  test('is the alert, then the task, then the touchpoint, then what we ask for', () => {
    expect(plan([ask, pitch, touch, task]).planned).toEqual([['prepare', MONDAY]]);
    expect(plan([ask, pitch, touch]).planned).toEqual([['cadence', MONDAY]]);
    expect(plan([ask, pitch]).planned).toEqual([['seats', MONDAY]]);
    expect(plan([touch, task, proposal('a')]).planned).toEqual([['no_use', MONDAY]]);
  });

  test('names the one that comes first for each that waits', () => {
    const result = step(EMPTY_STATE, book([ask, pitch]), [], MONDAY, SETTINGS);
    expect(result.suppressed).toMatchObject([{ why: 'other_action', detail: 'expansion_pitch seats comes first' }]);
  });

  test('within a kind is the one with the lower rank key', () => {
    const urgent = { ...touch, reason: 'handover', contact_id: 'max', rank_key: [-1] };
    expect(plan([touch, urgent]).planned).toEqual([['handover', MONDAY]]);
  });

  test('alerts of several agents speak once', () => {
    const escalation = proposal('a', { agent: 'escalation', reason: 'priority_ticket', rank_key: [-5] });
    const result = plan([proposal('a'), escalation]);
    expect(result.planned).toEqual([['priority_ticket', MONDAY]]);
    expect(result.suppressed).toEqual([['no_use', 'merged', null]]);
    expect(result.state.alerts).toHaveLength(1);
  });
});

describe('no pitch and no ask', () => {
  test.each([
    ['red', { band: 'red' }, 'red'],
    ['escalated', { is_escalated: true }, 'escalated'],
    ['in renewal dispute', { is_renewal_disputed: true }, 'renewal_dispute'],
    ['on notice', { closed_as: 'notice_given' }, 'account_closed'],
  ] as const)('while %s', (_name, condition, why) => {
    const result = plan([pitch, ask, touch], condition);
    expect(result.planned).toEqual([['cadence', MONDAY]]);
    expect(result.suppressed).toEqual([
      ['review', why, null],
      ['seats', why, null],
    ]);
  });

  test('while the account is at risk, also when its alert is not on the list', () => {
    expect(plan([pitch, proposal('a')], { is_onboarding: true }).suppressed).toEqual([['seats', 'red', null]]);
    const started = plan([proposal('a')]);
    expect(plan([pitch], {}, [], started.state, on(8)).suppressed).toContainEqual(['seats', 'red', null]);
  });
});

describe('the contact budget', () => {
  test('plans one play a week for a person and keeps to it', () => {
    const start = plan([pitch]);
    const next = plan([touch, pitch], {}, [], start.state, on(3));
    expect(next.planned).toEqual([['seats', MONDAY]]);
    expect(next.suppressed).toEqual([['cadence', 'contact_budget', on(7)]]);
    const week = plan([touch, pitch], {}, [], next.state, on(7));
    expect(week.planned).toEqual([['cadence', on(7)]]);
  });

  test('holds also when the play is proposed no more', () => {
    const start = plan([pitch]);
    expect(plan([touch], {}, [], start.state, on(6))).toMatchObject({ planned: [] });
    expect(plan([touch], {}, [], start.state, on(7)).planned).toEqual([['cadence', on(7)]]);
  });

  test('leaves other people of the account free, but not where the person is unknown', () => {
    const start = plan([pitch]);
    expect(plan([ask], {}, [], start.state, on(1)).planned).toEqual([['review', on(1)]]);
    expect(plan([{ ...ask, contact_id: null }], {}, [], start.state, on(1)).planned).toEqual([]);
  });

  test('of several plays names the day on which the last lets go', () => {
    const start = plan([pitch]);
    const later = plan([ask], {}, [], start.state, on(3));
    expect(later.planned).toEqual([['review', on(3)]]);
    const anyone = plan([{ ...touch, contact_id: null }], {}, [], later.state, on(4));
    expect(anyone.suppressed).toEqual([['cadence', 'contact_budget', on(10)]]);
  });

  test('counts a shown alert, and real contacts', () => {
    const start = plan([proposal('a')]);
    const after = plan([touch], {}, [], start.state, on(1));
    expect(after.suppressed).toContainEqual(['cadence', 'contact_budget', on(7)]);
    const contacted = { last_contact_on: on(-2), last_contact_id: 'eve' };
    expect(plan([touch], contacted).suppressed).toEqual([['cadence', 'contacted', on(5)]]);
    expect(plan([ask], contacted).planned).toEqual([['review', MONDAY]]);
  });

  test('does not hold back a task', () => {
    const start = plan([pitch]);
    expect(plan([task], { last_contact_on: on(1) }, [], start.state, on(1)).planned).toEqual([['prepare', on(1)]]);
  });
});

describe('time and people', () => {
  test('a proposal waits for its day and ends with its last', () => {
    expect(plan([{ ...task, not_before: on(1) }]).suppressed).toEqual([['prepare', 'not_yet', on(1)]]);
    expect(plan([{ ...task, expires: on(-1) }]).suppressed).toEqual([['prepare', 'expired', null]]);
    expect(plan([{ ...task, not_before: MONDAY, expires: MONDAY }]).planned).toEqual([['prepare', MONDAY]]);
  });

  test.each([
    ['done', 'done', on(27)],
    ['reject', 'rejected', on(27)],
    ['snooze', 'snoozed', on(3)],
  ] as const)('what a person said (%s) holds for its time', (kind, why, until) => {
    const said = decision(on(-1), kind, { action_kind: 'task', action_reason: 'prepare', until: on(3) });
    expect(plan([task], {}, [said]).suppressed).toEqual([['prepare', why, until]]);
    expect(plan([task], {}, [said], EMPTY_STATE, until).planned).toEqual([['prepare', until]]);
    expect(plan([{ ...task, reason: 'call' }], {}, [said]).planned).toEqual([['call', MONDAY]]);
  });

  test('an account that is not in the book is told', () => {
    const result = step(EMPTY_STATE, book([task, proposal('a')], []), [], MONDAY, SETTINGS);
    expect(result.suppressed.map((row) => row.why)).toEqual(['account_unknown', 'account_unknown']);
  });
});
