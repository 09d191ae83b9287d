import { afterEach, describe, expect, it } from 'vitest';
import type { Config } from '../../src/contract/config.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { companyOf } from './views-rows.ts';

let opened: Engine | undefined;
afterEach(() => {
  opened?.close();
  opened = undefined;
});

type Rows = readonly Readonly<Record<string, string | number | boolean | null>>[];
type Tables = Readonly<Record<string, Rows>>;

/** 1 June 2024 + 90 days is 30 August; 30 days of grace close the label on 29 September. */
const DAY = '2024-06-01';
const LATER = '2024-12-31';

let ids = 0;
const line = (account_id: string, start_date: string, mrr_amount: number | null, more: Rows[number] = {}) => {
  ids += 1;
  return { contract_id: `c${ids}`, account_id, start_date, mrr_amount, currency: 'EUR', ...more };
};

async function labels(
  tables: Tables,
  { knownBy = LATER, asOf = DAY, ...change }: Partial<Config> & { knownBy?: string; asOf?: string } = {},
): Promise<Record<string, number | null>> {
  const { engine } = await companyOf(tables, (config) => ({ ...config, ...change }));
  opened = engine;
  const rows = await engine.rows(
    'select account_id, label, closed_on from label_expansion($as_of::date, $known_by::date) order by account_id',
    { as_of: asOf, known_by: knownBy },
  );
  return Object.fromEntries(rows.map((row) => [String(row['account_id']), row['label'] as number | null]));
}

