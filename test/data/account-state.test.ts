import { afterEach, describe, expect, it } from 'vitest';
import type { Config } from '../../src/contract/config.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { byAccount, companyOf } from './views-rows.ts';

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

/** The account_state columns named, of one account. */
async function state(engine: Engine, asOf: string, account: string, ...columns: string[]) {
  const row = (await byAccount(engine, 'account_state', asOf)).get(account);
  return row === undefined ? undefined : columns.map((name) => row[name]);
}

const recordsEnds = (config: Config): Partial<Config> => ({
  tables: { ...config.tables, contract: [{ file: 'c.csv', columns: { account_id: 'a', ended_date: 'e' } }] },
});

describe('account_state', () => {
  it('follows a monthly customer from start over grace to churn and back', async () => {
    const engine = await company({
      contract: [
        { contract_id: 'c1', account_id: 'a', start_date: '2024-01-01', term_end_date: '2024-02-01', mrr_amount: 100 },
        { contract_id: 'c2', account_id: 'a', start_date: '2024-02-01', term_end_date: '2024-03-01', mrr_amount: 120 },
        { contract_id: 'c3', account_id: 'a', start_date: '2024-06-01', term_end_date: '2024-07-01', mrr_amount: 90 },
      ],
    });
    expect(await state(engine, '2024-01-15', 'a', 'status', 'arr_amount', 'is_month_to_month', 'churn_basis')).toEqual([
      'active',
      1200,
      true,
      'leave',
    ]);
    expect(await state(engine, '2024-02-01', 'a', 'status', 'arr_amount')).toEqual(['active', 1440]);
    // The term ended on 1 March: lapsed for the 30 days of grace, then churned, dated at the end.
    expect(await state(engine, '2024-03-01', 'a', 'status', 'arr_amount', 'last_arr_amount')).toEqual([
      'lapsed',
      null,
      1440,
    ]);
    expect(await state(engine, '2024-03-30', 'a', 'status')).toEqual(['lapsed']);
    expect(await state(engine, '2024-03-31', 'a', 'status', 'ended_on')).toEqual(['churned', '2024-03-01']);
    expect(await state(engine, '2024-06-01', 'a', 'status', 'tenure_days')).toEqual(['active', 152]);
    const outcomes = await engine.rows("select decided_on, ended_on, returned_on from outcome_asof(date '2024-06-15')");
    expect(outcomes).toEqual([{ decided_on: '2024-03-01', ended_on: '2024-03-01', returned_on: '2024-06-01' }]);
  });

  it('puts the decision at the notice deadline of a self-renewing contract, else at the term end', async () => {
    const term = { start_date: '2024-01-01', term_end_date: '2025-01-01', mrr_amount: 10 };
    const engine = await company({
      contract: [
        { contract_id: 'c1', account_id: 'self', ...term, is_auto_renew: true, notice_days: 60 },
        { contract_id: 'c2', account_id: 'assumed', ...term, is_auto_renew: true },
        { contract_id: 'c3', account_id: 'signed', ...term, is_auto_renew: false, notice_days: 60 },
        { contract_id: 'c4', account_id: 'unknown', ...term },
        { contract_id: 'c5', account_id: 'open', start_date: '2024-01-01', mrr_amount: 10 },
      ],
    });
    const columns = [
      'decision_date',
      'decision_days',
      'notice_days',
      'is_notice_assumed',
      'churn_basis',
      'is_open_ended',
    ];
    expect(await state(engine, '2024-10-01', 'self', ...columns)).toEqual([
      '2024-11-02',
      32,
      60,
      false,
      'renewal',
      false,
    ]);
    expect(await state(engine, '2024-10-01', 'assumed', ...columns)).toEqual([
      '2024-12-02',
      62,
      30,
      true,
      'renewal',
      false,
    ]);
    expect(await state(engine, '2024-10-01', 'signed', ...columns)).toEqual([
      '2025-01-01',
      92,
      null,
      false,
      'renewal',
      false,
    ]);
    expect(await state(engine, '2024-10-01', 'unknown', ...columns)).toEqual([
      '2025-01-01',
      92,
      null,
      false,
      'renewal',
      false,
    ]);
    expect(await state(engine, '2024-10-01', 'open', ...columns)).toEqual([null, null, null, false, 'leave', true]);
  });

  it('rolls a self-renewing contract into its next term where the export records real ends, and only there', async () => {
    const rows = {
      contract: [
        {
          contract_id: 'c1',
          account_id: 'a',
          start_date: '2022-03-31',
          term_end_date: '2023-03-31',
          mrr_amount: 10,
          is_auto_renew: true,
        },
      ],
    };
    const rolling = await company(rows, recordsEnds);
    const columns = ['status', 'term_start_date', 'term_end_date'];
    expect(await state(rolling, '2023-03-30', 'a', ...columns)).toEqual(['active', '2022-03-31', '2023-03-31']);
    expect(await state(rolling, '2023-03-31', 'a', ...columns)).toEqual(['active', '2023-03-31', '2024-03-31']);
    expect(await state(rolling, '2025-06-01', 'a', ...columns)).toEqual(['active', '2025-03-31', '2026-03-31']);
    rolling.close();
    const ending = await company(rows);
    expect(await state(ending, '2023-03-31', 'a', ...columns)).toEqual(['lapsed', null, null]);
  });

  it('knows a cancellation at the request and the end with it, and nothing before', async () => {
    const engine = await company(
      {
        contract: [
          {
            contract_id: 'c1',
            account_id: 'a',
            start_date: '2024-01-01',
            term_end_date: '2025-01-01',
            mrr_amount: 50,
            cancelled_at: '2024-05-10 09:00:00',
            ended_date: '2024-08-31',
          },
          {
            contract_id: 'c2',
            account_id: 'b',
            start_date: '2024-01-01',
            mrr_amount: 50,
            cancelled_at: '2024-05-10 09:00:00',
          },
          { contract_id: 'c3', account_id: 'b', start_date: '2024-01-01', product: 'x', mrr_amount: 20 },
        ],
        churn_event: [{ account_id: 'a', churn_date: '2024-08-31', reason_code: 'Acquired' }],
      },
      (config) => ({ ...recordsEnds(config), churn: { ...config.churn, unavoidable_reasons: ['acquired'] } }),
    );
    const columns = ['status', 'cancelled_on', 'ended_on', 'arr_amount'];
    expect(await state(engine, '2024-05-09', 'a', ...columns)).toEqual(['active', null, null, 600]);
    expect(await state(engine, '2024-05-10', 'a', ...columns)).toEqual([
      'notice_given',
      '2024-05-10',
      '2024-08-31',
      600,
    ]);
    expect(await state(engine, '2024-08-31', 'a', ...columns)).toEqual(['churned', '2024-05-10', '2024-08-31', null]);
    // One of two contracts cancelled is no notice.
    expect(await state(engine, '2024-05-12', 'b', 'status', 'arr_amount')).toEqual(['active', 240]);
    const outcome = 'select account_id, decided_on, ended_on, reason_code, is_unavoidable from outcome_asof';
    expect(await engine.rows(`${outcome}(date '2024-05-09')`)).toEqual([]);
    expect(await engine.rows(`${outcome}(date '2024-09-01')`)).toEqual([
      {
        account_id: 'a',
        decided_on: '2024-05-10',
        ended_on: '2024-08-31',
        reason_code: 'Acquired',
        is_unavoidable: true,
      },
    ]);
  });

  it('takes the later contract of a product for the earlier one, and shows both sums', async () => {
    const contract = [
      { contract_id: 'c1', account_id: 'a', product: 'core', start_date: '2023-01-01', mrr_amount: 100, seats: 10 },
      { contract_id: 'c2', account_id: 'a', product: 'core', start_date: '2024-01-01', mrr_amount: 150, seats: 12 },
      { contract_id: 'c3', account_id: 'a', product: 'addon', start_date: '2023-01-01', arr_amount: 600, seats: 12 },
      {
        contract_id: 'c4',
        account_id: 'a',
        product: 'setup',
        start_date: '2024-01-01',
        mrr_amount: 999,
        is_recurring: false,
      },
      { contract_id: 'c5', account_id: 'a', product: 'try', start_date: '2024-01-01', mrr_amount: 999, is_trial: true },
    ];
    const columns = ['arr_amount', 'arr_sum_amount', 'line_count', 'seats'];
    const superseding = await company({ contract });
    expect(await state(superseding, '2023-06-01', 'a', ...columns)).toEqual([1800, 1800, 2, 12]);
    expect(await state(superseding, '2024-06-01', 'a', ...columns)).toEqual([2400, 3600, 2, 12]);
    superseding.close();
    const summing = await company({ contract }, (config) => ({ contract: { ...config.contract, overlap: 'sum' } }));
    expect(await state(summing, '2024-06-01', 'a', ...columns)).toEqual([3600, 3600, 3, 22]);
    summing.close();
    // Invoices of a year that pay for all three lines confirm them: 300 a month on 3,600 a year.
    const invoice = Array.from({ length: 12 }, (_, i) => {
      const month = String(i + 1).padStart(2, '0');
      return {
        invoice_id: `i${i}`,
        account_id: 'a',
        issued_date: `2024-${month}-05`,
        due_date: `2024-${month}-25`,
        amount: 300,
      };
    });
    const confirmed = await company({ contract, invoice });
    expect(await state(confirmed, '2024-12-31', 'a', ...columns)).toEqual([3600, 3600, 3, 22]);
  });

  it('prices use by the invoices of 90 days, and adds no amount whose rate is unknown', async () => {
    const engine = await company(
      {
        contract: [
          { contract_id: 'c1', account_id: 'use', start_date: '2024-01-01', pricing: 'usage', currency: 'EUR' },
          {
            contract_id: 'c2',
            account_id: 'fx',
            start_date: '2024-01-01',
            product: 'p',
            mrr_amount: 100,
            currency: 'USD',
          },
          {
            contract_id: 'c3',
            account_id: 'fx',
            start_date: '2024-01-01',
            product: 'q',
            mrr_amount: 100,
            currency: 'EUR',
          },
          { contract_id: 'c4', account_id: 'lost', start_date: '2024-01-01', mrr_amount: 100, currency: 'GBP' },
        ],
        invoice: [
          { invoice_id: 'i1', account_id: 'use', issued_date: '2024-03-02', due_date: '2024-04-01', amount: 500 },
          { invoice_id: 'i2', account_id: 'use', issued_date: '2024-04-01', due_date: '2024-05-01', amount: 300 },
          { invoice_id: 'i3', account_id: 'use', issued_date: '2024-05-31', due_date: '2024-06-30', amount: 600 },
          {
            invoice_id: 'i4',
            account_id: 'use',
            issued_date: '2024-05-31',
            due_date: '2024-06-30',
            amount: 800,
            status: 'void',
          },
        ],
        fx: [
          { month: '2024-01-01', currency: 'USD', rate: 0.9 },
          { month: '2024-06-01', currency: 'USD', rate: 0.8 },
          { month: '2024-07-01', currency: 'USD', rate: 0.5 },
        ],
      },
      () => ({ currency: 'EUR' }),
      '2020-01-01',
    );
    // (1 March, 30 May] + one day: i1 fell out of the 90 days on 31 May; 900 × 365 / 90.
    expect(await state(engine, '2024-05-31', 'use', 'arr_amount', 'is_run_rate')).toEqual([3650, true]);
    expect(await state(engine, '2024-05-31', 'fx', 'arr_amount')).toEqual([2280]);
    expect(await state(engine, '2024-06-15', 'fx', 'arr_amount')).toEqual([2160]);
    expect(await state(engine, '2024-06-15', 'lost', 'arr_amount', 'unpriced_line_count', 'line_count')).toEqual([
      null,
      1,
      1,
    ]);
  });

  it('reads months of revenue as contracts that end with the run', async () => {
    const month = (text: string, amount: number, account = 'a') => ({
      account_id: account,
      month: text,
      mrr_amount: amount,
    });
    const engine = await company({
      mrr_month: [
        month('2024-01-01', 10),
        month('2024-02-01', 20),
        month('2024-03-01', 0),
        month('2024-04-01', 0),
        month('2024-01-01', 5, 'b'),
        month('2024-02-01', 5, 'b'),
        month('2024-03-01', 5, 'b'),
        month('2024-04-01', 5, 'b'),
      ],
    });
    expect(await state(engine, '2024-02-29', 'a', 'status', 'arr_amount', 'is_open_ended')).toEqual([
      'active',
      240,
      true,
    ]);
    // March is known at its end.
    expect(await state(engine, '2024-03-30', 'a', 'status')).toEqual(['active']);
    expect(await state(engine, '2024-03-31', 'a', 'status', 'ended_on')).toEqual(['churned', '2024-02-29']);
    expect(await state(engine, '2024-04-30', 'b', 'status', 'arr_amount')).toEqual(['active', 60]);
  });

  it('lets an account leave at its recorded churn and return with a later contract, whatever use goes on', async () => {
    const engine = await company(
      {
        contract: [
          { contract_id: 'c1', account_id: 'a', start_date: '2024-01-01', mrr_amount: 10 },
          { contract_id: 'c2', account_id: 'a', start_date: '2024-09-01', mrr_amount: 10 },
        ],
        churn_event: [
          { account_id: 'a', churn_date: '2024-05-01', reason_code: 'price', is_reactivation: false },
          { account_id: 'a', churn_date: '2024-11-01', reason_code: 'price', is_reactivation: true },
          { account_id: 'a', churn_date: '2024-12-01', is_reactivation: true },
        ],
        usage: [{ account_id: 'a', occurred_at: '2024-05-20 10:00:00', event_count: 1 }],
      },
      (config) => ({ churn: { ...config.churn, definition: 'churn_event' } }),
    );
    expect(await state(engine, '2024-04-30', 'a', 'status', 'is_still_in_use')).toEqual(['active', false]);
    expect(await state(engine, '2024-05-21', 'a', 'status', 'reason_code', 'is_still_in_use')).toEqual([
      'churned',
      'price',
      true,
    ]);
    expect(await state(engine, '2024-09-01', 'a', 'status')).toEqual(['active']);
    expect(await state(engine, '2024-11-15', 'a', 'status')).toEqual(['churned']);
    expect(await state(engine, '2024-12-01', 'a', 'status')).toEqual(['active']);
  });

  it('tells trial, prospect, child and merged accounts apart', async () => {
    const engine = await company({
      account: [
        { account_id: 'payer', name: 'Payer', created_date: '2024-01-01' },
        { account_id: 'child', created_date: '2024-01-01', parent_account_id: 'payer' },
        { account_id: 'merged', created_date: '2024-01-01', merged_into_account_id: 'payer' },
        { account_id: 'free', name: 'Free', created_date: '2024-01-01' },
        { account_id: 'late', created_date: '2024-09-01' },
      ],
      contract: [
        { contract_id: 'c1', account_id: 'payer', start_date: '2024-01-01', mrr_amount: 10 },
        { contract_id: 'c2', account_id: 'tries', start_date: '2024-01-01', is_trial: true },
      ],
      ticket: [{ ticket_id: 't1', account_id: 'payer', created_at: '2024-03-01 00:00:00' }],
    });
    const states = await byAccount(engine, 'account_state', '2024-06-01');
    expect([...states].map(([id, row]) => [id, row['name'], row['status'], row['is_unmatched']])).toEqual([
      ['free', 'Free', 'prospect', false],
      ['payer', 'Payer', 'active', false],
      ['tries', 'tries', 'trial', false],
    ]);
    const before = await byAccount(engine, 'account_state', '2024-02-01');
    expect(before.get('payer')?.['is_unmatched']).toBe(true);
  });

  it('segments by plan, by rule and by thirds of revenue, small groups with the rest', async () => {
    const contract = Array.from({ length: 9 }, (_, i) => ({
      contract_id: `c${i}`,
      account_id: `a${i}`,
      start_date: '2024-01-01',
      mrr_amount: (i + 1) * 10,
      plan: i < 3 ? 'pro' : i < 8 ? 'max' : 'odd',
    }));
    const segments = async (engine: Engine) =>
      [...(await byAccount(engine, 'account_state', '2024-06-01')).values()].map((row) => row['segment']);
    const byPlan = await company({ contract }, () => ({ segment_min_accounts: 2 }));
    expect(await segments(byPlan)).toEqual(['pro', 'pro', 'pro', 'max', 'max', 'max', 'max', 'max', 'all']);
    byPlan.close();
    const thirds = await company({ contract: contract.map((row) => ({ ...row, plan: null })) }, () => ({
      segment_min_accounts: 3,
    }));
    expect(await segments(thirds)).toEqual([
      ...Array(3).fill('arr_low'),
      ...Array(3).fill('arr_mid'),
      ...Array(3).fill('arr_high'),
    ]);
    thirds.close();
    const rules = await company(
      {
        contract,
        account: contract.map((row, i) => ({
          account_id: row.account_id,
          created_date: '2023-01-01',
          industry: i % 2 === 0 ? 'Bank' : 'Shop',
        })),
      },
      () => ({
        segment_min_accounts: 2,
        segments: [
          { name: 'big banks', when: { industry: ['bank'], arr_amount: { min: 600 } } },
          { name: 'banks', when: { industry: ['bank'] } },
        ],
      }),
    );
    expect(await segments(rules)).toEqual([
      'banks',
      'all',
      'banks',
      'all',
      'big banks',
      'all',
      'big banks',
      'all',
      'big banks',
    ]);
  });

  it('groups lines that end within 30 days into one renewal and leaves monthly terms out', async () => {
    const engine = await company({
      contract: [
        {
          contract_id: 'c1',
          account_id: 'a',
          product: 'p',
          start_date: '2024-01-01',
          term_end_date: '2025-01-01',
          mrr_amount: 10,
        },
        {
          contract_id: 'c2',
          account_id: 'a',
          product: 'q',
          start_date: '2024-01-31',
          term_end_date: '2025-01-31',
          mrr_amount: 20,
          is_auto_renew: true,
        },
        {
          contract_id: 'c3',
          account_id: 'a',
          product: 'r',
          start_date: '2024-05-01',
          term_end_date: '2025-05-01',
          mrr_amount: 30,
        },
        {
          contract_id: 'c4',
          account_id: 'a',
          product: 's',
          start_date: '2024-11-20',
          term_end_date: '2024-12-20',
          mrr_amount: 5,
        },
        {
          contract_id: 'c5',
          account_id: 'late',
          start_date: '2023-11-20',
          term_end_date: '2024-11-20',
          mrr_amount: 50,
        },
        {
          contract_id: 'c6',
          account_id: 'monthly',
          start_date: '2024-10-21',
          term_end_date: '2024-11-21',
          mrr_amount: 40,
        },
      ],
    });
    const rows = await engine.rows(
      `select renewal_id, due_date, decision_date, line_count, arr_amount, is_overdue, is_auto_renew_unknown, is_month_to_month
       from renewal_group(date '2024-12-01') order by due_date, renewal_id`,
    );
    expect(rows.map((row) => Object.values(row))).toEqual([
      ['late:2024-11-20', '2024-11-20', '2024-11-20', 1, 600, true, true, false],
      // Ended too, but of a term that nobody stages: counted apart.
      ['monthly:2024-11-21', '2024-11-21', '2024-11-21', 1, 480, true, true, true],
      ['a:2025-01-01', '2025-01-01', '2025-01-01', 2, 360, false, true, false],
      ['a:2025-05-01', '2025-05-01', '2025-05-01', 1, 360, false, true, false],
    ]);
    // Thirty days after its end it counts as churned, and is overdue no more.
    const overdueOn = async (day: string) =>
      (
        await engine.rows('select account_id from renewal_group($day::date) where is_overdue order by account_id', {
          day,
        })
      ).map((row) => row.account_id);
    expect(await overdueOn('2024-12-19')).toEqual(['late', 'monthly']);
    expect(await overdueOn('2024-12-20')).toEqual(['monthly']);
    expect(await state(engine, '2024-12-20', 'late', 'status')).toEqual(['churned']);
  });

  it('takes a quantity sold by the head as seats, whatever else is on the contract', async () => {
    const term = { account_id: 'a', start_date: '2024-01-01', term_end_date: '2025-01-01', mrr_amount: 10 };
    const engine = await company({
      contract: [
        { ...term, contract_id: 'c1', product: 'base', quantity: 12, unit: 'Users' },
        { ...term, contract_id: 'c2', product: 'searches', quantity: 5000, unit: 'search' },
        { ...term, contract_id: 'c3', account_id: 'stated', quantity: 12, unit: 'users', seats: 9 },
        { ...term, contract_id: 'c4', account_id: 'metered', quantity: 5000, unit: 'calls' },
      ],
    });
    expect(await state(engine, '2024-06-01', 'a', 'seats')).toEqual([12]);
    expect(await state(engine, '2024-06-01', 'stated', 'seats')).toEqual([9]);
    expect(await state(engine, '2024-06-01', 'metered', 'seats')).toEqual([null]);
  });
});
