import { afterEach, describe, expect, it } from 'vitest';
import { auditLeaks } from '../../src/data/leak-audit.ts';
import { areaUnderCurve } from '../../src/data/leak-finding.ts';
import { buildPanel, observationDates } from '../../src/data/panel.ts';
import { clearViews, standDates, standRelations, viewClosure } from '../../src/data/standing.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { addDays, dayNumber } from '../../src/lib/dates.ts';
import { createRandom } from '../../src/lib/random.ts';
import { companyOf } from './views-rows.ts';

let opened: Engine | undefined;
afterEach(() => {
  opened?.close();
  opened = undefined;
});

async function company(...given: Parameters<typeof companyOf>): Promise<Engine> {
  const { engine } = await companyOf(...given);
  opened = engine;
  return engine;
}

/** Monthly contracts of an account from month to month, 1 January 2024 on. */
const months = (account: string, count: number) =>
  Array.from({ length: count }, (_, i) => {
    const first = (n: number) => `${2024 + Math.floor(n / 12)}-${String((n % 12) + 1).padStart(2, '0')}-01`;
    return {
      contract_id: `${account}${i}`,
      account_id: account,
      start_date: first(i),
      term_end_date: first(i + 1),
      mrr_amount: 10,
    };
  });

describe('buildPanel', () => {
  it('labels what closed by the day, leaves the rest open, and has no row for who has left', async () => {
    const engine = await company({
      contract: [
        ...months('goes', 6),
        ...months('stays', 18),
        {
          contract_id: 'y1',
          account_id: 'yearly',
          start_date: '2024-01-01',
          term_end_date: '2025-01-01',
          mrr_amount: 10,
        },
      ],
      interaction: [
        { interaction_id: 'i1', account_id: 'stays', occurred_at: '2024-03-02 10:00:00', direction: 'outbound' },
        { interaction_id: 'i2', account_id: 'goes', occurred_at: '2024-05-02 10:00:00', direction: 'inbound' },
      ],
    });
    const dates = ['2024-02-15', '2024-05-01', '2024-07-01', '2024-12-01'];
    const panel = await buildPanel(engine, { dates, knownBy: '2025-02-01' });
    const pick = (names: string[]) =>
      engine.rows(`select ${names.join(', ')} from panel order by observation_date, account_id`);
    // `goes` ends on 1 July 2024: outside 90 days of 15 February (15 May), inside those of 1 May. On 1 July it has
    // lapsed. 1 December + 90 days + 30 days of grace closes on 31 March 2025, after the day of knowledge.
    expect(
      (await pick(['observation_date', 'account_id', 'churn_basis', 'label', 'closed_on'])).map((row) =>
        Object.values(row),
      ),
    ).toEqual([
      ['2024-02-15', 'goes', 'leave', 0, '2024-06-14'],
      ['2024-02-15', 'stays', 'leave', 0, '2024-06-14'],
      ['2024-02-15', 'yearly', 'renewal', null, null],
      ['2024-05-01', 'goes', 'leave', 1, '2024-08-29'],
      ['2024-05-01', 'stays', 'leave', 0, '2024-08-29'],
      ['2024-05-01', 'yearly', 'renewal', null, null],
      ['2024-07-01', 'stays', 'leave', 0, '2024-10-29'],
      // The decision lies 184 days ahead, beyond the 180 of renewal.lead_days.
      ['2024-07-01', 'yearly', 'renewal', null, null],
      ['2024-12-01', 'stays', 'leave', null, '2025-03-31'],
      ['2024-12-01', 'yearly', 'renewal', 1, '2025-01-31'],
    ]);
    // `stays` was contacted on 2 March: 16 days after 15 February, 60 before 1 May, 121 before 1 July.
    const worked = (await pick(['is_worked'])).map((row) => row['is_worked']);
    expect(worked).toEqual([false, true, false, false, true, ...Array(5).fill(false)]);
    expect(panel.rowCount).toBe(10);
    expect(panel.number('observation_date')[0]).toBe(dayNumber('2024-02-15'));
    expect(panel.features).toContain('tenure_days');
    expect(panel.features).not.toContain('label');
  });
});

