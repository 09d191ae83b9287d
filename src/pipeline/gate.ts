import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { AGENTS } from '../agents/index.ts';
import { EXPANSION_PREDICTION } from '../agents/predictions.ts';
import type { TableColumn } from '../contract/agent.ts';
import {
  type BacktestReport,
  type BacktestResult,
  type BaselineLine,
  type FigureRows,
  GATES_SCHEMA,
  type GateOutcome,
} from '../contract/backtest.ts';
import type { Config } from '../contract/config.ts';
import type { RunResult } from '../contract/options.ts';
import type { ReportList, RunReport, Warning } from '../contract/report.ts';
import { parseBacktest } from '../data/backtest-file.ts';
import { fileFaultOf, UserError } from '../lib/errors.ts';
import { churnRungs } from '../models/churn-rungs.ts';
import { expansionRungs } from '../models/expansion-rungs.ts';
import {
  checkComparable,
  compareWithBaseline,
  type Gate,
  type GateVocabulary,
  judgeGate,
  type OwnMeasure,
  parseGate,
} from '../models/gates/index.ts';
import { BACKTEST_LISTS } from './backtest/report.ts';
import { adjusted, type BacktestOptions, backtest, leadsOf } from './backtest.ts';
import { rowSource } from './report-lists.ts';
import { findConfig } from './workspace.ts';

/** What the flags of `retain backtest` ask of its result. */
export interface GateRequest {
  /** `--gate`, as often as it was given; takes the place of `gates:`. */
  readonly gate?: readonly string[] | undefined;
  /** `--gate-rows`: of gates that name no rows. */
  readonly gateRows?: FigureRows | undefined;
  /** `--baseline`: a stored backtest. */
  readonly baseline?: string | undefined;
}

/** Gates and baseline, read and found good before any work. */
export interface PreparedGates {
  readonly gates: readonly Gate[];
  readonly rows: FigureRows | undefined;
  readonly baseline: { readonly file: string; readonly result: BacktestResult } | undefined;
}

/**
 * A backtest with gates and baseline: both are read first, so that a slip of the pen costs no replay.
 *
 * @throws UserError as `prepareGates` and `backtest` do
 */
export async function gatedBacktest(options: BacktestOptions & GateRequest): Promise<RunResult<BacktestReport>> {
  const config = adjusted(findConfig(options), options);
  const prepared = prepareGates(config, options, leadsOf(options.lead));
  const stored = prepared.baseline;
  const { report, result } = await backtest({
    ...options,
    ...(stored?.result.accounts === undefined
      ? {}
      : { against: { file: stored.file, accounts: stored.result.accounts } }),
  });
  return judgeBacktest(report, result, prepared, config);
}

/** Measures of backtests that are not in `METRICS`. */
const OWN_MEASURES: readonly OwnMeasure[] = [
  { name: 'precision', title: 'precision of the list as shown', direction: 'higher', prediction: 'at_risk' },
  { name: 'recall', title: 'recall of the list as shown', direction: 'higher', prediction: 'at_risk' },
  { name: 'median_lead_days', title: 'median days of warning', direction: 'higher', prediction: 'at_risk' },
  { name: 'repeat_rate', title: 'repeat rate', direction: 'lower', prediction: 'at_risk' },
  { name: 'missed_because_held', title: 'churns missed because held back', direction: 'lower', prediction: 'at_risk' },
];

/** Every word a gate may use under a configuration. */
function vocabularyOf(config: Config, leads: readonly number[]): GateVocabulary {
  const declared = AGENTS.flatMap(({ predicts }) => (predicts ?? []).map(({ name }) => name));
  const forecasts = AGENTS.flatMap((agent) => (agent.forecasts ?? []).map(({ name }) => name));
  return {
    predictions: [
      ...new Set(['churn', 'health', 'renewal', 'at_risk', EXPANSION_PREDICTION.name, ...declared, ...forecasts]),
    ],
    candidates: [
      ...new Set([
        'served',
        ...[...churnRungs(), ...expansionRungs()].map(({ name }) => name),
        ...Object.keys(config.health.components),
      ]),
    ],
    measures: [...leads.map(leadMeasure), ...OWN_MEASURES, ...forecasts.flatMap(forecastMeasures)],
  };
}

