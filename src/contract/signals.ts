/** What kind of number a signal is: a feature of the catalogue, the health score, one of its parts, or a declared column. */
export type SignalKind = 'feature' | 'health_score' | 'component' | 'measure' | 'custom';

/**
 * What the register says of a signal:
 * `predicts`: accounts that left stood on its risky side more often than chance allows, on the side that was expected;
 * `misleads`: the same, on the side that was taken for the healthy one;
 * `no_evidence`: enough outcomes, and nothing beyond chance;
 * `too_few_outcomes`: fewer than `model.min_outcomes` accounts that left had a value;
 * `leaks`: it knows the outcome, and its figures say nothing of what it could have told beforehand;
 * `no_values`: no row has a value, or all have the same.
 */
export type SignalVerdict = 'predicts' | 'misleads' | 'no_evidence' | 'too_few_outcomes' | 'leaks' | 'no_values';

/** When a signal speaks; `undecided` where neither early nor late it is beyond chance, null where it was not called. */
export type SignalTiming = 'leading' | 'confirmatory' | 'undecided' | null;

/** One line of the signal register: a signal for one basis and one segment, or all. */
export interface SignalRecord {
  readonly churn_basis: 'leave' | 'renewal';
  /** A segment's name, or null for all. */
  readonly segment: string | null;
  readonly signal: string;
  readonly kind: SignalKind;
  readonly group: string;
  readonly verdict: SignalVerdict;
  /** Side on which accounts were expected to leave; null where the catalogue expects neither. */
  readonly risky_expected: 'low' | 'high' | null;
  /** Side on which they did leave more often; null without an AUC. */
  readonly risky_found: 'low' | 'high' | null;
  readonly direction: 'as_expected' | 'reversed' | 'not_declared' | null;
  /** Within-date AUC towards `risky_found`, so 0.5–1; the interval reaches below 0.5 where the side itself is in doubt. */
  readonly auc: number | null;
  readonly auc_low: number | null;
  readonly auc_high: number | null;
  readonly p_value: number | null;
  /** Benjamini–Hochberg over all lines that were tested. */
  readonly q_value: number | null;
  /** Outcome rate in the riskiest tenth of each date over that of all; at most `lift_cap`. */
  readonly lift: number | null;
  readonly lift_cap: number | null;
  /** Share of rows with a value, 0–1. */
  readonly coverage_rate: number;
  readonly row_count: number;
  /** Distinct accounts that left and had a value. */
  readonly outcome_count: number;
  /** Median days from the first date in the risky zone to the decision, of those caught. */
  readonly lead_days: number | null;
  /** Share of leavers that stood in the zone before they left, and of others within as long. */
  readonly caught_rate: number | null;
  readonly others_caught_rate: number | null;
  readonly timing: SignalTiming;
  /** AUC on decisions at least 60 days ahead, and on those less than 30 days ahead. */
  readonly auc_early: number | null;
  readonly auc_late: number | null;
  /** Half-years with enough outcomes, and how often the AUC crossed 0.5 from one to the next. */
  readonly period_count: number;
  readonly sign_change_count: number;
  readonly auc_least: number | null;
  readonly auc_most: number | null;
  /** Why it leaks; null where it does not. */
  readonly leak: string | null;
}
