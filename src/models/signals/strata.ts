import { studentCritical, studentTwoSided } from '../distributions.ts';

/** Which rows are compared with each other (one observation date, or a date and basis) and which account each is of. */
export interface Strata {
  readonly rowCount: number;
  /** Rows of each stratum, ascending. */
  readonly groups: readonly Int32Array[];
  /** Account of each row, 0 … accountCount − 1. */
  readonly account: Int32Array;
  readonly accountCount: number;
  /** Groups hold the rows with a score alone, by rising score (`rankedStrata`). */
  readonly isRanked?: true;
}

/** Groups rows by stratum, in ascending order of stratum; done once for all signals of the same rows. */
export function strataOf(stratum: Int32Array, account: Int32Array, accountCount: number): Strata {
  const lists = new Map<number, number[]>();
  stratum.forEach((value, row) => {
    const list = lists.get(value);
    if (list === undefined) lists.set(value, [row]);
    else list.push(row);
  });
  const groups = [...lists].sort(([a], [b]) => a - b).map(([, rows]) => Int32Array.from(rows));
  return { rowCount: stratum.length, groups, account, accountCount };
}

/** The strata with each group put in rising order of score, rows without one left out: sorted once, judged many times. */
export function rankedStrata(score: Float64Array, strata: Strata): Strata {
  return { ...strata, isRanked: true, groups: strata.groups.map((group) => inOrder(group, score)).filter(isFilled) };
}

/** The same strata for the score turned round. */
export function turnedStrata(ranked: Strata): Strata {
  return { ...ranked, groups: ranked.groups.map((group) => group.toReversed()) };
}

function inOrder(group: Int32Array, score: Float64Array): Int32Array {
  const rows = group.filter((row) => !Number.isNaN(score[row]));
  return rows.sort((a, b) => (score[a] as number) - (score[b] as number) || a - b);
}

function isFilled(group: Int32Array): boolean {
  return group.length > 0;
}

/** A within-stratum AUC with what is known about it; 90 % interval (5 % at each end). */
export interface StratifiedAuc {
  readonly value: number;
  readonly standard_error: number;
  readonly low: number;
  readonly high: number;
  /** Two-sided, against 0.5; NaN when it cannot be judged. */
  readonly p_value: number;
  /** Distinct accounts with the outcome, and without it at some date. */
  readonly outcome_accounts: number;
  readonly other_accounts: number;
  /** Rows with a value in strata that hold both classes. */
  readonly row_count: number;
  /** What each account adds to the estimate's error; sums to 0. Differences of two AUCs subtract them. */
  readonly influence: Float64Array;
}

const LEVEL = 0.9;

/**
 * ROC-AUC within strata, averaged by the outcomes of each stratum: the share of (outcome, no outcome) pairs of one stratum
 * in which the outcome has the higher score, ties half, each outcome counting once. Rows whose score is NaN and rows that
 * `mask` leaves out (0) take no part.
 *
 * The standard error lets the rows of one account move together: each row's placement among the other class of its
 * stratum (DeLong, DeLong & Clarke-Pearson 1988), added up by account (Obuchowski 1997, "Nonparametric analysis of
 * clustered ROC curve data", Biometrics 53). Interval and p-value by Student's t with as many degrees of freedom as the
 * rarer class has accounts, less one. The bootstrap of `bootstrapMetric` agrees with it and cannot tell p-values below one
 * in its replicates, which a family of hundreds needs.
 */