/** Recall of those who leave at least so many days later. */
function leadMeasure(days: number): OwnMeasure {
  return { name: `recall_at_lead_${days}`, title: `recall ${days} days ahead`, direction: 'higher' };
}

/** What a forecast of money is judged by; none of it counts outcomes of accounts. */
function forecastMeasures(prediction: string): OwnMeasure[] {
  const shared = { prediction, is_without_outcomes: true } as const;
  return [
    { ...shared, name: 'arr_bias', title: 'bias of the forecast', direction: 'zero' },
    { ...shared, name: 'interval_coverage', title: 'share of dates whose sum lay in the range', direction: 'higher' },
    { ...shared, name: 'interval_width', title: 'width of the range', direction: 'lower' },
  ];
}

/**
 * Reads what a backtest is asked to show.
 *
 * @param leads days of warning that recall is told at
 * @throws UserError for a gate that cannot be read and for a baseline that cannot be compared, so that no work is begun
 */
export function prepareGates(config: Config, request: GateRequest, leads = leadsOf(undefined)): PreparedGates {
  const vocabulary = vocabularyOf(config, leads);
  const file = config.file === undefined ? 'the configuration' : basename(config.file);
  const gates =
    request.gate === undefined
      ? config.gates.map((text, i) => parseGate(text, vocabulary, `${file}, gates, item ${i + 1}`))
      : request.gate.map((text) => parseGate(text, vocabulary));
  if (request.baseline === undefined) return { gates, rows: request.gateRows, baseline: undefined };
  const result = readBacktest(request.baseline, '--baseline');
  const { horizon_days, definition } = config.churn;
  checkComparable({ horizon_days, churn_definition: definition }, result, request.baseline);
  return { gates, rows: request.gateRows, baseline: { file: request.baseline, result } };
}

/** A stored backtest. `UserError` when the file cannot be read or is none. */
export function readBacktest(file: string, flag: string): BacktestResult {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError(`${flag} ${file} cannot be read: ${fileFaultOf(error)}`, {
      hint: 'Give a file that retain backtest --save FILE has written.',
      cause: error,
    });
  }
  return parseBacktest(text, `${flag} ${file}`);
}

/**
 * Judges a backtest by its gates and its baseline and lays both before the lists of its report. Exit code 1 when a gate
 * did not pass (fell, or could not be judged) or a figure fell significantly below the baseline.
 */
export function judgeBacktest(
  report: RunReport,
  result: BacktestResult,
  prepared: PreparedGates,
  config: Config,
): RunResult<BacktestReport> {
  const min_outcomes = config.model.min_outcomes;
  const judged = prepared.gates.map((gate) => judgeGate(gate, result, { rows: prepared.rows, min_outcomes }));
  const outcomes = judged.map(({ outcome }) => outcome);
  const { baseline } = prepared;
  const comparison = baseline === undefined ? undefined : compareWithBaseline(result, baseline.result, min_outcomes);
  const unheld = outcomes.filter(({ status }) => status !== 'passed').length;
  const gatesSentence =
    unheld === 0
      ? `${outcomes.length} of ${outcomes.length} gates hold.`
      : `${unheld} of ${outcomes.length} gates fell.`;
  const lists: ReportList[] = [];
  if (outcomes.length > 0) lists.push(gateList(outcomes, gatesSentence));
  if (comparison !== undefined && baseline !== undefined) {
    lists.push(baselineList(comparison.lines, comparison.sentence, baseline));
  }
  const warnings: Warning[] = [...judged.flatMap((gate) => gate.warnings), ...(comparison?.warnings ?? [])];
  const said = [
    ...(outcomes.length > 0 ? [gatesSentence] : []),
    ...(comparison === undefined ? [] : [`Baseline: ${comparison.sentence}.`]),
  ];
  return {
    report: {
      ...report,
      lists: [...lists, ...report.lists],
      warnings: [...distinct(warnings), ...report.warnings],
      summary: [...said, report.summary].filter((part) => part !== '').join(' '),
      data: {
        ...report.data,
        backtest: result,
        gates: { schema_version: GATES_SCHEMA, outcomes, baseline: comparison?.lines ?? null },
      },
    },
    exitCode: unheld > 0 || comparison?.has_dropped === true ? 1 : 0,
  };
}

