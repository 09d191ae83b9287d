import type { RivalFigures } from '../contract/churn-model.ts';
import { pairedDifference } from './metrics/paired.ts';
import { logLosses } from './metrics/probability.ts';

/** Rows that two models have predicted out of time; all arrays in one order. */
export interface RivalRows {
  readonly account: readonly string[];
  readonly label: readonly number[];
  readonly champion: readonly number[];
  readonly challenger: readonly number[];
}

/** Standard errors beyond which a difference is no chance: one-sided 5 %. */
const SURE = 1.645;
/** Accounts with the outcome below which nothing is said of a difference. */
export const MIN_RIVAL_OUTCOMES = 10;

/** Compares two models on rows that both predicted out of time; undefined with fewer than ten accounts with the outcome. */
export function compareRivals(rows: RivalRows): RivalFigures | undefined {
  const place = new Map<string, number>();
  const account = Int32Array.from(rows.account, (id) => {
    const known = place.get(id);
    if (known !== undefined) return known;
    place.set(id, place.size);
    return place.size - 1;
  });
  const outcomes = new Set(rows.account.filter((_, i) => rows.label[i] === 1));
  if (outcomes.size < MIN_RIVAL_OUTCOMES || outcomes.size === rows.account.length) return undefined;
  const losses = (probability: readonly number[]) => logLosses(Float64Array.from(probability), rows.label);
  const [champion, challenger] = [losses(rows.champion), losses(rows.challenger)];
  const { mean, standard_error } = pairedDifference(challenger, champion, account);
  const meanOf = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    row_count: rows.label.length,
    account_count: place.size,
    outcome_count: outcomes.size,
    champion_log_loss: meanOf(champion),
    challenger_log_loss: meanOf(challenger),
    difference: mean,
    difference_se: standard_error,
    is_champion_better: mean > SURE * standard_error,
  };
}
