import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/lib/random.ts';
import { fitLogistic, predictLogistic } from '../../src/models/logistic.ts';
import { rankRows, rocAuc } from '../../src/models/metrics/index.ts';
import { SECOND_OPINION_GAP, secondOpinion } from '../../src/models/second-opinion.ts';
import { samplePanel } from '../contract/model-contract.ts';

describe('second opinion', () => {
  it('ranks as our own fit does, from code that shares nothing with it but the columns', () => {
    const table = samplePanel(1, 300, 4);
    const fresh = samplePanel(2, 300, 4);
    const opinion = secondOpinion(table, fresh.columns);
    if ('skipped' in opinion) throw new Error(opinion.skipped);
    const ours = predictLogistic(fitLogistic(table, { ridge: 1 }, createRandom(1)), fresh.columns);
    const auc = (score: Float64Array) => rocAuc(rankRows({ score, label: fresh.label }));
    expect(auc(ours)).toBeGreaterThan(0.7);
    expect(Math.abs(auc(ours) - auc(opinion.score))).toBeLessThan(SECOND_OPINION_GAP);
  });
  it('does not diverge on columns that are copies of each other', () => {
    const table = samplePanel(3, 100, 2);
    const [usage] = table.columns;
    if (usage === undefined) throw new Error('no columns');
    const copies = { ...table, columns: Array.from({ length: 30 }, (_, k) => ({ ...usage, name: `copy_${k}` })) };
    const opinion = secondOpinion(copies, copies.columns);
    if ('skipped' in opinion) throw new Error(opinion.skipped);
    expect(rocAuc(rankRows({ score: opinion.score, label: table.label }))).toBeGreaterThan(0.65);
  });
  it('is not asked for large tables', () => {
    expect(secondOpinion(samplePanel(1, 1300, 4), [])).toEqual({
      skipped: '5200 rows; the second opinion is asked for up to 5000',
    });
  });
});
