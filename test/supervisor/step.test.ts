import { describe, expect, test } from 'vitest';
import type { ProposalBook, StepResult, SupervisorSettings, SupervisorState } from '../../src/contract/supervisor.ts';
import { addDays } from '../../src/lib/dates.ts';
import { EMPTY_STATE, step } from '../../src/supervisor/step.ts';
import { account, book, decision, proposal, SETTINGS } from './book.ts';

const MONDAY = '2024-09-02';
const on = (days: number) => addDays(MONDAY, days);

function first(input: ProposalBook, settings: SupervisorSettings = SETTINGS): StepResult {
  return step(EMPTY_STATE, input, [], MONDAY, settings);
}

function shownIds(result: StepResult): string[] {
  return result.shown.map((row) => row.alert.account_id);
}

function alertOf(state: SupervisorState, account_id: string) {
  return state.alerts.find((alert) => alert.account_id === account_id);
}

const ids = (count: number, prefix = 'a') =>
  Array.from({ length: count }, (_, i) => `${prefix}${String(i).padStart(2, '0')}`);

describe('lists', () => {
  test('hold the first five new accounts in rank order and say why the rest waits', () => {
    const result = first(book(ids(8).map((id, i) => proposal(id, { rank_key: [8 - i] }))));
    expect(shownIds(result)).toEqual(['a07', 'a06', 'a05', 'a04', 'a03']);
    expect(result.shown.map((row) => row.rank)).toEqual([1, 2, 3, 4, 5]);
    expect(result.shown.every((row) => row.is_new)).toBe(true);
    expect(result.suppressed.map((row) => [row.account_id, row.why, row.detail])).toEqual([
      ['a00', 'new_budget', '5 new a week'],
      ['a01', 'new_budget', '5 new a week'],
      ['a02', 'new_budget', '5 new a week'],
    ]);
    expect(result.state.alerts.map((alert) => alert.alert_id)).toContain('a07:20240902');
  });

  test('break ties of the rank key by account_id', () => {
    expect(shownIds(first(book([proposal('b'), proposal('a'), proposal('c')])))).toEqual(['a', 'b', 'c']);
  });

  test('are one a CSM, each with its own capacity; accounts without a CSM are one pool', () => {
    const accounts = [
      ...ids(7, 'x').map((id) => account(id, { csm: 'Ann' })),
      ...ids(7, 'y').map((id) => account(id, { csm: 'Bob' })),
      ...ids(7, 'z').map((id) => account(id)),
    ];
    const result = first(
      book(
        accounts.map(({ account_id }) => proposal(account_id)),
        accounts,
      ),
    );
    const perPool = new Map<string, number>();
    for (const { alert } of result.shown) perPool.set(alert.csm ?? '', (perPool.get(alert.csm ?? '') ?? 0) + 1);
    expect([...perPool]).toEqual([
      ['', 5],
      ['Ann', 5],
      ['Bob', 5],
    ]);
    expect(result.assumed_pools).toEqual(['', 'Ann', 'Bob']);
  });

  test('let at most five new ones in within any seven days, nightly or weekly', () => {
    const settings = { ...SETTINGS, rows_per_csm: 100, assumed_days: 1000 };
    const input = book(ids(30).map((id) => proposal(id)));
    let state = EMPTY_STATE;
    const counts: number[] = [];
    for (let day = 0; day < 15; day++) {
      const result = step(state, input, [], on(day), settings);
      state = result.state;
      counts.push(result.shown.length);
    }
    expect(counts).toEqual([5, 5, 5, 5, 5, 5, 5, 10, 10, 10, 10, 10, 10, 10, 15]);
  });

  test('keep half of the rows for new and worse accounts, the rest for the greatest risk', () => {
    const settings = { ...SETTINGS, rows_per_csm: 4, new_per_week: 4, assumed_days: 1000 };
    const old = ['o1', 'o2', 'o3', 'o4'];
    const start = first(book(old.map((id, i) => proposal(id, { rank_key: [i] }))), settings);
    expect(shownIds(start)).toEqual(old);
    const both = [
      ...old.map((id, i) => proposal(id, { rank_key: [i] })),
      ...ids(3, 'n').map((id) => proposal(id, { rank_key: [9] })),
    ];
    const next = step(start.state, book(both), [], on(7), settings);
    expect(shownIds(next)).toEqual(['o1', 'o2', 'n00', 'n01']);
    expect(next.suppressed.map((row) => [row.account_id, row.why])).toEqual([
      ['n02', 'capacity'],
      ['o3', 'capacity'],
      ['o4', 'capacity'],
    ]);
    const worse = old.map((id, i) => proposal(id, { rank_key: [i], severity: id === 'o4' ? 1.05 : 1.04 }));
    const after = step(start.state, book([...worse, proposal('n00', { rank_key: [9] })]), [], on(7), settings);
    expect(shownIds(after)).toEqual(['o1', 'o2', 'o4', 'n00']);
    expect(after.shown.map((row) => row.is_worse)).toEqual([false, false, true, false]);
  });

  test('kept rows that find no new account go to the rest', () => {
    const settings = { ...SETTINGS, rows_per_csm: 4, new_per_week: 4, assumed_days: 1000 };
    const input = book(ids(4).map((id) => proposal(id)));
    const start = first(input, settings);
    expect(shownIds(step(start.state, input, [], on(7), settings))).toEqual(ids(4));
  });

  test('measure new from the last list printed, else from seven days back', () => {
    const input = book([proposal('a')]);
    const { state } = first(input);
    expect(step(state, input, [], on(3), SETTINGS).shown[0]?.is_new).toBe(true);
    expect(step(state, input, [], on(7), { ...SETTINGS, assumed_days: 99 }).shown[0]?.is_new).toBe(false);
    const printed = { ...SETTINGS, printed_on: { '': on(1) } };
    expect(step(state, input, [], on(3), printed).shown[0]?.is_new).toBe(false);
  });
});

