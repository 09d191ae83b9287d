import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type {
  AccountCondition,
  Decision,
  ProposalBook,
  RankedProposal,
  StepResult,
  SupervisorSettings,
} from '../../src/contract/supervisor.ts';
import { addDays, daysBetween } from '../../src/lib/dates.ts';
import { createRandom, shuffle } from '../../src/lib/random.ts';
import { type Candidate, compareCandidates, fillList } from '../../src/supervisor/capacity.ts';
import { compareProposals } from '../../src/supervisor/order.ts';
import { restoreState, stepRows } from '../../src/supervisor/record.ts';
import { EMPTY_STATE, poolOf, step } from '../../src/supervisor/step.ts';
import { account, proposal, SETTINGS } from './book.ts';

const START = '2024-09-02';
const IDS = Array.from({ length: 12 }, (_, i) => `a${i}`);
const CSMS = [null, 'Ann', 'Bob'];
const FEEDS = ['usage', 'ticket', 'contract'];

const settings: fc.Arbitrary<SupervisorSettings> = fc.record({
  rows_per_csm: fc.integer({ min: 1, max: 4 }),
  new_per_week: fc.integer({ min: 1, max: 3 }),
  assumed_days: fc.constantFrom(3, 7, 1000),
  cool_down_days: fc.integer({ min: 1, max: 30 }),
  readings_to_close: fc.integer({ min: 1, max: 3 }),
  min_reading_gap_days: fc.integer({ min: 1, max: 8 }),
  suppression_calendar: fc.constantFrom([], [{ from: addDays(START, 6), to: addDays(START, 12), reason: 'holiday' }]),
  contact_gap_days: fc.constant(7),
  worse_margin: fc.constant(0.5),
  decision_memory_days: fc.constant(28),
  stale_feeds: fc.subarray(FEEDS, { maxLength: 1 }),
  printed_on: fc.constantFrom({}, { Ann: START }),
});

const anyProposal: fc.Arbitrary<RankedProposal> = fc
  .record({
    account_id: fc.constantFrom(...IDS, 'nobody'),
    agent: fc.constantFrom('churn', 'engagement', 'escalation'),
    kind: fc.constantFrom<RankedProposal['kind']>(
      'alert',
      'alert',
      'touchpoint',
      'task',
      'expansion_pitch',
      'advocacy_ask',
    ),
    reason: fc.constantFrom('no_use', 'cadence'),
    contact_id: fc.constantFrom(null, 'eve', 'max'),
    rank_key: fc.array(fc.constantFrom(-1, 0, 1, Number.NaN, Number.POSITIVE_INFINITY), { maxLength: 2 }),
    severity: fc.constantFrom(null, 0, 1, 2),
    value_amount: fc.constantFrom(null, 10, 20),
    not_before: fc.constantFrom(null, null, addDays(START, 9)),
    expires: fc.constantFrom(null, null, addDays(START, 9)),
    grounds: fc.array(fc.record({ kind: fc.constantFrom('no_use', 'forecast'), feeds: fc.subarray(FEEDS) }), {
      maxLength: 2,
    }),
  })
  .map(({ account_id, ...parts }) => proposal(account_id, parts));

function condition(account_id: string): fc.Arbitrary<AccountCondition> {
  return fc
    .record({
      csm: fc.constantFrom(...CSMS),
      closed_as: fc.constantFrom(null, null, null, null, null, 'churned'),
      band: fc.constantFrom<AccountCondition['band']>(null, 'green', 'red'),
      is_onboarding: fc.constantFrom(false, false, false, true),
      is_escalated: fc.boolean(),
      is_renewal_disputed: fc.boolean(),
      last_contact_on: fc.constantFrom(null, null, null, addDays(START, 1), addDays(START, 10)),
      last_contact_id: fc.constantFrom(null, 'eve'),
      open_work: fc.constantFrom(null, null, null, 'escalation'),
    })
    .map((parts) => account(account_id, parts));
}