describe('label_expansion, arr_growth', () => {
  it('counts seats at the old price: a price rise is no growth, a discount gives none away', async () => {
    const change = (account: string, before: [number, number], after: [number, number]) => [
      line(account, '2024-01-01', before[1], { seats: before[0], product: 'Core', ended_date: '2024-07-01' }),
      line(account, '2024-07-01', after[1], { seats: after[0], product: 'Core' }),
    ];
    expect(
      await labels({
        contract: [
          ...change('more-seats', [10, 100], [12, 120]),
          // 30 % more money for the same ten seats.
          ...change('uplift', [10, 100], [10, 130]),
          // One seat more is 10 % at the old price of 10; the other 40 of money are price.
          ...change('seat-and-uplift', [10, 100], [11, 150]),
          // Three seats more, given away: money grows by 5 %.
          ...change('discount', [10, 100], [13, 105]),
          ...change('fewer-seats', [10, 100], [8, 100]),
          ...change('same', [10, 100], [10, 100]),
        ],
      }),
    ).toEqual({ 'more-seats': 1, uplift: 0, 'seat-and-uplift': 1, discount: 0, 'fewer-seats': 0, same: 0 });
  });

  it('takes the whole change where no quantity is known, from a tenth on', async () => {
    const change = (account: string, after: number) => [
      line(account, '2024-01-01', 100, { product: 'Core', ended_date: '2024-07-01' }),
      line(account, '2024-07-01', after, { product: 'Core' }),
    ];
    const contract = [...change('nine', 109), ...change('ten', 110), ...change('less', 50)];
    expect(await labels({ contract })).toEqual({ nine: 0, ten: 1, less: 0 });
    const expansion = { definition: 'arr_growth', horizon_days: 90, min_growth_rate: 0.05 } as const;
    expect(await labels({ contract }, { expansion })).toEqual({ nine: 1, ten: 1, less: 0 });
  });

  it('counts a new product, net of one that went, and a better plan of the same product', async () => {
    const core = (account: string) => line(account, '2024-01-01', 100, { product: 'Core' });
    expect(
      await labels({
        contract: [
          core('cross-sell'),
          line('cross-sell', '2024-07-01', 20, { product: 'Add-on' }),
          core('swap'),
          line('swap', '2024-01-01', 20, { product: 'Old', ended_date: '2024-07-10' }),
          line('swap', '2024-07-10', 25, { product: 'New' }),
          line('upgrade', '2024-01-01', 100, { product: 'Core', plan: 'basic', seats: 5, ended_date: '2024-08-01' }),
          line('upgrade', '2024-08-01', 150, { product: 'Core', plan: 'pro', seats: 5 }),
          // Without products the plan is the line: 100 for 150 all the same.
          line('plan', '2024-01-01', 100, { plan: 'basic', ended_date: '2024-08-01' }),
          line('plan', '2024-08-01', 150, { plan: 'pro' }),
          core('spike'),
          line('spike', '2024-07-01', 80, { product: 'Project', ended_date: '2024-08-01' }),
        ],
      }),
    ).toEqual({ 'cross-sell': 1, swap: 0, upgrade: 1, plan: 1, spike: 0 });
  });

  it('lets a later contract of a product take the place of the earlier one, unless overlaps are summed', async () => {
    const contract = [
      line('up', '2024-01-01', 100, { product: 'Core', seats: 10 }),
      line('up', '2024-07-15', 120, { product: 'Core', seats: 12 }),
      line('down', '2024-01-01', 100, { product: 'Core', seats: 10 }),
      line('down', '2024-07-15', 50, { product: 'Core', seats: 5 }),
    ];
    expect(await labels({ contract })).toEqual({ up: 1, down: 0 });
    const overlap = { overlap: 'sum', month_to_month_days: 90 } as const;
    expect(await labels({ contract }, { contract: overlap } as never)).toEqual({ up: 1, down: 1 });
  });

  it('reads both days at one exchange rate, and at none where one currency is paid in', async () => {
    const fx = [
      { month: '2024-01-01', currency: 'USD', rate: 0.9 },
      { month: '2024-07-01', currency: 'USD', rate: 1.4 },
    ];
    expect(
      await labels(
        {
          fx,
          contract: [
            line('dollars', '2024-01-01', 100, { currency: 'USD' }),
            // 100 EUR + 100 USD at 0.9 = 190; 15 EUR more are 7.9 %, 25 EUR more 13.2 %.
            line('mixed-little', '2024-01-01', 100, { product: 'A' }),
            line('mixed-little', '2024-01-01', 100, { product: 'B', currency: 'USD' }),
            line('mixed-little', '2024-07-01', 15, { product: 'C' }),
            line('mixed-more', '2024-01-01', 100, { product: 'A' }),
            line('mixed-more', '2024-01-01', 100, { product: 'B', currency: 'USD' }),
            line('mixed-more', '2024-07-01', 25, { product: 'C' }),
            // A currency without a rate is never added to another.
            line('no-rate', '2024-01-01', 100, { product: 'A' }),
            line('no-rate', '2024-07-01', 500, { product: 'B', currency: 'SEK' }),
            line('crowns', '2024-01-01', 100, { product: 'A', currency: 'SEK' }),
            line('crowns', '2024-07-01', 50, { product: 'B', currency: 'SEK' }),
          ],
        },
        { currency: 'EUR' },
      ),
    ).toEqual({ dollars: 0, 'mixed-little': 0, 'mixed-more': 1, 'no-rate': null, crowns: 1 });
  });

  it('counts the day of the horizon and not the day itself', async () => {
    const core = (account: string) => line(account, '2024-01-01', 100, { product: 'Core' });
    const added = (account: string, on: string) => [core(account), line(account, on, 50, { product: 'Add-on' })];
    expect(
      await labels({
        contract: [
          ...added('same-day', '2024-06-01'),
          ...added('first', '2024-06-02'),
          ...added('last', '2024-08-30'),
          ...added('late', '2024-08-31'),
        ],
      }),
    ).toEqual({ 'same-day': 0, first: 1, last: 1, late: 0 });
  });

  it('bridges a renewal signed late: what was held before is not new', async () => {
    const core = (account: string) => line(account, '2024-01-01', 100, { product: 'Core' });
    expect(
      await labels({
        contract: [
          core('late'),
          line('late', '2024-01-01', 50, { product: 'Add-on', ended_date: '2024-05-25' }),
          line('late', '2024-06-10', 50, { product: 'Add-on' }),
          // Sixty-nine days are longer than the grace: it went, and was bought again.
          core('again'),
          line('again', '2024-01-01', 50, { product: 'Add-on', ended_date: '2024-04-02' }),
          line('again', '2024-06-10', 50, { product: 'Add-on' }),
        ],
      }),
    ).toEqual({ late: 0, again: 1 });
  });

  it('says 0 of who leaves within the horizon, and nothing of who left for an unavoidable reason', async () => {
    const grows = (account: string, more: Rows[number] = {}) => [
      line(account, '2024-01-01', 100, { product: 'Core', ...more }),
      line(account, '2024-07-01', 50, { product: 'Add-on', ...more }),
    ];
    const cancelled = { cancelled_at: '2024-08-15 10:00:00', ended_date: '2024-12-01' };
    const afterwards = { cancelled_at: '2024-09-15 10:00:00', ended_date: '2024-12-01' };
    expect(
      await labels({
        contract: [
          ...grows('stays'),
          ...grows('cancels', cancelled),
          ...grows('cancels-later', afterwards),
          ...grows('acquired', cancelled),
          line('ends', '2024-01-01', 100, { ended_date: '2024-07-20' }),
          line('ended', '2024-01-01', 100, { ended_date: '2024-05-20' }),
        ],
        churn_event: [{ account_id: 'acquired', churn_date: '2024-12-01', reason_code: 'acquired' }],
      }),
    ).toEqual({ stays: 1, cancels: 0, 'cancels-later': 1, acquired: null, ends: 0 });
  });

  it('leaves out trials, one-off lines and what is priced by use', async () => {
    const core = (account: string) => line(account, '2024-01-01', 100, { product: 'Core' });
    expect(
      await labels({
        contract: [
          core('one-off'),
          line('one-off', '2024-07-01', 500, { product: 'Setup', is_recurring: false }),
          core('trial'),
          line('trial', '2024-07-01', 50, { product: 'Add-on', is_trial: true }),
          core('converts'),
          line('converts', '2024-05-15', 0, { product: 'Add-on', is_trial: true, ended_date: '2024-06-14' }),
          line('converts', '2024-06-14', 50, { product: 'Add-on' }),
          line('by-use', '2024-01-01', null, { product: 'Calls', pricing: 'usage' }),
          core('partly-by-use'),
          line('partly-by-use', '2024-01-01', null, { product: 'Calls', pricing: 'usage' }),
          core('unpriced'),
          line('unpriced', '2024-07-01', null, { product: 'Add-on' }),
          line('free', '2024-01-01', 0, { product: 'Free' }),
          line('free', '2024-07-01', 50, { product: 'Core' }),
        ],
      }),
    ).toEqual({
      'one-off': 0,
      trial: 0,
      converts: 1,
      'by-use': null,
      'partly-by-use': 0,
      unpriced: null,
      free: null,
    });
  });

  it('does not ask of an account that is being sold to', async () => {
    const grows = (account: string) => [
      line(account, '2024-01-01', 100, { product: 'Core' }),
      line(account, '2024-07-01', 50, { product: 'Add-on' }),
    ];
    const deal = (account_id: string, created_date: string, closed_date: string | null, kind = 'upsell') => ({
      opportunity_id: account_id,
      account_id,
      created_date,
      closed_date,
      is_won: closed_date === null ? null : true,
      kind,
    });
    const names = ['closes-later', 'still-open', 'opened-later', 'closed-before', 'stale', 'renewal', 'no-deal'];
    expect(
      await labels({
        contract: names.flatMap(grows),
        opportunity: [
          deal('closes-later', '2024-05-20', '2024-07-01'),
          deal('still-open', '2024-05-20', null, 'cross_sell'),
          deal('opened-later', '2024-06-02', '2024-07-01'),
          deal('closed-before', '2024-04-01', '2024-05-31'),
          // 366 days before the day.
          deal('stale', '2023-06-01', null),
          deal('renewal', '2024-05-20', '2024-07-01', 'renewal'),
        ],
      }),
    ).toEqual({
      'closes-later': null,
      'still-open': null,
      'opened-later': 1,
      'closed-before': 1,
      stale: 1,
      renewal: 1,
      'no-deal': 1,
    });
  });

  it('stays open until horizon and grace have passed', async () => {
    const contract = [
      line('a', '2024-01-01', 100, { product: 'Core' }),
      line('a', '2024-07-01', 50, { product: 'New' }),
    ];
    expect(await labels({ contract }, { knownBy: '2024-09-28' })).toEqual({ a: null });
    expect(await labels({ contract }, { knownBy: '2024-09-29' })).toEqual({ a: 1 });
    const [row] =
      (await opened?.rows("select closed_on from label_expansion(date '2024-06-01', date '2024-09-29')")) ?? [];
    expect(row?.['closed_on']).toBe('2024-09-29');
  });

  it('reads a table of monthly revenue month by month, and waits for the month to be told', async () => {
    const months = (account: string, amounts: readonly number[]) =>
      amounts.map((mrr_amount, i) => ({
        account_id: account,
        month: `2024-${String(i + 1).padStart(2, '0')}-01`,
        mrr_amount,
        currency: 'EUR',
      }));
    // August holds the 30th of August.
    const told = [
      ...months('august', [100, 100, 100, 100, 100, 100, 100, 120, 120, 120]),
      ...months('september', [100, 100, 100, 100, 100, 100, 100, 100, 120, 120]),
      ...months('flat', Array(10).fill(100)),
    ];
    expect(await labels({ mrr_month: told })).toEqual({ august: 1, september: 0, flat: 0 });
    const untold = [...months('august', Array(7).fill(100)), ...months('flat', Array(7).fill(100))];
    // An account that is read from contracts does not wait for the months of others.
    const contract = [line('other', '2024-01-01', 100, { product: 'Core' })];
    expect(await labels({ mrr_month: untold, contract })).toEqual({ august: null, flat: null, other: 0 });
  });
});

