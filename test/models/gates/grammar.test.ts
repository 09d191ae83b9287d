import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/lib/errors.ts';
import { parseGate } from '../../../src/models/gates/index.ts';
import { METRIC_ALIASES } from '../../../src/models/gates/vocabulary.ts';
import { METRICS } from '../../../src/models/metrics/index.ts';

const VOCABULARY = {
  predictions: ['churn', 'health', 'renewal', 'at_risk'],
  candidates: ['served', 'base_rate', 'logistic', 'glass_box', 'product_usage'],
  measures: [
    { name: 'arr_bias', title: 'bias of the ARR forecast', direction: 'zero' as const },
    { name: 'precision', title: 'precision of the list', direction: 'higher' as const, prediction: 'at_risk' },
  ],
};

const read = (text: string) => parseGate(text, VOCABULARY);

/** Message and hint of the error a gate raises. */
function fault(text: string, where?: string): string {
  try {
    parseGate(text, VOCABULARY, where);
  } catch (error) {
    if (error instanceof UserError) return `${error.message} | ${error.hint}`;
    throw error;
  }
  return 'no error';
}

describe('a gate', () => {
  it('is about what is served for churn when it says no more', () => {
    expect(read('auc>=0.75')).toMatchObject({
      text: 'auc>=0.75',
      prediction: 'churn',
      basis: null,
      candidate: 'served',
      versus: null,
      measure: { name: 'roc_auc', direction: 'higher' },
      bound: 'value',
      slice: 'all',
      rows: null,
      operator: '>=',
      wanted: 0.75,
    });
  });

  it.each([
    ['precision_at_capacity>=0.4', { measure: { name: 'precision_at_capacity' }, wanted: 0.4 }],
    ['precision>=40%', { measure: { name: 'precision_at_capacity' }, wanted: 0.4 }],
    ['at_risk:precision>=0.3', { prediction: 'at_risk', measure: { name: 'precision' } }],
    ['ece<=0.05', { measure: { name: 'calibration_error' }, operator: '<=', wanted: 0.05 }],
    ['auc.low>=0.7', { bound: 'low', wanted: 0.7 }],
    ['vs:base_rate.auc>+0.05', { versus: 'base_rate', measure: { name: 'roc_auc' }, operator: '>', wanted: 0.05 }],
    ['vs:logistic.log_loss.high<-0.001', { versus: 'logistic', bound: 'high', operator: '<', wanted: -0.001 }],
    ['churn.leave:auc>=0.7', { prediction: 'churn', basis: 'leave' }],
    ['health:auc>=.6', { prediction: 'health', wanted: 0.6 }],
    ['health.product_usage:auc>=.6', { prediction: 'health', candidate: 'product_usage' }],
    ['churn.leave.glass_box:vs:logistic.auc>=0', { basis: 'leave', candidate: 'glass_box', versus: 'logistic' }],
    ['auc@all>=.7', { rows: 'all' }],
    ['auc[term:monthly]@unworked >= .65', { slice: 'term:monthly', rows: 'unworked' }],
    ['auc[segment:ARR >= 50k: big]>=.6', { slice: 'segment:ARR >= 50k: big', wanted: 0.6 }],
    [' churn : auc ≥ .7 ', { prediction: 'churn', operator: '>=', wanted: 0.7 }],
    ['calibration<=0.02', { measure: { name: 'calibration_in_the_large' } }],
    ['arr_bias<=0.1', { measure: { name: 'arr_bias' } }],
    ['lift>=2.5', { measure: { name: 'lift' }, wanted: 2.5 }],
  ])('%s', (text, parts) => {
    expect(read(text)).toMatchObject(parts);
  });

  it('has short words for metrics that exist, none of them a metric of its own', () => {
    for (const [word, name] of Object.entries(METRIC_ALIASES)) {
      expect(Object.hasOwn(METRICS, name)).toBe(true);
      expect(Object.hasOwn(METRICS, word)).toBe(false);
    }
  });
});

describe('a gate that is wrong says where and what was probably meant', () => {
  it.each([
    ['aux>=0.75', 1, 'aux is not a metric; did you mean auc?'],
    ['chrun:auc>=.7', 1, 'chrun is not a prediction; did you mean churn?'],
    ['churn.leav:auc>=.7', 7, 'leav is not a basis or a candidate; did you mean leave?'],
    ['churn.leave.all:auc>=.7', 13, 'all names a second basis'],
    ['churn.logistic.served:auc>=.7', 16, 'served names a second candidate'],
    ['vs:baserate.auc>0', 4, 'baserate is not a candidate; did you mean base_rate?'],
    ['vs:served.auc>0', 4, 'served is compared with itself'],
    ['auc.lo>=.7', 5, 'lo is not an end of an interval; did you mean low?'],
    ['auc[terms:monthly]>=.7', 5, 'terms is not a kind of slice; did you mean term?'],
    ['auc[term]>=.7', 5, 'term names no value'],
    ['auc@unwrked>=.7', 5, 'unwrked is not a kind of rows; did you mean unworked?'],
    ['auc>=', 6, 'a number is missing'],
    ['auc>=high', 6, 'high is not a number'],
    ['auc>=75', 6, 'ROC-AUC is never beyond 1'],
    ['auc=0.7', 4, '= is not a comparison of a gate'],
    ['auc', 4, 'a comparison is missing'],
    ['', 1, 'a comparison is missing'],
    ['>=0.7', 1, 'a metric is missing'],
    ['0.6<auc<0.9', 8, 'a gate has one comparison'],
    ['a:b:c>=1', 1, 'a:b:c is not of the form of a gate'],
    ['auc<=0.75', 4, 'the higher the ROC-AUC, the better, so this gate would fall when the prediction improves'],
    ['ece>=0.05', 4, 'the lower the calibration error (ECE), the better'],
    ['vs:base_rate.log_loss>0', 22, 'the lower the log loss, the better'],
    ['calibration>=0.01', 12, 'calibration in the large is the better the nearer to 0'],
    ['calibration.low<=0.01', 1, 'calibration in the large is best at 0 and has a sign'],
    ['calibration<=-0.01', 14, 'a distance from 0 is not negative'],
  ])('%s', (text, character, what) => {
    expect(fault(text)).toContain(`--gate '${text}', character ${character}: ${what}`);
  });

  it('names where the gate stands and what is known', () => {
    expect(fault('aux>=0.75', 'retain.yaml, gates, item 2')).toMatch(
      /^retain\.yaml, gates, item 2 'aux>=0\.75', character 1: .*\| Write auc\. Known: auc, .*pr_auc/,
    );
    expect(fault('auc>=75')).toContain('Write 0.75, or 75%.');
  });
});
