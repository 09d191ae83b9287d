import { describe, expect, it } from 'vitest';
import type { BacktestResult } from '../../../src/contract/backtest.ts';
import { type GateSettings, judgeGate, parseGate } from '../../../src/models/gates/index.ts';
import { backtestResult, figure, verdict } from '../../helpers/backtest.ts';

const VOCABULARY = {
  predictions: ['churn', 'health', 'renewal', 'expansion'],
  candidates: ['served', 'base_rate', 'logistic'],
  measures: [],
};

function judge(text: string, result: BacktestResult = backtestResult(), settings: Partial<GateSettings> = {}) {
  return judgeGate(parseGate(text, VOCABULARY), result, { min_outcomes: 30, ...settings });
}

describe('a gate held against figures', () => {
  it('passes at its threshold and falls below it, by how much', () => {
    expect(judge('auc>=0.8').outcome).toMatchObject({ status: 'passed', rows: 'unworked', found: 0.8, margin: 0 });
    const { outcome } = judge('auc>=0.85');
    expect(outcome).toMatchObject({ status: 'failed', wanted: 0.85, found: 0.8 });
    expect(outcome.margin).toBeCloseTo(-0.05, 12);
    expect(outcome.sentence).toBe(
      'ROC-AUC is 0.8, 0.05 short of 0.85 (unworked rows, 90 accounts with the outcome; 90 % interval 0.75 to 0.85)',
    );
    expect(judge('auc>0.8').outcome).toMatchObject({ status: 'failed', margin: 0 });
  });

  it('counts an error downwards, and the distance of a signed figure from 0', () => {
    expect(judge('ece<=0.05').outcome.status).toBe('passed');
    const { outcome } = judge('ece<=0.03');
    expect(outcome.status).toBe('failed');
    expect(outcome.margin).toBeCloseTo(-0.001, 12);
    expect(judge('calibration<=0.02').outcome).toMatchObject({ status: 'passed', found: -0.02, margin: 0 });
    expect(judge('calibration<=0.01').outcome.status).toBe('failed');
  });

  it('takes the end of the interval where it says so', () => {
    expect(judge('auc.low>=0.75').outcome).toMatchObject({ status: 'passed', found: 0.75 });
    expect(judge('auc.low>=0.76').outcome.status).toBe('failed');
    expect(judge('ece.high<=0.05').outcome).toMatchObject({ status: 'failed', found: 0.055 });
    const bare = backtestResult({ figures: [figure({ low: null, high: null })] });
    expect(judge('auc.low>=0.7', bare).outcome).toMatchObject({ status: 'no_verdict', found: null });
  });

  it('names of many origins the first and the last', () => {
    const days = ['2025-04-01', '2025-07-01', '2025-10-01'];
    const many = backtestResult({ figures: [figure(), ...days.map((day) => figure({ slice: `origin:${day}` }))] });
    expect(judge('auc[term:long]@all>=.6', many).outcome.sentence).toContain(
      'slices: all, origin:2025-04-01 … origin:2025-10-01',
    );
    const one = backtestResult({ figures: [figure({ slice: 'origin:2025-04-01' })] });
    expect(judge('auc[term:long]@all>=.6', one).outcome.sentence).toMatch(/slices: origin:2025-04-01$/);
  });

  it('takes the only basis there is when none is named', () => {
    expect(judge('renewal:auc>=0.7').outcome.status).toBe('passed');
    expect(judge('renewal.leave:auc>=0.7').outcome.sentence).toContain('it has renewal.renewal');
  });

  it.each([
    ['expansion:auc>=.6', 'no figures of expansion; it has churn, health, renewal'],
    ['churn.logistic:auc>=.6', 'not predicted by logistic here; candidates: served, base_rate'],
    ['health:auc@unworked>=.6', 'no figures on unworked rows; it has all'],
    ['lift>=2', 'not measured by lift here; metrics: roc_auc'],
    ['auc[term:yearly]@all>=.6', 'no figure for term:yearly; slices: all, term:monthly, term:long'],
  ])('%s has no verdict without a figure, and says what there is', (text, sentence) => {
    const { outcome } = judge(text);
    expect(outcome).toMatchObject({ status: 'no_verdict', found: null, margin: null });
    expect(outcome.sentence).toContain(sentence);
  });

  it('has no verdict on a value that does not exist or rests on too few outcomes', () => {
    const none = backtestResult({ figures: [figure({ value: null, low: null, high: null })] });
    expect(judge('auc>=0.1', none).outcome.status).toBe('no_verdict');
    const { outcome } = judge('auc[term:long]>=.6');
    expect(outcome).toMatchObject({ status: 'no_verdict', found: null, margin: null });
    expect(outcome.sentence).toContain('only 12 accounts with the outcome (all rows), 30 are needed');
  });
});