describe('label_expansion, won_opportunity', () => {
  it('counts an upsell or cross-sell won after the day and by the horizon', async () => {
    const names = ['won', 'no-kind', 'lost', 'renewal', 'same-day', 'late', 'open', 'in-hand', 'none'];
    const deal = (account_id: string, closed_date: string | null, is_won: boolean | null, kind: string | null) => ({
      opportunity_id: account_id,
      account_id,
      // Opened after the day: who is being sold to already is not asked.
      created_date: account_id === 'same-day' || account_id === 'in-hand' ? '2024-05-01' : '2024-06-10',
      closed_date,
      is_won,
      kind,
    });
    const expansion = { definition: 'won_opportunity', horizon_days: 90, min_growth_rate: 0.1 } as const;
    expect(
      await labels(
        {
          contract: names.map((name) => line(name, '2024-01-01', 100)),
          opportunity: [
            deal('won', '2024-07-10', true, 'cross_sell'),
            deal('no-kind', '2024-08-30', true, null),
            deal('lost', '2024-07-10', false, 'upsell'),
            deal('renewal', '2024-07-10', true, 'renewal'),
            deal('same-day', '2024-06-01', true, 'upsell'),
            deal('late', '2024-08-31', true, 'upsell'),
            deal('open', null, null, 'upsell'),
            deal('in-hand', '2024-07-10', true, 'upsell'),
          ],
        },
        { expansion },
      ),
    ).toEqual({ won: 1, 'no-kind': 1, lost: 0, renewal: 0, 'same-day': 0, late: 0, open: 0, 'in-hand': null, none: 0 });
  });
});
