import type { BacktestFigure, BacktestResult, BacktestVerdict, BaselineLine } from '../../contract/backtest.ts';
import type { Warning } from '../../contract/report.ts';
import { UserError } from '../../lib/errors.ts';
import { normalBelow } from '../interval.ts';
import { METRICS, type Metric } from '../metrics/registry.ts';
import { figureDifference } from './difference.ts';
import { DEFAULT_CANDIDATE } from './vocabulary.ts';
import { numberText } from './wording.ts';

/** Chance of calling anything a drop when nothing fell, over all compared figures together. */
export const DROP_LEVEL = 0.05;

/** The metrics that are compared: one of order, one of the list as worked, one of the probabilities, one of calibration. */
export const COMPARED_METRICS = ['roc_auc', 'precision_at_capacity', 'brier_skill', 'calibration_error'] as const;

/** A stored result beside this one. */
export interface BaselineComparison {
  readonly lines: readonly BaselineLine[];
  readonly warnings: readonly Warning[];
  readonly has_dropped: boolean;
  readonly sentence: string;
}

/**
 * Whether a stored result can be compared at all, from what is known before any work.
 *
 * @throws UserError when the horizon or the churn definition differs: the figures would answer different questions
 */
export function checkComparable(
  now: Pick<BacktestResult, 'horizon_days' | 'churn_definition'>,
  before: Pick<BacktestResult, 'horizon_days' | 'churn_definition'>,
  file: string,
): void {
  if (now.horizon_days !== before.horizon_days) {
    throw new UserError(
      `--baseline ${file} counts outcomes within ${before.horizon_days} days, this configuration within ${now.horizon_days}`,
      { hint: 'Set churn.horizon_days back, or store a new baseline with --save.' },
    );
  }
  if (now.churn_definition !== before.churn_definition) {
    throw new UserError(
      `--baseline ${file} has the churn definition ${before.churn_definition}, this configuration has ${now.churn_definition}`,
      { hint: 'Set churn.definition back, or store a new baseline with --save.' },
    );
  }
}

/**
 * Compares what is served now with what was served in a stored result: for every prediction and basis that had a signal
 * then, `COMPARED_METRICS` on unworked rows where both results hold `minOutcomes` of them, else on all. A drop counts only
 * when it is significant: one-sided, its probability adjusted over all lines (Holm 1979: no assumption on how figures hang
 * together) at most `DROP_LEVEL`. Errors are paired draw by draw where both results were drawn over the same rows, else
 * those of both results added in squares.
 */
export function compareWithBaseline(
  now: BacktestResult,
  before: BacktestResult,
  minOutcomes: number,
): BaselineComparison {
  const warnings = differencesOfSetting(now, before);
  const lines: BaselineLine[] = [];
  for (const verdict of before.verdicts) {
    if (verdict.verdict !== 'signal') continue;
    const rules = [before, now].map((result) => result.rules?.[verdict.prediction]);
    if (rules[0] !== rules[1]) {
      warnings.push(otherRule(verdict.prediction, rules[0], rules[1]));
      continue;
    }
    const found = linesOf(verdict, now, before, minOutcomes);
    lines.push(...found);
    if (found.length === 0) warnings.push(uncompared(verdict, now));
  }
  const tested = withHolm(lines);
  const dropped = tested.filter(({ status }) => status === 'dropped').length;
  const paired = tested.filter(({ method }) => method === 'paired').length;
  const sentence =
    tested.length === 0
      ? 'nothing to compare: the baseline has no prediction with a signal that was measured again'
      : `${dropped} of ${tested.length} figures fell significantly below the baseline (${paired} paired, one-sided 5 % over all of them)`;
  return { lines: tested, warnings, has_dropped: dropped > 0, sentence };
}

function otherRule(prediction: string, before: string | undefined, now: string | undefined): Warning {
  return {
    what: `${prediction} is not compared with the baseline: it counts ${before ?? 'by no rule of its own'}, this configuration ${now ?? 'by no rule of its own'}`,
    consequence: 'a drop of its figures would not be seen',
    remedy: `set ${prediction} back as it was, or store a new baseline with --save`,
  };
}