describe('the rows a gate rests on', () => {
  const few = backtestResult({
    figures: [figure(), figure({ rows: 'unworked', value: 0.9, row_count: 600, outcome_count: 29 })],
  });
  it('are unworked ones where they hold 30 outcomes, else all, with a warning', () => {
    expect(judge('auc>=0.79')).toMatchObject({ outcome: { rows: 'unworked', status: 'passed' }, warnings: [] });
    const { outcome, warnings } = judge('auc>=0.79', few);
    expect(outcome).toMatchObject({ rows: 'all', found: 0.78, status: 'failed' });
    expect(warnings).toMatchObject([
      { what: expect.stringContaining('29 accounts'), remedy: 'name the rows with auc@all, or --gate-rows' },
    ]);
  });
  it('are the ones that were named, by the gate before the flag', () => {
    expect(judge('auc@all>=0.79').outcome).toMatchObject({ rows: 'all', status: 'failed' });
    expect(judge('auc>=0.79', undefined, { rows: 'all' }).outcome.rows).toBe('all');
    expect(judge('auc@unworked>=0.79', undefined, { rows: 'all' }).outcome.rows).toBe('unworked');
    expect(judge('auc@unworked>=0.79', few).outcome).toMatchObject({ rows: 'unworked', status: 'no_verdict' });
  });
  it('need no warning where nobody was worked', () => {
    const nobody = backtestResult({ figures: [figure(), figure({ rows: 'unworked' })] });
    expect(judge('auc>=.7', nobody)).toMatchObject({ outcome: { rows: 'unworked' }, warnings: [] });
  });
});

describe('a prediction without a verdict', () => {
  it.each([
    ['no_signal', 'No model beats the base rate. Nothing this gate claims is shown.'],
    ['too_few_outcomes', 'No model beats the base rate. Nothing'],
  ] as const)('%s fails every gate, whatever its figures', (kind, sentence) => {
    const silent = verdict({ verdict: kind, sentence: 'No model beats the base rate.' });
    for (const result of [
      backtestResult({ verdicts: [silent] }),
      backtestResult({ verdicts: [silent], figures: [] }),
    ]) {
      for (const text of [
        'auc>=0.1',
        'ece<=0.9',
        'churn.logistic:auc.high>=0.1',
        'vs:base_rate.auc>-1',
        'auc@all>=0',
      ]) {
        const { outcome } = judge(text, result);
        expect(outcome.status).toBe('failed');
        expect(outcome.sentence).toContain(sentence);
        if (kind === 'too_few_outcomes') expect([outcome.found, outcome.margin]).toEqual([null, null]);
      }
    }
    expect(
      judge('health:auc>=.6', backtestResult({ verdicts: [silent, verdict({ prediction: 'health' })] })).outcome.status,
    ).toBe('passed');
  });

  it('is that of its basis; without one of its own, no basis may have a signal', () => {
    const leave = verdict({ basis: 'leave', verdict: 'no_signal' });
    const renewal = verdict({ basis: 'renewal' });
    expect(judge('auc>=.7', backtestResult({ verdicts: [leave, renewal] })).outcome.status).toBe('passed');
    expect(judge('auc>=.7', backtestResult({ verdicts: [leave] })).outcome.status).toBe('failed');
    const figures = [figure({ basis: 'leave' }), figure({ basis: 'renewal' })];
    expect(judge('churn.leave:auc>=.7', backtestResult({ verdicts: [leave, renewal], figures })).outcome.status).toBe(
      'failed',
    );
    expect(judge('churn.renewal:auc>=.7', backtestResult({ verdicts: [leave, renewal], figures })).outcome.status).toBe(
      'passed',
    );
  });
});

describe('a gate on a difference', () => {
  // Draws of a: .6 .7 .8 .9, of b each .1 below but for the last, which is .2 below.
  const served = figure({ value: 0.75, draws: { rows: 'x', values: [0.6, 0.7, 0.8, 0.9] } });
  const rival = figure({ candidate: 'logistic', value: 0.62, draws: { rows: 'x', values: [0.5, 0.6, 0.7, 0.7] } });
  it('is paired where both were drawn over the same rows', () => {
    const { outcome } = judge('vs:logistic.auc>=0.1', backtestResult({ figures: [served, rival] }));
    expect(outcome.found).toBeCloseTo(0.13, 12);
    expect(outcome.status).toBe('passed');
    expect(outcome.sentence).toContain('; paired, account by account');
    // Sorted differences .1 .1 .1 .2: the type-7 quantile at .05 is .1, at .95 .1 + .85 · .1.
    const low = judge('vs:logistic.auc.low>=0', backtestResult({ figures: [served, rival] })).outcome;
    expect(low.found).toBeCloseTo(0.1, 12);
    const high = judge('vs:logistic.auc.high>=0', backtestResult({ figures: [served, rival] })).outcome;
    expect(high.found).toBeCloseTo(0.185, 12);
  });
  it('is of the two values elsewhere, and says so', () => {
    const other = { ...rival, standard_error: 0.02, draws: { rows: 'y', values: [0.5, 0.6, 0.7, 0.7] } };
    const plain = { ...served, standard_error: 0.015 };
    const { outcome } = judge('vs:logistic.auc.low>=0', backtestResult({ figures: [plain, other] }));
    // √(.015² + .02²) = .025; .13 − 1.645 · .025.
    expect(outcome.found).toBeCloseTo(0.13 - 1.6448536 * 0.025, 6);
    expect(outcome.sentence).toContain('not paired');
  });
  it('has no verdict without its rival', () => {
    expect(judge('vs:logistic.auc>0').outcome).toMatchObject({ status: 'no_verdict' });
  });
});