describe('a panel beside agents that read what its labels read', () => {
  it.each([undefined, 0])('has the labels of one without, dates together up to %s rows', async (together) => {
    const engine = await company({
      contract: [
        ...months('goes', 6),
        ...months('stays', 18),
        ...months('grows', 18).map((row, i) => ({ ...row, mrr_amount: i < 7 ? 10 : 20 })),
      ],
      opportunity: [
        {
          opportunity_id: 'o1',
          account_id: 'stays',
          created_date: '2024-04-01',
          closed_date: '2024-06-03',
          is_won: true,
        },
      ],
      mrr_month: [{ account_id: 'monthly', month: '2024-01-01', mrr_amount: 5 }],
    });
    const options = { dates: ['2024-05-01', '2024-06-01'], knownBy: '2025-02-01', expansion: true };
    const labels = 'select * from panel order by observation_date, account_id';
    await buildPanel(engine, options);
    const plain = await engine.rows(labels);
    // `grows` pays twice as much from 1 August 2024: within 90 days of 1 June. `stays` is being sold to on both dates; of `monthly`
    // no month after January is told.
    expect(plain.map((row) => [row['account_id'], row['label'], row['expansion_label']])).toEqual([
      ['goes', 1, 0],
      ['grows', 0, 0],
      ['monthly', 0, null],
      ['stays', 0, null],
      ['goes', 1, 0],
      ['grows', 0, 1],
      ['monthly', 0, null],
      ['stays', 0, null],
    ]);
    const read = ['outcome_asof', 'opportunity_asof', 'mrr_month_asof', 'arr_span'];
    const names = [...viewClosure(['account_features']), ...read];
    await buildPanel(engine, {
      ...options,
      ...(together === undefined ? {} : { together }),
      stand: async (dates) => {
        await clearViews(engine);
        const [only] = dates.length === 1 ? dates : [];
        await (only === undefined ? standDates(engine, names, dates) : standRelations(engine, names, only));
      },
    });
    expect(await engine.rows(labels)).toEqual(plain);
  });
});

