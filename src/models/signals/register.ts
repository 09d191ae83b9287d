import type { SignalKind, SignalRecord, SignalVerdict } from '../../contract/signals.ts';
import { benjaminiHochberg } from '../change.ts';
import { liftCap, METRICS, meanWithinOrigins, rankByOrigin, totals } from '../metrics/index.ts';
import { rankedStrata, type Strata, type StratifiedAuc, strataOf, stratifiedAuc, turnedStrata } from './strata.ts';
import { type PeriodAuc, periodsOf, timingOf } from './timing.ts';
import { leadOf, riskyZone } from './zone.ts';

/** One signal over the rows of a `SignalBook`. */
export interface Signal {
  readonly name: string;
  readonly kind: SignalKind;
  readonly group: string;
  /** 1: higher is healthier, −1: lower is healthier, 0: neither is known beforehand. */
  readonly direction: 1 | 0 | -1;
  /** `NaN` = no value. */
  readonly values: Float64Array;
  /** The values are leaving rates of kinds of text: there is no side to speak of. */
  readonly is_text?: boolean;
  /** The risky zone where the signal has one of its own (below it); else the riskiest tenth of each date. */
  readonly zone_below?: number;
  /** Why the signal is known to leak. */
  readonly leak?: string | undefined;
}

/** The closed rows of one churn basis, account by date, and the signals held on them. All arrays are equally long. */
export interface SignalBook {
  readonly churn_basis: 'leave' | 'renewal';
  readonly label: Uint8Array;
  /** 0 … accountCount − 1. */
  readonly account: Int32Array;
  readonly accountCount: number;
  /** Days since 1970-01-01. */
  readonly observation_date: Int32Array;
  /** Days from the row's date to the account's first decision to leave, however far; `NaN` without one. */
  readonly left_days: Float64Array;
  readonly segment: readonly string[];
  readonly signals: readonly Signal[];
}

export interface RegisterOptions {
  /** Accounts with the outcome below which nothing is judged. */
  readonly min_outcomes: number;
  /** Days back from a decision in which a signal may have warned of it. */
  readonly lookback_days: number;
  /** Share of calls that may be false over the whole register. Default 0.05. */
  readonly false_rate?: number;
}

/** AUC of one half-year, of the lines that were judged. */
export interface PeriodRecord extends PeriodAuc {
  readonly churn_basis: 'leave' | 'renewal';
  readonly segment: string | null;
  readonly signal: string;
}

export interface Register {
  readonly records: readonly SignalRecord[];
  readonly periods: readonly PeriodRecord[];
  /** Lines that were tested: the size of the Benjamini–Hochberg family. */
  readonly tested: number;
  /** Segments without enough outcomes of their own, by basis: they stand with all. */
  readonly fallen: readonly { readonly churn_basis: string; readonly segment: string; readonly outcomes: number }[];
}

/** Segment of accounts whose own is too small (`account_segment`): no group of its own. */
const PARENT = 'all';
/** An AUC that nothing honest reaches: the signal knows the outcome. The bound of the leak audit. */
const LEAK_AUC = 0.95;

/** A line before the family of all lines is known. */
interface Draft {
  readonly record: SignalRecord;
  readonly isTested: boolean;
  readonly periods: readonly PeriodRecord[];
}

/**
 * The signal register: every signal of every book, for all accounts and for each segment with enough outcomes. A line is
 * called (`predicts`, `misleads`) where its q-value over all tested lines is at most `false_rate`; lines that leak, have
 * too few outcomes or no values are not tested. Order: book, all before segments by name, signals as given.
 */
export function signalRegister(books: readonly SignalBook[], options: RegisterOptions): Register {
  const drafts: Draft[] = [];
  const fallen: { churn_basis: string; segment: string; outcomes: number }[] = [];
  for (const book of books) {
    drafts.push(...judgeBook(book, null, options));
    for (const segment of [...new Set(book.segment)].filter((name) => name !== PARENT).sort()) {
      const part = takeSegment(book, segment);
      const outcomes = outcomeAccounts(part);
      if (part.label.length === book.label.length) continue;
      if (outcomes < options.min_outcomes) fallen.push({ churn_basis: book.churn_basis, segment, outcomes });
      else drafts.push(...judgeBook(part, segment, options));
    }
  }
  const tested = drafts.filter(({ isTested }) => isTested);
  const q = benjaminiHochberg(Float64Array.from(tested, ({ record }) => record.p_value ?? Number.NaN));
  const qOf = new Map(tested.map((draft, i) => [draft, q[i] as number]));
  const falseRate = options.false_rate ?? 0.05;
  return {
    records: drafts.map((draft) => called(draft, qOf.get(draft), falseRate)),
    periods: drafts.flatMap(({ periods }) => periods),
    tested: tested.length,
    fallen,
  };
}