const anyDecision: fc.Arbitrary<Decision> = fc.record({
  decision_id: fc.uuid(),
  decided_on: fc.integer({ min: 0, max: 30 }).map((days) => addDays(START, days)),
  csm: fc.constantFrom(...CSMS),
  account_id: fc.constantFrom(...IDS),
  kind: fc.constantFrom<Decision['kind']>('done', 'snooze', 'disagree', 'reopen', 'reject', 'approve', 'edit'),
  alert_id: fc.constant(null),
  action_kind: fc.constantFrom<Decision['action_kind']>(null, 'alert', 'touchpoint'),
  action_reason: fc.constantFrom(null, 'cadence'),
  until: fc.constantFrom(null, addDays(START, 20)),
});

interface Night {
  readonly gap: number;
  readonly book: ProposalBook;
}

const night: fc.Arbitrary<Night> = fc.record({
  gap: fc.integer({ min: 1, max: 8 }),
  book: fc.record({
    proposals: fc.array(anyProposal, { maxLength: 25 }),
    accounts: fc.tuple(...IDS.map(condition)).chain((all) => fc.subarray(all, { minLength: 8 })),
  }),
});

const history = fc.record({
  settings,
  nights: fc.array(night, { minLength: 1, maxLength: 12 }),
  decisions: fc.array(anyDecision, { maxLength: 10 }),
});

interface Played {
  readonly day: string;
  readonly book: ProposalBook;
  readonly result: StepResult;
}

function play({
  settings,
  nights,
  decisions,
}: {
  settings: SupervisorSettings;
  nights: Night[];
  decisions: Decision[];
}) {
  let state = EMPTY_STATE;
  let day = START;
  const played: Played[] = [];
  for (const { gap, book } of nights) {
    const result = step(state, book, decisions, day, settings);
    played.push({ day, book, result });
    state = result.state;
    day = addDays(day, gap);
  }
  return played;
}

const RUNS = { numRuns: 300 };