describe('in hand', () => {
  test('accounts that someone cares for take no row and open no alert', () => {
    const accounts = [
      account('a', { is_onboarding: true }),
      account('b', { last_contact_on: on(-6) }),
      account('c', { last_contact_on: on(-7) }),
      account('d', { open_work: 'escalation T-71' }),
    ];
    const result = first(
      book(
        ['a', 'b', 'c', 'd'].map((id) => proposal(id)),
        accounts,
      ),
      { ...SETTINGS, rows_per_csm: 1 },
    );
    expect(shownIds(result)).toEqual(['c']);
    expect(result.in_hand.map((row) => [row.account_id, row.why, row.detail, row.until])).toEqual([
      ['a', 'onboarding', null, null],
      ['b', 'contacted', 'on 2024-08-27', '2024-09-03'],
      ['d', 'open_work', 'escalation T-71', null],
    ]);
    expect(result.state.alerts.map((alert) => alert.account_id)).toEqual(['c']);
  });

  test('an alert shown for seven days counts as worked where nobody records decisions', () => {
    const input = book([proposal('a')]);
    const day0 = first(input);
    const day6 = step(day0.state, input, [], on(6), SETTINGS);
    expect(shownIds(day6)).toEqual(['a']);
    const day7 = step(day6.state, input, [], on(7), SETTINGS);
    expect(day7.in_hand).toMatchObject([{ why: 'worked', detail: 'assumed worked on 2024-09-09', until: on(35) }]);
    expect(day7.events).toMatchObject([{ event: 'worked', event_on: on(7), detail: 'assumed' }]);
    const back = step(day7.state, input, [], on(35), SETTINGS);
    expect(shownIds(back)).toEqual(['a']);
    expect(back.shown[0]?.is_new).toBe(false);
    expect(back.events.map((one) => one.event)).toEqual(['returned', 'shown']);
    expect(alertOf(back.state, 'a')?.listed_on).toBe(on(35));
  });

  test('where decisions are recorded a shown alert stays until one is made', () => {
    const input = book([proposal('a')], [account('a'), account('z')]);
    const other = decision(on(-3), 'done', { account_id: 'z', alert_id: 'z:1' });
    const day0 = step(EMPTY_STATE, input, [other], MONDAY, SETTINGS);
    expect(day0.assumed_pools).toEqual([]);
    expect(shownIds(step(day0.state, input, [other], on(8), SETTINGS))).toEqual(['a']);
    const done = decision(on(8), 'done', { alert_id: 'a:20240902' });
    const day9 = step(day0.state, input, [done, other], on(9), SETTINGS);
    expect(day9.in_hand).toMatchObject([{ why: 'worked', detail: `worked on ${on(8)}` }]);
  });

  test('a worked alert returns early when the account gets worse', () => {
    const done = decision(on(1), 'done', { alert_id: 'a:20240902' });
    const day0 = first(book([proposal('a')]));
    const rest = step(day0.state, book([proposal('a')]), [done], on(2), SETTINGS);
    expect(shownIds(rest)).toEqual([]);
    const champion = proposal('a', {
      grounds: [
        { kind: 'no_use', feeds: ['usage'] },
        { kind: 'champion_left', feeds: ['contact'] },
      ],
    });
    const worse = step(rest.state, book([champion]), [done], on(3), SETTINGS);
    expect(shownIds(worse)).toEqual(['a']);
    expect(worse.shown[0]?.is_worse).toBe(true);
    expect(worse.events.map((one) => one.event)).toEqual(['worse', 'returned', 'shown']);
    // The same ground gone and back again is nothing new.
    const without = step(worse.state, book([proposal('a')]), [done], on(4), SETTINGS);
    const again = step(without.state, book([champion]), [done], on(5), SETTINGS);
    expect(alertOf(again.state, 'a')?.worse_on).toBe(on(3));
  });
});