describe('who was worked', () => {
  it('is who somebody contacted or acted on within the horizon before or after the date, and before deciding to leave', async () => {
    const accounts = [
      'sent',
      'met',
      'unsaid',
      'asked',
      'late',
      'after',
      'same',
      'before',
      'earlier',
      'held',
      'long-ago',
      'asked-before',
      'done',
      'running',
      'over',
      'over-long-ago',
      'quiet',
    ];
    const leaves: Record<string, string> = { after: '2024-06-10', same: '2024-06-10', before: '2024-06-10' };
    const engine = await company({
      contract: accounts.map((account_id) => ({
        contract_id: `c-${account_id}`,
        account_id,
        start_date: '2024-01-01',
        mrr_amount: 10,
        ended_date: leaves[account_id] ?? null,
      })),
      interaction: [
        { interaction_id: 'i1', account_id: 'sent', occurred_at: '2024-05-02 10:00:00', direction: 'Sent' },
        {
          interaction_id: 'i2',
          account_id: 'met',
          occurred_at: '2024-05-03 10:00:00',
          direction: 'in',
          channel: 'meeting',
        },
        { interaction_id: 'i3', account_id: 'unsaid', occurred_at: '2024-05-03 10:00:00' },
        { interaction_id: 'i4', account_id: 'asked', occurred_at: '2024-05-03 10:00:00', direction: 'inbound' },
        // 90 days after 1 May 2024 is 30 July.
        { interaction_id: 'i5', account_id: 'late', occurred_at: '2024-07-31 10:00:00', direction: 'outbound' },
        { interaction_id: 'i6', account_id: 'after', occurred_at: '2024-06-20 10:00:00', direction: 'outbound' },
        { interaction_id: 'i7', account_id: 'same', occurred_at: '2024-06-10 10:00:00', direction: 'outbound' },
        { interaction_id: 'i8', account_id: 'before', occurred_at: '2024-06-09 10:00:00', direction: 'outbound' },
        { interaction_id: 'i9', account_id: 'earlier', occurred_at: '2024-05-01 10:00:00', direction: 'outbound' },
        // 90 days before 1 May 2024 is 1 February: 29 + 31 + 30.
        { interaction_id: 'i10', account_id: 'held', occurred_at: '2024-02-02 10:00:00', direction: 'outbound' },
        { interaction_id: 'i11', account_id: 'long-ago', occurred_at: '2024-02-01 10:00:00', direction: 'outbound' },
        { interaction_id: 'i12', account_id: 'asked-before', occurred_at: '2024-04-30 10:00:00', direction: 'inbound' },
      ],
    });
    await engine.execute(`create table main.done_work as select * from (values
      ('done', date '2024-07-30', date '2024-07-30'),
      ('running', date '2024-03-01', date '2024-05-02'),
      ('over', date '2024-01-10', date '2024-02-02'),
      ('over-long-ago', date '2024-01-10', date '2024-02-01')) as t(account_id, first_on, last_on)`);
    const worked = async (relation?: string) => {
      await buildPanel(engine, {
        dates: ['2024-05-01'],
        knownBy: '2025-02-01',
        ...(relation === undefined ? {} : { worked: relation }),
      });
      const rows = await engine.rows('select account_id from panel where is_worked order by account_id');
      return rows.map((row) => row['account_id']);
    };
    expect(await worked()).toEqual(['before', 'earlier', 'held', 'met', 'sent', 'unsaid']);
    expect(await worked('main.done_work')).toEqual([
      ...['before', 'done', 'earlier', 'held', 'met', 'over', 'running', 'sent', 'unsaid'],
    ]);
    // What was not known by the day is not counted.
    await buildPanel(engine, { dates: ['2024-05-01'], knownBy: '2024-06-08' });
    const known = await engine.rows('select account_id from panel where is_worked order by account_id');
    expect(known.map((row) => row['account_id'])).toEqual(['earlier', 'held', 'met', 'sent', 'unsaid']);
  });

  it('is of a renewal beyond the horizon also who was acted on after it, up to the day of the decision', async () => {
    // 1 May + 150 days is 28 September: the last day of terms that renew only when signed, and so the day of their decision.
    const calls: Record<string, string> = {
      'within-horizon': '2024-07-30',
      beyond: '2024-07-31',
      'on-the-day': '2024-09-28',
      'too-late': '2024-09-29',
      lost: '2024-08-02',
      'due-soon': '2024-07-30',
      'due-soon-late': '2024-07-31',
    };
    const ends = (account_id: string) => (account_id.startsWith('due-soon') ? '2024-05-31' : '2024-09-28');
    // Everybody renews but `lost`, which is let go before the term is over.
    const engine = await company({
      contract: Object.keys(calls).flatMap((account_id) => {
        const first = { contract_id: `c-${account_id}`, account_id, start_date: '2023-09-28', mrr_amount: 10 };
        const end = ends(account_id);
        if (account_id === 'lost') return [{ ...first, term_end_date: end, ended_date: '2024-08-01' }];
        const next = { ...first, contract_id: `n-${account_id}`, start_date: addDays(end, 1) };
        return [
          { ...first, term_end_date: end },
          { ...next, term_end_date: addDays(end, 365) },
        ];
      }),
      interaction: Object.entries(calls).map(([account_id, day]) => ({
        interaction_id: `i-${account_id}`,
        account_id,
        occurred_at: `${day} 10:00:00`,
        direction: 'outbound',
      })),
    });
    await buildPanel(engine, { dates: ['2024-05-01'], knownBy: '2025-02-01' });
    const rows = await engine.rows(
      'select account_id, decision_days_left as days, is_worked, is_worked_by_decision as by_decision from panel order by account_id',
    );
    expect(rows.map((row) => Object.values(row))).toEqual([
      ['beyond', 150, false, true],
      ['due-soon', 30, true, true],
      ['due-soon-late', 30, false, false],
      ['lost', 150, false, false],
      ['on-the-day', 150, false, true],
      ['too-late', 150, false, false],
      ['within-horizon', 150, true, true],
    ]);
  });
});