describe('whatever is proposed', () => {
  test('no list is longer than its capacity and no week brings more new alerts than its budget', () => {
    fc.assert(
      fc.property(history, (given) => {
        const opened: { pool: string; day: string }[] = [];
        for (const { day, result } of play(given)) {
          const perPool = new Map<string, number>();
          for (const { alert, rank } of result.shown) {
            const pool = poolOf(alert.csm);
            perPool.set(pool, (perPool.get(pool) ?? 0) + 1);
            expect(rank).toBe(perPool.get(pool));
          }
          for (const count of perPool.values()) expect(count).toBeLessThanOrEqual(given.settings.rows_per_csm);
          for (const event of result.events) {
            if (event.event === 'opened') opened.push({ pool: poolOf(event.csm), day });
          }
          for (const pool of CSMS.map(poolOf)) {
            const week = opened.filter((one) => one.pool === pool && daysBetween(one.day, day) < 7);
            expect(week.length).toBeLessThanOrEqual(given.settings.new_per_week);
          }
        }
      }),
      RUNS,
    );
  });

  test('every proposal is planned, suppressed with a reason or in hand, exactly once', () => {
    fc.assert(
      fc.property(history, (given) => {
        for (const { book, result } of play(given)) {
          const places = [...result.planned, ...result.suppressed, ...result.in_hand].flatMap(
            (row) => row.proposal ?? [],
          );
          expect(places.sort(compareProposals)).toEqual([...book.proposals].sort(compareProposals));
        }
      }),
      RUNS,
    );
  });

  test('every live alert of an account in the book is shown, suppressed or in hand', () => {
    fc.assert(
      fc.property(history, (given) => {
        for (const { book, result } of play(given)) {
          const known = new Set(book.accounts.map((one) => one.account_id));
          const live = result.state.alerts.filter((one) => one.state !== 'resolved' && known.has(one.account_id));
          const placed = [
            ...result.shown.map((row) => row.alert.alert_id),
            ...result.suppressed.flatMap((row) => row.alert_id ?? []),
            ...result.in_hand.flatMap((row) => row.alert_id ?? []),
          ];
          expect(placed.sort()).toEqual(live.map((one) => one.alert_id).sort());
        }
      }),
      RUNS,
    );
  });

  test('an account has one action at most, and a person one new play in seven days', () => {
    fc.assert(
      fc.property(history, (given) => {
        const plays: { day: string; row: StepResult['planned'][number] }[] = [];
        for (const { day, result } of play(given)) {
          const accounts = result.planned.map((row) => row.account_id);
          expect(new Set(accounts).size).toBe(accounts.length);
          for (const row of result.planned) {
            if (row.proposal.kind === 'task' || row.planned_on !== day) continue;
            for (const { day: before, row: other } of plays) {
              if (row.proposal.kind === 'alert' || other.account_id !== row.account_id) continue;
              const [a, b] = [other.proposal.contact_id, row.proposal.contact_id];
              if (a === null || b === null || a === b) expect(daysBetween(before, day)).toBeGreaterThanOrEqual(7);
            }
            plays.push({ day, row });
          }
        }
      }),
      RUNS,
    );
  });

  test('no pitch and no ask reaches an account that is red, escalated, disputed or at risk', () => {
    fc.assert(
      fc.property(history, (given) => {
        for (const { book, result } of play(given)) {
          const conditions = new Map(book.accounts.map((one) => [one.account_id, one]));
          const atRisk = new Set(result.shown.map((row) => row.alert.account_id));
          for (const { account_id, proposal: action } of result.planned) {
            if (action.kind !== 'expansion_pitch' && action.kind !== 'advocacy_ask') continue;
            const one = conditions.get(account_id);
            expect(one).toMatchObject({ is_escalated: false, is_renewal_disputed: false, closed_as: null });
            expect(one?.band).not.toBe('red');
            expect(atRisk.has(account_id)).toBe(false);
          }
        }
      }),
      RUNS,
    );
  });

  test('the order in which proposals, accounts and decisions come does not matter', () => {
    fc.assert(
      fc.property(history, fc.integer(), (given, seed) => {
        const random = createRandom(seed);
        const mixed = {
          ...given,
          decisions: shuffle([...given.decisions], random),
          nights: given.nights.map(({ gap, book }) => ({
            gap,
            book: {
              proposals: shuffle([...book.proposals], random),
              accounts: shuffle([...book.accounts], random),
            },
          })),
        };
        expect(play(mixed).map((one) => one.result)).toEqual(play(given).map((one) => one.result));
      }),
      RUNS,
    );
  });

  test('a day done twice gives the same state, and arguments are left as they were', () => {
    fc.assert(
      fc.property(history, (given) => {
        const before = JSON.stringify(given);
        for (const { day, book, result } of play(given)) {
          const again = step(result.state, book, given.decisions, day, given.settings);
          expect(again).toEqual(result);
        }
        expect(JSON.stringify(given)).toBe(before);
      }),
      RUNS,
    );
  });

  test('the state is plain JSON', () => {
    fc.assert(
      fc.property(history, (given) => {
        for (const { result } of play(given)) expect(JSON.parse(JSON.stringify(result.state))).toEqual(result.state);
      }),
      RUNS,
    );
  });

  test('a state rebuilt from ledger rows goes on exactly as the one in memory', () => {
    fc.assert(
      fc.property(history, (given) => {
        const versions = new Map<string, Record<string, unknown>>();
        const actions: Record<string, unknown>[] = [];
        for (const { day, book, result } of play(given)) {
          const restored = restoreState(
            [...versions.values()] as Parameters<typeof restoreState>[0],
            actions as Parameters<typeof restoreState>[1],
            given.settings,
          );
          const { state, ...rest } = step(restored, book, given.decisions, day, given.settings);
          const { state: kept, ...expected } = result;
          expect(rest).toEqual(expected);
          expect({ ...state, before: null }).toEqual({ ...kept, before: null });
          const rows = JSON.parse(JSON.stringify(stepRows(result)));
          for (const row of rows.alert) versions.set(row.alert_id, row);
          actions.push(...rows.plan_action);
        }
      }),
      RUNS,
    );
  });
});

