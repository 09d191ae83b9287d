import { describe, expect, it } from 'vitest';
import type { Explanation } from '../../src/contract/model.ts';
import { createRandom } from '../../src/lib/random.ts';
import { factorsOf } from '../../src/models/churn-factors.ts';
import { EBM_DEFAULTS, ebm } from '../../src/models/index.ts';
import { samplePanel } from '../contract/model-contract.ts';

describe('an explanation by feature', () => {
  it('counts a pair half to each of its two', () => {
    const explanation: Explanation = {
      intercept: -1,
      terms: ['a', 'b', 'a × b', 'b × c'],
      contributions: [[1], [0.5], [0.2], [-0.4]].map((values) => Float64Array.from(values)),
      log_odds: Float64Array.of(0.3),
    };
    const { names, contributions } = factorsOf(explanation);
    expect(names).toEqual(['a', 'b', 'c']);
    [1.1, 0.4, -0.2].forEach((value, j) => {
      expect(contributions[j]?.[0]).toBeCloseTo(value, 12);
    });
  });

  it('adds up to the log-odds with the intercept, to 1e-9, for a glass box with pairs', async () => {
    const table = samplePanel(4);
    const model = await ebm.fit(
      table,
      { ...EBM_DEFAULTS, bags: 2, max_rounds: 200, pairs: [['usage', 'plan']], pair_outcomes: 0 },
      createRandom(1),
    );
    const explanation = ebm.explain(model, table.columns);
    expect(explanation.terms.some((term) => term.includes(' × '))).toBe(true);
    const factors = factorsOf(explanation);
    explanation.log_odds.forEach((logOdds, i) => {
      const sum = factors.contributions.reduce((total, values) => total + (values[i] as number), explanation.intercept);
      expect(Math.abs(sum - logOdds)).toBeLessThan(1e-9);
    });
  });
});
