import type { ModelBasis } from '../contract/churn-model.ts';
import type { Panel } from './panel.ts';

/** One suspicion that a column knows the outcome. */
export interface LeakFinding {
  /**
   * `separates`: alone it ranks outcomes almost perfectly; `known_only_for_churned`: filled on churned (of the expansion
   * model: grown) rows and on no others; `changes_with_future`: its value as of a day differs once later rows and cells are removed; `undated`: a
   * custom column that shows today's value on every day of the past.
   */
  readonly kind: 'separates' | 'known_only_for_churned' | 'changes_with_future' | 'undated';
  /**
   * `feature` of the panel; `admitted`: one that the configuration admitted (`model.features`), named as there; `column` of a
   * canonical table (`table.column`).
   */
  readonly level: 'feature' | 'admitted' | 'column';
  readonly name: string;
  /** Column of the panel; null for a column of a table. */
  readonly feature: string | null;
  /** The question whose outcome it knows; null where it is not about one. */
  readonly churn_basis: ModelBasis | null;
  /** Single-feature AUC, the better direction (0.5–1); null for other kinds. */
  readonly auc: number | null;
  /** Rows that carry the suspicion. */
  readonly row_count: number;
  /** The as-of views hide the cell until it happened, so that no model can see it early. */
  readonly is_masked: boolean;
  /** One sentence for the report. */
  readonly message: string;
}

/** Single-feature AUC from which on a feature is too good to be known beforehand. */
export const SUSPICIOUS_AUC = 0.95;
/** Fewer outcomes, or filled rows, than this are chance. */
export const SMALLEST_COUNT = 10;

/** Whether a column of the panel is text. */
export function isText(panel: Panel, name: string): boolean {
  return panel.info.find((column) => column.name === name)?.type === 'VARCHAR';
}

/** Values of a feature at rows; a text feature of few kinds becomes the outcome rate of its kind. */
export function numericValues(panel: Panel, name: string, rows: readonly number[], label: ArrayLike<number>): number[] {
  if (!isText(panel, name)) {
    const values = panel.number(name);
    return rows.map((i) => values[i] ?? Number.NaN);
  }
  const texts = panel.text(name);
  const kinds = new Map<string, { count: number; outcomes: number }>();
  for (const i of rows) {
    const text = texts[i];
    if (text === null || text === undefined) continue;
    const kind = kinds.get(text) ?? { count: 0, outcomes: 0 };
    kinds.set(text, { count: kind.count + 1, outcomes: kind.outcomes + (label[i] ?? 0) });
  }
  // Rates of rare kinds are the label itself: many kinds would always look like a leak.
  if (kinds.size > 20) return rows.map(() => Number.NaN);
  return rows.map((i) => {
    const kind = kinds.get(texts[i] ?? '');
    return kind === undefined ? Number.NaN : kind.outcomes / kind.count;
  });
}

/**
 * Area under the ROC curve, the better of both directions (0.5–1), ties counted half (mid-ranks); null when either
 * class has fewer than ten rows.
 */
export function areaUnderCurve(rows: readonly { readonly label: number; readonly value: number }[]): number | null {
  const positives = rows.filter(({ label }) => label === 1).length;
  const negatives = rows.length - positives;
  if (positives < SMALLEST_COUNT || negatives < SMALLEST_COUNT) return null;
  const sorted = rows.toSorted((a, b) => a.value - b.value);
  let rankSum = 0;
  for (let start = 0; start < sorted.length; ) {
    let end = start;
    let tied = 0;
    while (end < sorted.length && sorted[end]?.value === sorted[start]?.value) {
      tied += sorted[end]?.label ?? 0;
      end += 1;
    }
    rankSum += (tied * (start + 1 + end)) / 2;
    start = end;
  }
  const auc = (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
  return Math.max(auc, 1 - auc);
}
