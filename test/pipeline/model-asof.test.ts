import { describe, expect, it } from 'vitest';
import type { ChurnModel } from '../../src/contract/churn-model.ts';
import { createSettings } from '../../src/data/settings.ts';
import { createViews } from '../../src/data/views.ts';
import { openDuckDB } from '../../src/engine/duckdb.ts';
import { addDays, monthStart } from '../../src/lib/dates.ts';
import { createRandom, randomInt } from '../../src/lib/random.ts';
import { fitChurn } from '../../src/pipeline/churn-training.ts';
import { type Company, CompanyMaker, liveOn, loadCompany, START } from '../data/future-row-company.ts';
import { agentConfig } from '../helpers/agents.ts';

const AS_OF = addDays(START, 570);
const base = agentConfig();
const config = { ...base, model: { ...base.model, min_outcomes: 2, min_months: 1 } };

async function fitted(company: Company): Promise<ChurnModel> {
  const engine = await openDuckDB({ threads: 2 });
  try {
    await loadCompany(engine, company);
    await createSettings(engine, config, { firstSeenOn: addDays(AS_OF, 40) });
    await createViews(engine);
    return await fitChurn(engine, config, AS_OF);
  } finally {
    engine.close();
  }
}

/** The random company, and seventy accounts from month to month of which some leave, less used before they do. */
function companyOf(maker: CompanyMaker, random: () => number): Company {
  const company = maker.company();
  const contracts = company.get('contract') ?? [];
  const usage = company.get('usage') ?? [];
  for (let account = 0; account < 70; account++) {
    const stay = random() < 0.5 ? 24 : 4 + randomInt(random, 12);
    for (let month = 0; month < stay; month++) {
      const start = monthStart(START, month);
      contracts.push({
        row_key: `contract-m${account}-${month}`,
        contract_id: `m${account}-${month}`,
        account_id: `m${account}`,
        start_date: start,
        term_end_date: monthStart(START, month + 1),
        mrr_amount: `${50 + account}`,
        seats: '5',
        known_on: start,
      });
      for (let event = 0; event < (stay - month > 3 ? 4 : 1); event++) {
        const day = addDays(start, randomInt(random, 27));
        usage.push({
          row_key: `usage-m${account}-${month}-${event}`,
          account_id: `m${account}`,
          user_id: `u${event}`,
          feature: 'f1',
          period: 'event',
          event_count: '3',
          occurred_at: `${day} 10:00:00`,
          occurred_on: day,
          known_on: day,
        });
      }
    }
  }
  return company;
}

describe('the churn model of a day', () => {
  it('does not change by a byte when rows after that day are added, changed or deleted', async () => {
    const random = createRandom(31);
    const maker = new CompanyMaker(random);
    const company = companyOf(maker, random);
    const before = await fitted(company);
    expect(before.leave.row_count + before.renewal.row_count).toBeGreaterThan(100);
    expect(before.leave.outcome_count + before.renewal.outcome_count).toBeGreaterThan(5);
    expect(before.leave.verdict).toBe('model');
    const after = await fitted(liveOn(company, AS_OF, maker, random));
    expect(JSON.stringify(after, null, 1)).toBe(JSON.stringify(before, null, 1));
  });
});