describe('observationDates', () => {
  it('starts ninety days after the feeds do, on a first of the month or a Monday, and ends on the last day', () => {
    // 2 November 2023 + 90 days is 31 January 2024; 3 November gives 1 February itself.
    const months = ['2024-02-01', '2024-03-01', '2024-04-01'];
    expect(observationDates('2023-11-02', '2024-04-10', 'month')).toEqual(months);
    expect(observationDates('2023-11-03', '2024-04-01', 'month')).toEqual(months);
    // 29 January 2024 was a Monday, 90 days after 31 October 2023.
    expect(observationDates('2023-10-31', '2024-02-12', 'week')).toEqual(['2024-01-29', '2024-02-05', '2024-02-12']);
    expect(observationDates('2023-11-01', '2024-02-10', 'week')).toEqual(['2024-02-05']);
    expect(observationDates('2024-01-01', '2024-02-01', 'month')).toEqual([]);
  });
});

describe('auditLeaks', () => {
  it('names a feature that tells the outcome and a column filled on churned rows only', async () => {
    const random = createRandom(5);
    const engine = await company({
      contract: Array.from({ length: 40 }, (_, i) => ({
        contract_id: `c${i}`,
        account_id: `a${i}`,
        start_date: '2024-01-01',
        mrr_amount: i < 15 ? 500 : 10 + Math.floor(random() * 50),
        ended_date: i < 15 ? '2024-05-01' : null,
        is_churned_flag: i < 15,
      })),
    });
    const panel = await buildPanel(engine, { dates: ['2024-03-01'], knownBy: '2024-12-31' });
    const findings = await auditLeaks(engine, { panel });
    expect(findings.map(({ kind, name, auc }) => [kind, name, auc])).toEqual([
      ['separates', 'arr_amount', 1],
      ['known_only_for_churned', 'contract.ended_date', null],
    ]);
    expect(findings[1]?.is_masked).toBe(true);
  });

  it('judges columns by what was filled by the day, whatever is filled later', async () => {
    // Fifteen are over by May and flagged, fifteen more end in September: as of 30 June they are customers like the rest.
    const contracts = (later: boolean) =>
      Array.from({ length: 60 }, (_, i) => ({
        contract_id: `c${i}`,
        account_id: `a${i}`,
        start_date: '2024-01-01',
        mrr_amount: 10 + (i % 7),
        ended_date: i < 15 ? '2024-05-01' : later && i < 30 ? '2024-09-01' : null,
        cancelled_at: later && i >= 30 && i < 45 ? '2024-08-01 09:00:00' : null,
        is_churned_flag: i < 15 || (later && i < 30),
      }));
    const audited = async (later: boolean) => {
      const engine = await company({ contract: contracts(later) });
      await engine.execute("update settings set first_seen_on = date '2024-11-05'");
      const panel = await buildPanel(engine, { dates: ['2024-03-01'], knownBy: '2024-06-30' });
      return auditLeaks(engine, { panel });
    };
    const before = await audited(false);
    expect(before.map(({ name, row_count }) => [name, row_count])).toEqual([['contract.ended_date', 15]]);
    expect(await audited(true)).toEqual(before);
  });

  it('counts pairs as the naive twin does', () => {
    const random = createRandom(9);
    const rows = Array.from({ length: 80 }, () => ({ label: random() < 0.3 ? 1 : 0, value: Math.floor(random() * 6) }));
    let won = 0;
    let pairs = 0;
    for (const a of rows.filter(({ label }) => label === 1)) {
      for (const b of rows.filter(({ label }) => label === 0)) {
        pairs += 1;
        won += a.value > b.value ? 1 : a.value === b.value ? 0.5 : 0;
      }
    }
    expect(areaUnderCurve(rows)).toBeCloseTo(Math.max(won / pairs, 1 - won / pairs), 12);
    expect(areaUnderCurve(rows.slice(0, 5))).toBeNull();
  });
});
