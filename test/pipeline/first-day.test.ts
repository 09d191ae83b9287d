import { describe, expect, it } from 'vitest';
import { firstDay } from '../../src/pipeline/churn-training.ts';
import { companyOf } from '../data/views-rows.ts';

describe('firstDay', () => {
  it('is that of the contracts, or of monthly revenue where there are none', async () => {
    const first = async (tables: Parameters<typeof companyOf>[0]) => {
      const opened = await companyOf(tables);
      const day = await firstDay(opened.engine);
      opened.engine.close();
      return day;
    };
    const month = { account_id: 'a', month: '2023-03-01', mrr_amount: 10 };
    const contract = { contract_id: 'c', account_id: 'a', start_date: '2023-02-10', mrr_amount: 10 };
    expect(await first({})).toBeNull();
    expect(await first({ mrr_month: [month] })).toBe('2023-03-01');
    expect(await first({ mrr_month: [month], contract: [contract] })).toBe('2023-02-10');
  });
});