export function stratifiedAuc(
  score: Float64Array,
  label: Uint8Array,
  strata: Strata,
  mask?: (row: number) => boolean,
): StratifiedAuc {
  const { account, accountCount } = strata;
  const influence = new Float64Array(accountCount);
  const outcomes = new Float64Array(accountCount);
  const hasOutcome = new Uint8Array(accountCount);
  const hasOther = new Uint8Array(accountCount);
  let sum = 0;
  let positives = 0;
  let rowCount = 0;
  for (const group of strata.groups) {
    const ranked = strata.isRanked === true ? group : inOrder(group, score);
    const rows = mask === undefined ? ranked : ranked.filter(mask);
    let m = 0;
    for (const row of rows) m += label[row] as number;
    const n = rows.length - m;
    if (m === 0 || n === 0) continue;
    const area = placeRows(rows, score, label, m, n, (row, placement, isOutcome) => {
      const who = account[row] as number;
      influence[who] = (influence[who] as number) + placement;
      if (isOutcome) {
        outcomes[who] = (outcomes[who] as number) + 1;
        hasOutcome[who] = 1;
      } else hasOther[who] = 1;
    });
    sum += area;
    positives += m;
    rowCount += rows.length;
  }
  const value = positives > 0 ? sum / positives : Number.NaN;
  let squares = 0;
  let clusters = 0;
  for (let a = 0; a < accountCount; a++) {
    if (hasOutcome[a] === 0 && hasOther[a] === 0) continue;
    clusters++;
    const own = ((influence[a] as number) - value * (outcomes[a] as number)) / positives;
    influence[a] = own;
    squares += own * own;
  }
  const outcome_accounts = count(hasOutcome);
  const other_accounts = count(hasOther);
  const standard_error = clusters > 1 ? Math.sqrt((clusters / (clusters - 1)) * squares) : Number.NaN;
  const df = Math.min(outcome_accounts, other_accounts) - 1;
  return {
    value,
    standard_error,
    ...intervalOf(value, standard_error, df, 0, 1),
    p_value: pValue(value - 0.5, standard_error, df),
    outcome_accounts,
    other_accounts,
    row_count: rowCount,
    influence,
  };
}

/**
 * Walks the rows of one stratum by rising score and hands over each row's placement: of an outcome the share of others
 * below it; of another, its part of the stratum's error, (m ÷ n) · (share of outcomes above it − the stratum's AUC).
 * Returns m × AUC.
 */
function placeRows(
  rows: Int32Array,
  score: Float64Array,
  label: Uint8Array,
  m: number,
  n: number,
  take: (row: number, placement: number, isOutcome: boolean) => void,
): number {
  let area = 0;
  let others = 0;
  let outcomes = 0;
  const above = new Float64Array(rows.length);
  for (let start = 0; start < rows.length; ) {
    let end = start;
    let tied = 0;
    while (end < rows.length && score[rows[end] as number] === score[rows[start] as number]) {
      tied += label[rows[end] as number] as number;
      end++;
    }
    const tiedOthers = end - start - tied;
    for (let i = start; i < end; i++) {
      const row = rows[i] as number;
      if (label[row] === 1) {
        const placement = (others + tiedOthers / 2) / n;
        area += placement;
        take(row, placement, true);
      } else above[i] = (m - outcomes - tied / 2) / m;
    }
    others += tiedOthers;
    outcomes += tied;
    start = end;
  }
  const auc = area / m;
  rows.forEach((row, i) => {
    if (label[row] === 0) take(row, (m / n) * ((above[i] as number) - auc), false);
  });
  return area;
}

function count(flags: Uint8Array): number {
  return flags.reduce((sum, flag) => sum + flag, 0);
}

/** Two-sided p-value of `estimate` against 0 under Student's t; NaN with fewer than two accounts in a class. */
function pValue(estimate: number, error: number, df: number): number {
  if (!(df >= 1) || Number.isNaN(error)) return Number.NaN;
  if (error === 0) return estimate === 0 ? 1 : 0;
  return studentTwoSided(estimate / error, df);
}

function intervalOf(value: number, error: number, df: number, least: number, most: number) {
  if (!(df >= 1) || Number.isNaN(error)) return { low: Number.NaN, high: Number.NaN };
  const reach = studentCritical(1 - LEVEL, df) * error;
  return { low: Math.max(least, value - reach), high: Math.min(most, value + reach) };
}

/** A difference of two AUCs on the same rows, with its 90 % interval. */
export interface AucGain {
  readonly value: number;
  readonly standard_error: number;
  readonly low: number;
  readonly high: number;
  /** Accounts with the outcome behind it. */
  readonly outcome_accounts: number;
}

/** `a` − `b`, paired: both must be of the same rows and strata, so that what they share cancels. */
export function aucGain(a: StratifiedAuc, b: StratifiedAuc): AucGain {
  let squares = 0;
  let clusters = 0;
  a.influence.forEach((own, i) => {
    const gap = own - (b.influence[i] as number);
    squares += gap * gap;
    clusters++;
  });
  const value = a.value - b.value;
  const standard_error = clusters > 1 ? Math.sqrt((clusters / (clusters - 1)) * squares) : Number.NaN;
  const df = Math.min(a.outcome_accounts, a.other_accounts) - 1;
  return {
    value,
    standard_error,
    ...intervalOf(value, standard_error, df, -1, 1),
    outcome_accounts: a.outcome_accounts,
  };
}