describe('a standing alert', () => {
  const settings = { ...SETTINGS, assumed_days: 1000 };

  test('moves with the rank key of the day', () => {
    const start = first(book([proposal('a', { rank_key: [1] }), proposal('b', { rank_key: [2] })]), settings);
    const turned = book([proposal('a', { rank_key: [2] }), proposal('b', { rank_key: [1] })]);
    expect(shownIds(step(start.state, turned, [], on(1), settings))).toEqual(['b', 'a']);
  });

  test('is worse only by the margin, measured from the level it had come down to', () => {
    const levels = [0.3, 0.33, 0.26, 0.24, 0.28, 0.3];
    let state = EMPTY_STATE;
    const worse: number[] = [];
    for (const [day, severity] of levels.entries()) {
      const result = step(state, book([proposal('a', { severity })]), [], on(day), settings);
      state = result.state;
      if (result.events.some((one) => one.event === 'worse')) worse.push(day);
    }
    expect(worse).toEqual([5]);
  });
});

describe('the life of an alert', () => {
  const none = book([], [account('a')]);
  const risk = book([proposal('a')]);
  const settings = { ...SETTINGS, assumed_days: 1000 };

  test('ends after two quiet readings at least seven days apart', () => {
    let state = first(risk, settings).state;
    for (let day = 1; day <= 7; day++) state = step(state, none, [], on(day), settings).state;
    expect(alertOf(state, 'a')).toMatchObject({ state: 'open', quiet_readings: 1, quiet_on: on(1) });
    const closed = step(state, none, [], on(8), settings);
    expect(alertOf(closed.state, 'a')).toMatchObject({
      state: 'resolved',
      closed_on: on(8),
      close_reason: 'recovered',
    });
    expect(closed.shown).toEqual([]);
  });

  test('has lapsed, not recovered, where what it entered by was not put right', () => {
    let state = first(risk, settings).state;
    const aged = book([], [account('a', { unmended: ['no_use'] })]);
    state = step(state, aged, [], on(1), settings).state;
    const closed = step(state, aged, [], on(8), settings);
    expect(alertOf(closed.state, 'a')).toMatchObject({ state: 'resolved', close_reason: 'lapsed' });
    expect(closed.events).toMatchObject([{ event: 'resolved', detail: 'lapsed, not put right: no_use' }]);
  });

  test('starts its quiet readings anew when the account enters again', () => {
    let state = first(risk, settings).state;
    state = step(state, none, [], on(7), settings).state;
    state = step(state, risk, [], on(10), settings).state;
    expect(alertOf(state, 'a')?.quiet_readings).toBe(0);
    state = step(state, none, [], on(14), settings).state;
    expect(alertOf(state, 'a')).toMatchObject({ state: 'open', quiet_readings: 1 });
  });

  test('stays on the list after those who entered, while it waits to be closed', () => {
    const start = first(book([proposal('a'), proposal('b', { rank_key: [5] })]), settings);
    const next = step(
      start.state,
      book([proposal('b', { rank_key: [5] })], [account('a'), account('b')]),
      [],
      on(1),
      settings,
    );
    expect(next.shown.map((row) => [row.alert.account_id, row.proposal === null])).toEqual([
      ['b', false],
      ['a', true],
    ]);
  });

  test('is followed by a cool-down in which it does not open again', () => {
    let state = first(risk, settings).state;
    state = step(state, none, [], on(7), settings).state;
    state = step(state, none, [], on(14), settings).state;
    const held = step(state, risk, [], on(41), settings);
    expect(held.suppressed).toMatchObject([{ why: 'cool_down', until: on(42) }]);
    const back = step(held.state, risk, [], on(42), settings);
    expect(back.shown.map((row) => row.alert.alert_id)).toEqual([`a:${on(42).replaceAll('-', '')}`]);
  });

  test('ends at once when the account has decided', () => {
    const start = first(risk, settings);
    const gone = step(
      start.state,
      book([proposal('a')], [account('a', { closed_as: 'notice_given' })]),
      [],
      on(1),
      settings,
    );
    expect(alertOf(gone.state, 'a')).toMatchObject({
      state: 'resolved',
      close_reason: 'notice_given',
      closed_on: on(1),
    });
    expect(gone.suppressed).toMatchObject([{ why: 'account_closed', detail: 'notice_given' }]);
  });

  test('ends when a person disagrees, with the cool-down from that day', () => {
    const start = first(risk, settings);
    const disagree = decision(on(2), 'disagree', { alert_id: 'a:20240902' });
    const next = step(start.state, risk, [disagree], on(3), settings);
    expect(alertOf(next.state, 'a')).toMatchObject({ close_reason: 'disagreed', closed_on: on(2) });
    expect(next.suppressed).toMatchObject([{ why: 'cool_down', until: on(30) }]);
  });

  test('rests while snoozed and is back on the day named', () => {
    const snooze = decision(on(1), 'snooze', { alert_id: 'a:20240902', until: on(5) });
    const start = first(risk, settings);
    const asleep = step(start.state, risk, [snooze], on(4), settings);
    expect(asleep.suppressed).toMatchObject([{ why: 'snoozed', until: on(5), alert_id: 'a:20240902' }]);
    expect(shownIds(step(asleep.state, risk, [snooze], on(5), settings))).toEqual(['a']);
    const reopen = decision(on(3), 'reopen', { alert_id: 'a:20240902' });
    expect(shownIds(step(asleep.state, risk, [snooze, reopen], on(4), settings))).toEqual(['a']);
  });

  test('ends when the account is in the book no more', () => {
    let state = first(risk, settings).state;
    const empty = book([], []);
    state = step(state, empty, [], on(7), settings).state;
    expect(alertOf(state, 'a')?.state).toBe('open');
    state = step(state, empty, [], on(14), settings).state;
    expect(alertOf(state, 'a')).toMatchObject({ state: 'resolved', close_reason: 'account_gone' });
  });

  test('an alert of the future is not touched by a decision made later', () => {
    const start = first(risk, settings);
    const later = decision(on(9), 'done', { alert_id: 'a:20240902' });
    expect(shownIds(step(start.state, risk, [later], on(8), settings))).toEqual(['a']);
  });
});