/** Distinct accounts with the outcome. */
export function outcomeAccounts({ label, account }: Pick<SignalBook, 'label' | 'account'>): number {
  const seen = new Set<number>();
  label.forEach((value, row) => {
    if (value === 1) seen.add(account[row] as number);
  });
  return seen.size;
}

function takeSegment(book: SignalBook, segment: string): SignalBook {
  const rows = Int32Array.from(book.segment.keys()).filter((row) => book.segment[row] === segment);
  const doubles = (values: Float64Array) => Float64Array.from(rows, (row) => values[row] as number);
  const whole = (values: Int32Array) => Int32Array.from(rows, (row) => values[row] as number);
  return {
    ...book,
    label: Uint8Array.from(rows, (row) => book.label[row] as number),
    account: whole(book.account),
    observation_date: whole(book.observation_date),
    left_days: doubles(book.left_days),
    segment: Array.from(rows, () => segment),
    signals: book.signals.map((signal) => ({ ...signal, values: doubles(signal.values) })),
  };
}

function judgeBook(book: SignalBook, segment: string | null, options: RegisterOptions): Draft[] {
  const strata = strataOf(book.observation_date, book.account, book.accountCount);
  return book.signals.map((signal) => judge(book, strata, signal, segment, options));
}

function judge(
  book: SignalBook,
  strata: Strata,
  signal: Signal,
  segment: string | null,
  options: RegisterOptions,
): Draft {
  const filled = signal.values.filter((value) => !Number.isNaN(value)).length;
  const rising = rankedStrata(signal.values, strata);
  const high = stratifiedAuc(signal.values, book.label, rising);
  const sign = Number.isNaN(high.value) ? 0 : high.value >= 0.5 ? 1 : -1;
  const base = {
    ...blankRecord(book, signal, segment),
    coverage_rate: book.label.length === 0 ? 0 : filled / book.label.length,
    row_count: book.label.length,
    outcome_count: accountsWithValue(book, signal.values),
  };
  if (isConstant(signal.values)) return undecidable(base, 'no_values');
  const faced = facing(high, sign);
  const leak =
    signal.leak ?? (faced.auc !== null && faced.auc >= LEAK_AUC && base.outcome_count >= 10 ? LEAK_WORDS : null);
  const direction = directionOf(signal, sign);
  const known = { ...base, ...faced, ...direction, p_value: finite(high.p_value), leak };
  if (leak !== null) return undecidable({ ...known, p_value: null }, 'leaks');
  if (base.outcome_count < options.min_outcomes || Number.isNaN(high.p_value)) {
    return undecidable(base, 'too_few_outcomes');
  }
  const risk = signal.values.map((value) => sign * value);
  const ranked = sign === -1 ? turnedStrata(rising) : rising;
  const early = stratifiedAuc(risk, book.label, ranked, (row) => isAhead(book, row, 60, Number.POSITIVE_INFINITY));
  const late = stratifiedAuc(risk, book.label, ranked, (row) => isAhead(book, row, 0, 30));
  const zone = riskyZone(signal, risk, strata);
  const periods = periodsOf(risk, book.label, book.observation_date, ranked);
  const values = periods.map(({ auc }) => auc);
  const record: SignalRecord = {
    ...known,
    ...liftOf(book, risk),
    ...leadOf(book, zone, options.lookback_days),
    timing: timingOf(early, late),
    auc_early: finite(early.value),
    auc_late: finite(late.value),
    period_count: periods.length,
    sign_change_count: signChanges(values),
    auc_least: values.length === 0 ? null : Math.min(...values),
    auc_most: values.length === 0 ? null : Math.max(...values),
  };
  const named = periods.map((period) => ({
    churn_basis: book.churn_basis,
    segment,
    signal: signal.name,
    ...period,
  }));
  return { record, isTested: true, periods: named };
}

const LEAK_WORDS = 'alone it ranks the outcomes almost perfectly: too good to be known beforehand';

