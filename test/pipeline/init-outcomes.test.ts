import { describe, expect, it } from 'vitest';
import { chooseDefinition, type OutcomeCount } from '../../src/pipeline/init-outcomes.ts';

const count = (definition: OutcomeCount['definition'], accounts: number, contradictions = 0): OutcomeCount => ({
  definition,
  accounts,
  outcomes: accounts,
  arr_amount: null,
  first_on: null,
  last_on: null,
  contradictions,
});

describe('chooseDefinition', () => {
  it('does not say that nobody left where flags or lost renewals say otherwise', () => {
    const nothing = [count('contract_chain', 0)];
    expect(chooseDefinition(nothing, 30).reason).toContain('no record of a customer leaving was found');
    const { reason } = chooseDefinition(nothing, 30, { flagged: 6, lost_renewals: 19 });
    expect(reason).toContain('6 accounts carry a churn flag, which has no day');
    expect(reason).toContain('renewals of 19 accounts were lost');
  });

  it('takes the recorded definition with enough outcomes, however the contracts read', () => {
    const chosen = chooseDefinition(
      [count('churn_event', 352, 387), count('contract_chain', 3, 360), count('inactivity', 274)],
      30,
    );
    expect(chosen.definition).toBe('churn_event');
    expect(chosen.reason).toContain('contract_chain finds 3');
  });

  it('takes the one contradicted least among those with enough', () => {
    expect(
      chooseDefinition([count('cancel_request', 100, 40), count('account_churn_date', 90, 12)], 30).definition,
    ).toBe('account_churn_date');
  });

  it('never infers leaving from less money or no use by itself', () => {
    expect(chooseDefinition([count('contraction', 200), count('inactivity', 300)], 30)).toMatchObject({
      definition: 'contract_chain',
    });
  });

  it('says that outcomes are too few', () => {
    const chosen = chooseDefinition([count('cancel_request', 4), count('contract_chain', 19)], 30);
    expect(chosen.definition).toBe('contract_chain');
    expect(chosen.reason).toContain('30 are needed');
  });
});