describe('flapping', () => {
  test('opens at most one alert in a cool-down', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 20, maxLength: 120 }), settings, (enters, given) => {
        const calm = { ...given, stale_feeds: [], new_per_week: 5, suppression_calendar: [] };
        let state = EMPTY_STATE;
        const opened: string[] = [];
        for (const [i, isIn] of enters.entries()) {
          const day = addDays(START, i);
          const proposals = isIn ? [proposal('a')] : [];
          const result = step(state, { proposals, accounts: [account('a')] }, [], day, calm);
          state = result.state;
          for (const event of result.events) if (event.event === 'opened') opened.push(day);
        }
        for (const [i, day] of opened.entries()) {
          const before = opened[i - 1];
          if (before !== undefined) expect(daysBetween(before, day)).toBeGreaterThan(calm.cool_down_days);
        }
      }),
      RUNS,
    );
  });

  test('counts dates, not runs: nightly runs of one week close no sooner than weekly ones', () => {
    const risky = { proposals: [proposal('a')], accounts: [account('a')] };
    const calm = { proposals: [], accounts: [account('a')] };
    const patient = { ...SETTINGS, assumed_days: 1000 };
    const closedOn = (days: readonly number[]) => {
      let state = step(EMPTY_STATE, risky, [], START, patient).state;
      for (const day of days) state = step(state, calm, [], addDays(START, day), patient).state;
      return state.alerts[0]?.closed_on;
    };
    expect(closedOn([7, 14])).toBe(addDays(START, 14));
    expect(closedOn([7, 8, 9, 10, 11, 12, 13, 14])).toBe(addDays(START, 14));
    expect(closedOn([7, 7, 7, 7])).toBeNull();
  });
});

describe('filling a list', () => {
  const candidates: fc.Arbitrary<Candidate[]> = fc.uniqueArray(
    fc.record({
      account_id: fc.constantFrom(...IDS),
      rank_key: fc.array(fc.constantFrom(0, 1, 2, Number.NaN), { maxLength: 2 }),
      is_quiet: fc.boolean(),
      is_new: fc.boolean(),
      is_fresh: fc.boolean(),
    }),
    { selector: (one) => one.account_id },
  );

  test('agrees with filling it row by row', () => {
    fc.assert(
      fc.property(candidates, fc.integer({ min: 0, max: 8 }), fc.integer({ min: -1, max: 5 }), (all, rows, newLeft) => {
        const filled = fillList(all, { rows, newLeft });
        expect(filled.shown).toEqual(naiveFill(all, rows, newLeft));
        expect(filled.shown.length + filled.overCapacity.length + filled.overNewBudget.length).toBe(all.length);
      }),
      { numRuns: 2000 },
    );
  });

  test('its order is total', () => {
    fc.assert(
      fc.property(candidates, (all) => {
        for (const a of all) {
          for (const b of all) {
            expect(Math.sign(compareCandidates(a, b)) + Math.sign(compareCandidates(b, a))).toBe(0);
            if (a !== b) expect(compareCandidates(a, b)).not.toBe(0);
            for (const c of all) {
              if (compareCandidates(a, b) < 0 && compareCandidates(b, c) < 0) {
                expect(compareCandidates(a, c)).toBeLessThan(0);
              }
            }
          }
        }
      }),
      { numRuns: 100 },
    );
  });
});

/** Hands out rows one at a time: first the kept ones, then the others, each to the best that is left. */
function naiveFill(all: readonly Candidate[], rows: number, newLeft: number): Candidate[] {
  const left = [...all].sort(compareCandidates);
  let news = 0;
  const allowed = left.filter((one) => !one.is_new || ++news <= newLeft);
  const taken: Candidate[] = [];
  const take = (wanted: (one: Candidate) => boolean) => {
    const next = allowed.find((one) => wanted(one) && !taken.includes(one));
    if (next !== undefined) taken.push(next);
  };
  const kept = Math.floor(rows / 2);
  for (let row = 0; row < kept; row++) take((one) => one.is_fresh);
  while (taken.length < rows && taken.length < allowed.length) take(() => true);
  return taken.sort(compareCandidates);
}
