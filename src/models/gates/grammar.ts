import type { BacktestFigure, FigureRows } from '../../contract/backtest.ts';
import { UserError } from '../../lib/errors.ts';
import { nearest } from '../../lib/spelling.ts';
import {
  BASES,
  candidateNamed,
  DEFAULT_CANDIDATE,
  DEFAULT_PREDICTION,
  endsAtOne,
  type GateVocabulary,
  measureNamed,
  measureWords,
  type OwnMeasure,
  SLICE_KINDS,
} from './vocabulary.ts';

/** One gate, taken apart. */
export interface Gate {
  /** As the user wrote it. */
  readonly text: string;
  readonly prediction: string;
  /** Null = not named: all rows where there is such a figure, else the only basis there is. */
  readonly basis: BacktestFigure['basis'] | null;
  readonly candidate: string;
  /** The gate is about candidate − this one. */
  readonly versus: string | null;
  readonly measure: OwnMeasure;
  /** `low` and `high` are the ends of the figure's interval. */
  readonly bound: 'value' | 'low' | 'high';
  readonly slice: string;
  /** Null = not named. */
  readonly rows: FigureRows | null;
  readonly operator: '>=' | '>' | '<=' | '<';
  readonly wanted: number;
}

/** How a gate is written, for messages. */
export const GATE_FORM =
  'Write [PREDICTION[.BASIS][.CANDIDATE]:][vs:OTHER.]METRIC[.low|.high][[SLICE]][@ROWS] and >=, >, <= or < a number: ' +
  "'auc>=0.75', 'ece<=0.05', 'auc.low>=0.7', 'churn.leave:auc[term:monthly]@all>=0.65', 'vs:base_rate.auc>+0.05'.";

const SHAPE =
  /^\s*(?:(?!vs\s*:)(?<scope>[^:[\]@<>=≥≤!]+?)\s*:\s*)?(?:vs\s*:\s*(?<versus>[^.:[\]@<>=≥≤!]+?)\s*\.\s*)?(?<metric>[^:[\]@<>=≥≤!]+?)\s*(?:\[(?<slice>[^\]]*)\])?\s*(?:@\s*(?<rows>[^[\]@<>=≥≤!]*?))?\s*(?<operator>[<>=≥≤!]+)\s*(?<number>[^<>=≥≤!]*?)\s*$/d;

const OPERATORS: Readonly<Record<string, Gate['operator']>> = {
  '>=': '>=',
  '=>': '>=',
  '≥': '>=',
  '>': '>',
  '<=': '<=',
  '=<': '<=',
  '≤': '<=',
  '<': '<',
};

/** Raises the fault of one place of a gate. */
type Fail = (at: number, what: string, hint: string) => never;

/**
 * Reads one gate. The form is `GATE_FORM`; a gate without a scope is about what is served for `churn`; numbers are
 * decimal, with sign or `%`.
 *
 * @param where what the gate stands in, for messages: `--gate`, `retain.yaml, gates, item 2`
 * @throws UserError naming the gate, the character (from 1) and the nearest known word: for a word that is not known, a
 *   comparison against the metric's own direction, a threshold the metric cannot reach
 */
export function parseGate(text: string, vocabulary: GateVocabulary, where = '--gate'): Gate {
  const fail: Fail = (at, what, hint) => {
    throw new UserError(`${where} '${text}', character ${at + 1}: ${what}`, { hint });
  };
  const found = SHAPE.exec(text);
  const groups = found?.groups;
  const places = found?.indices?.groups;
  if (groups === undefined || places === undefined) return fail(...brokenAt(text), GATE_FORM);
  const at = (name: string): number => places[name]?.[0] ?? 0;
  const scope = scopeOf(groups['scope'], at('scope'), vocabulary, fail);
  const rival = groups['versus'];
  const versus = rival === undefined ? null : (candidateNamed(rival, vocabulary) ?? null);
  if (rival !== undefined && versus === null) {
    fail(at('versus'), ...unknown(rival, 'a candidate', vocabulary.candidates));
  }
  if (versus === scope.candidate) {
    fail(at('versus'), `${versus} is compared with itself`, 'Name another candidate after vs:.');
  }
  const { measure, bound } = measureOf(groups['metric'] ?? '', at('metric'), scope.prediction, vocabulary, fail);
  const operator = OPERATORS[groups['operator'] ?? ''];
  if (operator === undefined) {
    return fail(at('operator'), `${groups['operator']} is not a comparison of a gate`, 'Use >=, >, <= or <.');
  }
  const wanted = numberOf(groups['number'] ?? '', at('number'), fail);
  checkDirection({ measure, bound, versus, operator, wanted }, at, fail);
  return {
    text,
    ...scope,
    versus,
    measure,
    bound,
    slice: sliceOf(groups['slice'], at('slice'), fail),
    rows: rowsOf(groups['rows'], at('rows'), fail),
    operator,
    wanted,
  };
}

/** Where a text leaves the form, and how. */
function brokenAt(text: string): [number, string] {
  const comparisons = [...text.matchAll(/[<>=≥≤!]+/g)];
  const [first, second] = comparisons;
  if (first === undefined) return [text.length, 'a comparison is missing'];
  if (second !== undefined) return [second.index, 'a gate has one comparison'];
  const left = text.slice(0, first.index).trim();
  return left === '' ? [first.index, 'a metric is missing'] : [0, `${left} is not of the form of a gate`];
}

