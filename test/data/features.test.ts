import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultConfig } from '../../src/data/config.ts';
import { FACT_KINDS, MEASURE_NAMES } from '../../src/data/config-defaults.ts';
import { FEATURES, featureNamed, reasonText } from '../../src/data/features.ts';
import { createSettings } from '../../src/data/settings.ts';
import { createEmptyTables } from '../../src/data/tables.ts';
import { createViews } from '../../src/data/views.ts';
import { openDuckDB } from '../../src/engine/duckdb.ts';
import type { Engine, Row } from '../../src/engine/engine.ts';
import { addDays, dayNumber } from '../../src/lib/dates.ts';
import { openTiny } from '../helpers/tiny.ts';
import { byAccount, companyOf } from './views-rows.ts';

describe('the feature catalogue', () => {
  let engine: Engine;
  let rows: Map<string, Row>;
  beforeAll(async () => {
    engine = await openTiny(['account_features']);
    const found = await engine.rows('select * from dated.account_features');
    rows = new Map(found.map((row) => [String(row['account_id']), row]));
  });
  afterAll(() => engine.close());

  it('names the columns of account_features, in their order, doubles but for the nominal ones', async () => {
    const columns = await engine.describe('select * from dated.account_features');
    expect(columns.slice(0, 3).map(({ name }) => name)).toEqual(['account_id', 'segment', 'churn_basis']);
    expect(columns.slice(3)).toEqual(
      FEATURES.map(({ name, kind }) => ({ name, type: kind === 'nominal' ? 'VARCHAR' : 'DOUBLE' })),
    );
  });

  it('has a sentence for each, and no reason that no one can act on', () => {
    expect(new Set(FEATURES.map(({ name }) => name)).size).toBe(FEATURES.length);
    for (const feature of FEATURES) {
      expect(reasonText(feature, { now: '3' }), feature.name).not.toMatch(/[[\]{}]/);
      expect(feature.reason.length, feature.name).toBeGreaterThan(2);
      expect(feature.actionable, feature.name).toBe(feature.group !== 'profile');
    }
    expect(() => featureNamed('magic')).toThrow('not in the feature catalogue');
  });

  it('fills a sentence with what is known', () => {
    const feature = featureNamed('event_count_28d');
    expect(reasonText(feature, { now: '12', past: '40', peer: '55' })).toBe('12 events in 28 days, was 40; peers 55');
    expect(reasonText(feature, { now: '12', peer: '55' })).toBe('12 events in 28 days; peers 55');
    expect(reasonText(feature, { now: '12' })).toBe('12 events in 28 days');
  });

  it('counts one of a thing in the singular, and says no where a question is answered so', () => {
    expect(reasonText(featureNamed('event_count_28d'), { now: '1', peer: '55' })).toBe('1 event in 28 days; peers 55');
    expect(reasonText(featureNamed('outbound_count_90d'), { now: '1' })).toBe('1 outbound message in 90 days');
    expect(reasonText(featureNamed('days_since_last_use'), { now: '1' })).toBe('no use for 1 day');
    expect(reasonText(featureNamed('known_contact_count'), { now: '1' })).toBe('1 person known there');
    expect(reasonText(featureNamed('active_days_28d'), { now: '1' })).toBe('used on 1 of 28 days');
    expect(reasonText(featureNamed('is_executive_gone'), { now: 'no' })).toBe(
      'the last executive contact has left: no',
    );
  });

  it('counts an escalation that the desk exports as a moment without a flag', async () => {
    const { engine: own } = await companyOf({
      contract: [{ contract_id: 'c', account_id: 'a', start_date: '2024-01-01', mrr_amount: 10 }],
      ticket: [
        { ticket_id: 't1', account_id: 'a', created_at: '2024-05-01 09:00:00', escalated_at: '2024-05-03 09:00:00' },
        { ticket_id: 't2', account_id: 'a', created_at: '2024-05-01 09:00:00' },
      ],
    });
    const at = async (day: string) => (await byAccount(own, 'ticket_features', day)).get('a')?.['escalated_count_90d'];
    expect([await at('2024-05-02'), await at('2024-05-10'), await at('2024-09-01')]).toEqual([0, 1, 0]);
    own.close();
  });

  // Worked out by hand from fixtures/tiny (see its README for the windows).
  it.each<[string, Readonly<Record<string, number | string | null>>]>([
    [
      'a01',
      { days_since_last_use: 0, event_count_28d: 64, active_users_28d: 7, feature_count_28d: 3, active_weeks_12w: 4 },
    ],
    [
      'a01',
      {
        events_per_seat_28d: 6.4,
        seat_use_rate_28d: 0.7,
        event_log_ratio_28d: Math.log(65 / 61),
        active_days_28d: null,
      },
    ],
    [
      'a01',
      { ticket_count_90d: 3, weighted_tickets_per_user_90d: 6 / 7, resolution_hours_90d: 24, reopen_rate_90d: 1 / 3 },
    ],
    ['a01', { ticket_log_ratio_90d: Math.log(7 / 2.5), csat_rate_180d: 0.5, open_ticket_count: 0 }],
    [
      'a01',
      { days_since_two_way_contact: 7, days_since_executive_contact: 28, contact_count_90d: 5, outbound_count_90d: 4 },
    ],
    ['a01', { unanswered_outbound_count_90d: 2, response_rate_90d: 0.5, known_contact_count: 2, executive_count: 1 }],
    ['a01', { nps_answer_365d: 7.5, csm_sentiment_value: 2, goal_achieved_rate: 2 / 3, overdue_goal_count: 1 }],
    [
      'a01',
      {
        milestone_completed_rate: 0.5,
        overdue_milestone_count: 1,
        invoice_days_late_365d: 0,
        tenure_days: 365,
        plan: 'basic',
      },
    ],
    ['a02', { is_executive_gone: 1, executive_count: 0, contacts_left_90d: 1, seats: null, seat_use_rate_28d: null }],
    [
      'a04',
      {
        days_since_last_use: 371,
        event_count_28d: 0,
        active_users_28d: 0,
        events_per_user_28d: null,
        ticket_count_90d: 0,
      },
    ],
    ['a04', { reopen_rate_90d: null, csat_rate_180d: null, days_since_two_way_contact: 90, nps_answer_365d: null }],
    ['a08', { days_since_last_use: 56, event_count_28d: 0, active_weeks_12w: 4 }],
    ['a10', { open_ticket_count: 1, open_urgent_ticket_count: 1, oldest_open_ticket_days: 9 }],
    ['a11', { overdue_invoice_count: 1, overdue_invoice_days: 58, invoice_days_late_365d: (10 + 58) / 2 }],
    [
      'a12',
      { days_since_last_use: null, event_count_28d: null, ticket_count_90d: null, days_since_two_way_contact: null },
    ],
  ])('%s is as worked out by hand: %o', (account, expected) => {
    for (const [name, value] of Object.entries(expected)) {
      const found = rows.get(account)?.[name];
      if (typeof value === 'number') expect(found, name).toBeCloseTo(value, 9);
      else expect(found, name).toBe(value);
    }
  });
});

