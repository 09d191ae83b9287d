import type { SignalTiming } from '../../contract/signals.ts';
import { dayFromNumber } from '../../lib/dates.ts';
import { type Strata, type StratifiedAuc, stratifiedAuc } from './strata.ts';

/** Accounts with the outcome that a part of the decisions must have before it may speak. */
const MIN_PART_OUTCOMES = 15;
/** Accounts with the outcome that a half-year must have. */
const MIN_PERIOD_OUTCOMES = 10;

/**
 * Leading: on decisions still at least 60 days ahead the AUC towards the risky side lies above 0.5 (5 %, one-sided).
 * Confirmatory: it does not, but on decisions less than 30 days ahead it does: the signal moves when the decision is all
 * but taken. Undecided: neither, or fewer than 15 accounts in the part that would decide.
 */
export function timingOf(early: StratifiedAuc, late: StratifiedAuc): SignalTiming {
  const isBeyond = (part: StratifiedAuc) => part.outcome_accounts >= MIN_PART_OUTCOMES && part.low > 0.5;
  if (isBeyond(early)) return 'leading';
  // Silence at 60 days says something only where enough leavers were seen that early.
  return isBeyond(late) && early.outcome_accounts >= MIN_PART_OUTCOMES ? 'confirmatory' : 'undecided';
}

/** AUC of one half-year. */
export interface PeriodAuc {
  /** `2025-H1`. */
  readonly period: string;
  readonly auc: number;
  readonly auc_low: number;
  readonly auc_high: number;
  readonly outcome_count: number;
}

/** AUC towards the risky side in each half-year with at least ten accounts that left. */
export function periodsOf(
  risk: Float64Array,
  label: Uint8Array,
  observationDate: Int32Array,
  strata: Strata,
): PeriodAuc[] {
  const groups = new Map<string, Int32Array[]>();
  for (const group of strata.groups) {
    const day = dayFromNumber(observationDate[group[0] as number] as number);
    const name = `${day.slice(0, 4)}-H${day.slice(5, 7) <= '06' ? 1 : 2}`;
    const list = groups.get(name);
    if (list === undefined) groups.set(name, [group]);
    else list.push(group);
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([period, own]) => {
      const auc = stratifiedAuc(risk, label, { ...strata, groups: own });
      if (auc.outcome_accounts < MIN_PERIOD_OUTCOMES || Number.isNaN(auc.value)) return [];
      return [{ period, auc: auc.value, auc_low: auc.low, auc_high: auc.high, outcome_count: auc.outcome_accounts }];
    });
}