function blankRecord(book: SignalBook, signal: Signal, segment: string | null): SignalRecord {
  return {
    churn_basis: book.churn_basis,
    segment,
    signal: signal.name,
    kind: signal.kind,
    group: signal.group,
    verdict: 'no_values',
    risky_expected: signal.is_text === true ? null : expectedSide(signal.direction),
    risky_found: null,
    direction: null,
    auc: null,
    auc_low: null,
    auc_high: null,
    p_value: null,
    q_value: null,
    lift: null,
    lift_cap: null,
    coverage_rate: 0,
    row_count: 0,
    outcome_count: 0,
    lead_days: null,
    caught_rate: null,
    others_caught_rate: null,
    timing: null,
    auc_early: null,
    auc_late: null,
    period_count: 0,
    sign_change_count: 0,
    auc_least: null,
    auc_most: null,
    leak: null,
  };
}

function undecidable(record: SignalRecord, verdict: SignalVerdict): Draft {
  return { record: { ...record, verdict }, isTested: false, periods: [] };
}

/** The AUC towards the risky side that was found. */
function facing(high: StratifiedAuc, sign: number): Pick<SignalRecord, 'auc' | 'auc_low' | 'auc_high'> {
  if (sign === 0) return { auc: null, auc_low: null, auc_high: null };
  const turned = sign === 1 ? [high.value, high.low, high.high] : [1 - high.value, 1 - high.high, 1 - high.low];
  const [auc, low, most] = turned as [number, number, number];
  return { auc, auc_low: finite(low), auc_high: finite(most) };
}

function directionOf(
  { direction, is_text }: Signal,
  sign: number,
): Pick<SignalRecord, 'risky_expected' | 'risky_found' | 'direction'> {
  if (is_text === true) {
    // Kinds that left more often before and less often since mislead whoever learns from them.
    return {
      risky_expected: null,
      risky_found: null,
      direction: sign === 0 ? null : sign === 1 ? 'not_declared' : 'reversed',
    };
  }
  const risky_expected = expectedSide(direction);
  if (sign === 0) return { risky_expected, risky_found: null, direction: null };
  const risky_found = sign === 1 ? 'high' : 'low';
  return {
    risky_expected,
    risky_found,
    direction: risky_expected === null ? 'not_declared' : risky_expected === risky_found ? 'as_expected' : 'reversed',
  };
}

function expectedSide(direction: 1 | 0 | -1): 'low' | 'high' | null {
  return direction === 0 ? null : direction === 1 ? 'low' : 'high';
}

function called({ record, isTested }: Draft, q: number | undefined, falseRate: number): SignalRecord {
  if (!isTested || q === undefined) return record;
  if (!(q <= falseRate)) return { ...record, q_value: q, verdict: 'no_evidence', timing: null };
  return { ...record, q_value: q, verdict: record.direction === 'reversed' ? 'misleads' : 'predicts' };
}

/** Whether a row is a stayer, or an outcome whose decision lies in [from, to) days ahead. */
function isAhead({ label, left_days }: SignalBook, row: number, from: number, to: number): boolean {
  const days = left_days[row] as number;
  return label[row] === 0 || (days >= from && days < to);
}

function accountsWithValue(book: SignalBook, values: Float64Array): number {
  const seen = new Set<number>();
  book.label.forEach((value, row) => {
    if (value === 1 && !Number.isNaN(values[row])) seen.add(book.account[row] as number);
  });
  return seen.size;
}

function isConstant(values: Float64Array): boolean {
  let first = Number.NaN;
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    if (Number.isNaN(first)) first = value;
    else if (value !== first) return false;
  }
  return true;
}

function liftOf(book: SignalBook, risk: Float64Array): Pick<SignalRecord, 'lift' | 'lift_cap'> {
  const rows = Int32Array.from(risk.keys()).filter((row) => !Number.isNaN(risk[row]));
  const origins = rankByOrigin(
    {
      score: Float64Array.from(rows, (row) => risk[row] as number),
      label: Uint8Array.from(rows, (row) => book.label[row] as number),
    },
    Int32Array.from(rows, (row) => book.observation_date[row] as number),
  );
  let cap = 0;
  let outcomes = 0;
  for (const { ranked } of origins) {
    const { outcome } = totals(ranked);
    if (outcome === 0) continue;
    cap += outcome * liftCap(ranked, 0.1);
    outcomes += outcome;
  }
  return { lift: finite(meanWithinOrigins(origins, METRICS.lift)), lift_cap: outcomes > 0 ? cap / outcomes : null };
}

function signChanges(values: readonly number[]): number {
  return values.filter((value, i) => i > 0 && value >= 0.5 !== (values[i - 1] as number) >= 0.5).length;
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