/** A usage row as a test writes it; the rest of the columns is null. */
interface Use {
  readonly account: string;
  readonly on: string;
  readonly known?: string;
  readonly period?: 'event' | 'day' | 'week' | 'month';
  readonly start?: string;
  readonly user?: string | null;
  readonly users?: number | null;
  readonly feature?: string | null;
  readonly events?: number | null;
}

async function usageEngine(): Promise<Engine> {
  const engine = await openDuckDB({ threads: 1 });
  await createEmptyTables(engine);
  await createSettings(engine, defaultConfig('.'), { firstSeenOn: '2024-12-31' });
  await createViews(engine);
  return engine;
}

async function put(engine: Engine, rows: readonly Use[]): Promise<void> {
  await engine.execute('delete from usage');
  await engine.execute(
    `insert into usage by name
     select r.account as account_id, r.on_day as occurred_on, coalesce(r.known, r.on_day) as known_on,
       coalesce(r.period, 'event') as period, r.start as period_start, r.user as user_id, r.users as active_users,
       r.feature, r.events as event_count
     from (select unnest(from_json($rows, '[{"account":"VARCHAR","on_day":"DATE","known":"DATE","period":"VARCHAR","start":"DATE","user":"VARCHAR","users":"BIGINT","feature":"VARCHAR","events":"BIGINT"}]')) as r)`,
    { rows: JSON.stringify(rows.map(({ on, ...rest }) => ({ ...rest, on_day: on }))) },
  );
}