describe('absent data', () => {
  const stale = { ...SETTINGS, assumed_days: 1000, stale_feeds: ['usage'] };

  test('of a stopped feed opens no alert', () => {
    const result = first(book([proposal('a')]), stale);
    expect(result.suppressed).toMatchObject([{ why: 'stale_feed', detail: 'rests on usage' }]);
  });

  test('does not hide a fact that rests on another feed', () => {
    const both = proposal('a', {
      grounds: [
        { kind: 'no_use', feeds: ['usage'] },
        { kind: 'invoice_overdue', feeds: ['invoice'] },
      ],
    });
    expect(shownIds(first(book([both]), stale))).toEqual(['a']);
  });

  test('closes no alert', () => {
    let state = first(book([proposal('a')])).state;
    const none = book([], [account('a')]);
    for (let week = 1; week <= 4; week++) state = step(state, none, [], on(7 * week), stale).state;
    expect(alertOf(state, 'a')).toMatchObject({ state: 'open', quiet_readings: 0 });
  });
});

describe('the suppression calendar', () => {
  test('opens nothing new in its days and keeps what is open', () => {
    const calendar = [{ from: on(5), to: on(9), reason: 'Christmas' }];
    const settings = { ...SETTINGS, assumed_days: 1000, suppression_calendar: calendar };
    const start = first(book([proposal('a')]), settings);
    const both = book([proposal('a'), proposal('b')]);
    const holiday = step(start.state, both, [], on(9), settings);
    expect(shownIds(holiday)).toEqual(['a']);
    expect(holiday.suppressed).toMatchObject([{ why: 'calendar', detail: 'Christmas', until: on(10) }]);
    expect(shownIds(step(holiday.state, both, [], on(10), settings))).toEqual(['a', 'b']);
  });
});

describe('a day done again', () => {
  test('replaces the first time', () => {
    const start = first(book([proposal('a')]));
    const once = step(start.state, book([proposal('a'), proposal('b')]), [], on(1), SETTINGS);
    const changed = book([proposal('a'), proposal('c')], [account('a'), account('b'), account('c')]);
    const replaced = step(once.state, changed, [], on(1), SETTINGS);
    expect(replaced).toEqual(step(start.state, changed, [], on(1), SETTINGS));
    expect(replaced.state.alerts.map((alert) => alert.account_id)).toEqual(['a', 'c']);
  });

  test('a day before the state is refused', () => {
    const { state } = first(book([]));
    expect(() => step(state, book([]), [], on(-1), SETTINGS)).toThrow(RangeError);
    expect(() => step({ ...state, before: null }, book([]), [], MONDAY, SETTINGS)).toThrow(RangeError);
  });
});