function linesOf(
  { prediction, basis }: BacktestVerdict,
  now: BacktestResult,
  before: BacktestResult,
  minOutcomes: number,
): BaselineLine[] {
  return COMPARED_METRICS.flatMap((metric) => {
    if (metric === 'precision_at_capacity' && now.capacity !== before.capacity) return [];
    for (const rows of ['unworked', 'all'] as const) {
      const [a, b] = [now, before].map(({ figures }) =>
        figures.find(
          (figure) =>
            figure.prediction === prediction &&
            figure.basis === basis &&
            figure.candidate === DEFAULT_CANDIDATE &&
            figure.slice === 'all' &&
            figure.rows === rows &&
            figure.metric === metric &&
            figure.value !== null &&
            figure.outcome_count >= minOutcomes,
        ),
      );
      if (a !== undefined && b !== undefined) return lineOf(a, b);
    }
    return [];
  });
}

function lineOf(now: BacktestFigure, before: BacktestFigure): BaselineLine[] {
  const difference = figureDifference(now, before);
  if (difference === null || now.value === null || before.value === null) return [];
  const { prediction, basis, rows, metric } = now;
  const { value: change, standard_error, method } = difference;
  return [
    {
      ...{ prediction, basis, rows, metric, before: before.value, now: now.value, change, standard_error, method },
      p_value: chanceOf(metric, change, standard_error),
      status: 'untested',
      sentence: '',
    },
  ];
}

/** One-sided: how likely a change for the worse at least this large is where nothing changed. */
function chanceOf(metric: string, change: number, error: number | null): number | null {
  if (error === null) return null;
  const registry: Readonly<Record<string, Metric>> = METRICS;
  const worse = registry[metric]?.direction === 'lower' ? change : -change;
  if (error > 0) return normalBelow(-worse / error);
  return worse > 0 ? 0 : 1;
}

/** Holm's step-down adjustment, and what becomes of each line. */
function withHolm(lines: readonly BaselineLine[]): BaselineLine[] {
  const order = lines
    .map(({ p_value }, i) => ({ p: p_value, i }))
    .filter((item): item is { p: number; i: number } => item.p !== null)
    .sort((a, b) => a.p - b.p || a.i - b.i);
  const adjusted = new Map<number, number>();
  let largest = 0;
  for (const [rank, { p, i }] of order.entries()) {
    largest = Math.max(largest, Math.min(1, p * (order.length - rank)));
    adjusted.set(i, largest);
  }
  return lines.map((line, i) => {
    const p = adjusted.get(i) ?? null;
    const status = p === null ? 'untested' : p <= DROP_LEVEL ? 'dropped' : 'held';
    return { ...line, p_value: p, status, sentence: sentenceOf(line, p, status) };
  });
}

function sentenceOf(line: BaselineLine, p: number | null, status: BaselineLine['status']): string {
  const registry: Readonly<Record<string, Metric>> = METRICS;
  const name = registry[line.metric]?.title ?? line.metric;
  const from = `${name} was ${numberText(line.before)} and is ${numberText(line.now)}`;
  if (p === null || line.standard_error === null) return `${from}; without an error it cannot be tested`;
  if (line.change === 0) return `${from}: unchanged`;
  const how = line.method === 'paired' ? 'paired on the same rows' : 'errors of both runs added';
  const chance = p < 0.001 ? 'p < 0.001' : `p ${p.toFixed(3)}`;
  const verdict = status === 'dropped' ? 'a significant drop' : 'no significant drop';
  return `${from}: ${verdict} (${line.change > 0 ? '+' : ''}${numberText(line.change)} ± ${numberText(line.standard_error)}, ${how}, ${chance})`;
}

function differencesOfSetting(now: BacktestResult, before: BacktestResult): Warning[] {
  const warnings: Warning[] = [];
  if (now.capacity !== before.capacity) {
    warnings.push({
      what: `the baseline's capacity is ${before.capacity}, this run's ${now.capacity}`,
      consequence: 'precision at capacity is not compared',
      remedy: 'set capacity.rows_per_csm back, or store a new baseline with --save',
    });
  }
  if (now.origins.join() !== before.origins.join()) {
    warnings.push({
      what: `the baseline was tested at ${before.origins.length} dates (${before.from} to ${before.to}), this run at ${now.origins.length} (${now.from} to ${now.to})`,
      consequence: 'the months compared differ, and differences are not paired',
      remedy: `give --from ${before.from} --to ${before.to} for the same dates`,
    });
  }
  return warnings;
}

function uncompared({ prediction, basis }: BacktestVerdict, now: BacktestResult): Warning {
  const today = now.verdicts.find((verdict) => verdict.prediction === prediction && verdict.basis === basis);
  return {
    what: `the baseline had a signal for ${prediction} (${basis}) that this run cannot be compared with`,
    consequence: today === undefined ? 'this run did not predict it' : today.sentence,
    remedy: `a gate on ${prediction} would fail here; the baseline alone does not`,
  };
}