function unknown(word: string, what: string, known: readonly string[]): [string, string] {
  const near = nearest(word, known);
  const list = `Known: ${[...new Set(known)].join(', ')}.`;
  return near === undefined
    ? [`${word === '' ? 'nothing' : word} is not ${what}`, list]
    : [`${word} is not ${what}; did you mean ${near}?`, `Write ${near}. ${list}`];
}

function scopeOf(
  text: string | undefined,
  at: number,
  vocabulary: GateVocabulary,
  fail: Fail,
): Pick<Gate, 'prediction' | 'basis' | 'candidate'> {
  const [prediction = DEFAULT_PREDICTION, ...parts] = text === undefined ? [] : text.split('.');
  if (!vocabulary.predictions.includes(prediction)) {
    fail(at, ...unknown(prediction, 'a prediction', vocabulary.predictions));
  }
  let basis: Gate['basis'] = null;
  let candidate: string | undefined;
  let place = at + prediction.length + 1;
  for (const part of parts) {
    const named = BASES.find((known) => known === part);
    const who = candidateNamed(part, vocabulary);
    if (named !== undefined && basis === null) basis = named;
    else if (candidate === undefined && who !== undefined) candidate = who;
    else if (named !== undefined || who !== undefined) {
      fail(place, `${part} names a second ${named === undefined ? 'candidate' : 'basis'}`, GATE_FORM);
    } else fail(place, ...unknown(part, 'a basis or a candidate', [...BASES, ...vocabulary.candidates]));
    place += part.length + 1;
  }
  return { prediction, basis, candidate: candidate ?? DEFAULT_CANDIDATE };
}

function measureOf(
  text: string,
  at: number,
  prediction: string,
  vocabulary: GateVocabulary,
  fail: Fail,
): { measure: OwnMeasure; bound: Gate['bound'] } {
  const [word = '', bound, ...rest] = text.split('.');
  const measure = measureNamed(word, prediction, vocabulary);
  if (measure === undefined) return fail(at, ...unknown(word, 'a metric', measureWords(prediction, vocabulary)));
  if (bound === undefined) return { measure, bound: 'value' };
  if (rest.length > 0 || (bound !== 'low' && bound !== 'high')) {
    return fail(at + word.length + 1, ...unknown([bound, ...rest].join('.'), 'an end of an interval', ['low', 'high']));
  }
  return { measure, bound };
}

function numberOf(text: string, at: number, fail: Fail): number {
  const found = /^(?<number>[+-]?(?:\d+\.?\d*|\.\d+))(?<percent>\s*%)?$/.exec(text)?.groups;
  if (found === undefined) {
    const what = text === '' ? 'a number is missing' : `${text} is not a number`;
    return fail(at, what, 'Write it in decimals, for example 0.75.');
  }
  const number = Number(found['number']);
  return found['percent'] === undefined ? number : number / 100;
}

function sliceOf(text: string | undefined, at: number, fail: Fail): string {
  if (text === undefined || text === 'all') return 'all';
  const [kind = '', ...value] = text.split(':');
  const name = value.join(':').trim();
  if (!SLICE_KINDS.some((known) => known === kind.trim())) {
    fail(at, ...unknown(kind.trim(), 'a kind of slice', SLICE_KINDS));
  }
  if (name === '') fail(at, `${text} names no value`, `Write [${kind.trim()}:VALUE].`);
  return `${kind.trim()}:${name}`;
}

function rowsOf(text: string | undefined, at: number, fail: Fail): FigureRows | null {
  if (text === undefined) return null;
  const found = (['all', 'unworked'] as const).find((known) => known === text);
  return found ?? fail(at, ...unknown(text, 'a kind of rows', ['all', 'unworked']));
}

/** A gate that only a worse prediction could break is a slip of the pen, and would pass for ever. */
function checkDirection(
  gate: Pick<Gate, 'measure' | 'bound' | 'versus' | 'operator' | 'wanted'>,
  at: (name: string) => number,
  fail: Fail,
): void {
  const { measure, bound, versus, operator, wanted } = gate;
  const isFloor = operator === '>=' || operator === '>';
  const { title, direction } = measure;
  if (direction === 'zero') {
    if (versus !== null || bound !== 'value') {
      const what = `${title} is best at 0 and has a sign: only its distance from 0 can be gated`;
      fail(at('metric'), what, `Write ${measure.name}<=0.05.`);
    }
    if (isFloor) fail(at('operator'), `${title} is the better the nearer to 0; a floor says nothing`, 'Use <=.');
    if (wanted < 0) fail(at('number'), 'a distance from 0 is not negative', 'Write it without a sign.');
  } else if (isFloor !== (direction === 'higher')) {
    const better = direction === 'higher' ? 'higher' : 'lower';
    const what = `the ${better} the ${title}, the better, so this gate would fall when the prediction improves`;
    fail(at('operator'), what, `Use ${direction === 'higher' ? '>=' : '<='}.`);
  }
  if (endsAtOne(measure.name) && Math.abs(wanted) > 1) {
    fail(at('number'), `${title} is never beyond 1`, `Write ${wanted / 100}, or ${wanted}%.`);
  }
}