describe('usage_window', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await usageEngine();
  });
  afterAll(() => engine.close());
  const windows = (day: string) =>
    engine.rows('select * from usage_window($day::date) order by account_id, window_index', { day });

  it('never sums active users over periods or features', async () => {
    await put(engine, [
      { account: 'a', on: '2024-12-22', period: 'week', users: 5, feature: 'x', events: 10 },
      { account: 'a', on: '2024-12-29', period: 'week', users: 4, feature: 'x', events: 10 },
      { account: 'a', on: '2024-12-29', period: 'week', users: 3, feature: 'y', events: 1 },
    ]);
    expect(await windows('2024-12-31')).toMatchObject([
      { window_index: 0, event_count: 21, active_users: 5, feature_count: 2, active_weeks: 2, active_days: null },
    ]);
  });

  it('counts a row without a count as one event, and zero as no use', async () => {
    await put(engine, [
      { account: 'a', on: '2024-12-30', user: 'u1', feature: 'x' },
      { account: 'a', on: '2024-12-30', user: 'u2', feature: 'x', events: 3 },
      { account: 'b', on: '2024-12-30', user: 'u1', feature: 'x', events: 0 },
      { account: 'c', on: '2024-12-29', period: 'week', users: 6 },
    ]);
    expect(await windows('2024-12-31')).toMatchObject([
      { account_id: 'a', event_count: 4, active_users: 2, active_days: 1, last_use_days_ago: 1 },
      { account_id: 'b', event_count: 0, active_users: 0, feature_count: 0, active_weeks: 0, last_use_on: null },
      { account_id: 'c', event_count: 6, active_users: 6 },
    ]);
  });

  it('gives each closed month one window, on any day of the next', async () => {
    const months = ['2024-09-30', '2024-10-31', '2024-11-30', '2024-12-31'];
    await put(
      engine,
      months.map((on, j) => ({ account: 'a', on, start: `${on.slice(0, 7)}-01`, period: 'month', events: 10 + j })),
    );
    for (const [day, newest] of [
      ['2024-12-30', 12],
      ['2024-12-31', 13],
      ['2025-01-15', 13],
      ['2025-01-30', 13],
    ] as const) {
      const found = await windows(day);
      expect(
        found.map((row) => row['event_count']),
        day,
      ).toEqual(Array.from({ length: newest - 9 }, (_, k) => newest - k));
      expect(found[0], day).toMatchObject({ window_index: 0, active_weeks: 4, last_use_days_ago: 0 });
    }
  });

  it('knows neither what happened nor what became known after the day', async () => {
    const known: Use[] = [{ account: 'a', on: '2024-12-20', user: 'u', events: 2 }];
    await put(engine, known);
    const before = await windows('2024-12-24');
    await put(engine, [
      ...known,
      { account: 'a', on: '2024-12-25', user: 'v', events: 5 },
      { account: 'a', on: '2024-12-19', known: '2024-12-28', user: 'w', events: 7 },
    ]);
    expect(await windows('2024-12-24')).toEqual(before);
  });

  it('ends its windows on the last day of a feed that has stopped', async () => {
    await put(
      engine,
      Array.from({ length: 60 }, (_, j) => ({ account: 'a', on: addDays('2024-10-02', j), user: 'u', events: 1 })),
    );
    const [anchor] = await engine.rows("select * from usage_anchor(date '2024-12-31')");
    expect(anchor).toMatchObject({ anchor_on: '2024-11-30', is_stopped: true, usual_pause_days: 7 });
    expect((await windows('2024-12-31'))[0]).toMatchObject({ window_index: 0, event_count: 28 });
    const [alive] = await engine.rows("select * from usage_anchor(date '2024-12-07')");
    expect(alive).toMatchObject({ anchor_on: '2024-12-07', is_stopped: false });
  });

  it('equals a slow twin over events in any order', async () => {
    const day = '2024-12-31';
    const use = fc.record({
      account: fc.constantFrom('a', 'b'),
      on: fc.integer({ min: 0, max: 500 }).map((back) => addDays('2025-01-20', -back)),
      user: fc.constantFrom('u1', 'u2', 'u3'),
      feature: fc.constantFrom('x', 'y', null),
      events: fc.constantFrom(0, 1, 4, null),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(use, { minLength: 1, maxLength: 40 }), async (rows) => {
        // One use a day by another account keeps the feed running to the day.
        const running = Array.from({ length: 30 }, (_, j) => ({
          account: 'z',
          on: addDays(day, -j),
          user: 'u',
          events: 1,
        }));
        await put(engine, [...rows, ...running]);
        const found = (await windows(day)).filter((row) => row['account_id'] !== 'z');
        const twin = new Map<string, { events: number; users: Set<string>; days: Set<string> }>();
        for (const row of rows) {
          const back = dayNumber(day) - dayNumber(row.on);
          if (back < 0 || back > 391) continue;
          const key = `${row.account} ${Math.floor(back / 28)}`;
          const entry = twin.get(key) ?? { events: 0, users: new Set(), days: new Set() };
          const events = row.events ?? 1;
          entry.events += events;
          if (events > 0) entry.users.add(row.user);
          if (events > 0) entry.days.add(row.on);
          twin.set(key, entry);
        }
        const seen = found.map((row) => [
          `${row['account_id']} ${row['window_index']}`,
          row['event_count'],
          row['active_users'],
          row['active_days'],
        ]);
        const expected = [...twin].map(([key, { events, users, days }]) => [key, events, users.size, days.size]);
        expect(seen.sort()).toEqual(expected.sort());
      }),
      { numRuns: 40 },
    );
  });
});

