import { describe, expect, it } from 'vitest';
import type { BacktestFigure, BacktestResult } from '../../../src/contract/backtest.ts';
import { createRandom } from '../../../src/lib/random.ts';
import { checkComparable, compareWithBaseline } from '../../../src/models/gates/index.ts';
import { backtestResult, figure, verdict } from '../../helpers/backtest.ts';

function withFigures(...figures: BacktestFigure[]): BacktestResult {
  return backtestResult({ figures, verdicts: [verdict()] });
}

const compare = (now: BacktestResult, before: BacktestResult) => compareWithBaseline(now, before, 30);

describe('a run beside a stored one', () => {
  it('has not dropped against itself', () => {
    const { lines, has_dropped, warnings } = compare(backtestResult(), backtestResult());
    expect(lines.map(({ prediction, metric, rows }) => [prediction, metric, rows])).toEqual([
      ['churn', 'roc_auc', 'unworked'],
      ['churn', 'precision_at_capacity', 'unworked'],
      ['churn', 'calibration_error', 'unworked'],
      ['health', 'roc_auc', 'all'],
    ]);
    expect(lines.every(({ status, change }) => status === 'held' && change === 0)).toBe(true);
    expect([has_dropped, warnings]).toEqual([false, []]);
  });

  it('tests a drop against the errors of both runs, worked by hand', () => {
    // Errors .03 and .04 give .05; a drop of .1 is 2 errors: one-sided p .02275.
    const before = withFigures(figure({ value: 0.8, standard_error: 0.03 }));
    const [line] = compare(withFigures(figure({ value: 0.7, standard_error: 0.04 })), before).lines;
    expect(line).toMatchObject({ method: 'independent', status: 'dropped' });
    expect(line?.standard_error).toBeCloseTo(0.05, 12);
    expect(line?.p_value).toBeCloseTo(0.02275, 5);
    const [small] = compare(withFigures(figure({ value: 0.75, standard_error: 0.04 })), before).lines;
    expect(small).toMatchObject({ status: 'held' });
    expect(small?.sentence).toBe(
      'ROC-AUC was 0.8 and is 0.75: no significant drop (-0.05 ± 0.05, errors of both runs added, p 0.159)',
    );
    const [risen] = compare(withFigures(figure({ value: 0.95 })), before).lines;
    expect(risen).toMatchObject({ status: 'held' });
  });

  it('pays for looking at several figures (Holm)', () => {
    const error = { standard_error: 0.03 };
    const two = (auc: number, precision: number) =>
      withFigures(
        figure({ value: auc, ...error }),
        figure({ metric: 'precision_at_capacity', value: precision, ...error }),
      );
    // √2 · .03 = .042426; .0786 below is z 1.853, p .032: dropped alone, not as one of two (.064).
    const [auc, precision] = compare(two(0.7214, 0.5), two(0.8, 0.5)).lines;
    expect(auc?.status).toBe('held');
    expect(auc?.p_value).toBeCloseTo(0.0639, 3);
    expect(precision?.p_value).toBeCloseTo(0.5, 12);
  });

  it('reads lower as worse only where higher is better', () => {
    const ece = (value: number) => withFigures(figure({ metric: 'calibration_error', value, standard_error: 0.005 }));
    expect(compare(ece(0.02), ece(0.08)).has_dropped).toBe(false);
    expect(compare(ece(0.08), ece(0.02)).has_dropped).toBe(true);
  });

  it('finds a small drop when it is the same in every draw of the same rows, which added errors cannot', () => {
    const random = createRandom(3);
    const draws = Array.from({ length: 500 }, () => 0.8 + 0.06 * (random() - 0.5));
    const noise = createRandom(4);
    const lower = draws.map((value) => value - 0.01 + 0.004 * (noise() - 0.5));
    const before = figure({ value: 0.8, standard_error: 0.0173, draws: { rows: 'r', values: draws } });
    const now = figure({ value: 0.79, standard_error: 0.0173, draws: { rows: 'r', values: lower } });
    expect(compare(withFigures(now), withFigures(before)).lines).toMatchObject([
      { method: 'paired', status: 'dropped' },
    ]);
    const apart = { ...now, draws: { rows: 'other', values: lower } };
    expect(compare(withFigures(apart), withFigures(before)).lines).toMatchObject([
      { method: 'independent', status: 'held' },
    ]);
  });

  it('calls nothing a drop in nineteen of twenty comparisons of runs that differ by chance', () => {
    const random = createRandom(11);
    const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const metrics = ['roc_auc', 'precision_at_capacity', 'brier_skill', 'calibration_error'];
    const draw = () =>
      withFigures(...metrics.map((metric) => figure({ metric, value: 0.5 + 0.02 * normal(), standard_error: 0.02 })));
    const drops = Array.from({ length: 2000 }, () => compare(draw(), draw()).has_dropped).filter(Boolean).length;
    // Independent figures are Holm's worst case: 1 − .9875⁴ = 4.9 %, ± 3 errors of .48 %.
    expect(drops / 2000).toBeGreaterThan(0.034);
    expect(drops / 2000).toBeLessThan(0.064);
  });

  it('leaves out what had no signal, and warns where a signal cannot be found again', () => {
    const silent = backtestResult({ verdicts: [verdict({ verdict: 'no_signal' })] });
    expect(compare(backtestResult(), silent)).toMatchObject({ lines: [], has_dropped: false, warnings: [] });
    const few = backtestResult({
      figures: [],
      verdicts: [verdict({ verdict: 'too_few_outcomes', sentence: '7 accounts left.' })],
    });
    const { warnings, has_dropped } = compare(few, withFigures(figure()));
    expect(has_dropped).toBe(false);
    expect(warnings).toMatchObject([{ consequence: '7 accounts left.' }]);
  });

  it('does not compare a prediction that counts by another rule, and says so', () => {
    const growth = { prediction: 'expansion' };
    const of = (rule: string, value: number) =>
      backtestResult({
        figures: [figure({ ...growth, value })],
        verdicts: [verdict(growth)],
        rules: { expansion: rule },
      });
    const same = compare(of('a tenth', 0.5), of('a tenth', 0.9));
    expect(same.lines.map(({ prediction, status }) => [prediction, status])).toEqual([['expansion', 'dropped']]);
    const other = compare(of('a half', 0.5), of('a tenth', 0.9));
    expect(other.lines).toEqual([]);
    expect(other.warnings.map(({ what }) => what)).toEqual([
      'expansion is not compared with the baseline: it counts a tenth, this configuration a half',
    ]);
  });

  it('warns of other dates and another capacity, and refuses other questions', () => {
    const moved = backtestResult({ origins: ['2025-04-01'], capacity: 8 });
    const { lines, warnings } = compare(moved, backtestResult());
    expect(warnings.map(({ what }) => what)).toEqual([
      "the baseline's capacity is 10, this run's 8",
      'the baseline was tested at 4 dates (2025-04-01 to 2026-03-01), this run at 1 (2025-04-01 to 2026-03-01)',
    ]);
    expect(lines.some(({ metric }) => metric === 'precision_at_capacity')).toBe(false);
    const stored = backtestResult();
    expect(() => checkComparable(stored, { ...stored, horizon_days: 60 }, 'b.json')).toThrow(/within 60 days/);
    expect(() => checkComparable(stored, { ...stored, churn_definition: 'churn_event' }, 'b.json')).toThrow(
      /definition churn_event/,
    );
    expect(() => checkComparable(stored, stored, 'b.json')).not.toThrow();
  });
});
