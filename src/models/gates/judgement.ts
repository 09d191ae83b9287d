import type { BacktestFigure, BacktestResult, FigureRows, GateOutcome } from '../../contract/backtest.ts';
import type { Warning } from '../../contract/report.ts';
import { figureDifference } from './difference.ts';
import type { Gate } from './grammar.ts';
import { type ChosenRows, chooseRows, figuresOf, missingFigure, silentVerdict } from './lookup.ts';
import { numberText } from './wording.ts';

export interface GateSettings {
  /** Rows of gates that name none; absent: unworked where they hold enough outcomes, else all. */
  readonly rows?: FigureRows | undefined;
  /** Accounts with the outcome below which no verdict is given. */
  readonly min_outcomes: number;
}

/** What became of a gate, and what the reader has to know beside it. */
export interface JudgedGate {
  readonly outcome: GateOutcome;
  readonly warnings: readonly Warning[];
}

/** What is held against the threshold. */
interface Reading {
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly note: string;
}

/**
 * Holds one gate against a result. `failed`: the figure falls short, or the prediction has no signal or too few outcomes,
 * so that whatever the gate claims is not shown. `no_verdict`: there is no such figure, it has no value, or fewer than
 * `min_outcomes` accounts of its slice have the outcome. Only `passed` lets a gate through.
 */
export function judgeGate(gate: Gate, result: BacktestResult, settings: GateSettings): JudgedGate {
  const scope = figuresOf(gate, result);
  const asked = gate.rows ?? settings.rows ?? null;
  const basis = typeof scope === 'string' ? (gate.basis ?? 'all') : scope.basis;
  const silent = silentVerdict(gate.prediction, basis, result);
  const chosen = typeof scope === 'string' ? undefined : chooseRows(gate, scope.figures, asked, settings.min_outcomes);
  const outcome =
    typeof scope === 'string' || chosen === undefined
      ? unjudged(gate, asked ?? 'all', String(scope))
      : judged(gate, scope.figures, chosen, settings.min_outcomes);
  if (silent === undefined) return { outcome, warnings: chosen?.warnings ?? [] };
  const sentence = `${silent.sentence} Nothing this gate claims is shown.`;
  // What rests on too few outcomes is no figure: it is not told.
  const told = silent.verdict === 'too_few_outcomes' ? { found: null, margin: null } : {};
  return { outcome: { ...outcome, ...told, status: 'failed', sentence }, warnings: [] };
}

function judged(
  gate: Gate,
  figures: readonly BacktestFigure[],
  { rows, figure }: ChosenRows,
  minOutcomes: number,
): GateOutcome {
  if (figure === undefined) return unjudged(gate, rows, missingFigure(gate, figures, rows));
  const rested = `${rows === 'all' ? 'all rows' : 'unworked rows'}, ${accounts(figure.outcome_count)} with the outcome`;
  const reading = readingOf(gate, figures, figure);
  if (typeof reading === 'string') return unjudged(gate, rows, reading);
  const found = gate.bound === 'value' ? reading.value : reading[gate.bound];
  if (found === null) {
    const end = gate.bound === 'value' ? 'value' : `${gate.bound} end of an interval`;
    return unjudged(gate, rows, `${gate.measure.title} has no ${end} here (${rested})`);
  }
  const distance = gate.measure.direction === 'zero' ? Math.abs(found) : found;
  const margin = gate.operator.startsWith('>') ? found - gate.wanted : gate.wanted - distance;
  const isEnough = gate.operator.length === 2 ? margin >= 0 : margin > 0;
  const told = { gate: gate.text, rows, wanted: gate.wanted, found, margin };
  if (figure.outcome_count < minOutcomes && gate.measure.is_without_outcomes !== true) {
    const sentence = `only ${accounts(figure.outcome_count)} with the outcome (${rows === 'all' ? 'all rows' : 'unworked rows'}), ${minOutcomes} are needed for a verdict`;
    return { ...told, found: null, margin: null, status: 'no_verdict', sentence };
  }
  const span =
    reading.low === null || reading.high === null
      ? ''
      : `; 90 % interval ${numberText(reading.low)} to ${numberText(reading.high)}`;
  const subject = `${gate.measure.title}${gate.versus === null ? '' : ` less that of ${gate.versus}`}${END[gate.bound]}`;
  const how = isEnough ? `${WORDS[gate.operator]} ${numberText(gate.wanted)}` : shortfall(gate, margin);
  const sentence = `${subject} is ${numberText(found)}, ${how} (${rested}${span})${reading.note}`;
  return { ...told, status: isEnough ? 'passed' : 'failed', sentence };
}

const END: Readonly<Record<Gate['bound'], string>> = { value: '', low: ', low end,', high: ', high end,' };
const WORDS: Readonly<Record<Gate['operator'], string>> = {
  '>=': 'at least',
  '>': 'more than',
  '<=': 'at most',
  '<': 'less than',
};

function shortfall(gate: Gate, margin: number): string {
  if (margin === 0) return `and must be ${WORDS[gate.operator]} ${numberText(gate.wanted)}`;
  const side = gate.operator.startsWith('>') ? 'short of' : 'beyond';
  return `${numberText(-margin)} ${side} ${numberText(gate.wanted)}`;
}

function readingOf(gate: Gate, figures: readonly BacktestFigure[], figure: BacktestFigure): Reading | string {
  if (gate.versus === null) return { ...figure, note: '' };
  const { rows, slice, metric } = figure;
  const rival = figures.find(
    (item) => item.candidate === gate.versus && item.rows === rows && item.slice === slice && item.metric === metric,
  );
  if (rival === undefined) return missingFigure({ ...gate, candidate: gate.versus }, figures, rows);
  const difference = figureDifference(figure, rival);
  if (difference === null) return { value: null, low: null, high: null, note: '' };
  const note =
    difference.method === 'paired'
      ? '; paired, account by account'
      : '; a difference of two figures, not paired: no draws of the same rows are kept';
  return { ...difference, note };
}

function unjudged(gate: Gate, rows: FigureRows, sentence: string): GateOutcome {
  return { gate: gate.text, status: 'no_verdict', rows, wanted: gate.wanted, found: null, margin: null, sentence };
}

function accounts(count: number): string {
  return `${count} account${count === 1 ? '' : 's'}`;
}