describe('own past of a young account', () => {
  const day = '2024-12-31';
  let engine: Engine;
  beforeAll(async () => {
    engine = await usageEngine();
  });
  afterAll(() => engine.close());

  /** Accounts with one open contract each since `tenure` days, and a feed that account `z` keeps running. */
  async function company(tenures: Readonly<Record<string, number>>, uses: readonly Use[]): Promise<Map<string, Row>> {
    await engine.execute('delete from contract');
    for (const [account, tenure] of Object.entries({ z: 390, ...tenures })) {
      await engine.execute(
        `insert into contract by name select $account as contract_id, $account as account_id, $start::date as start_date,
           $start::date as known_on, 100 as mrr_amount, true as is_recurring`,
        { account, start: addDays(day, -tenure) },
      );
    }
    const running = Array.from({ length: 390 }, (_, j) => ({
      account: 'z',
      on: addDays(day, -j),
      user: 'u',
      feature: 'x',
      events: 1,
    }));
    await put(engine, [...uses, ...running]);
    const rows = await engine.rows('select * from usage_features($day::date)', { day });
    return new Map(rows.map((row) => [String(row['account_id']), row]));
  }

  it('is the mean of the windows it lived through whole, worked out by hand', async () => {
    const daily = (account: string, from: number, to: number, events: number): Use[] =>
      Array.from({ length: to - from }, (_, j) => ({
        account,
        on: addDays(day, -from - j),
        user: 'u',
        feature: 'x',
        events,
      }));
    const rows = await company({ y: 90, w: 56, v: 55 }, [
      // 28 events now, 56 and 84 in the two whole windows before; of the third only six days were lived, with 10 a day,
      // and before its contract began it was tried out with 50 a day.
      ...daily('y', 0, 28, 1),
      ...daily('y', 28, 56, 2),
      ...daily('y', 56, 84, 3),
      ...daily('y', 84, 91, 10),
      ...daily('y', 91, 112, 50),
      // One whole window before the newest; a single day beside it.
      ...daily('w', 0, 57, 4),
      ...daily('v', 0, 56, 4),
    ]);
    expect(rows.get('y')?.['event_log_ratio_28d']).toBeCloseTo(Math.log(29 / 71), 12);
    expect(rows.get('y')?.['user_log_ratio_28d']).toBe(0);
    expect(rows.get('y')?.['feature_log_ratio_28d']).toBe(0);
    expect(rows.get('w')).toMatchObject({ event_log_ratio_28d: 0, user_log_ratio_28d: 0 });
    expect(rows.get('v')).toMatchObject({ event_log_ratio_28d: null, user_log_ratio_28d: null });
  });

  it('is what it does now for steady use of any age', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 56, max: 200 }), fc.integer({ min: 1, max: 3 }), async (tenure, users) => {
        const uses = Array.from({ length: tenure + 1 }, (_, j) =>
          Array.from({ length: users }, (_, k) => ({
            account: 'y',
            on: addDays(day, -j),
            user: `u${k}`,
            feature: `f${k}`,
            events: 2,
          })),
        ).flat();
        const found = (await company({ y: tenure }, uses)).get('y');
        expect(found).toMatchObject({ event_log_ratio_28d: 0, user_log_ratio_28d: 0, feature_log_ratio_28d: 0 });
        if (tenure >= 168) expect(found?.['event_log_ratio_84d']).toBe(0);
      }),
      { numRuns: 12 },
    );
  });

  it('ends with the feed, not with the day, where the feed has stopped', async () => {
    // Started 85 days before the day; the feed stops 40 days before it: 45 days were lived, which is no past.
    await company({ y: 85 }, []);
    await put(
      engine,
      Array.from({ length: 45 }, (_, j) => ({ account: 'y', on: addDays(day, -40 - j), user: 'u', events: 2 })).concat(
        Array.from({ length: 300 }, (_, j) => ({ account: 'z', on: addDays(day, -40 - j), user: 'u', events: 1 })),
      ),
    );
    const [found] = await engine.rows("select * from usage_features($day::date) where account_id = 'y'", { day });
    expect(found).toMatchObject({ event_count_28d: 56, event_log_ratio_28d: null });
  });
});

describe('docs/metrics.md', () => {
  const text = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');

  it('defines every feature in the words of the catalogue, every measure and every fact', () => {
    for (const { name, description } of FEATURES) {
      const line = text.split('\n').find((candidate) => candidate.startsWith(`| \`${name}\` |`));
      expect(line, name).toContain(description);
    }
    for (const name of [...MEASURE_NAMES, ...FACT_KINDS.filter((kind) => kind !== 'risk_phrase')]) {
      expect(text, name).toContain(`\`${name}\``);
    }
  });
});