const GATE_COLUMNS: readonly TableColumn[] = [
  { key: 'gate', label: 'gate', kind: 'text', wraps: true },
  { key: 'status', label: 'status', kind: 'text' },
  { key: 'wanted', label: 'wanted', kind: 'number' },
  { key: 'found', label: 'found', kind: 'number' },
  { key: 'margin', label: 'margin', kind: 'number' },
  // The sentence has them too.
  { key: 'rows', label: 'rows', kind: 'text', terminal: false },
  { key: 'sentence', label: 'what that means', kind: 'text', wraps: true },
];

function gateList(outcomes: readonly GateOutcome[], headline: string): ReportList {
  return {
    name: 'gates',
    title: 'Gates',
    question: 'Does accuracy hold what was asked of it?',
    headline,
    columns: GATE_COLUMNS,
    notes: ['margin below 0: short of the gate by that much; a gate without a verdict counts as fallen'],
    rowCount: outcomes.length,
    rows: rowSource(outcomes.map((outcome) => ({ ...outcome, status: outcome.status.replace('_', ' ') }))),
    empty: 'no gate was asked for',
  };
}

const BASELINE_COLUMNS: readonly TableColumn[] = [
  { key: 'prediction', label: 'prediction', kind: 'text', isName: true },
  { key: 'basis', label: 'basis', kind: 'text' },
  { key: 'metric', label: 'metric', kind: 'text', isName: true, wraps: true },
  { key: 'status', label: 'status', kind: 'text' },
  { key: 'before', label: 'baseline', kind: 'number', digits: 3 },
  { key: 'now', label: 'now', kind: 'number', digits: 3 },
  { key: 'change', label: 'change', kind: 'number', digits: 3 },
  { key: 'standard_error', label: '± se', kind: 'number', digits: 3 },
  { key: 'p_value', label: 'p (family)', kind: 'number' },
  { key: 'method', label: 'compared', kind: 'text' },
  { key: 'rows', label: 'rows', kind: 'text' },
];

function baselineList(
  lines: readonly BaselineLine[],
  headline: string,
  { file, result }: NonNullable<PreparedGates['baseline']>,
): ReportList {
  return {
    name: 'baseline',
    title: 'Against the baseline',
    question: 'Has accuracy fallen?',
    headline,
    columns: BASELINE_COLUMNS,
    notes: [`${file}: retain ${result.version}, as of ${result.as_of}, ${result.origins.length} dates`],
    rowCount: lines.length,
    rows: rowSource(lines.map((line) => ({ ...line }))),
    empty: 'the baseline has no prediction with a signal that was measured again',
  };
}

/** Every list that a judged backtest may have: the first two where gates or a baseline are asked for. */
export const GATED_LISTS: readonly string[] = ['gates', 'baseline', ...BACKTEST_LISTS];

/** Several gates on one figure warn once of what it rests on. */
function distinct(warnings: readonly Warning[]): Warning[] {
  const seen = new Set<string>();
  return warnings.filter((warning) => {
    const key = JSON.stringify(warning);
    return seen.has(key) ? false : seen.add(key);
  });
}
