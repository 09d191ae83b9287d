import type { CustomFeature } from './custom-features.ts';
import {
  areaUnderCurve,
  isText,
  type LeakFinding,
  numericValues,
  SMALLEST_COUNT,
  SUSPICIOUS_AUC,
} from './leak-finding.ts';
import type { Panel } from './panel.ts';

/** Share of the accounts with a value that left in the end: from here on the value is a trace of leaving. */
const LEFT_SHARE = 0.95;
/** Where as large a share of the accounts without a value left, having one says nothing. */
const OTHER_SHARE = 0.5;

/** An account of the panel at its last date. */
interface LastRow {
  readonly row: number;
  /** It decided to leave after that date, avoidably or not, however far; of growth: it grew at any date. */
  readonly hasOutcome: 0 | 1;
}

/** How accounts with and without the outcome are called. */
interface OutcomeWords {
  readonly had: string;
  readonly with_outcome: string;
  readonly without: string;
}
const LEFT: OutcomeWords = { had: 'left', with_outcome: 'accounts that left', without: 'those that stayed' };
const GREW: OutcomeWords = { had: 'grew', with_outcome: 'accounts that grew', without: 'those that did not' };

/**
 * What custom columns know of the outcome. No view hides their cells before they happened, and a cell filled when an
 * account left stands on all its earlier rows too; so each account is asked once, at its last date, whether it left at all.
 */
export function auditAdmitted(panel: Panel, features: readonly CustomFeature[]): LeakFinding[] {
  const undated = features
    .filter(({ is_dated }) => !is_dated)
    .map(
      (feature): LeakFinding => ({
        ...frameOf(feature),
        kind: 'undated',
        auc: null,
        row_count: panel.rowCount,
        message: `${feature.key} has no dates: every past day would carry the value of the day of the export`,
      }),
    );
  return [...undated, ...judgeAdmitted(panel, features, lastRows(panel, leavers(panel)), LEFT)];
}

/** The same of growing: each account is asked at its last date whether it grew at any. */
export function auditAdmittedGrowth(panel: Panel, features: readonly CustomFeature[]): LeakFinding[] {
  const label = panel.number('expansion_label');
  const account = panel.text('account_id');
  const grown = new Set(account.filter((_, row) => label[row] === 1));
  const has = (row: number) => grown.has(account[row] ?? null);
  return judgeAdmitted(panel, features, lastRows(panel, has), GREW).map((finding) => ({
    ...finding,
    churn_basis: 'expansion',
  }));
}

function frameOf(feature: CustomFeature) {
  return {
    level: 'admitted',
    name: feature.key,
    feature: feature.column,
    churn_basis: null,
    is_masked: false,
  } as const;
}

function judgeAdmitted(
  panel: Panel,
  features: readonly CustomFeature[],
  last: readonly LastRow[],
  words: OutcomeWords,
): LeakFinding[] {
  const label = new Float64Array(panel.rowCount);
  for (const { row, hasOutcome } of last) label[row] = hasOutcome;
  return features.flatMap((feature): LeakFinding[] => {
    const common = frameOf(feature);
    const out: LeakFinding[] = [];
    const isFilled = filledRows(panel, feature.column);
    const filled = last.filter(({ row }) => isFilled(row));
    const others = last.filter(({ row }) => !isFilled(row));
    const left = count(filled);
    if (
      filled.length >= SMALLEST_COUNT &&
      left >= LEFT_SHARE * filled.length &&
      others.length > 0 &&
      count(others) <= OTHER_SHARE * others.length
    ) {
      out.push({
        ...common,
        kind: 'known_only_for_churned',
        auc: null,
        row_count: filled.length,
        message: `${feature.key} is filled for ${filled.length} accounts, of which ${left} ${words.had}, and empty for ${others.length}, of which ${count(others)} ${words.had}: it tells the outcome`,
      });
    }
    const values = numericValues(
      panel,
      feature.column,
      last.map(({ row }) => row),
      label,
    );
    const auc = areaUnderCurve(
      last
        .map(({ hasOutcome }, k) => ({ label: hasOutcome, value: values[k] ?? Number.NaN }))
        .filter(({ value }) => !Number.isNaN(value)),
    );
    if (auc !== null && auc >= SUSPICIOUS_AUC) {
      out.push({
        ...common,
        kind: 'separates',
        auc,
        row_count: last.length,
        message: `${feature.key} alone tells ${words.with_outcome} from ${words.without} with an AUC of ${auc.toFixed(3)}: too good to be known beforehand`,
      });
    }
    return out;
  });
}

function count(rows: readonly LastRow[]): number {
  return rows.filter(({ hasOutcome }) => hasOutcome === 1).length;
}

function filledRows(panel: Panel, name: string): (row: number) => boolean {
  if (isText(panel, name)) {
    const texts = panel.text(name);
    return (row) => (texts[row] ?? null) !== null;
  }
  const values = panel.number(name);
  return (row) => !Number.isNaN(values[row]);
}

/** Whether the account of a row decided to leave after its date, however far. */
function leavers(panel: Panel): (row: number) => boolean {
  const left = panel.number('left_days');
  const unavoidable = panel.number('unavoidable_days');
  return (row) => !(Number.isNaN(left[row]) && Number.isNaN(unavoidable[row]));
}

/** The last row of each account; rows come by date. */
function lastRows(panel: Panel, has: (row: number) => boolean): LastRow[] {
  const account = panel.text('account_id');
  const rows = new Map<string, number>();
  account.forEach((id, row) => {
    if (id !== null) rows.set(id, row);
  });
  return [...rows.values()].map((row) => ({ row, hasOutcome: has(row) ? 1 : 0 }));
}
